"""Cached lookups of what is set up in the store: sessions with their stages and cameras, and scorers.

A session is looked up once for all its cameras, and the cameras of a stage are looked up together: each of a thousand
copies of the function meets nearly every camera of a large festival, each of them seldom.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from audience.errors import DeliveryRefused, FacesRefused, SessionNotFound
from audience.scorers import admitted, is_of_one_session
from audience.sessions import HOUR_MS, Camera, Session
from audience.store import ScorerRecord, Store
from audience.time import to_ms
from audience.windows import window_start

CACHE_MS: Final = 10_000
"""How long a lookup is cached, milliseconds. After a session is deleted the store refuses its records sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _CachedSession:
    at_ms: int
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class _CachedCameras:
    at_ms: int
    cameras: Mapping[str, Camera]  # by id


@dataclass(frozen=True, slots=True, kw_only=True)
class _CachedScorer:
    at_ms: int
    scorer: ScorerRecord
    recorded: ScorerRecord


class SetupCache:
    """Looks up what a camera may deliver. Missing setups are not cached, so a new one takes effect at once.

    Thread-safe: one look-up at a time, as nearly all of them are answered from the cache.
    """

    def __init__(self, store: Store) -> None:
        """Creates the object without I/O."""
        self._store = store
        self._lock = threading.RLock()
        self._sessions: dict[str, _CachedSession] = {}
        self._cameras: dict[tuple[str, str], _CachedCameras] = {}
        self._accepted: dict[tuple[str, str, str], int] = {}  # without a device, but accepted: since when
        self._scorers: dict[tuple[str, str], _CachedScorer] = {}
        self._unclaimed: dict[tuple[str, str, str], Camera] = {}  # without records and without a delivering device
        self._refused: dict[tuple[str, str, str], int] = {}  # camera -> refused since, milliseconds since the epoch
        self._stored_scorers: set[tuple[str, str]] = set()
        self._own_scorer: ScorerRecord | None = None
        self._stages: dict[str, tuple[int, frozenset[str]]] = {}  # when they were read, and their ids
        self._seen: set[str] = set()  # sessions that were found at least once

    def session(self, session_id: str, stage_id: str, camera_id: str, now_ms: int) -> Session:
        """Looks up the session of a camera that accepts deliveries.

        Args:
            session_id, stage_id, camera_id: the camera.
            now_ms: the current time, milliseconds since the epoch.

        Raises:
            DeliveryRefused: the session, its stage or its camera is not set up, or the camera accepts no deliveries.
            FacesRefused: the session was deleted; further deliveries of its cameras are deleted too.
            StoreUnavailable: the store cannot be read.
        """
        with self._lock:
            cached = self._sessions.get(session_id)
            if cached is None or not _is_recent(cached.at_ms, now_ms):
                return self._look_up(session_id, stage_id, camera_id, now_ms)
            if self._may_deliver(session_id, stage_id, camera_id, now_ms):
                return cached.session
            return self._look_up(session_id, stage_id, camera_id, now_ms)

    def scorer(self, session_id: str, scorer: ScorerRecord, *, own: ScorerRecord, now_ms: int) -> ScorerRecord:
        """The scorer under which a camera's windows are recorded.

        Shares over different thresholds are different figures, so no camera may redefine a scorer's name.

        Args:
            session_id: session of the camera that declares the scorer.
            scorer: the scorer, as declared.
            own: the receiver's own scorer.
            now_ms: the current time, milliseconds since the epoch.

        Returns:
            See `audience.scorers.admitted`.

        Raises:
            SheetRejected: it claims to be a scorer that it is not.
            DeliveryRefused: the name belongs to another scorer.
            StoreUnavailable: the store cannot be read.
        """
        with self._lock:
            cached = self._scorers.get((session_id, scorer.name))
            if cached and cached.scorer == scorer and _is_recent(cached.at_ms, now_ms):
                return cached.recorded
            stored = shared = self._store.scorers()
            recorded = admitted(scorer, own=own, shared=shared, declared={})
            if is_of_one_session(recorded.name):
                stored = self._store.scorers(session_id)
                declared = {name: one for name, one in stored.items() if name not in shared}
                recorded = admitted(scorer, own=own, shared=shared, declared=declared)
            if recorded.name in stored:
                self._stored_scorers.add((session_id, recorded.name))
                self._scorers[session_id, scorer.name] = _CachedScorer(at_ms=now_ms, scorer=scorer, recorded=recorded)
            else:
                self._stored_scorers.discard((session_id, recorded.name))
            return recorded

    def put_scorer(self, session_id: str, scorer: ScorerRecord) -> None:
        """Writes a scorer that `scorer` returned to the store, if it is not there.

        Raises:
            StoreUnavailable: the store cannot be written.
        """
        with self._lock:
            if (session_id, scorer.name) not in self._stored_scorers:
                self._store.put_scorer(scorer, session_id if is_of_one_session(scorer.name) else None)
                self._stored_scorers.add((session_id, scorer.name))

    def put_own_scorer(self, scorer: ScorerRecord) -> None:
        """Writes the receiver's own scorer to the shared list, if it is not there: every copy of the function has it.

        Raises:
            StoreUnavailable: the store cannot be read or written.
        """
        with self._lock:
            if scorer != self._own_scorer:
                if self._store.scorers().get(scorer.name) != scorer:
                    self._store.put_scorer(scorer)
                self._own_scorer = scorer

    def claim_camera(self, session_id: str, stage_id: str, camera_id: str) -> None:
        """Records that a device delivers for a camera that had no device so far. Call it before its first records.

        Raises:
            StoreUnavailable: the store cannot be written.
        """
        with self._lock:
            camera = self._unclaimed.pop((session_id, stage_id, camera_id), None)
            if camera is not None:
                self._store.put_camera(session_id, stage_id, replace(camera, delivered_by=camera_id))
                self._cameras.pop((session_id, stage_id), None)  # what is cached says that it is unclaimed

    def forget_deleted(self, session_id: str) -> FacesRefused:
        """Forgets a session that was deleted, and returns the error to raise."""
        with self._lock:
            self._stages.pop(session_id, None)
            self._sessions.pop(session_id, None)
            self._cameras = {key: one for key, one in self._cameras.items() if key[0] != session_id}
            self._accepted = {key: one for key, one in self._accepted.items() if key[0] != session_id}
            self._scorers = {key: one for key, one in self._scorers.items() if key[0] != session_id}
            self._stored_scorers = {key for key in self._stored_scorers if key[0] != session_id}
            return FacesRefused(
                f"session {session_id!r} was deleted: further deliveries of its cameras are deleted too"
            )

    def _may_deliver(self, session_id: str, stage_id: str, camera_id: str, now_ms: int) -> bool:
        """Whether a camera was set up, and accepted, not long ago."""
        key = (session_id, stage_id, camera_id)
        cached = self._cameras.get(key[:2])
        if cached is None or not _is_recent(cached.at_ms, now_ms):
            camera = self._read_cameras(session_id, stage_id, now_ms).get(camera_id)
        else:
            camera = cached.cameras.get(camera_id)
        if camera is None or camera.delivered_by is not None:
            return camera is not None and camera.delivered_by == camera_id
        return key in self._accepted and _is_recent(self._accepted[key], now_ms)

    def _look_up(self, session_id: str, stage_id: str, camera_id: str, now_ms: int) -> Session:
        what = f"session {session_id!r}"
        camera = None
        try:
            session = self._store.session(session_id)
            self._seen.add(session_id)
            self._sessions[session_id] = _CachedSession(at_ms=now_ms, session=session)
            what = f"camera {camera_id!r} of stage {stage_id!r} of session {session_id!r}"
            camera = self._read_cameras(session_id, stage_id, now_ms).get(camera_id)
            # All stages of a festival are much to read for each camera.
            if camera is None and not self._has_stage(session_id, stage_id, now_ms):
                what = f"stage {stage_id!r} of session {session_id!r}"
        except SessionNotFound:
            if session_id in self._seen:
                raise self.forget_deleted(session_id) from None
        if camera is None:
            raise DeliveryRefused(
                f"{what} is not set up: run `houselights prepare --session {session_id} --stage {stage_id} --camera "
                f"{camera_id}`, then deliver this again"
            )
        key = (session_id, stage_id, camera_id)
        refused_ms = self._refused.pop(key, None)
        cached = refused_ms is not None and _is_recent(refused_ms, now_ms) and camera.delivered_by is None
        if cached or not self._accepts_deliveries(camera, session, stage_id, now_ms):
            self._refused[key] = refused_ms if cached and refused_ms is not None else now_ms
            raise DeliveryRefused(
                f"{what} accepts no deliveries: its records were made on a computer, or another device delivers for "
                "it; set up another camera for this device with `houselights prepare --camera`"
            )
        if camera.delivered_by is None:
            self._accepted[key] = now_ms
        return session

    def _has_stage(self, session_id: str, stage_id: str, now_ms: int) -> bool:
        # All stages of a festival are read at once, so not anew for each of its cameras.
        at_ms, known = self._stages.get(session_id, (0, frozenset()))
        if stage_id not in known or not _is_recent(at_ms, now_ms):
            known = frozenset(stage.stage_id for stage in self._store.stages(session_id))
            self._stages[session_id] = (now_ms, known)
        return stage_id in known

    def _read_cameras(self, session_id: str, stage_id: str, now_ms: int) -> Mapping[str, Camera]:
        cameras = {camera.camera_id: camera for camera in self._store.cameras(session_id, stage_id)}
        self._cameras[session_id, stage_id] = _CachedCameras(at_ms=now_ms, cameras=cameras)
        return cameras

    def _accepts_deliveries(self, camera: Camera, session: Session, stage_id: str, now_ms: int) -> bool:
        """Whether a device may deliver for a camera. A device delivers under its own name, which is the camera's id.

        For a camera without a known device its records decide: a scored recording, or windows without any heartbeat
        of a device, were written on a user's computer.
        """
        session_id, camera_id = session.session_id, camera.camera_id
        if camera.delivered_by is not None:
            return camera.delivered_by == camera_id
        if self._store.progress(session_id, stage_id, camera_id) is not None:
            return False
        if self._has_windows(camera_id, session, stage_id, now_ms) and not any(
            (beat.stage_id, beat.camera_id) == (stage_id, camera_id) and beat.received_ms is not None
            for beat in self._store.heartbeats(session_id)
        ):
            # Another function instance may have claimed the camera in the meantime and recorded these.
            now = self._read_cameras(session_id, stage_id, now_ms).get(camera_id)
            return now is not None and now.delivered_by == camera_id
        self._unclaimed[session_id, stage_id, camera_id] = camera
        return True

    def _has_windows(self, camera_id: str, session: Session, stage_id: str, now_ms: int) -> bool:
        """Whether a camera has windows in the session's first or last hour. A whole festival day with many cameras
        would be too much to read for a camera's first delivery."""
        began_ms = window_start(to_ms(session.started_at))
        last_ms = now_ms if session.ended_at is None else min(now_ms, to_ms(session.ended_at))
        return any(
            camera_id
            in self._store.windows(session.session_id, stage_id, from_ms=from_ms, until_ms=from_ms + HOUR_MS).cameras
            for from_ms in (began_ms, max(began_ms, last_ms - HOUR_MS))
        )


def _is_recent(at_ms: int, now_ms: int) -> bool:
    return 0 <= now_ms - at_ms < CACHE_MS
