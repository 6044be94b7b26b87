"""What is set up in the store, sessions with their stages and cameras, and scorers: looked up, and believed a while."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from audience.admission import HOUR_MS
from audience.errors import DeliveryRefused, FacesRefused, SessionNotFound
from audience.instants import to_ms
from audience.privacy import Mode
from audience.scorers import admitted, is_of_one_session
from audience.sessions import Camera, Session
from audience.store import ScorerRecord, Store
from audience.windows import window_start

BELIEVED_MS: Final = 10_000
"""How long what was set up is believed to be so still, milliseconds. A session that was deleted goes on for less: the
store refuses its records sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Believed:
    at_ms: int
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    at_ms: int
    scorer: ScorerRecord
    recorded: ScorerRecord


class Setups:
    """Says what a camera may deliver. Only what is set up is remembered, so setting up takes effect at once."""

    def __init__(self, store: Store) -> None:
        """Looks nothing up yet."""
        self._store = store
        self._sessions: dict[tuple[str, str, str], _Believed] = {}
        self._scorers: dict[tuple[str, str], _Declared] = {}
        self._nobodys: dict[tuple[str, str, str], Camera] = {}  # nothing recorded, nobody said who delivers
        self._refused: dict[tuple[str, str, str], int] = {}  # since when
        self._known: set[tuple[str, str]] = set()
        self._seen: set[str] = set()  # sessions that were there once

    def mode(self, session_id: str, stage_id: str, camera_id: str, now_ms: int) -> Mode:
        """What the session of a camera measures; see `session`."""
        return self.session(session_id, stage_id, camera_id, now_ms).mode

    def session(self, session_id: str, stage_id: str, camera_id: str, now_ms: int) -> Session:
        """The session of a camera that a device delivers for.

        Args:
            session_id, stage_id, camera_id: the camera.
            now_ms: when, milliseconds since the epoch.

        Raises:
            DeliveryRefused: the session, its stage or its camera is not set up, or no device delivers for the camera.
            FacesRefused: the session was there, and was deleted: what its cameras still deliver is not kept.
            StoreUnavailable: the store cannot be asked.
        """
        place = (session_id, stage_id, camera_id)
        believed = self._sessions.get(place)
        if believed is None or not 0 <= now_ms - believed.at_ms < BELIEVED_MS:
            self._sessions.pop(place, None)
            session = self._looked_up(session_id, stage_id, camera_id, now_ms)
            believed = self._sessions[place] = _Believed(at_ms=now_ms, session=session)
        return believed.session

    def scorer(self, session_id: str, scorer: ScorerRecord, *, own: ScorerRecord, now_ms: int) -> ScorerRecord:
        """What a camera's windows are recorded under.

        Shares over different thresholds are different figures, so no camera may change what a name stands for.

        Args:
            session_id: whose camera declares the scorer.
            scorer: as it is declared.
            own: the scorer of whoever receives deliveries.
            now_ms: when, milliseconds since the epoch.

        Returns:
            See `audience.scorers.admitted`.

        Raises:
            SheetRejected: it claims to be a scorer that it is not.
            DeliveryRefused: the name stands for another scorer.
            StoreUnavailable: the store cannot be asked.
        """
        believed = self._scorers.get((session_id, scorer.name))
        if believed and believed.scorer == scorer and 0 <= now_ms - believed.at_ms < BELIEVED_MS:
            return believed.recorded
        shared, there = self._store.scorers(), self._store.scorers(session_id)
        declared = {name: one for name, one in there.items() if name not in shared}
        recorded = admitted(scorer, own=own, shared=shared, declared=declared)
        if recorded.name in there:
            self._known.add((session_id, recorded.name))
            self._scorers[session_id, scorer.name] = _Declared(at_ms=now_ms, scorer=scorer, recorded=recorded)
        else:
            self._known.discard((session_id, recorded.name))
        return recorded

    def make_known(self, session_id: str, scorer: ScorerRecord) -> None:
        """Writes a scorer that `scorer` gave into the store, unless it is there.

        Raises:
            StoreUnavailable: the store cannot be written.
        """
        if (session_id, scorer.name) not in self._known:
            self._store.put_scorer(scorer, session_id if is_of_one_session(scorer.name) else None)
            self._known.add((session_id, scorer.name))

    def delivers(self, session_id: str, stage_id: str, camera_id: str) -> None:
        """Notes, before its first records are, that a device delivers for a camera of which nobody had said so.

        Raises:
            StoreUnavailable: it cannot be noted.
        """
        camera = self._nobodys.pop((session_id, stage_id, camera_id), None)
        if camera is not None:
            self._store.put_camera(session_id, stage_id, replace(camera, delivered_by=camera_id))

    def deleted(self, session_id: str) -> FacesRefused:
        """Believes no more in a session that the store says was deleted; the error that says so."""
        self._sessions = {place: one for place, one in self._sessions.items() if place[0] != session_id}
        self._scorers = {key: one for key, one in self._scorers.items() if key[0] != session_id}
        self._known = {key for key in self._known if key[0] != session_id}
        return FacesRefused(f"session {session_id!r} was deleted: what its cameras still deliver is not kept")

    def _looked_up(self, session_id: str, stage_id: str, camera_id: str, now_ms: int) -> Session:
        what = f"session {session_id!r}"
        camera = None
        try:
            session = self._store.session(session_id)
            self._seen.add(session_id)
            what = f"stage {stage_id!r} of session {session_id!r}"
            if stage_id in {stage.stage_id for stage in self._store.stages(session_id)}:
                what = f"camera {camera_id!r} of stage {stage_id!r} of session {session_id!r}"
                camera = self._camera(session_id, stage_id, camera_id)
        except SessionNotFound:
            if session_id in self._seen:
                raise self.deleted(session_id) from None
        if camera is None:
            raise DeliveryRefused(
                f"{what} is not set up: `houselights prepare --session {session_id} --stage {stage_id} --camera "
                f"{camera_id}` does it, then deliver this again"
            )
        place = (session_id, stage_id, camera_id)
        refused_ms = self._refused.pop(place, None)
        believed = refused_ms is not None and 0 <= now_ms - refused_ms < BELIEVED_MS and camera.delivered_by is None
        if believed or not self._takes_deliveries(camera, session, stage_id, now_ms):
            self._refused[place] = refused_ms if believed and refused_ms is not None else now_ms
            raise DeliveryRefused(
                f"{what} takes no deliveries: what it recorded was written on a computer of one's own, or another "
                "device delivers for it; `houselights prepare` with another --camera sets one up for this device"
            )
        return session

    def _camera(self, session_id: str, stage_id: str, camera_id: str) -> Camera | None:
        found = (one for one in self._store.cameras(session_id, stage_id) if one.camera_id == camera_id)
        return next(found, None)

    def _takes_deliveries(self, camera: Camera, session: Session, stage_id: str, now_ms: int) -> bool:
        """Whether a device delivers for a camera. It does so under its own name, which is the camera's.

        Of a camera of which nobody said who delivers for it, what there is tells: a recording that was scored, or
        windows that no device which was heard of can have delivered, were written on a machine of one's own.
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
            # Another copy of the function may have noted its device since, and recorded these.
            now = self._camera(session_id, stage_id, camera_id)
            return now is not None and now.delivered_by == camera_id
        self._nobodys[session_id, stage_id, camera_id] = camera
        return True

    def _has_windows(self, camera_id: str, session: Session, stage_id: str, now_ms: int) -> bool:
        """Whether a camera recorded anything in the session's first hour or its last one: a day of a festival with many
        cameras is too much to read for the first delivery of one more."""
        began_ms = window_start(to_ms(session.started_at))
        last_ms = now_ms if session.ended_at is None else min(now_ms, to_ms(session.ended_at))
        return any(
            camera_id
            in self._store.windows(session.session_id, stage_id, from_ms=from_ms, until_ms=from_ms + HOUR_MS).cameras
            for from_ms in (began_ms, max(began_ms, last_ms - HOUR_MS))
        )
