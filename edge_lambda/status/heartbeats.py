"""What a device says of itself: its heartbeats, in words where there is something to say."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from audience.errors import HouselightsError
from audience.store import CameraState, Heartbeat
from audience.time import to_ms
from edge_lambda.delivery.paths import Looked
from edge_lambda.delivery.uploader import UploadStatus
from edge_lambda.picture import Picture
from edge_lambda.pipeline import CameraKey

RUNNING_EVERY_MS: Final = 2_000
"""Time between two heartbeats that only say that all is well."""

# Windows come a little early or late; without this, every other heartbeat would wait for one more.
_EARLY_MS = 200


class DeviceStatus:
    """Makes heartbeats of what happens, and hands them on."""

    def __init__(
        self,
        camera: CameraKey,
        *,
        every_s: float,
        uploads: Callable[[], UploadStatus],
        picture: Callable[[], Picture | None],
        tell: Callable[[Heartbeat], None],
        now: Callable[[], datetime],
        clock_problem: Callable[[], str] = str,
    ) -> None:
        """Says nothing yet.

        Args:
            camera: whose heartbeats they are.
            every_s: seconds between samples.
            uploads: how the way to S3 is.
            picture: how the camera's picture is; None where it was not measured.
            tell: takes a heartbeat; fails never and is quick.
            now: the device's clock.
            clock_problem: what is wrong with the computer's clock, in one line; "" where nothing is.
        """
        self.detector = self.scorer = ""
        self.picture_notes: Callable[[], Iterable[str]] = tuple
        self._camera = camera
        self._step_ms = max(camera.width_ms, round(every_s * 1000))
        self._uploads, self._picture, self._tell, self._now = uploads, picture, tell, now
        self._clock_problem = clock_problem
        self._last: Looked | None = None
        self._next_ms: int | None = None
        self._missed = 0
        self._said_running_ms: int | None = None

    def began(self) -> None:
        """Notes that a camera is there anew: what nobody could look at in between was not missed."""
        self._next_ms = None

    def looked(self, window: Looked) -> None:
        """Notes the next window."""
        if self._next_ms is not None:
            self._missed += max(0, (window.start_ms - self._next_ms) // self._step_ms)
        self._last, self._next_ms = window, window.start_ms + self._step_ms

    def running(self) -> None:
        """Says that all is well, with what an operator should know; every `RUNNING_EVERY_MS`."""
        now_ms = to_ms(self._now())
        if self._said_running_ms is None or abs(now_ms - self._said_running_ms) >= RUNNING_EVERY_MS - _EARLY_MS:
            uploads = self._uploads()
            worth_knowing = (
                self._clock_problem(),
                uploads.last_error,
                f"deliveries set aside in the outbox: {uploads.outbox.set_aside}" if uploads.outbox.set_aside else "",
                f"windows missed, because nobody looked in time: {self._missed}" if self._missed else "",
                *self.picture_notes(),
            )
            self.say("running", in_one_line(worth_knowing))
            self._said_running_ms = now_ms

    def say(self, state: CameraState, detail: str = "") -> None:
        """Says how it is.

        Args:
            state: see `Heartbeat`.
            detail: one line.
        """
        now_ms, window, uploads = to_ms(self._now()), self._last, self._uploads()
        self._said_running_ms = None
        running = state == "running" and window is not None
        picture = self._picture() if running else None
        self._tell(
            Heartbeat(
                session_id=self._camera.session_id,
                stage_id=self._camera.stage_id,
                camera_id=self._camera.camera_id,
                at_ms=now_ms,
                state=state,
                frames_per_s=window.frames * 1000 / self._step_ms if running and window else 0.0,
                faces=window.faces if running and window else 0,
                last_window_ms=window.start_ms if window else None,
                # A window that the camera's end cut short is told of before its own end; that is no negative lag.
                lag_s=max(0.0, (now_ms - window.end_ms) / 1000) if running and window else 0.0,
                detail=detail,
                sent=uploads.sent,
                waiting=uploads.outbox.waiting,
                dropped=uploads.outbox.dropped,
                detector=self.detector,
                scorer=self.scorer,
                brightness=picture.brightness if picture else None,
                sharpness=picture.sharpness if picture else None,
            )
        )


def in_one_line(parts: Iterable[str]) -> str:
    """Several things that a heartbeat says; those that are "" are left out."""
    return "; ".join(part.rstrip(".") for part in parts if part)


def in_words(problem: Exception) -> str:
    """What went wrong, in one line; of a fault nobody thought of, where to look for it too."""
    if isinstance(problem, HouselightsError):
        return str(problem)
    place = ""
    if last := traceback.extract_tb(problem.__traceback__)[-1:]:
        place = f" at {Path(last[0].filename).name}:{last[0].lineno}"
    said = " ".join(str(problem).split())[:200]
    return f"an unexpected {type(problem).__name__}{place}" + (f": {said}" if said else "")
