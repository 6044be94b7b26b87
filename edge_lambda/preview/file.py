"""Writes annotated pictures as a video that every browser plays."""

from __future__ import annotations

import os
import tempfile
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from av import VideoStream
from av.container import OutputContainer
from av.error import FFmpegError

from audience.errors import ExportFailed, RecordingUnreadable
from audience.recording_files import isolated_open_options
from edge_lambda.detectors import Image

LONGEST_SIDE = 1280
TICK = Fraction(1, 1000)
# Close enough for a player to seek to any second quickly.
PICTURES_BETWEEN_KEY_FRAMES = 10
# CRF 25 looks nearly the same at half the size; without B-frames no picture waits for a later one.
ENCODER = {"preset": "veryfast", "crf": "25", "bf": "0"}
# ITU-R BT.709, limited range: what browsers assume for a video that does not state it.
BT_709, LIMITED_RANGE = 1, 1


# Marks the file's header, so that only previews are overwritten.
MARK = "Houselights preview"


def is_preview(path: Path) -> bool:
    """Whether a file is a preview written by this module."""
    try:
        with path.open("rb") as file, av.open(file, **isolated_open_options(path)) as container:
            return bool(container.metadata.get("comment") == MARK)
    except (FFmpegError, OSError, UnicodeError, RecordingUnreadable):
        return False


class PreviewFile:
    """Writes a preview: H.264 MP4, pictures at their true times.

    The file has a temporary name beside `path`, readable by its owner only, and is renamed when closed; an existing
    file is kept until then. As a context manager, it removes the file after an exception.

    Args:
        path: the file to write.

    Raises:
        ExportFailed: the path cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._output: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._last = -1
        self._gap = round(1 / TICK)
        if path.is_dir():
            raise ExportFailed(f"{path} is a folder; give the name of a file to write the preview to")
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        except OSError as error:
            raise ExportFailed(f"{path} cannot be written ({error.strerror}); choose another folder") from error
        os.close(handle)
        self._part = Path(name)

    def add(self, at_s: float, image: Image) -> None:
        """Adds a picture.

        Args:
            at_s: presentation time, seconds from the beginning, 0 or more, later than the one before.
            image: height x width x 3, BGR; scaled to fit the first picture's size, with black bars if its shape
                differs.

        Raises:
            ExportFailed: the disk is full or missing; the file was removed.
        """
        try:
            stream = self._stream or self._begin(image)
            frame = av.VideoFrame.from_ndarray(_fitted(image, stream.width, stream.height), format="bgr24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            tick = max(self._last + 1, round(at_s / TICK))
            if self._last >= 0:
                self._gap = tick - self._last
            self._last = frame.pts = tick
            frame.time_base = TICK
            self._mux(frame)
        except (FFmpegError, OSError) as error:
            self.abort()
            raise self._failed(error) from error

    def close(self) -> None:
        """Finishes and renames the file; without a picture there is no file.

        Raises:
            ExportFailed: the disk is full or missing; the file was removed.
        """
        try:
            if self._output is not None:
                self._mux(None)
                self._output.close()
                self._output = None
                self._part.replace(self._path)
        except (FFmpegError, OSError) as error:
            raise self._failed(error) from error
        finally:
            self.abort()

    def abort(self) -> None:
        """Removes the file; does nothing once closed."""
        output, self._output = self._output, None
        try:
            if output is not None:
                output.close()
        except (FFmpegError, OSError):
            pass  # the file is removed anyway
        finally:
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> PreviewFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _begin(self, image: Image) -> VideoStream:
        height, width = image.shape[:2]
        shrink = min(1.0, LONGEST_SIDE / max(height, width))
        # The prefix prevents a name such as "http:a.mp4" from being taken for an address.
        self._output = av.open(f"file:{self._part}", "w", format="mp4", options={"movflags": "faststart"})
        self._output.metadata["comment"] = MARK
        stream = self._output.add_stream("libx264", rate=25, options=ENCODER)
        # 4:2:0 colour needs even sides.
        stream.width, stream.height = (max(2, round(side * shrink / 2) * 2) for side in (width, height))
        stream.pix_fmt = "yuv420p"
        encoder = stream.codec_context
        encoder.time_base, encoder.gop_size = TICK, PICTURES_BETWEEN_KEY_FRAMES
        encoder.colorspace = encoder.color_primaries = encoder.color_trc = BT_709
        encoder.color_range = LIMITED_RANGE
        self._stream = stream
        return stream

    def _mux(self, frame: av.VideoFrame | None) -> None:
        assert self._output is not None
        assert self._stream is not None
        for packet in self._stream.encode(frame):
            # The last picture is shown for as long as the one before it.
            packet.duration = self._gap
            self._output.mux(packet)

    def _failed(self, error: Exception) -> ExportFailed:
        return ExportFailed(f"{self._path} cannot be written ({error}); free some disk space or choose another folder")


def _fitted(image: Image, width: int, height: int) -> Image:
    """Scales a picture to fit, without distortion, as a camera may be turned during a recording."""
    scale = min(width / image.shape[1], height / image.shape[0])
    across, down = round(image.shape[1] * scale), round(image.shape[0] * scale)
    # Rounding to even sides changes the shape by up to a pixel; ignore that.
    if across >= width - 2 and down >= height - 2:
        across, down = width, height
    fitted = cv2.resize(image, (across, down), interpolation=cv2.INTER_AREA)
    left, top = (width - across) // 2, (height - down) // 2
    framed = cv2.copyMakeBorder(
        fitted, top, height - down - top, left, width - across - left, cv2.BORDER_CONSTANT, value=(0, 0, 0)
    )
    return np.asarray(framed, dtype=np.uint8)
