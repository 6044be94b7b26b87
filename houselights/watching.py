"""Scores a camera live into the store: the work of `houselights watch`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime

from audience.errors import DeviceError, ScoringRefused
from audience.privacy import measures_facing
from audience.session_setup import SessionSetup, check_not_scored, end_with_last_camera, plan_recording, store_session
from audience.store import CameraState, Heartbeat, Store
from audience.time import to_ms
from edge_lambda.backoff import Backoff
from edge_lambda.correction import PictureCorrector
from edge_lambda.detectors import Detector
from edge_lambda.devices import Camera
from edge_lambda.devices.camera_thread import opened_in_thread
from edge_lambda.facing import HeadPose, RoomAxis
from edge_lambda.live_frames import LiveFrames, one_frame_a_window
from edge_lambda.pipeline import CameraKey, OnFrame, ScoredWindow, scored_windows
from edge_lambda.scorers import Scorer, scorer_record
from edge_lambda.status.heartbeats import joined_notes
from edge_lambda.tracking import Tracker
from edge_lambda.tracking.tracker import run_name

HEARTBEAT_EVERY_MS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """Settings of a live camera.

    Attributes:
        every_s: seconds between samples, over 0.
        facing_axis: where the room looks, as the camera sees it; None to learn it from the faces.
        windows_kept_days, faces_kept_days: how long records are kept.
        preview_port: port of the preview on this machine; None without a preview.
        preview_blurred: whether faces are made unrecognisable in the preview.
        heartbeat_every_ms: at least so long between two heartbeats while windows come, milliseconds.
        longest_wait_s: how long to wait at most before a lost camera is tried again.
        ends_session: whether the session ends with its last camera, else a person ends it.
    """

    every_s: float = 1.0
    facing_axis: HeadPose | None = None
    preview_port: int | None = None
    preview_blurred: bool = False
    windows_kept_days: int = 730
    faces_kept_days: int = 30
    heartbeat_every_ms: int = HEARTBEAT_EVERY_MS
    longest_wait_s: float = 30.0
    ends_session: bool = True


class Watch:
    """Scores one camera until stopped or until a file ends; reopens a camera that disconnects."""

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
        on_frame: OnFrame | None = None,
        on_heartbeat: Callable[[Heartbeat], None] = lambda heartbeat: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock_problem: Callable[[], str] = str,
    ) -> None:
        """Decides what is measured; writes nothing.

        Args:
            setup: the session, stage and camera of the windows.
            plan: the settings.
            store: where the windows go.
            open_camera: opens the camera; raises DeviceError if it is not there.
            detector, scorer: process the frames; the scorer is not used in head-count mode.
            stop: set from any thread to stop cleanly.
            on_window: called with every window and its frames, for a preview; None without a preview.
            on_frame: called with every frame and its tracked faces; None where nobody is recognised.
            on_heartbeat: called with every heartbeat.
            now: the clock that timestamps frames.
            clock_problem: returns the clock's problem in one line, or "".
        """
        self._session_setup = setup
        self._plan = plan
        self._store = store
        self._open_camera = open_camera
        self._detector = detector
        self._stop = stop
        self._on_window, self._on_frame = on_window, on_frame
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
        self._room = RoomAxis(detector.name, plan.facing_axis) if measures_facing(session.setting) else None
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
        """Runs until stopped or until a file ends; then every finished window is in the store.

        Raises:
            ScoringRefused: another process uses this camera id.
            SessionNotFound: the session was deleted meanwhile; then the store holds nothing of this camera.
        """
        backoff = Backoff(first_s=min(1.0, self._plan.longest_wait_s), longest_s=self._plan.longest_wait_s)
        state: CameraState = "stopped"
        set_up = False
        while not self._stop.is_set():
            seen = self._frames.newest_ms
            with ExitStack() as stack:
                camera, lost = self._open(stack)
                if not set_up:  # only now, so that an invalid source writes nothing
                    self._set_up()
                    set_up = True
                if camera is not None:
                    self._send_heartbeat("starting")
                    self._watch(camera)
                    lost = self._frames.lost
            if lost is None:
                state = "stopped" if self._stop.is_set() else "finished"
                break
            if self._frames.newest_ms > seen:
                backoff.reset()
            wait_s = backoff.next_s()
            self._send_heartbeat("waiting", f"{lost}. Retrying in {wait_s:.0f} s.")
            self._stop.wait(wait_s)
        # Before checking the other cameras: of two that end at once, one sees the other's last heartbeat.
        self._send_heartbeat(state, self._notes())
        if self._last_window is not None and self._plan.ends_session:
            end_with_last_camera(
                self._store,
                self._session_setup,
                end_ms=self._last_window.end_ms,
                now_ms=to_ms(self._now()),
                began_ms=self._camera.written_ms,
            )

    def _check_not_watched(self) -> None:
        """Raises if another process uses this camera id, as they would overwrite each other's windows."""
        before = self._own_heartbeat()
        if before is None or before.state not in ("starting", "running"):
            return
        if 0 <= to_ms(self._now()) - before.at_ms < 2 * HEARTBEAT_EVERY_MS:
            self._stop.wait(1.5 * HEARTBEAT_EVERY_MS / 1000)  # a killed process sends no more heartbeats
            after = self._own_heartbeat()
            if after is not None and after.at_ms > before.at_ms:
                raise ScoringRefused(
                    f"camera {self._session_setup.camera_id!r} of session {self._session_setup.session_id!r} is "
                    "already being watched: give this one its own --camera"
                )

    def _own_heartbeat(self) -> Heartbeat | None:
        place = (self._session_setup.stage_id, self._session_setup.camera_id)
        beats = self._store.heartbeats(self._session_setup.session_id)
        return next((beat for beat in beats if (beat.stage_id, beat.camera_id) == place), None)

    def _open(self, stack: ExitStack) -> tuple[Camera | None, DeviceError | None]:
        try:
            return stack.enter_context(opened_in_thread(self._open_camera, stop=self._stop)), None
        except DeviceError as problem:
            return None, problem

    def _set_up(self) -> None:
        self._check_not_watched()
        # Planned again, as another camera may have set up the session meanwhile.
        planned = plan_recording(self._store, self._session_setup, self._started_at, now=self._now())
        self._session = store_session(self._store, planned, self._session_setup)
        if self._scorer is not None:
            self._store.put_scorer(scorer_record(self._scorer))

    def _watch(self, camera: Camera) -> None:
        windows = scored_windows(
            self._frames.read(camera),
            camera=self._camera,
            corrector=self._corrector,
            tracker=self._tracker,
            scorer=self._scorer,
            room=self._room,
            keep_frames=self._on_window is not None,
            on_frame=self._on_frame,
            one_frame_each=one_frame_a_window(self._plan.every_s, self._camera.width_ms),
        )
        with closing(windows):
            for window in windows:
                self._store.put_windows([window.record], [window.faces], set_up_at=self._session.set_up_at)
                self._last_window = window
                if self._on_window is not None:
                    self._on_window(window)
                if self._last is None or to_ms(self._now()) - self._last.at_ms >= self._plan.heartbeat_every_ms:
                    self._send_heartbeat("running", self._notes())

    def _notes(self) -> str:
        return joined_notes((self._clock_problem(), *self._corrector.notes()))

    def _send_heartbeat(self, state: CameraState, detail: str = "") -> None:
        now_ms = to_ms(self._now())
        window = self._last_window
        running = state == "running" and window is not None
        picture = self._frames.picture if running else None
        step_ms = max(self._camera.width_ms, round(self._plan.every_s * 1000))
        # A window cut short by the camera's end is stored before its own end; its lag is 0, not negative.
        self._last = Heartbeat(
            session_id=self._session_setup.session_id,
            stage_id=self._session_setup.stage_id,
            camera_id=self._session_setup.camera_id,
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
