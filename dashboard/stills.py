"""Small pictures from a recording, one for each moment; kept in memory within a limit, never written to disk."""

from __future__ import annotations

import threading
from collections import OrderedDict
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from audience.errors import RecordingUnreadable
from dashboard.recordings import RecordingFile
from dashboard.video import Video
from timeline_files.media import open_media

HEIGHT_PX = 180
_WIDEST_PX = 480
_QUALITY = 6  # of MJPEG, 2 the best and 31 the worst: about 10 kB a picture
_MOST_BYTES = 8 << 20
# A pixel shape outside of this is a damaged header, not a lens.
_WIDEST_PIXEL = 4


class Stills:
    """A cache of pictures, the least recently used dropped first. Safe to use from several threads."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Starts empty.

        Args:
            most_bytes: of all the pictures kept.
        """
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[Path, int, int], bytes | None] = OrderedDict()
        self._making = threading.Lock()

    def still(self, recording: RecordingFile, second: int) -> bytes | None:
        """A JPEG of what the recording shows at a second, from the last key frame up to it.

        Args:
            recording: on this machine.
            second: of the recording, 0 or later.

        Returns:
            None where the recording has no picture there, or none that can be decoded.
        """
        key = (recording.path, recording.status.st_mtime_ns, second)
        # One at a time: a page asks for seven at once, and decoding is a matter of memory.
        with self._making:
            if key not in self._kept:
                self._kept[key] = _picture(recording.path, second)
            self._kept.move_to_end(key)
            while sum(map(_size, self._kept.values())) > self._most_bytes:
                self._kept.popitem(last=False)
            return self._kept.get(key)


@lru_cache(maxsize=1)
def stills() -> Stills:
    """The cache of this process."""
    return Stills()


def still_url(video: Video, session_s: float) -> str | None:
    """The address of the picture at a second of the session; None before the recording began and after it ended."""
    second = session_s - video.starts_s
    return f"{video.url}/still?t={int(second)}" if 0 <= second <= video.length_s else None


def _size(picture: bytes | None) -> int:
    return 200 + len(picture or b"")  # what is known to be missing takes room too


def _picture(path: Path, second: int) -> bytes | None:
    try:
        with open_media(path) as container:
            if not container.streams.video:
                return None
            stream = container.streams.video[0]
            if stream.time_base is None:
                return None
            begins = stream.start_time or 0
            if stream.duration is not None and second > stream.duration * stream.time_base:
                return None
            container.seek(begins + int(second / stream.time_base), stream=stream)
            stream.codec_context.skip_frame = "NONKEY"
            frame = next(container.decode(stream), None)
            return None if frame is None else _jpeg(frame, float(stream.sample_aspect_ratio or 1))
    except (RecordingUnreadable, FFmpegError, OSError, ValueError):
        return None


def _jpeg(frame: av.VideoFrame, pixel_aspect: float) -> bytes:
    """Upright, with square pixels, `HEIGHT_PX` high."""
    if not 1 / _WIDEST_PIXEL <= pixel_aspect <= _WIDEST_PIXEL:
        pixel_aspect = 1.0
    shape = frame.width * pixel_aspect / frame.height
    lying = frame.rotation % 180 != 0
    height = HEIGHT_PX if not lying else max(2, min(_WIDEST_PX, round(HEIGHT_PX / shape)))
    width = max(2, min(_WIDEST_PX, round(height * shape)))
    image = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    upright = np.asarray(np.rot90(image, frame.rotation // 90), dtype=np.uint8)
    # Half as many colours as pixels either way: sizes are even.
    small = av.VideoFrame.from_ndarray(upright[: len(upright) // 2 * 2, : upright.shape[1] // 2 * 2].copy(), "rgb24")
    coder = av.CodecContext.create("mjpeg", "w")
    coder.width, coder.height, coder.pix_fmt = small.width, small.height, "yuvj420p"
    coder.time_base = Fraction(1)
    coder.qmin = coder.qmax = _QUALITY
    packets = [*coder.encode(small.reformat(format="yuvj420p")), *coder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
