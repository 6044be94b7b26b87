"""Chooses which frames of a live camera are processed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from audience.errors import DeviceError
from audience.time import to_ms
from edge_lambda.devices import Camera
from edge_lambda.picture_quality import PictureQuality, measure_picture
from edge_lambda.pipeline import TimedFrame

# If the clock was set back by less, wait without an error.
_SILENT_MS = 2_000

# Pictures are measured as often as heartbeats are sent.
_MEASURED_EVERY_MS = 2_000


def one_frame_a_window(every_s: float, width_ms: int) -> bool:
    """Whether a window gets one sample at most, so that nothing has to be waited for once it is there.

    Args:
        every_s: seconds between samples.
        width_ms: width of the windows.
    """
    return round(every_s * 1000) % width_ms == 0


class LiveFrames:
    """Yields the first frame of every time slot while the camera delivers.

    Timestamps only increase, even when the camera is reopened. If the clock was set back, frames are skipped until it
    has caught up, so that nobody is counted twice.

    Attributes:
        newest_ms: timestamp of the newest frame yielded, milliseconds since the epoch; -1 before the first.
        lost: why the latest camera's frames ended early; None if they did not.
        picture: quality of a recent frame, measured every two seconds; None if the camera was just opened.
    """

    newest_ms: int
    lost: DeviceError | None
    picture: PictureQuality | None

    def __init__(
        self, *, every_s: float, stop: threading.Event, after_ms: int = -1, whole_windows_ms: int | None = None
    ) -> None:
        """Creates the object without I/O.

        Args:
            every_s: seconds between samples, over 0.
            stop: ends the frames at the next one.
            after_ms: frames up to this time are skipped, milliseconds since the epoch.
            whole_windows_ms: window width; skips a camera's frames until the next window begins. None starts at any
                frame.
        """
        self.newest_ms, self.lost, self.picture = after_ms, None, None
        self._every_ms = max(1, round(every_s * 1000))
        self._stop = stop
        self._whole_windows_ms = whole_windows_ms

    def read(self, camera: Camera) -> Iterator[TimedFrame]:
        """Yields frames until the camera ends or is lost (see `lost`); an open window can then still be finished."""
        self.lost = self.picture = None
        measured_ms = -_MEASURED_EVERY_MS
        slot, from_ms = None, None if self._whole_windows_ms else self.newest_ms
        try:
            for frame in camera:
                if self._stop.is_set():
                    return
                at_ms = to_ms(frame.at)
                if from_ms is None and self._whole_windows_ms:
                    from_ms = -(-max(at_ms, self.newest_ms + 1) // self._whole_windows_ms) * self._whole_windows_ms
                if at_ms <= self.newest_ms:
                    self._check_clock(at_ms)
                    continue
                if at_ms < (from_ms or 0) or at_ms // self._every_ms == slot:
                    continue
                slot, self.newest_ms = at_ms // self._every_ms, at_ms
                if at_ms - measured_ms >= _MEASURED_EVERY_MS:
                    self.picture, measured_ms = measure_picture(frame.image), at_ms
                yield TimedFrame(at_ms=at_ms, image=frame.image, interlaced=frame.interlaced)
        except DeviceError as problem:
            self.lost = problem

    def _check_clock(self, at_ms: int) -> None:
        behind_ms = self.newest_ms - at_ms
        if behind_ms > _SILENT_MS:
            raise DeviceError(
                f"the clock is {behind_ms / 1000:.0f} s behind the newest recorded frame; nothing is recorded until it "
                "has caught up: check the clock"
            )
