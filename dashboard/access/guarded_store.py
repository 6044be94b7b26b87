"""A store that shows only what a permit allows, and accepts only what it may write: where access is enforced.

Every method is written out, so that one that is added to the port is refused until somebody has thought about it. A
session that one may not see is, in every answer, a session that is not there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Self

from audience.alerts import AlertBook
from audience.errors import AccessRefused, SessionNotFound
from audience.faces import WindowFaces
from audience.rollups import RollupWidth
from audience.sessions import Camera, Session, Stage
from audience.store import AlertDocument, Alerting, Heartbeat, RecordingProgress, ScorerRecord, SessionPage, Store
from audience.transcripts import Transcript
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from dashboard.access.permits import Permit, Role


class GuardedStore:
    """A store as one permit sees it; closing it closes the store."""

    def __init__(self, store: Store, permit: Permit) -> None:
        """Guards a store.

        Args:
            store: what is kept.
            permit: of whoever asks.
        """
        self._store, self._permit = store, permit
        self.url = store.url
        self._seen: set[str] = set()

    @property
    def has_pending_erasure(self) -> bool:
        """Whether the store's files still hold what was deleted."""
        return self._store.has_pending_erasure

    @property
    def alerting(self) -> Alerting:
        """Rules and alerts of what one may see."""
        return _GuardedAlerting(self, self._store.alerting)

    def session(self, session_id: str) -> Session:
        """The session, if it may be seen."""
        found = None
        if self._permit.lets_in or self._permit.festivals_only:
            # What the store says of one that is not there tells it from one that is, and where the store is.
            with suppress(SessionNotFound):
                found = self._store.session(session_id)
        if found is None or not self._permit.sees(session_id, found.kind):
            raise SessionNotFound(f"there is no session {session_id!r} that you may see")
        self._seen.add(session_id)
        return found

    def sessions(self) -> list[Session]:
        """Those that may be seen, the latest start first."""
        return [one for one in self._store.sessions() if self._permit.sees(one.session_id, one.kind)]

    def session_page(
        self,
        *,
        words: str = "",
        film: str = "",
        among: Collection[str] | None = None,
        after: str | None = None,
        limit: int = 15,
    ) -> SessionPage:
        """One page of those that may be seen."""
        if not self._permit.is_at_least("analyst"):
            named = self._permit.named_sessions
            seen = {one.session_id for one in self.sessions()} if named is None else named
            among = seen if among is None else seen.intersection(among)
        return self._store.session_page(words=words, film=film, among=among, after=after, limit=limit)

    def changed_sessions(self, since_ms: int) -> list[str]:
        """Which sessions changed, deleted ones too: for whoever may see them all."""
        return self._as("analyst").changed_sessions(since_ms)

    def stages(self, session_id: str) -> list[Stage]:
        """The session's stages in the order of their ids."""
        return self._seeing(session_id).stages(session_id)

    def cameras(self, session_id: str, stage_id: str) -> list[Camera]:
        """The stage's cameras in the order of their ids."""
        return self._seeing(session_id).cameras(session_id, stage_id)

    def windows(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> WindowTable:
        """The stage's windows that start in [from_ms, until_ms)."""
        return self._seeing(session_id).windows(session_id, stage_id, from_ms=from_ms, until_ms=until_ms)

    def rollups(
        self,
        session_id: str,
        stage_id: str,
        *,
        width_ms: RollupWidth,
        from_ms: int | None = None,
        until_ms: int | None = None,
    ) -> WindowTable:
        """The stage's roll-ups that start in [from_ms, until_ms)."""
        return self._seeing(session_id).rollups(
            session_id, stage_id, width_ms=width_ms, from_ms=from_ms, until_ms=until_ms
        )

    def window_count(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> int:
        """How many records `windows` would give."""
        return self._seeing(session_id).window_count(session_id, stage_id, from_ms=from_ms, until_ms=until_ms)

    def faces(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> list[WindowFaces]:
        """The single faces of windows that start in [from_ms, until_ms)."""
        return self._seeing(session_id).faces(session_id, stage_id, from_ms=from_ms, until_ms=until_ms)

    def progress(self, session_id: str, stage_id: str, camera_id: str) -> RecordingProgress | None:
        """How far this camera's recording was scored."""
        return self._seeing(session_id).progress(session_id, stage_id, camera_id)

    def recordings(self, session_id: str) -> list[RecordingProgress]:
        """The progress of all recordings of a session."""
        return self._seeing(session_id).recordings(session_id)

    def heartbeats(self, session_id: str) -> list[Heartbeat]:
        """The newest heartbeat of every camera of a session."""
        return self._seeing(session_id).heartbeats(session_id)

    def scorers(self, session_id: str | None = None) -> dict[str, ScorerRecord]:
        """The scorers all sessions share: what they are called says nothing of any. And those of one, if it is seen."""
        return self._store.scorers() if session_id is None else self._seeing(session_id).scorers(session_id)

    def put_stage(self, session_id: str, stage: Stage) -> None:
        """Writes a stage: its timelines, cues, notes and what is left out are an analyst's work."""
        self.writing(session_id, "analyst").put_stage(session_id, stage)

    def transcript(self, session_id: str, stage_id: str) -> Transcript | None:
        """What was said on a stage: whoever sees the session sees it, as its timeline."""
        return self._seeing(session_id).transcript(session_id, stage_id)

    def put_transcript(self, session_id: str, stage_id: str, transcript: Transcript) -> None:
        """Writes what was said on a stage: an analyst's work, as its timelines are."""
        self.writing(session_id, "analyst").put_transcript(session_id, stage_id, transcript)

    def delete_transcript(self, session_id: str, stage_id: str) -> bool:
        """Removes what was said on a stage."""
        return self.writing(session_id, "analyst").delete_transcript(session_id, stage_id)

    def slide_pictures(self, session_id: str, stage_id: str) -> dict[str, bytes]:
        """The pictures of what was shown on a stage: whoever sees the session sees them, as its timeline."""
        return self._seeing(session_id).slide_pictures(session_id, stage_id)

    def put_slide_pictures(self, session_id: str, stage_id: str, pictures: Mapping[str, bytes]) -> None:
        """Writes them: an analyst's work, as timelines are."""
        self.writing(session_id, "analyst").put_slide_pictures(session_id, stage_id, pictures)

    def put_session(self, session: Session) -> None:
        """Writes a session."""
        self._as("operator").put_session(session)

    def change_session(self, session: Session) -> None:
        """Writes a session that is there."""
        self.writing(session.session_id, "operator").change_session(session)

    def put_camera(self, session_id: str, stage_id: str, camera: Camera) -> None:
        """Writes a camera."""
        self.writing(session_id, "operator").put_camera(session_id, stage_id, camera)

    def delete_session(self, session_id: str) -> bool:
        """Removes a session with everything recorded under it."""
        return self._as("admin").delete_session(session_id)

    def delete_camera_records(self, session_id: str, stage_id: str, camera_id: str) -> None:
        """Removes what one camera recorded."""
        self._as("admin").delete_camera_records(session_id, stage_id, camera_id)

    def put_windows(
        self,
        windows: Sequence[WindowRecord],
        faces: Sequence[WindowFaces] = (),
        progress: RecordingProgress | None = None,
        *,
        set_up_at: datetime | None = None,
    ) -> None:
        """Writes windows: what a camera does, and no page."""
        self._as("admin").put_windows(windows, faces, progress, set_up_at=set_up_at)

    def put_scorer(self, scorer: ScorerRecord, session_id: str | None = None) -> None:
        """Writes what a scorer's name stands for."""
        self._as("admin").put_scorer(scorer, session_id)

    def put_heartbeat(self, heartbeat: Heartbeat, *, set_up_at: datetime | None = None) -> None:
        """Writes a camera's newest heartbeat."""
        self._as("admin").put_heartbeat(heartbeat, set_up_at=set_up_at)

    def prune(self, now_ms: int) -> int:
        """Removes what expired."""
        return self._as("admin").prune(now_ms)

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _seeing(self, session_id: str) -> Store:
        # A role over all sessions gets the store's own error.
        if session_id not in self._seen and not self._permit.is_at_least("analyst"):
            self.session(session_id)
        return self._store

    def writing(self, session_id: str, role: Role) -> Store:
        """The store itself, for whoever sees a session and has a role."""
        self._seeing(session_id)
        return self._as(role)

    def _as(self, role: Role) -> Store:
        if not self._permit.is_at_least(role):
            raise AccessRefused(f"You may look at this but not change it: that takes the role of {role}.")
        return self._store


class _GuardedAlerting:
    """Rules and alerts of what one may see; changing them is an operator's work."""

    def __init__(self, guard: GuardedStore, alerting: Alerting) -> None:
        self._guard, self._alerting = guard, alerting

    def put(self, session_id: str, document: AlertDocument) -> None:
        """Writes a document."""
        self._guard.writing(session_id, "operator")
        self._alerting.put(session_id, document)

    def drop(self, session_id: str, document: AlertDocument) -> None:
        """Removes a document."""
        self._guard.writing(session_id, "operator")
        self._alerting.drop(session_id, document)

    def book(self, session_id: str) -> AlertBook:
        """All there is of a session."""
        self._guard.session(session_id)
        return self._alerting.book(session_id)

    def sessions(self, since_ms: int) -> list[str]:
        """Those that have rules or alerts and may be seen."""
        found = []
        for session_id in self._alerting.sessions(since_ms):
            with suppress(SessionNotFound):
                self._guard.session(session_id)
                found.append(session_id)
        return found
