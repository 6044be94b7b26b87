"""The SQLite store: a database in WAL mode, so that a camera can write while the dashboard reads.

Tallies and faces are packed (`audience.windows`, `audience.faces`); all else is plain columns or a JSON document.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from audience.alerts import AlertBook
from audience.faces import WindowFaces, pack_faces, unpack_faces
from audience.rollups import RollupWidth
from audience.scorers import known_scorers
from audience.sessions import Camera, Session, Stage
from audience.store import (
    AlertDocument,
    Heartbeat,
    ListedSession,
    Overview,
    RecordingProgress,
    ScorerRecord,
    SessionPage,
)
from audience.stores import documents
from audience.stores.overviews import overview_from
from audience.stores.sqlite_file import Rows, SqliteFile
from audience.stores.sqlite_rollups import ROLLUP_SCHEMA, SqliteRollups
from audience.stores.sqlite_sessions import SqliteSessions
from audience.transcripts import Transcript
from audience.window_table import WindowTable
from audience.windows import WindowRecord, pack_tallies

ALERTING_SCHEMA = """
CREATE TABLE alerting (
    session_id TEXT, key TEXT, document TEXT NOT NULL, PRIMARY KEY (session_id, key)
) STRICT, WITHOUT ROWID;
"""


class SqliteAlerting:
    """Implements `audience.store.Alerting` on the table `alerting`."""

    def __init__(self, file: SqliteFile, sessions: SqliteSessions) -> None:
        self._file, self._sessions = file, sessions

    def put(self, session_id: str, document: AlertDocument) -> None:
        with self._sessions.writing_under([session_id], is_change=False) as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO alerting VALUES (?, ?, ?)",
                (session_id, documents.key_of(document), documents.to_json(document)),
            )

    def drop(self, session_id: str, document: AlertDocument) -> None:
        with self._file.transaction() as cursor:
            cursor.execute(
                "DELETE FROM alerting WHERE session_id = ? AND key = ?", (session_id, documents.key_of(document))
            )

    def book(self, session_id: str) -> AlertBook:
        rows = self._file.rows("SELECT key, document FROM alerting WHERE session_id = ? ORDER BY key", (session_id,))
        return documents.book_of((str(key), str(document)) for key, document in rows)

    def sessions(self, since_ms: int) -> list[str]:
        rows = self._file.rows(
            "SELECT session_id FROM sessions WHERE started_ms >= ? AND EXISTS (SELECT 1 FROM alerting WHERE "
            "alerting.session_id = sessions.session_id AND (key GLOB 'RULE#*' OR key GLOB 'ALERT#*')) "
            "ORDER BY started_ms DESC, session_id",
            (since_ms,),
        )
        return [str(session_id) for (session_id,) in rows]


SCHEMA_VERSION = 2  # 2: tallies and faces of a later packed form; the tables of 1 are the same

_WINDOW_KEY = "session_id, stage_id, start_ms, camera_id, part"
_CAMERA_KEY = "session_id, stage_id, camera_id"
_SCHEMA = f"""
CREATE TABLE sessions (session_id TEXT PRIMARY KEY, started_ms INTEGER NOT NULL, document TEXT NOT NULL) STRICT;
CREATE TABLE stages (
    session_id TEXT, stage_id TEXT, document TEXT NOT NULL, PRIMARY KEY (session_id, stage_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE transcripts (
    session_id TEXT, stage_id TEXT, packed BLOB NOT NULL, PRIMARY KEY (session_id, stage_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE slide_pictures (
    session_id TEXT, stage_id TEXT, picture_id TEXT, jpeg BLOB NOT NULL, PRIMARY KEY (session_id, stage_id, picture_id)
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
"""


class SqliteStore:
    """Implements `audience.store.Store` on one SQLite file."""

    def __init__(self, path: Path) -> None:
        """Opens the database, creating it and its folder if they do not exist.

        Raises:
            StoreUnavailable: the path cannot be written, or the file is not a store.
            StoreTooNew: a newer Houselights created it.
        """
        path = path.absolute()
        self.url = f"sqlite:///{path}"
        self._file = SqliteFile(
            path,
            schema=_SCHEMA + ALERTING_SCHEMA + SCORERS_SCHEMA + ROLLUP_SCHEMA,
            version=SCHEMA_VERSION,
            known_by="windows",
        )
        self._sessions = SqliteSessions(self._file, self.url)
        self._scorers = SqliteScorers(self._file, self._sessions)
        self._rollups = SqliteRollups(self._file)
        self.alerting = SqliteAlerting(self._file, self._sessions)

    @property
    def has_pending_erasure(self) -> bool:
        return self._file.has_pending_erasure

    def put_session(self, session: Session) -> None:
        self._sessions.put(session)

    def change_session(self, session: Session) -> None:
        self._sessions.change(session)

    def session(self, session_id: str) -> Session:
        return self._sessions.one(session_id)

    def sessions(self) -> list[Session]:
        return self._sessions.all()

    def session_page(
        self,
        *,
        words: str = "",
        film: str = "",
        among: Collection[str] | None = None,
        after: str | None = None,
        limit: int = 15,
    ) -> SessionPage:
        sessions, following = self._sessions.page(words, film, among, after, limit)
        listed = [ListedSession(session=session, overview=self._overview(session)) for session in sessions]
        return SessionPage(sessions=tuple(listed), after=following)

    def _overview(self, session: Session) -> Overview:
        stored = self._rollups.overview(session.session_id)
        if stored is not None:
            return documents.from_json(stored, Overview)
        changed_ms = self._rollups.changed_ms(session.session_id)
        overview = overview_from(self, session)
        self._rollups.put_overview(session.session_id, documents.to_json(overview), changed_ms)
        return overview

    def changed_sessions(self, since_ms: int) -> list[str]:
        return self._rollups.changed_sessions(since_ms)

    def delete_session(self, session_id: str) -> bool:
        return self._sessions.delete(session_id)

    def put_stage(self, session_id: str, stage: Stage) -> None:
        with self._sessions.writing_under([session_id]) as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO stages VALUES (?, ?, ?)",
                (session_id, stage.stage_id, documents.to_json(stage)),
            )

    def stages(self, session_id: str) -> list[Stage]:
        rows = self._file.rows("SELECT document FROM stages WHERE session_id = ? ORDER BY stage_id", (session_id,))
        return [documents.from_json(document, Stage) for (document,) in rows]

    def put_transcript(self, session_id: str, stage_id: str, transcript: Transcript) -> None:
        values = session_id, stage_id, documents.packed_transcript(transcript)
        with self._sessions.writing_under([session_id]) as cursor:
            cursor.execute("INSERT OR REPLACE INTO transcripts VALUES (?, ?, ?)", values)

    def transcript(self, session_id: str, stage_id: str) -> Transcript | None:
        query = "SELECT packed FROM transcripts WHERE session_id = ? AND stage_id = ?"
        rows = self._file.rows(query, (session_id, stage_id))
        return documents.unpacked_transcript(rows[0][0]) if rows else None

    def delete_transcript(self, session_id: str, stage_id: str) -> bool:
        condition, values = "session_id = ? AND stage_id = ?", (session_id, stage_id)
        rows = Rows(table="transcripts", key="session_id, stage_id", condition=condition, values=values)
        return self._file.erase([rows]) > 0

    def put_slide_pictures(self, session_id: str, stage_id: str, pictures: Mapping[str, bytes]) -> None:
        rows = [(session_id, stage_id, picture_id, jpeg) for picture_id, jpeg in pictures.items()]
        with self._sessions.writing_under([session_id]) as cursor:
            cursor.executemany("INSERT OR REPLACE INTO slide_pictures VALUES (?, ?, ?, ?)", rows)
            ids = cursor.execute(
                "SELECT picture_id FROM slide_pictures WHERE session_id = ? AND stage_id = ?", (session_id, stage_id)
            )
            unwanted = [picture_id for (picture_id,) in ids if picture_id not in pictures]
        if unwanted:
            places = ", ".join("?" * len(unwanted))
            condition = f"session_id = ? AND stage_id = ? AND picture_id IN ({places})"
            key, values = "session_id, stage_id, picture_id", (session_id, stage_id, *unwanted)
            self._file.erase([Rows(table="slide_pictures", key=key, condition=condition, values=values)])

    def slide_pictures(self, session_id: str, stage_id: str) -> dict[str, bytes]:
        query = "SELECT picture_id, jpeg FROM slide_pictures WHERE session_id = ? AND stage_id = ?"
        return {str(picture_id): bytes(jpeg) for picture_id, jpeg in self._file.rows(query, (session_id, stage_id))}

    def put_camera(self, session_id: str, stage_id: str, camera: Camera) -> None:
        with self._sessions.writing_under([session_id]) as cursor:
            stored = cursor.execute(
                "SELECT document FROM cameras WHERE session_id = ? AND stage_id = ? AND camera_id = ?",
                (session_id, stage_id, camera.camera_id),
            ).fetchone()
            # Of overlapping cameras one counts, so another's sums are others.
            if camera.overlaps != (documents.from_json(stored[0], Camera).overlaps if stored else frozenset()):
                self._rollups.mark_stage(cursor, session_id, stage_id)
            cursor.execute(
                "INSERT OR REPLACE INTO cameras VALUES (?, ?, ?, ?)",
                (session_id, stage_id, camera.camera_id, documents.to_json(camera)),
            )

    def cameras(self, session_id: str, stage_id: str) -> list[Camera]:
        rows = self._file.rows(
            "SELECT document FROM cameras WHERE session_id = ? AND stage_id = ? ORDER BY camera_id",
            (session_id, stage_id),
        )
        return [documents.from_json(document, Camera) for (document,) in rows]

    def put_windows(
        self,
        windows: Sequence[WindowRecord],
        faces: Sequence[WindowFaces] = (),
        progress: RecordingProgress | None = None,
        *,
        set_up_at: datetime | None = None,
    ) -> None:
        session_ids = {one.session_id for one in windows} | {one.session_id for one in faces}
        if progress is not None:
            session_ids.add(progress.session_id)
        with self._sessions.writing_under(session_ids, set_up_at) as cursor:
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
            self._rollups.mark(cursor, ((one.session_id, one.stage_id, one.start_ms) for one in windows))
            if progress is not None:
                cursor.execute(
                    "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?)",
                    (progress.session_id, progress.stage_id, progress.camera_id, documents.to_json(progress)),
                )

    def windows(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> WindowTable:
        condition, values = _between(session_id, stage_id, from_ms, until_ms)
        return WindowTable.of_rows(
            self._file.rows(
                "SELECT start_ms, camera_id, width_ms, faces, expected, tallies, scorer FROM windows "
                f"WHERE {condition} ORDER BY start_ms",
                values,
            )
        )

    def rollups(
        self,
        session_id: str,
        stage_id: str,
        *,
        width_ms: RollupWidth,
        from_ms: int | None = None,
        until_ms: int | None = None,
    ) -> WindowTable:
        cameras = self.cameras(session_id, stage_id)
        return self._rollups.read(session_id, stage_id, cameras, width_ms, from_ms, until_ms)

    def window_count(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> int:
        condition, values = _between(session_id, stage_id, from_ms, until_ms)
        ((count,),) = self._file.rows(f"SELECT COUNT(*) FROM windows WHERE {condition}", values)
        return int(count)

    def faces(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> list[WindowFaces]:
        condition, values = _between(session_id, stage_id, from_ms, until_ms)
        rows = self._file.rows(
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
        condition, values = "session_id = ? AND stage_id = ? AND camera_id = ?", (session_id, stage_id, camera_id)
        keys = {"progress": _CAMERA_KEY, "windows": _WINDOW_KEY, "faces": _WINDOW_KEY}
        stale = self._rollups.erased("session_id = ? AND stage_id = ?", "session_id = ?", values[:2])
        rows = [Rows(table=table, key=key, condition=condition, values=values) for table, key in keys.items()]
        with self._sessions.erasing(session_id):
            self._file.erase([*stale, *rows])

    def progress(self, session_id: str, stage_id: str, camera_id: str) -> RecordingProgress | None:
        rows = self._file.rows(
            "SELECT document FROM progress WHERE session_id = ? AND stage_id = ? AND camera_id = ?",
            (session_id, stage_id, camera_id),
        )
        return documents.from_json(rows[0][0], RecordingProgress) if rows else None

    def recordings(self, session_id: str) -> list[RecordingProgress]:
        rows = self._file.rows(
            "SELECT document FROM progress WHERE session_id = ? ORDER BY stage_id, camera_id", (session_id,)
        )
        return [documents.from_json(document, RecordingProgress) for (document,) in rows]

    def put_scorer(self, scorer: ScorerRecord, session_id: str | None = None) -> None:
        self._scorers.put(scorer, session_id)

    def scorers(self, session_id: str | None = None) -> dict[str, ScorerRecord]:
        return self._scorers.known(session_id)

    def put_heartbeat(self, heartbeat: Heartbeat, *, set_up_at: datetime | None = None) -> None:
        with self._sessions.writing_under([heartbeat.session_id], set_up_at, is_change=False) as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO heartbeats VALUES (?, ?, ?, ?)",
                (heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id, documents.to_json(heartbeat)),
            )

    def heartbeats(self, session_id: str) -> list[Heartbeat]:
        rows = self._file.rows(
            "SELECT document FROM heartbeats WHERE session_id = ? ORDER BY stage_id, camera_id", (session_id,)
        )
        return [documents.from_json(document, Heartbeat) for (document,) in rows]

    def prune(self, now_ms: int) -> int:
        expired = "FROM windows WHERE expires_ms < ?)"
        stale = self._rollups.erased(
            f"(session_id, stage_id) IN (SELECT session_id, stage_id {expired}",
            f"session_id IN (SELECT session_id {expired}",
            (now_ms,),
        )
        gone = [
            Rows(table=table, key=_WINDOW_KEY, condition="expires_ms < ?", values=(now_ms,))
            for table in ("windows", "faces")
        ]
        queries = [f"SELECT COUNT(*) FROM {one.table} WHERE {one.condition}" for one in stale]
        uncounted = sum(int(self._file.rows(query, (now_ms,))[0][0]) for query in queries)
        return self._file.erase([*stale, *gone]) - uncounted

    def close(self) -> None:
        self._file.close()

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


SCORERS_SCHEMA = """
CREATE TABLE scorers (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE declared_scorers (
    session_id TEXT, name TEXT, document TEXT NOT NULL, PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;
"""


class SqliteScorers:
    """The scorers of `audience.store.Store`, in two tables."""

    def __init__(self, file: SqliteFile, sessions: SqliteSessions) -> None:
        self._file, self._sessions = file, sessions

    def put(self, scorer: ScorerRecord, session_id: str | None) -> None:
        """See `Store.put_scorer`."""
        document = documents.to_json(scorer)
        if session_id is None:
            with self._file.transaction() as cursor:
                cursor.execute("INSERT OR REPLACE INTO scorers VALUES (?, ?)", (scorer.name, document))
        else:
            with self._sessions.writing_under([session_id]) as cursor:
                values = (session_id, scorer.name, document)
                cursor.execute("INSERT OR REPLACE INTO declared_scorers VALUES (?, ?, ?)", values)

    def known(self, session_id: str | None) -> dict[str, ScorerRecord]:
        """See `Store.scorers`."""
        shared = self._read("SELECT document FROM scorers ORDER BY name", [])
        if session_id is None:
            return known_scorers(shared)
        query = "SELECT document FROM declared_scorers WHERE session_id = ? ORDER BY name"
        return known_scorers(shared, self._read(query, [session_id]))

    def _read(self, query: str, values: list[str]) -> dict[str, ScorerRecord]:
        found = (documents.from_json(document, ScorerRecord) for (document,) in self._file.rows(query, values))
        return {scorer.name: scorer for scorer in found}
