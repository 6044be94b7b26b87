"""Live cameras: the port every camera follows, and the one place that opens them.

A camera that is not there, or goes away, raises DeviceError in words; opening it again is its user's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from audience.errors import InvalidValue
from edge_lambda.detectors import Image
from edge_lambda.recording import Recording, open_recording

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]

KINDS = "webcam:0, rtsp://..., http://..., https://..., file:PATH or deeplens"
# A file plays at 25 pictures a second at most; one shown later than this is left out, as a camera would.
PLAYED_EVERY_S = 0.04
LATE_S = 0.5
# ... but a second's worth of them in a row at most, so that a slow machine still sees something.
DROPPED_IN_A_ROW = 25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveFrame:
    """One picture of a camera.

    Attributes:
        at: when it was captured, aware UTC.
        image: height x width x 3, BGR, 0..255.
        interlaced: whether its source says that it is.
    """

    at: datetime
    image: Image
    interlaced: bool = False


class Camera(Protocol):
    """A live source of pictures, always the newest one; `contextlib.closing` closes it.

    Attributes:
        name: the source in words fit for logs: without user, password and query.
        dropped: pictures that came and went while nobody asked for one.
    """

    name: str
    dropped: int

    def __iter__(self) -> Iterator[LiveFrame]:
        """Yields the newest picture each time, waiting for one; ends only where a file ends or after `close`.

        Raises:
            DeviceError: the camera went away.
        """
        ...

    def close(self) -> None:
        """Lets the camera go; may be called again."""
        ...


def open_camera(source: str, *, clock: Clock, sleep: Sleep) -> Camera:
    """Opens a camera.

    Args:
        source: webcam:N (N-th camera of this machine), rtsp://, http:// or https:// (MJPEG and whatever else FFmpeg
            plays), file:PATH (a recording, played once at its own speed), or deeplens (the camera of the AWS DeepLens
            that this runs on).
        clock: tells the time of capture, aware UTC.
        sleep: waits a number of seconds; used by file: and deeplens only.

    Raises:
        InvalidValue: not a source.
        DeviceError: nothing answers there.
        RecordingUnreadable: the file cannot be played; unlike a camera, it will not come back by being waited for.
    """
    kind, _, rest = source.partition(":")
    if kind == "file" and rest:
        return PlayedFile(Path(rest), clock=clock, sleep=sleep)
    # Imported on first use: drawing on a recording needs no camera.
    if source == "deeplens":
        from edge_lambda.devices.deeplens import open_deeplens

        return open_deeplens(clock=clock, sleep=sleep)
    from edge_lambda.devices.opencv import open_stream, open_webcam

    if kind == "webcam" and rest.isascii() and rest.isdigit():
        return open_webcam(int(rest), clock=clock)
    if kind in ("rtsp", "rtsps", "http", "https") and rest.startswith("//"):
        return open_stream(source, name=without_secrets(source), clock=clock)
    raise InvalidValue(f"{without_secrets(source)!r} is not a camera; give {KINDS}")


def without_secrets(source: str) -> str:
    """The source without user, password and query, which some cameras take the password in."""
    # Not parsed as a URL: a password may hold any character, and none of it may be left.
    before, at, host = source.rpartition("@")
    if at:
        scheme, slashes, _ = before.partition("//")
        host = f"{scheme}{slashes}***@{host}" if slashes else f"***@{host}"
    place, question, _ = host.partition("?")
    return f"{place}?..." if question else place


class PlayedFile:
    """A recording that acts as a camera: its pictures come when they would have come live.

    Args:
        path: the recording.
        clock: tells the time; the first picture is captured when iteration begins.
        sleep: waits for the next picture.

    Raises:
        RecordingUnreadable: as `open_recording` says.
    """

    def __init__(self, path: Path, *, clock: Clock, sleep: Sleep) -> None:
        self.name = f"file:{path}"
        self.dropped = 0
        self._clock = clock
        self._sleep = sleep
        self._closed = False
        self._recording: Recording = open_recording(path)

    def __iter__(self) -> Iterator[LiveFrame]:
        began, in_a_row = self._clock(), 0
        for frame in self._recording.sample(PLAYED_EVERY_S):
            if self._closed:
                return
            at = began + timedelta(seconds=frame.at_s)
            early_s = (at - self._clock()).total_seconds()
            if early_s < -LATE_S and in_a_row < DROPPED_IN_A_ROW:
                self.dropped += 1
                in_a_row += 1
                continue
            if early_s > 0:
                self._sleep(early_s)
            in_a_row = 0
            yield LiveFrame(at=at, image=frame.image, interlaced=frame.interlaced)

    def close(self) -> None:
        """Ends the playing at the next picture."""
        self._closed = True
