"""Sessions in the SQLite file, and writes that are allowed only while their session exists."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from audience.errors import InvalidValue, SessionNotFound, StoreUnavailable
from audience.sessions import Session
from audience.store import DELETIONS_KNOWN_MS
from audience.stores import documents
from audience.stores.overviews import matches
from audience.stores.presence import nothing_written, now_ms, set_up_again
from audience.stores.sqlite_file import Rows, SqliteFile
from audience.stores.sqlite_rollups import ROLLUP_KEYS, changed
from audience.time import to_ms

# Primary key by table, in the order of deletion: the progress before the windows it claims.
_WINDOW = "session_id, stage_id, start_ms, camera_id, part"
_CAMERA = "session_id, stage_id, camera_id"
_UNDER_A_SESSION = {
    "progress": _CAMERA,
    "faces": _WINDOW,
    "windows": _WINDOW,
    "heartbeats": _CAMERA,
    "alerting": "session_id, key",
    "declared_scorers": "session_id, name",
    "cameras": _CAMERA,
    "transcripts": "session_id, stage_id",
    "slide_pictures": "session_id, stage_id, picture_id",
    "stages": "session_id, stage_id",
    **ROLLUP_KEYS,
}
_READ_AT_ONCE = 2000  # sessions that a search looks at in one query


class SqliteSessions:
    """The sessions of one file; `url` of the store is for messages."""

    def __init__(self, file: SqliteFile, url: str) -> None:
        self._file, self._url = file, url

    def put(self, session: Session) -> None:
        """See `Store.put_session`."""
        with self._file.transaction() as cursor:
            stored = _document(cursor, session.session_id)
            if stored is not None:
                session = replace(session, set_up_at=documents.from_json(stored, Session).set_up_at)
            _write(cursor, session)

    def change(self, session: Session) -> None:
        """See `Store.change_session`."""
        with self._file.transaction() as cursor:
            stored = _document(cursor, session.session_id)
            if stored is None or documents.from_json(stored, Session).set_up_at != session.set_up_at:
                raise nothing_written(session.session_id)
            _write(cursor, session)

    def one(self, session_id: str) -> Session:
        """See `Store.session`."""
        rows = self._file.rows("SELECT document FROM sessions WHERE session_id = ?", (session_id,))
        if not rows:
            raise SessionNotFound(
                f"no session {session_id!r} in {self._url}: `houselights sessions` lists those there are"
            )
        return documents.from_json(rows[0][0], Session)

    def all(self) -> list[Session]:
        """See `Store.sessions`."""
        rows = self._file.rows("SELECT document FROM sessions ORDER BY started_ms DESC, session_id")
        return [documents.from_json(document, Session) for (document,) in rows]

    def page(
        self, words: str, film: str, among: Collection[str] | None, after: str | None, limit: int
    ) -> tuple[list[Session], str | None]:
        """Sessions of one page of `Store.session_page`, and where the next begins."""
        found: list[Session] = []
        last = _place(after) if after else None
        at_once = _READ_AT_ONCE if words or film or among is not None else limit + 1
        while True:
            condition, values = ("(-started_ms, session_id) > (?, ?)", last) if last else ("1", ())
            rows = self._file.rows(
                f"SELECT -started_ms, session_id, document FROM sessions WHERE {condition} "
                "ORDER BY started_ms DESC, session_id LIMIT ?",
                (*values, at_once),
            )
            for earlier_ms, session_id, document in rows:
                if among is not None and session_id not in among:
                    continue
                session = documents.from_json(document, Session)
                if film not in ("", session.film) or not matches(session, words):
                    continue
                if len(found) == limit:
                    return found, f"{last[0]}#{last[1]}" if last else None
                found.append(session)
                last = (int(earlier_ms), str(session_id))
            if len(rows) < at_once:
                return found, None
            last = (int(rows[-1][0]), str(rows[-1][1]))

    def delete(self, session_id: str) -> bool:
        """See `Store.delete_session`."""
        with self.erasing(session_id):
            return self._erase(session_id)

    @contextmanager
    def erasing(self, session_id: str) -> Iterator[None]:
        """A context in which records of a session, or the session itself, are erased: notes it for who asks later."""
        self._note_erasure(session_id)
        try:
            yield
        finally:
            # Once more: what asked meanwhile still saw what is gone now.
            self._note_erasure(session_id)

    def _note_erasure(self, session_id: str) -> None:
        """Notes a change as far as the disk allows, and forgets earlier deletions."""
        at_ms = now_ms()
        with suppress(StoreUnavailable), self._file.transaction() as cursor:
            changed(cursor, session_id, at_ms)
            cursor.execute(
                "DELETE FROM changes WHERE at_ms < ? AND session_id NOT IN (SELECT session_id FROM sessions)",
                (at_ms - DELETIONS_KNOWN_MS,),
            )

    def _erase(self, session_id: str) -> bool:
        def of_it(table: str, key: str) -> Rows:
            return Rows(table=table, key=key, condition="session_id = ?", values=(session_id,))

        rows = [of_it(table, key) for table, key in _UNDER_A_SESSION.items()]
        return self._file.erase(rows, last=[of_it("sessions", "session_id")]) > 0

    @contextmanager
    def writing_under(
        self, session_ids: Iterable[str], set_up_at: datetime | None = None, *, is_change: bool = True
    ) -> Iterator[sqlite3.Cursor]:
        """A transaction for writes that belong to sessions, begun only if they exist.

        Args:
            session_ids: the sessions of the write.
            set_up_at: the writer's `set_up_at`; None if unknown.
            is_change: whether it counts for `Store.changed_sessions`.

        Raises:
            SessionNotFound: a session does not exist, or has another `set_up_at`.
        """
        with self._file.transaction() as cursor:
            for session_id in set(session_ids):
                stored = _document(cursor, session_id)
                if stored is None:
                    raise nothing_written(session_id)
                if set_up_at is not None and documents.from_json(stored, Session).set_up_at != set_up_at:
                    raise set_up_again(session_id)
                if is_change:
                    changed(cursor, session_id, now_ms())
            yield cursor


def _document(cursor: sqlite3.Cursor, session_id: str) -> str | None:
    found = cursor.execute("SELECT document FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
    return None if found is None else str(found[0])


def _write(cursor: sqlite3.Cursor, session: Session) -> None:
    cursor.execute(
        "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)",
        (session.session_id, to_ms(session.started_at), documents.to_json(session)),
    )
    changed(cursor, session.session_id, now_ms())


def _place(after: str) -> tuple[int, str]:
    earlier_ms, _, session_id = after.partition("#")
    try:
        return int(earlier_ms), session_id
    except ValueError:
        raise InvalidValue(f"no page of sessions begins after {after[:80]!r}") from None
