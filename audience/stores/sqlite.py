"""One laptop's store: an SQLite database in WAL mode, so that a camera writes while the dashboard reads.

Each thread that uses the store has a connection of its own. Tallies and faces are packed (`audience.windows`,
`audience.faces`); everything else is plain columns or a JSON document.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from audience.errors import SessionNotFound, StoreTooNew, StoreUnavailable
from audience.faces import WindowFaces, pack_faces, unpack_faces
from audience.instants import to_ms
from audience.sessions import Camera, Session, Stage
from audience.store import Heartbeat, RecordingProgress, ScorerRecord
from audience.stores import documents
from audience.window_table import WindowTable
from audience.windows import WindowRecord, pack_tallies

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 30.0

_WINDOW_KEY = "session_id, stage_id, start_ms, camera_id, part"
_CAMERA_KEY = "session_id, stage_id, camera_id"
_SCHEMA = f"""
CREATE TABLE sessions (session_id TEXT PRIMARY KEY, started_ms INTEGER NOT NULL, document TEXT NOT NULL) STRICT;
CREATE TABLE stages (
    session_id TEXT, stage_id TEXT, document TEXT NOT NULL, PRIMARY KEY (session_id, stage_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE cameras (
    session_id TEXT, stage_id TEXT, camera_id TEXT, document TEXT NOT NULL, PRIMARY KEY ({_CAMERA_KEY})
) STRICT, WITHOUT ROWID;
CREATE TABLE windows (
    session_id TEXT, stage_id TEXT, start_ms INTEGER, camera_id TEXT, part TEXT, width_ms INTEGER NOT NULL,
    faces INTEGER NOT NULL, expected INTEGER NOT NULL, tallies BLOB NOT NULL, scorer TEXT NOT NULL, expires_ms INTEGER,
    PRIMARY KEY ({_WINDOW_KEY})
) STRICT, WITHOUT ROWID;
CREATE TABLE faces (
    session_id TEXT, stage_id TEXT, start_ms INTEGER, camera_id TEXT, part TEXT, scorer TEXT NOT NULL,
    packed BLOB NOT NULL, expires_ms INTEGER,
    PRIMARY KEY ({_WINDOW_KEY})
) STRICT, WITHOUT ROWID;
CREATE TABLE progress (
    session_id TEXT, stage_id TEXT, camera_id TEXT, document TEXT NOT NULL, PRIMARY KEY ({_CAMERA_KEY})
) STRICT, WITHOUT ROWID;
CREATE TABLE heartbeats (
    session_id TEXT, stage_id TEXT, camera_id TEXT, document TEXT NOT NULL, PRIMARY KEY ({_CAMERA_KEY})
) STRICT, WITHOUT ROWID;
CREATE TABLE scorers (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
"""
_OF_A_SESSION = ("sessions", "stages", "cameras", "windows", "faces", "progress", "heartbeats")


class SqliteStore:
    """Implements `audience.store.Store` on one SQLite file."""

    def __init__(self, path: Path) -> None:
        """Opens the database, making it and its folder if they are not there.

        Raises:
            StoreUnavailable: the path cannot be written, or what is there is not a database.
            StoreTooNew: a newer Houselights made it.
        """
        self._path = path.absolute()
        self.url = f"sqlite:///{self._path}"
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise StoreUnavailable(
                f"store {self._path} cannot be made: {problem.strerror or problem}; choose another place with --store"
            ) from None
        with self._saying_what_failed():
            self._migrate()

    def _migrate(self) -> None:
        connection = self._connection()
        version = self._version(connection)
        if version == 0:
            with self._transaction() as cursor:
                # Another process may have been first while this one waited for the lock.
                if self._version(connection) == 0:
                    for statement in _SCHEMA.split(";\n"):
                        cursor.execute(statement)
        elif version > SCHEMA_VERSION:
            raise StoreTooNew(
                f"store {self._path} is of schema {version}, and this Houselights knows schema {SCHEMA_VERSION}: "
                "update Houselights, or choose another place with --store"
            )

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # isolation_level None: transactions are begun here, at once for writing, never by the driver.
            connection = sqlite3.connect(
                self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            # Deleted means overwritten: what was recorded of people leaves no trace in the file's free pages.
            connection.execute("PRAGMA secure_delete = ON")
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection

    @contextmanager
    def _saying_what_failed(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise StoreUnavailable(
                f"store {self._path} cannot be used: {problem}; check the path, its permissions and the free space, "
                "or choose another place with --store"
            ) from problem

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._saying_what_failed():
            cursor = self._connection().cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                # A full disk rolls back by itself.
                if cursor.connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise
            finally:
                cursor.close()

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._saying_what_failed():
            return self._connection().execute(query, tuple(values)).fetchall()

    def put_session(self, session: Session) -> None:
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)",
                (session.session_id, to_ms(session.started_at), documents.session_to_json(session)),
            )

    def session(self, session_id: str) -> Session:
        rows = self._rows("SELECT document FROM sessions WHERE session_id = ?", (session_id,))
        if not rows:
            raise SessionNotFound(
                f"no session {session_id!r} in {self.url}: `houselights sessions` lists those there are"
            )
        return documents.session_from_json(rows[0][0])

    def sessions(self) -> list[Session]:
        rows = self._rows("SELECT document FROM sessions ORDER BY started_ms DESC, session_id")
        return [documents.session_from_json(document) for (document,) in rows]

    def delete_session(self, session_id: str) -> None:
        with self._transaction() as cursor:
            for table in _OF_A_SESSION:
                cursor.execute(f"DELETE FROM {table} WHERE session_id = ?", (session_id,))
        self._forget()

    def put_stage(self, session_id: str, stage: Stage) -> None:
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO stages VALUES (?, ?, ?)",
                (session_id, stage.stage_id, documents.stage_to_json(stage)),
            )

    def stages(self, session_id: str) -> list[Stage]:
        rows = self._rows("SELECT document FROM stages WHERE session_id = ? ORDER BY stage_id", (session_id,))
        return [documents.stage_from_json(document) for (document,) in rows]

    def put_camera(self, session_id: str, stage_id: str, camera: Camera) -> None:
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO cameras VALUES (?, ?, ?, ?)",
                (session_id, stage_id, camera.camera_id, documents.camera_to_json(camera)),
            )

    def cameras(self, session_id: str, stage_id: str) -> list[Camera]:
        rows = self._rows(
            "SELECT document FROM cameras WHERE session_id = ? AND stage_id = ? ORDER BY camera_id",
            (session_id, stage_id),
        )
        return [documents.camera_from_json(document) for (document,) in rows]

    def put_windows(
        self,
        windows: Sequence[WindowRecord],
        faces: Sequence[WindowFaces] = (),
        progress: RecordingProgress | None = None,
    ) -> None:
        with self._transaction() as cursor:
            cursor.executemany(
                "INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        window.session_id,
                        window.stage_id,
                        window.start_ms,
                        window.camera_id,
                        window.part,
                        window.width_ms,
                        window.faces,
                        window.expected,
                        pack_tallies(window.tallies),
                        window.scorer,
                        window.expires_ms,
                    )
                    for window in windows
                ],
            )
            cursor.executemany(
                "INSERT OR REPLACE INTO faces VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        seen.session_id,
                        seen.stage_id,
                        seen.start_ms,
                        seen.camera_id,
                        seen.part,
                        seen.scorer,
                        pack_faces(seen.faces, seen.start_ms),
                        seen.expires_ms,
                    )
                    for seen in faces
                ],
            )
            if progress is not None:
                cursor.execute(
                    "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?)",
                    (progress.session_id, progress.stage_id, progress.camera_id, documents.flat_to_json(progress)),
                )

    def windows(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> WindowTable:
        condition, values = _between(session_id, stage_id, from_ms, until_ms)
        return WindowTable.of_rows(
            self._rows(
                "SELECT start_ms, camera_id, width_ms, faces, expected, tallies, scorer FROM windows "
                f"WHERE {condition} ORDER BY start_ms",
                values,
            )
        )

    def faces(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> list[WindowFaces]:
        condition, values = _between(session_id, stage_id, from_ms, until_ms)
        rows = self._rows(
            f"SELECT camera_id, start_ms, part, scorer, packed, expires_ms FROM faces WHERE {condition} "
            "ORDER BY start_ms, camera_id, part",
            values,
        )
        return [
            WindowFaces(
                session_id=session_id,
                stage_id=stage_id,
                camera_id=camera_id,
                start_ms=start_ms,
                part=part,
                scorer=scorer,
                faces=unpack_faces(packed, start_ms),
                expires_ms=expires_ms,
            )
            for camera_id, start_ms, part, scorer, packed, expires_ms in rows
        ]

    def delete_camera_records(self, session_id: str, stage_id: str, camera_id: str) -> None:
        with self._transaction() as cursor:
            for table in ("windows", "faces", "progress"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE session_id = ? AND stage_id = ? AND camera_id = ?",
                    (session_id, stage_id, camera_id),
                )
        self._forget()

    def progress(self, session_id: str, stage_id: str, camera_id: str) -> RecordingProgress | None:
        rows = self._rows(
            "SELECT document FROM progress WHERE session_id = ? AND stage_id = ? AND camera_id = ?",
            (session_id, stage_id, camera_id),
        )
        return documents.progress_from_json(rows[0][0]) if rows else None

    def recordings(self, session_id: str) -> list[RecordingProgress]:
        rows = self._rows(
            "SELECT document FROM progress WHERE session_id = ? ORDER BY stage_id, camera_id", (session_id,)
        )
        return [documents.progress_from_json(document) for (document,) in rows]

    def put_scorer(self, scorer: ScorerRecord) -> None:
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO scorers VALUES (?, ?)", (scorer.name, documents.scorer_to_json(scorer))
            )

    def scorers(self) -> dict[str, ScorerRecord]:
        rows = self._rows("SELECT document FROM scorers ORDER BY name")
        return {scorer.name: scorer for scorer in (documents.scorer_from_json(document) for (document,) in rows)}

    def put_heartbeat(self, heartbeat: Heartbeat) -> None:
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO heartbeats VALUES (?, ?, ?, ?)",
                (heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id, documents.flat_to_json(heartbeat)),
            )

    def heartbeats(self, session_id: str) -> list[Heartbeat]:
        rows = self._rows(
            "SELECT document FROM heartbeats WHERE session_id = ? ORDER BY stage_id, camera_id", (session_id,)
        )
        return [documents.heartbeat_from_json(document) for (document,) in rows]

    def prune(self, now_ms: int) -> int:
        removed = 0
        with self._transaction() as cursor:
            for table in ("windows", "faces"):
                cursor.execute(f"DELETE FROM {table} WHERE expires_ms < ?", (now_ms,))
                removed += cursor.rowcount
        self._forget()
        return removed

    def _forget(self) -> None:
        """Empties the write-ahead log, which still holds what was deleted, unless somebody is reading just now."""
        with self._saying_what_failed():
            connection = self._connection()
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _between(session_id: str, stage_id: str, from_ms: int | None, until_ms: int | None) -> tuple[str, list[str | int]]:
    condition = "session_id = ? AND stage_id = ?"
    values: list[str | int] = [session_id, stage_id]
    if from_ms is not None:
        condition += " AND start_ms >= ?"
        values.append(from_ms)
    if until_ms is not None:
        condition += " AND start_ms < ?"
        values.append(until_ms)
    return condition, values
