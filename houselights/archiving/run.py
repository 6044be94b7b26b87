"""Updates an archive: writes the sessions that changed since its last run, and removes those that were deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from typing import Final

import msgspec

from audience.disclosure import MIN_FACES
from audience.errors import InvalidValue, SessionNotFound
from audience.sessions import MINUTE_MS, Session, Stage
from audience.store import DELETIONS_KNOWN_MS, RecordingProgress, Store
from audience.time import to_ms
from houselights.archiving.catalog import Catalog, SessionEntry, StageEntry
from houselights.archiving.packs import (
    MOST_ROWS,
    MOST_STAGES,
    PackReader,
    SessionChange,
    StageRows,
    changed_month,
)
from houselights.archiving.places import ArchivePlace
from houselights.archiving.tables import (
    changed_scorers,
    digest,
    segments_table,
    sessions_table,
    windows_table,
)
from houselights.stored_reviews import stored_windows

OVERLAP_MS: Final = 15 * MINUTE_MS
"""How far a run looks back before the beginning of the last one: clocks differ, and writes take their time."""

_MOST_SESSIONS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """Result of an update.

    Attributes:
        sessions: number of sessions that were looked at, because they may have changed.
        written, removed: number of data files.
        refused: for each session of which a stage could not be archived, the reason by session id.
    """

    sessions: int
    written: int
    removed: int
    refused: Mapping[str, str]


def archive(store: Store, place: ArchivePlace, *, now_ms: int, on_session: Callable[[int, int], None]) -> Archived:
    """Updates an archive from a store.

    Sessions that changed since the last run are read, and the files that hold their rows are rewritten; a deleted
    session is taken out of all files. What expired in the store stays in the archive. The next run completes an
    interrupted one.

    Args:
        store: the store. Figures over fewer than `MIN_FACES` faces are withheld, also for audiences of one, because
            other people read an archive.
        place: empty, or an archive of the same store.
        now_ms: now, milliseconds since the epoch.
        on_session: called with the number of sessions done, and of all that may have changed.

    Raises:
        ExportFailed: the place cannot be read or written, contains other files or the archive of another store, or
            another run began.
        StoreUnavailable: the store cannot be read.
    """
    catalog = Catalog(place, store.url, now_ms)
    changed = _changed(store, catalog, now_ms)
    on_session(0, len(changed))
    gone = [session_id for session_id, session in changed.items() if session is None]
    _remove(catalog, gone)
    update = _Update(store, catalog, now_ms)
    there = sorted((one for one in changed.values() if one), key=lambda one: (month_of(one), one.session_id))
    for done, session in enumerate(there, len(gone)):
        on_session(done, len(changed))
        update.add(session)
    refused = update.finish()
    on_session(len(changed), len(changed))
    return Archived(sessions=len(changed), written=catalog.written, removed=catalog.removed, refused=refused)


def month_of(session: Session) -> str:
    """The month in which a session began, in UTC, for Athena's partition projection."""
    return f"{session.started_at.astimezone(UTC):%Y-%m}"


def _changed(store: Store, catalog: Catalog, now_ms: int) -> dict[str, Session | None]:
    """The sessions that may have changed since the last run, by id; None for one that was deleted."""
    found: dict[str, Session | None] = {}
    since_ms = catalog.since_ms
    if since_ms is not None:
        for session_id in {*store.changed_sessions(since_ms - OVERLAP_MS), *catalog.refused}:
            found[session_id] = None
            with suppress(SessionNotFound):
                found[session_id] = store.session(session_id)
    if since_ms is None or now_ms - since_ms > DELETIONS_KNOWN_MS - OVERLAP_MS:
        there = {session.session_id: session for session in store.sessions()}
        found |= there if since_ms is None else {}
        archived = [session_id for month in catalog.months for session_id in catalog.month(month).sessions]
        found |= dict.fromkeys(session_id for session_id in archived if session_id not in there)
    if catalog.unfinished_ms is None:
        return found
    # What an unfinished run has read since it began need not be read again, unless it changed since.
    again = {*store.changed_sessions(catalog.unfinished_ms - OVERLAP_MS), *catalog.refused}
    return {
        session_id: session
        for session_id, session in found.items()
        if session is None
        or session_id in again
        or (entry := catalog.month(month_of(session)).sessions.get(session_id)) is None
        or entry.read_ms < catalog.unfinished_ms
    }


def _remove(catalog: Catalog, session_ids: Iterable[str]) -> None:
    """Takes deleted sessions out of the archive."""
    by_month: dict[str, list[str]] = {}
    for session_id in sorted(session_ids):
        month = catalog.month_with(session_id)
        if month is not None:
            by_month.setdefault(month, []).append(session_id)
    for month, ids in by_month.items():
        for start in range(0, len(ids), MOST_STAGES):
            gone = dict.fromkeys(ids[start : start + MOST_STAGES])
            catalog.put({month: changed_month(catalog, PackReader(catalog), month, gone)})


class _Update:
    """Brings sessions of an archive up to date. Changes are written together, as many as fill a pack."""

    def __init__(self, store: Store, catalog: Catalog, now_ms: int) -> None:
        self._store, self._catalog, self._now_ms = store, catalog, now_ms
        self._reader = PackReader(catalog)
        self._scorers = dict(store.scorers())
        self._refused: dict[str, str] = {}
        self._month = ""
        self._changes: dict[str, SessionChange] = {}
        self._left: dict[str, list[str]] = {}

    def add(self, session: Session) -> None:
        """Adds a session, or what changed of it. Sessions have to come in the order of their months."""
        session_id, month = session.session_id, month_of(session)
        if month != self._month or self._is_full():
            self._flush()
            self._month = month
        self._scorers |= self._store.scorers(session_id)
        home = month if session_id in self._catalog.month(month).sessions else self._catalog.month_with(session_id)
        last = self._catalog.month(home).sessions[session_id] if home else None
        # Nothing is taken over from a session that was deleted and set up again under the same id.
        before = dict(last.stages) if last and last.is_of(session.set_up_at) else {}
        row = sessions_table([session])
        entry = SessionEntry(
            digest=digest(row),
            read_ms=0,
            set_up_ms=to_ms(session.set_up_at) if session.set_up_at else None,
            stages=before.copy() if home == month else {},
        )
        new: dict[str, StageRows] = {}
        stages = {stage.stage_id: stage for stage in self._store.stages(session_id)}
        recordings = self._store.recordings(session_id)
        for stage_id in sorted(stages.keys() | before.keys()):
            known, rows = before.get(stage_id), self._rows(session, stages.get(stage_id), recordings)
            if known and home and (rows is None or self._has_expired(home, session_id, stage_id, known, rows)):
                if home == month:
                    continue
                rows = self._reader.rows(home, known.pack)[session_id, stage_id]
            if rows is None or (known and home == month and known.digest == rows.digest):
                continue
            if self._is_full() and new and home in (month, None):
                # The many stages of a festival are written as they come.
                self._flush()
                home, last = month, self._catalog.month(month).sessions[session_id]
                entry, new = msgspec.structs.replace(entry, stages=dict(last.stages)), {}
            entry.stages.pop(stage_id, None)
            if len(rows.windows):
                new[stage_id] = rows
            if new and home in (month, None):
                self._changes[session_id] = SessionChange(entry=entry, row=row, stages=new)
        is_changed = home != month or last is None or entry.digest != last.digest or entry.stages != last.stages
        if is_changed or new or (last and not last.read_ms):
            entry = msgspec.structs.replace(entry, read_ms=self._now_ms)
            self._changes[session_id] = SessionChange(entry=entry, row=row, stages=new)
        if home and home != month:
            self._left.setdefault(home, []).append(session_id)

    def finish(self) -> dict[str, str]:
        """Writes what is left and notes that the run ended; returns why stages were refused, by session id."""
        self._flush()
        content = self._catalog.scorers()
        scorers = changed_scorers(content, self._scorers.values())
        if scorers is not None:
            self._catalog.put_scorers(scorers)
        self._catalog.finish(self._refused)
        return dict(sorted(self._refused.items()))

    def _rows(self, session: Session, stage: Stage | None, recordings: Iterable[RecordingProgress]) -> StageRows | None:
        """The rows of a stage; None if they cannot be computed, or if the store does not know the stage."""
        if stage is None:
            return None
        try:
            windows = stored_windows(self._store, session, stage, min_faces=MIN_FACES)
        except InvalidValue as problem:
            # One camera with a wrong clock must not prevent archiving all other stages and sessions.
            self._refused[session.session_id] = str(problem)
            return None
        of_stage = sorted(
            (one.camera_id, one.fingerprint, one.started_ms, one.every_s)
            for one in recordings
            if one.stage_id == stage.stage_id
        )
        of_windows, of_segments = windows_table(windows), segments_table(windows)
        return StageRows(
            windows=of_windows,
            segments=of_segments,
            recordings=hashlib.sha256(repr(of_stage).encode()).hexdigest()[:16] if of_stage else "",
            digest=digest(of_windows, of_segments),
        )

    def _has_expired(self, home: str, session_id: str, stage_id: str, known: StageEntry, rows: StageRows) -> bool:
        """Whether the archive has windows of a stage that the store has no more, and no recording was scored anew: then
        they expired, and the archive keeps the stage as it is."""
        if known.digest == rows.digest or known.recordings != rows.recordings:
            return False
        archived = self._reader.rows(home, known.pack)[session_id, stage_id]
        there = set(rows.windows["window_start"].to_pylist())
        return not there.issuperset(archived.windows["window_start"].to_pylist())

    def _is_full(self) -> bool:
        stages = [rows for change in self._changes.values() for rows in change.stages.values()]
        rows = sum(len(one.windows) for one in stages)
        return len(stages) >= MOST_STAGES or rows >= MOST_ROWS or len(self._changes) >= _MOST_SESSIONS

    def _flush(self) -> None:
        """Writes the changes, in one step: a session that moves to another month is in one of them at any time."""
        if self._changes:
            months = {
                month: changed_month(self._catalog, self._reader, month, dict.fromkeys(gone))
                for month, gone in self._left.items()
            }
            months[self._month] = changed_month(self._catalog, self._reader, self._month, self._changes)
            self._catalog.put(months)
        self._changes, self._left = {}, {}
        self._reader.forget()
