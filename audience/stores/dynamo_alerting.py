"""Rules and alerts in the table of a store."""

from __future__ import annotations

from audience.alerting import AlertDocument
from audience.alerts import AlertBook
from audience.stores.alert_documents import alert_document_to_json, book_of, key_of
from audience.stores.dynamo_items import document_item
from audience.stores.dynamo_keys import Item, documents_of, key, under
from audience.stores.dynamo_sessions import DynamoSessions
from audience.stores.dynamo_table import DynamoTable

_KIND = "ALERTING"


class DynamoAlerting:
    """Implements `audience.alerting.Alerting` beside a session's other documents."""

    def __init__(self, table: DynamoTable, sessions: DynamoSessions) -> None:
        self._table, self._sessions = table, sessions

    def put(self, session_id: str, document: AlertDocument) -> None:
        key = _key(session_id, document)
        with self._sessions.writing_under([session_id], [key]):
            self._table.put(document_item(key, alert_document_to_json(document)))

    def drop(self, session_id: str, document: AlertDocument) -> None:
        self._table.delete_all([_key(session_id, document)])

    def book(self, session_id: str) -> AlertBook:
        items = self._table.rows(under(documents_of(session_id), _KIND), ("sk", "document"))
        return book_of((item["sk"]["S"].removeprefix(f"{_KIND}#"), item["document"]["S"]) for item in items)


def _key(session_id: str, document: AlertDocument) -> Item:
    return key(documents_of(session_id), f"{_KIND}#{key_of(document)}")
