"""Which frames of a live camera are looked at."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from audience.errors import DeviceError
from audience.time import to_ms
from edge_lambda.devices import Camera
from edge_lambda.picture import Picture, measured
from edge_lambda.pipeline import TimedFrame

# A clock that was set back by less is waited for in silence.
_SILENT_MS = 2_000

# How often a picture is measured: as often as a camera says how it is.
_MEASURED_EVERY_MS = 2_000


class LiveFrames:
    """The first frame of every slot of the wall clock, for as long as the camera is there.

    Frames only ever become later, also from one camera to the next: where the clock was set back, nothing is looked at
    until it has caught up, rather than anybody counted twice.

    Attributes:
        newest_ms: instant of the newest frame handed on, milliseconds since the epoch; -1 before the first.
        lost: why the latest camera's frames ended early; None where they did not.
        picture: how one of the last frames handed on is, measured every two seconds; None where the camera was just
            opened.
    """

    newest_ms: int
    lost: DeviceError | None
    picture: Picture | None

    def __init__(
        self, *, every_s: float, stop: threading.Event, after_ms: int = -1, whole_windows_ms: int | None = None
    ) -> None:
        """Looks at nothing yet.

        Args:
            every_s: seconds between samples, over 0.
            stop: ends the frames at the next one.
            after_ms: only later frames are looked at, milliseconds since the epoch.
            whole_windows_ms: width of the windows, where the first frame of each camera has to be of a window that the
                camera sees from its start on; None where any may be the first.
        """
        self.newest_ms, self.lost, self.picture = after_ms, None, None
        self._every_ms = max(1, round(every_s * 1000))
        self._stop = stop
        self._whole_windows_ms = whole_windows_ms

    def of(self, camera: Camera) -> Iterator[TimedFrame]:
        """Yields the frames of a camera. One that goes away ends them, so that the window that is open is still
        finished; `lost` says why."""
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
                    self.picture, measured_ms = measured(frame.image), at_ms
                yield TimedFrame(at_ms=at_ms, image=frame.image, interlaced=frame.interlaced)
        except DeviceError as problem:
            self.lost = problem

    def _check_clock(self, at_ms: int) -> None:
        behind_ms = self.newest_ms - at_ms
        if behind_ms > _SILENT_MS:
            raise DeviceError(
                f"the clock is {behind_ms / 1000:.0f} s behind what was recorded, and nothing is until it has caught "
                "up; check the clock"
            )
