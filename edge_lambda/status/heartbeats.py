"""Creates a device's heartbeats, with notes for the operator."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from audience.errors import HouselightsError
from audience.store import CameraState, DeliveryStep, Heartbeat
from audience.time import to_ms
from edge_lambda.delivery.paths import WindowResult
from edge_lambda.delivery.uploader import UploadStatus
from edge_lambda.picture_quality import PictureQuality
from edge_lambda.pipeline import CameraKey

RUNNING_EVERY_S: Final = 2.0
"""Usual time between two heartbeats of a running camera, seconds."""

STEP_NOTES: Final[Mapping[DeliveryStep, str]] = {
    "live": "",
    "thrifty": "delivers every 12 s, as the cloud or the way to it is behind",
    "device": "scores here, as the cloud or the way to it is behind",
}

# Windows arrive a little early or late; without this slack, every other heartbeat would be a window late.
_EARLY_MS = 200


class DeviceStatus:
    """Collects a device's state and sends it as heartbeats."""

    def __init__(
        self,
        camera: CameraKey,
        *,
        every_s: float,
        uploads: Callable[[], UploadStatus],
        picture: Callable[[], PictureQuality | None],
        on_heartbeat: Callable[[Heartbeat], None],
        now: Callable[[], datetime],
        clock_problem: Callable[[], str] = str,
        running_every_s: float = RUNNING_EVERY_S,
    ) -> None:
        """Creates the object without sending.

        Args:
            camera: the key of the heartbeats.
            every_s: seconds between samples.
            uploads: returns the state of the uploads.
            picture: returns the quality of a recent picture; None if it was not measured.
            on_heartbeat: called with every heartbeat; must return quickly and never raise.
            now: the device's clock.
            clock_problem: returns the clock's problem in one line, or "".
            running_every_s: seconds between two heartbeats while the camera runs.
        """
        self.detector = self.scorer = ""
        self.step: DeliveryStep | None = None
        self._every_s = running_every_s
        self.picture_notes: Callable[[], Iterable[str]] = tuple
        self._camera = camera
        self._step_ms = max(camera.width_ms, round(every_s * 1000))
        self._uploads, self._picture, self._on_heartbeat, self._now = uploads, picture, on_heartbeat, now
        self._clock_problem = clock_problem
        self._last: WindowResult | None = None
        self._next_ms: int | None = None
        self._missed = 0
        self._running_sent_ms: int | None = None

    def camera_opened(self) -> None:
        """Notes that the camera was opened again: windows before this do not count as missed."""
        self._next_ms = None

    def add_window(self, window: WindowResult) -> None:
        """Notes the result of the next window, and counts missed ones."""
        if self._next_ms is not None:
            self._missed += max(0, (window.start_ms - self._next_ms) // self._step_ms)
        self._last, self._next_ms = window, window.start_ms + self._step_ms

    def report_running(self) -> None:
        """Sends a "running" heartbeat with notes for the operator, when it is due."""
        now_ms = to_ms(self._now())
        if self._running_sent_ms is None or abs(now_ms - self._running_sent_ms) >= 1000 * self._every_s - _EARLY_MS:
            uploads = self._uploads()
            notes = (
                self._clock_problem(),
                uploads.last_error,
                STEP_NOTES[self.step or "live"],
                f"deliveries refused or damaged, kept in the outbox: {uploads.outbox.quarantined}"
                if uploads.outbox.quarantined
                else "",
                f"windows missed because the device was too slow: {self._missed}" if self._missed else "",
                *self.picture_notes(),
            )
            self.report("running", joined_notes(notes))
            self._running_sent_ms = now_ms

    def report(self, state: CameraState, detail: str = "") -> None:
        """Sends a heartbeat.

        Args:
            state: see `Heartbeat`.
            detail: one line for the operator.
        """
        now_ms, window, uploads = to_ms(self._now()), self._last, self._uploads()
        self._running_sent_ms = None
        running = state == "running" and window is not None
        picture = self._picture() if running else None
        self._on_heartbeat(
            Heartbeat(
                session_id=self._camera.session_id,
                stage_id=self._camera.stage_id,
                camera_id=self._camera.camera_id,
                at_ms=now_ms,
                state=state,
                frames_per_s=window.frames * 1000 / self._step_ms if running and window else 0.0,
                faces=window.faces if running and window else 0,
                last_window_ms=window.start_ms if window else None,
                # A window cut short by the camera's end is reported before its own end; its lag is 0, not negative.
                lag_s=max(0.0, (now_ms - window.end_ms) / 1000) if running and window else 0.0,
                detail=detail,
                sent=uploads.sent,
                waiting=uploads.outbox.waiting,
                dropped=uploads.outbox.dropped,
                detector=self.detector,
                scorer=self.scorer,
                brightness=picture.brightness if picture else None,
                sharpness=picture.sharpness if picture else None,
                step=self.step if running else None,
                every_s=None if self._every_s == RUNNING_EVERY_S else self._every_s,
            )
        )


def joined_notes(parts: Iterable[str]) -> str:
    """Joins notes into one line, without empty ones."""
    return "; ".join(part.rstrip(".") for part in parts if part)


def user_message(problem: Exception) -> str:
    """An error's message in one line; for an unexpected error, also its type and place in the code."""
    if isinstance(problem, HouselightsError):
        return str(problem)
    place = ""
    if last := traceback.extract_tb(problem.__traceback__)[-1:]:
        place = f" at {Path(last[0].filename).name}:{last[0].lineno}"
    message = " ".join(str(problem).split())[:200]
    return f"an unexpected {type(problem).__name__}{place}" + (f": {message}" if message else "")
