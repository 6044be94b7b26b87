"""Opens cameras by their source, including recordings played as a camera."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from audience.errors import InvalidValue
from edge_lambda.devices import Camera, Clock, LiveFrame, Sleep, without_secrets
from edge_lambda.recording import Recording, open_recording

KINDS = "webcam:0, rtsp://..., http://..., https://..., file:PATH or deeplens"
# A file plays at up to 25 pictures a second; pictures later than this are dropped, as with a camera.
PLAYED_EVERY_S = 0.04
LATE_S = 0.5
# ... but at most this many in a row, so that a slow machine still gets pictures.
DROPPED_IN_A_ROW = 25


def open_camera(source: str, *, clock: Clock, sleep: Sleep) -> Camera:
    """Opens a camera.

    Args:
        source: webcam:N (N-th camera of this machine), rtsp://, http:// or https:// (MJPEG and other formats of
            FFmpeg), file:PATH (a recording, played once at its own speed), or deeplens (the camera of an AWS
            DeepLens).
        clock: gives the capture time, aware UTC.
        sleep: waits a number of seconds; only used by file: and deeplens.

    Raises:
        InvalidValue: not a source.
        DeviceError: the camera does not answer.
        RecordingUnreadable: the file cannot be played; unlike with a camera, a retry will not help.
    """
    kind, _, rest = source.partition(":")
    if kind == "file" and rest:
        return PlayedFile(Path(rest), clock=clock, sleep=sleep)
    # Imported when needed, so that playing a file loads no camera library.
    if source == "deeplens":
        from edge_lambda.devices.deeplens import open_deeplens

        return open_deeplens(clock=clock, sleep=sleep)
    from edge_lambda.devices.opencv import open_stream, open_webcam

    if kind == "webcam" and rest.isascii() and rest.isdigit():
        return open_webcam(int(rest), clock=clock)
    if kind in ("rtsp", "rtsps", "http", "https") and rest.startswith("//"):
        return open_stream(source, name=without_secrets(source), clock=clock)
    raise InvalidValue(f"{without_secrets(source)!r} is not a camera; give {KINDS}")


class PlayedFile:
    """A recording played as a live camera, in real time.

    Args:
        path: the recording.
        clock: gives the time; the first picture is captured when iteration begins.
        sleep: waits for the next picture.

    Raises:
        RecordingUnreadable: see `open_recording`.
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
        """Stops playback at the next picture."""
        self._closed = True
