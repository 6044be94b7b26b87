"""The Alerting port: where rules, alerts and what was noted on them are kept; a part of every store."""

from __future__ import annotations

from typing import Protocol

from audience.alerts import Alert, AlertBook, AlertMark, AlertRule, AlertWatcher

AlertDocument = AlertRule | Alert | AlertMark | AlertWatcher


class Alerting(Protocol):
    """Keeps documents under keys made from their content, by session; deleting a session takes them with it.

    All methods raise `StoreUnavailable` where the store cannot be reached, read or written.
    """

    def put(self, session_id: str, document: AlertDocument) -> None:
        """Writes a document, over one already there of the same rule, alert, mark or watcher.

        Raises:
            SessionNotFound: the session is not there (any more).
        """
        ...

    def drop(self, session_id: str, document: AlertDocument) -> None:
        """Removes a document; one that is not there is no error."""
        ...

    def book(self, session_id: str) -> AlertBook:
        """All there is of a session; empty where there is nothing."""
        ...
