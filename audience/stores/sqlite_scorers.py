"""Scorers in the SQLite file of a store: those all sessions share, and those a session's cameras declared."""

from __future__ import annotations

from audience.scorers import known_scorers
from audience.store import ScorerRecord
from audience.stores.documents import scorer_from_json, scorer_to_json
from audience.stores.sqlite_file import SqliteFile
from audience.stores.sqlite_sessions import SqliteSessions

SCORERS_SCHEMA = """
CREATE TABLE scorers (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE declared_scorers (
    session_id TEXT, name TEXT, document TEXT NOT NULL, PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;
"""


class SqliteScorers:
    """What `audience.store.Store` says of scorers, on a file that has the tables."""

    def __init__(self, file: SqliteFile, sessions: SqliteSessions) -> None:
        self._file, self._sessions = file, sessions

    def put(self, scorer: ScorerRecord, session_id: str | None) -> None:
        """See `Store.put_scorer`."""
        document = scorer_to_json(scorer)
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
        found = (scorer_from_json(document) for (document,) in self._file.rows(query, values))
        return {scorer.name: scorer for scorer in found}
