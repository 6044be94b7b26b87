"""Rules and alerts in the SQLite file of a store."""

from __future__ import annotations

from audience.alerting import AlertDocument
from audience.alerts import AlertBook
from audience.stores.alert_documents import alert_document_to_json, book_of, key_of
from audience.stores.sqlite_file import SqliteFile
from audience.stores.sqlite_sessions import SqliteSessions

ALERTING_SCHEMA = """
CREATE TABLE alerting (
    session_id TEXT, key TEXT, document TEXT NOT NULL, PRIMARY KEY (session_id, key)
) STRICT, WITHOUT ROWID;
"""


class SqliteAlerting:
    """Implements `audience.alerting.Alerting` on a file that has the table."""

    def __init__(self, file: SqliteFile, sessions: SqliteSessions) -> None:
        self._file, self._sessions = file, sessions

    def put(self, session_id: str, document: AlertDocument) -> None:
        with self._sessions.writing_under([session_id]) as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO alerting VALUES (?, ?, ?)",
                (session_id, key_of(document), alert_document_to_json(document)),
            )

    def drop(self, session_id: str, document: AlertDocument) -> None:
        with self._file.transaction() as cursor:
            cursor.execute("DELETE FROM alerting WHERE session_id = ? AND key = ?", (session_id, key_of(document)))

    def book(self, session_id: str) -> AlertBook:
        rows = self._file.rows("SELECT key, document FROM alerting WHERE session_id = ? ORDER BY key", (session_id,))
        return book_of((str(key), str(document)) for key, document in rows)
