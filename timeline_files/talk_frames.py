"""Pictures of a talk's recording, taken where something may have changed.

Decoding every picture of an hour takes longer than most people wait. Key frames alone cost a tenth of that, and a group
of pictures between two of them is decoded only where its slide may have changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import RecordingUnreadable
from timeline_files.media import open_media

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

Grey = NDArray[np.uint8]

WIDTH: Final = 960
"""Pixels: a slide that fills a third of the picture is still 320 wide."""

_FINE_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A picture.

    Attributes:
        at_s: its time, seconds since the first picture.
        grey: (high, `WIDTH`) brightness.
    """

    at_s: float
    grey: Grey


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """What can be known of a recording's pictures without decoding them.

    Attributes:
        at_s: (n,) time of each packet in the order of the file, seconds since the first picture.
        size: (n,) its bytes.
        is_key: (n,) whether it is a key frame.
        ends_s: when the last picture ends.
    """

    at_s: NDArray[np.float64]
    size: NDArray[np.int64]
    is_key: NDArray[np.bool_]
    ends_s: float


class TalkFrames:
    """The pictures of a recording; second 0 is its first picture, as everywhere in this room."""

    def __init__(self, path: Path) -> None:
        """Reads the recording's packets, without decoding.

        Raises:
            RecordingUnreadable: the file cannot be opened or holds no picture.
        """
        self._path = path
        with self._opened() as (container, stream):
            tick = float(stream.time_base or 0)
            kept = [
                (packet.pts * tick, packet.size, packet.is_keyframe)
                for packet in _packets(container, stream)
                if packet.pts is not None and packet.size
            ]
        if not kept:
            raise RecordingUnreadable(f"{path} holds no picture that can be decoded: give the talk's recording")
        times = np.array([one[0] for one in kept])
        self._first_s = float(times.min())
        order = np.argsort(times, kind="stable")
        at_s = times[order] - self._first_s
        usual_s = float(np.median(np.diff(at_s))) if len(at_s) > 1 else 0.0
        self.packets = Packets(
            at_s=at_s,
            size=np.array([one[1] for one in kept], dtype=np.int64)[order],
            is_key=np.array([one[2] for one in kept])[order],
            ends_s=float(at_s[-1]) + usual_s,
        )

    def key_frames(self, *, least_s: float = 0.9) -> Iterator[Frame]:
        """The key frames, no two closer than `least_s` seconds; decodes nothing else."""
        with self._opened() as (container, stream):
            stream.codec_context.skip_frame = "NONKEY"
            yield from self._spaced(_decoded(container, stream), least_s)

    def between(self, from_s: float, until_s: float, *, step_s: float = _FINE_S) -> Iterator[Frame]:
        """The pictures after `from_s` and before `until_s`, no two closer than `step_s`, all in seconds."""
        with self._opened() as (container, stream):
            tick = float(stream.time_base or 0)
            container.seek(max(0, int((from_s + self._first_s) / tick)), stream=stream)
            inside = self._spaced(_decoded(container, stream), step_s, after_s=from_s)
            for frame in inside:
                if frame.at_s >= until_s:
                    return
                yield frame

    def may_have_changed(self, from_s: float, until_s: float) -> bool:
        """Whether a packet between two key frames is so much larger than the others that a cut may be there."""
        packets = self.packets
        inside = (packets.at_s > from_s) & (packets.at_s < until_s) & ~packets.is_key
        sizes = packets.size[inside]
        return bool(len(sizes)) and float(sizes.max()) > 2.5 * float(np.median(sizes)) + 500

    def _spaced(self, frames: Iterator[VideoFrame], least_s: float, after_s: float = -1.0) -> Iterator[Frame]:
        latest_s = after_s
        is_first = after_s < 0
        for frame in frames:
            if frame.time is None:
                continue
            at_s = frame.time - self._first_s
            if is_first or at_s - latest_s >= least_s - 1e-6:
                latest_s, is_first = at_s, False
                height = max(2, round(frame.height * WIDTH / frame.width))
                grey = frame.reformat(width=WIDTH, height=height, format="gray").to_ndarray()
                yield Frame(at_s=at_s, grey=np.asarray(grey, dtype=np.uint8))

    @contextmanager
    def _opened(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        with open_media(self._path) as container:
            if not container.streams.video:
                raise RecordingUnreadable(f"{self._path} holds no picture: give the talk's recording")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            yield container, stream


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    from av.error import FFmpegError

    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        except (FFmpegError, OSError):
            continue


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The pictures that can be decoded, in order; damaged ones are skipped."""
    from av.error import FFmpegError

    for packet in _packets(container, stream):
        try:
            yield from packet.decode()
        except (FFmpegError, OSError):
            continue
