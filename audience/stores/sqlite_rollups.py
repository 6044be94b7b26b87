"""Roll-ups and overviews in the SQLite file: stale ones are recomputed when they are next read.

A write of windows marks its minutes, in the same transaction. A stage without a row in `rolled` has none that are
right: it was recorded by an earlier version, its cameras' overlaps changed, or records were deleted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress

from audience.errors import InvalidValue, StoreUnavailable
from audience.rollups import (
    TEN_MINUTES_MS,
    Rollup,
    RollupWidth,
    rolled_up,
    rollup_rows,
    rollup_table,
    ten_minute_rollup,
)
from audience.sessions import HOUR_MS, MINUTE_MS, Camera
from audience.stores import documents
from audience.stores.sqlite_file import Rows, SqliteFile, is_full
from audience.window_table import WindowTable

ROLLUP_SCHEMA = """
CREATE TABLE rollups (
    session_id TEXT, stage_id TEXT, width_ms INTEGER, start_ms INTEGER, document TEXT NOT NULL,
    PRIMARY KEY (session_id, stage_id, width_ms, start_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE rolled (session_id TEXT, stage_id TEXT, PRIMARY KEY (session_id, stage_id)) STRICT, WITHOUT ROWID;
CREATE TABLE stale_minutes (
    session_id TEXT, stage_id TEXT, start_ms INTEGER, PRIMARY KEY (session_id, stage_id, start_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE overviews (session_id TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE changes (session_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""

ROLLUP_KEYS = {
    "rollups": "session_id, stage_id, width_ms, start_ms",
    "rolled": "session_id, stage_id",
    "stale_minutes": "session_id, stage_id, start_ms",
    "overviews": "session_id",
}
"""The primary key of each table whose rows go with their session."""

_WINDOWS = "SELECT start_ms, camera_id, width_ms, faces, expected, tallies, scorer, expires_ms FROM windows"


class SqliteRollups:
    """The roll-ups of one file."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def mark(self, cursor: sqlite3.Cursor, starts: Iterable[tuple[str, str, int]]) -> None:
        """Marks the minutes of windows (session, stage, start_ms) as stale, in the transaction that writes them."""
        cursor.executemany(
            "INSERT OR IGNORE INTO stale_minutes VALUES (?, ?, ?)",
            {(session_id, stage_id, start_ms - start_ms % MINUTE_MS) for session_id, stage_id, start_ms in starts},
        )

    def mark_stage(self, cursor: sqlite3.Cursor, session_id: str, stage_id: str) -> None:
        """Marks all roll-ups of a stage as stale."""
        cursor.execute("DELETE FROM rolled WHERE session_id = ? AND stage_id = ?", (session_id, stage_id))

    def erased(self, stages: str, sessions: str, values: Sequence[object]) -> list[Rows]:
        """The rows to erase together with records of some stages, and before these.

        Args:
            stages, sessions: SQL conditions on `session_id` and `stage_id`, and on `session_id` alone.
            values: the parameters of the first; the second takes as many of them as it has places.
        """
        return [
            *(Rows(table=one, key=ROLLUP_KEYS[one], condition=stages, values=values) for one in ("rolled", "rollups")),
            Rows(table="overviews", key="session_id", condition=sessions, values=values[: sessions.count("?")]),
        ]

    def read(
        self,
        session_id: str,
        stage_id: str,
        cameras: Sequence[Camera],
        width_ms: RollupWidth,
        from_ms: int | None,
        until_ms: int | None,
    ) -> WindowTable:
        """See `Store.rollups`; recomputes those that are stale."""
        from_ms = 0 if from_ms is None else from_ms
        until_ms = 1 << 62 if until_ms is None else until_ms
        try:
            self._renew(session_id, stage_id, cameras)
        except StoreUnavailable as problem:
            if not is_full(problem.__cause__):
                raise
            minutes = self._computed(session_id, stage_id, cameras, 0, until_ms)
            rows = minutes if width_ms == MINUTE_MS else _tens(minutes)
            return rollup_table([row for row in rows if from_ms <= row.start_ms < until_ms], width_ms)
        found = self._file.rows(
            "SELECT document FROM rollups WHERE session_id = ? AND stage_id = ? AND width_ms = ? "
            "AND start_ms >= ? AND start_ms < ? ORDER BY start_ms",
            (session_id, stage_id, width_ms, from_ms, until_ms),
        )
        return rollup_table([documents.from_json(document, Rollup) for (document,) in found], width_ms)

    def _renew(self, session_id: str, stage_id: str, cameras: Sequence[Camera]) -> None:
        place = (session_id, stage_id)
        if not self._file.rows("SELECT 1 FROM rolled WHERE session_id = ? AND stage_id = ?", place):
            with self._file.transaction() as cursor:
                if not cursor.execute("SELECT 1 FROM sessions WHERE session_id = ?", (session_id,)).fetchone():
                    return
                cursor.execute("DELETE FROM rollups WHERE session_id = ? AND stage_id = ?", place)
                cursor.execute(
                    "INSERT OR IGNORE INTO stale_minutes SELECT DISTINCT session_id, stage_id, start_ms - start_ms % ? "
                    "FROM windows WHERE session_id = ? AND stage_id = ?",
                    (MINUTE_MS, *place),
                )
                cursor.execute("INSERT OR IGNORE INTO rolled VALUES (?, ?)", place)
        first = "SELECT MIN(start_ms) FROM stale_minutes WHERE session_id = ? AND stage_id = ?"
        # An hour a transaction, so that no camera waits for long.
        while (from_ms := self._file.rows(first, place)[0][0]) is not None:
            with self._file.transaction() as cursor:
                self._renew_hour(cursor, place, cameras, from_ms)

    def _renew_hour(
        self, cursor: sqlite3.Cursor, place: tuple[str, str], cameras: Sequence[Camera], from_ms: int
    ) -> None:
        between = "session_id = ? AND stage_id = ? AND start_ms >= ? AND start_ms < ?"
        whole_ms = (from_ms - from_ms % TEN_MINUTES_MS, from_ms + HOUR_MS - from_ms % TEN_MINUTES_MS)
        found = cursor.execute(f"SELECT start_ms FROM stale_minutes WHERE {between}", (*place, *whole_ms))
        stale = {start_ms for (start_ms,) in found}
        if not stale:  # another process was faster
            return
        until_ms = max(stale) + MINUTE_MS
        minutes = [
            one for one in self._computed(*place, cameras, min(stale), until_ms, cursor) if one.start_ms in stale
        ]
        for start_ms in stale:
            _delete(cursor, place, MINUTE_MS, start_ms)
        _insert(cursor, place, MINUTE_MS, minutes)
        cursor.execute(f"DELETE FROM stale_minutes WHERE {between}", (*place, *whole_ms))
        for begin_ms in {start_ms - start_ms % TEN_MINUTES_MS for start_ms in stale}:
            rows = cursor.execute(
                f"SELECT document FROM rollups WHERE width_ms = {MINUTE_MS} AND {between} ORDER BY start_ms",
                (*place, begin_ms, begin_ms + TEN_MINUTES_MS),
            )
            ten = ten_minute_rollup([documents.from_json(document, Rollup) for (document,) in rows])
            _delete(cursor, place, TEN_MINUTES_MS, begin_ms)
            _insert(cursor, place, TEN_MINUTES_MS, [ten] if ten else [])

    def _computed(
        self,
        session_id: str,
        stage_id: str,
        cameras: Sequence[Camera],
        from_ms: int,
        until_ms: int,
        cursor: sqlite3.Cursor | None = None,
    ) -> list[Rollup]:
        query = f"{_WINDOWS} WHERE session_id = ? AND stage_id = ? AND start_ms >= ? AND start_ms < ?"
        values = (session_id, stage_id, from_ms, until_ms)
        rows = self._file.rows(query, values) if cursor is None else cursor.execute(query, values).fetchall()
        try:
            table = rolled_up(WindowTable.of_rows([row[:7] for row in rows]), cameras)
        except InvalidValue:  # windows of different widths cannot be summed
            return []
        # No expiry: `prune` erases the roll-ups of a stage with its records.
        return [] if table is None else rollup_rows(table, None)

    def overview(self, session_id: str) -> str | None:
        """The document of a session's overview; None if there is none that is right."""
        rows = self._file.rows("SELECT document FROM overviews WHERE session_id = ?", (session_id,))
        return str(rows[0][0]) if rows else None

    def put_overview(self, session_id: str, document: str, changed_ms: int | None) -> None:
        """Keeps a session's overview, unless something of the session changed meanwhile, or the disk is full.

        Args:
            session_id: the session.
            document: the overview.
            changed_ms: `changed_ms` before it was made.
        """
        with suppress(StoreUnavailable), self._file.transaction() as cursor:
            if _changed_ms(cursor.execute(_CHANGED, (session_id,)).fetchone()) == changed_ms:
                cursor.execute("INSERT OR REPLACE INTO overviews VALUES (?, ?)", (session_id, document))

    def changed_ms(self, session_id: str) -> int | None:
        """When a session last changed; None if that is not known."""
        return _changed_ms(next(iter(self._file.rows(_CHANGED, (session_id,))), None))

    def changed_sessions(self, since_ms: int) -> list[str]:
        """See `Store.changed_sessions`."""
        query = "SELECT session_id FROM changes WHERE at_ms >= ? ORDER BY session_id"
        rows = self._file.rows(query, (since_ms - _WRITTEN_WITHIN_MS,))
        return [str(session_id) for (session_id,) in rows]


_WRITTEN_WITHIN_MS = 60_000  # a change is noted when its transaction begins, and seen when it ends
_CHANGED = "SELECT at_ms FROM changes WHERE session_id = ?"


def _changed_ms(row: tuple[int] | None) -> int | None:
    return row[0] if row else None


def changed(cursor: sqlite3.Cursor, session_id: str, at_ms: int) -> None:
    """Notes that something of a session changes, in the transaction that changes it."""
    # Later than before, also where two changes come in one millisecond: `put_overview` compares.
    cursor.execute(
        "INSERT INTO changes VALUES (?, ?) ON CONFLICT DO UPDATE SET at_ms = MAX(at_ms + 1, excluded.at_ms)",
        (session_id, at_ms),
    )
    cursor.execute("DELETE FROM overviews WHERE session_id = ?", (session_id,))


def _delete(cursor: sqlite3.Cursor, place: tuple[str, str], width_ms: int, start_ms: int) -> None:
    cursor.execute(
        "DELETE FROM rollups WHERE session_id = ? AND stage_id = ? AND width_ms = ? AND start_ms = ?",
        (*place, width_ms, start_ms),
    )


def _insert(cursor: sqlite3.Cursor, place: tuple[str, str], width_ms: int, rows: Iterable[Rollup]) -> None:
    cursor.executemany(
        "INSERT INTO rollups VALUES (?, ?, ?, ?, ?)",
        [(*place, width_ms, row.start_ms, documents.to_json(row)) for row in rows],
    )


def _tens(minutes: Sequence[Rollup]) -> list[Rollup]:
    groups: dict[int, list[Rollup]] = {}
    for minute in minutes:
        groups.setdefault(minute.start_ms - minute.start_ms % TEN_MINUTES_MS, []).append(minute)
    return [ten for _, group in sorted(groups.items()) if (ten := ten_minute_rollup(group)) is not None]
