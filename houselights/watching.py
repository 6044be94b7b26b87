"""A camera in, windows in the store, for as long as it takes: what `houselights watch` does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime

from audience.errors import DeviceError, ScoringRefused
from audience.session_setup import SessionSetup, check_not_scored, end_with_last_camera, plan_recording, store_session
from audience.store import CameraState, Heartbeat, Store
from audience.time import to_ms
from edge_lambda.back_off import BackOff
from edge_lambda.correction import PictureCorrector
from edge_lambda.detectors import Detector
from edge_lambda.devices import Camera
from edge_lambda.devices.holding import held
from edge_lambda.live_frames import LiveFrames
from edge_lambda.pipeline import CameraKey, ScoredWindow, scored_windows
from edge_lambda.scorers import Scorer, scorer_record
from edge_lambda.status.heartbeats import in_one_line
from edge_lambda.tracking import Tracker
from edge_lambda.tracking.tracker import run_name

BEAT_EVERY_MS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """How a camera is watched.

    Attributes:
        every_s: seconds between samples, over 0.
        windows_kept_days, faces_kept_days: how long records are kept.
        preview_port: where on this machine the camera is shown; None where it is not.
        preview_blurred: whether faces are made unrecognisable there.
    """

    every_s: float = 1.0
    preview_port: int | None = None
    preview_blurred: bool = False
    windows_kept_days: int = 730
    faces_kept_days: int = 30


class Watch:
    """Watches one camera until it is told to stop or a file ends; a camera that goes away is waited for."""

    def __init__(
        self,
        setup: SessionSetup,
        plan: WatchPlan,
        *,
        store: Store,
        open_camera: Callable[[], Camera],
        detector: Detector,
        scorer: Scorer,
        stop: threading.Event,
        on_window: Callable[[ScoredWindow], None] | None = None,
        on_heartbeat: Callable[[Heartbeat], None] = lambda heartbeat: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock_problem: Callable[[], str] = str,
    ) -> None:
        """Decides what is measured; nothing is written yet.

        Args:
            setup: the session, stage and camera the windows belong to.
            plan: how it is watched.
            store: where they go.
            open_camera: opens the camera; raises DeviceError where it is not there.
            detector, scorer: look at the frames; the scorer is left alone where only heads are counted.
            stop: set from anywhere to end the watch cleanly.
            on_window: shown every window with its frames, for a preview; None where there is no preview.
            on_heartbeat: told of every heartbeat.
            now: the clock that frames are stamped by.
            clock_problem: what is wrong with the computer's clock, in one line; "" where nothing is.
        """
        self._occasion = setup
        self._plan = plan
        self._store = store
        self._open_camera = open_camera
        self._detector = detector
        self._stop = stop
        self._on_window = on_window
        self._on_heartbeat = on_heartbeat
        self._now, self._clock_problem = now, clock_problem
        self._last: Heartbeat | None = None
        self._last_window: ScoredWindow | None = None
        self._frames = LiveFrames(every_s=plan.every_s, stop=stop)
        self._corrector = PictureCorrector(detector)

        self._started_at = started_at = now()
        session = plan_recording(store, setup, started_at)
        check_not_scored(store, setup.place)
        self._scorer = scorer if session.mode == "expressions" else None
        self._tracker = Tracker(run=run_name(to_ms(started_at)))
        self._camera = CameraKey(
            session_id=setup.session_id,
            stage_id=setup.stage_id,
            camera_id=setup.camera_id,
            written_ms=to_ms(started_at),
            windows_kept_ms=plan.windows_kept_days * 86_400_000,
            faces_kept_ms=plan.faces_kept_days * 86_400_000,
        )
        self._session = session
        self.mode_reason = session.mode_reason

    def run(self) -> None:
        """Watches until told to stop, or until a file has been played; every finished window is in the store then.

        Raises:
            ScoringRefused: another watches under this camera.
            SessionNotFound: the session was deleted meanwhile; nothing of this camera is in the store then.
        """
        back_off = BackOff()
        state: CameraState = "stopped"
        set_up = False
        while not self._stop.is_set():
            seen = self._frames.newest_ms
            with ExitStack() as stack:
                camera, lost = self._opened(stack)
                if not set_up:  # not before: a source that cannot be one leaves nothing behind
                    self._set_up()
                    set_up = True
                if camera is not None:
                    self._beat("starting")
                    self._watch(camera)
                    lost = self._frames.lost
            if lost is None:
                state = "stopped" if self._stop.is_set() else "finished"
                break
            if self._frames.newest_ms > seen:
                back_off.reset()
            wait_s = back_off.next_s()
            self._beat("waiting", f"{lost}. Trying again in {wait_s:.0f} s.")
            self._stop.wait(wait_s)
        # Before others are looked for: of two that end at once, one sees the other's.
        self._beat(state, self._worth_knowing())
        if self._last_window is not None:
            end_with_last_camera(
                self._store,
                self._occasion,
                end_ms=self._last_window.end_ms,
                now_ms=to_ms(self._now()),
                began_ms=self._camera.written_ms,
            )

    def _check_alone(self) -> None:
        """Two that watch under one camera would write over each other's windows."""
        before = self._own_beat()
        if before is None or before.state not in ("starting", "running"):
            return
        if 0 <= to_ms(self._now()) - before.at_ms < 2 * BEAT_EVERY_MS:
            self._stop.wait(1.5 * BEAT_EVERY_MS / 1000)  # one that was killed says no more
            after = self._own_beat()
            if after is not None and after.at_ms > before.at_ms:
                raise ScoringRefused(
                    f"camera {self._occasion.camera_id!r} of session {self._occasion.session_id!r} is watched already: "
                    "give this one its own --camera"
                )

    def _own_beat(self) -> Heartbeat | None:
        place = (self._occasion.stage_id, self._occasion.camera_id)
        beats = self._store.heartbeats(self._occasion.session_id)
        return next((beat for beat in beats if (beat.stage_id, beat.camera_id) == place), None)

    def _opened(self, stack: ExitStack) -> tuple[Camera | None, DeviceError | None]:
        try:
            return stack.enter_context(held(self._open_camera, stop=self._stop)), None
        except DeviceError as problem:
            return None, problem

    def _set_up(self) -> None:
        self._check_alone()
        # Planned anew: another camera of the session may have set it up meanwhile.
        planned = plan_recording(self._store, self._occasion, self._started_at, now=self._now())
        self._session = store_session(self._store, planned, self._occasion)
        if self._scorer is not None:
            self._store.put_scorer(scorer_record(self._scorer))

    def _watch(self, camera: Camera) -> None:
        windows = scored_windows(
            self._frames.of(camera),
            camera=self._camera,
            corrector=self._corrector,
            tracker=self._tracker,
            scorer=self._scorer,
            keep_frames=self._on_window is not None,
        )
        with closing(windows):
            for window in windows:
                self._store.put_windows([window.record], [window.faces], set_up_at=self._session.set_up_at)
                self._last_window = window
                if self._on_window is not None:
                    self._on_window(window)
                if self._last is None or to_ms(self._now()) - self._last.at_ms >= BEAT_EVERY_MS:
                    self._beat("running", self._worth_knowing())

    def _worth_knowing(self) -> str:
        return in_one_line((self._clock_problem(), *self._corrector.notes()))

    def _beat(self, state: CameraState, detail: str = "") -> None:
        now_ms = to_ms(self._now())
        window = self._last_window
        running = state == "running" and window is not None
        picture = self._frames.picture if running else None
        step_ms = max(self._camera.width_ms, round(self._plan.every_s * 1000))
        # A window that the camera's end cut short is stored before its own end; that is no negative lag.
        self._last = Heartbeat(
            session_id=self._occasion.session_id,
            stage_id=self._occasion.stage_id,
            camera_id=self._occasion.camera_id,
            at_ms=now_ms,
            state=state,
            frames_per_s=window.frames * 1000 / step_ms if running and window else 0.0,
            faces=window.record.faces if running and window else 0,
            last_window_ms=window.record.start_ms if window else None,
            lag_s=max(0.0, (now_ms - window.end_ms) / 1000) if running and window else 0.0,
            detail=detail,
            detector=self._detector.name,
            scorer=self._scorer.name if self._scorer else "",
            brightness=picture.brightness if picture else None,
            sharpness=picture.sharpness if picture else None,
            preview_port=self._plan.preview_port,
            preview_blurred=self._plan.preview_blurred,
        )
        self._store.put_heartbeat(self._last, set_up_at=self._session.set_up_at)
        self._on_heartbeat(self._last)
