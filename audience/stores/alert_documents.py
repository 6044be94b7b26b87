"""Rules, alerts, marks and watchers as JSON documents with their keys, the same in every store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from audience.alerting import AlertDocument
from audience.alerts import Alert, AlertBook, AlertMark, AlertRule, AlertWatcher

_TYPES: dict[str, type[AlertDocument]] = {
    "RULE": AlertRule,
    "ALERT": Alert,
    "MARK": AlertMark,
    "WATCHER": AlertWatcher,
}


def key_of(document: AlertDocument) -> str:
    """The document's key in its session: its kind, and what tells it from others of that kind."""
    match document:
        case AlertRule():
            return f"RULE#{document.rule_id}"
        case Alert():
            return f"ALERT#{document.alert_id}"
        case AlertMark(kind="acknowledged"):
            return f"MARK#{document.alert_id}#acknowledged"  # the newest name stands
        case AlertMark():
            return f"MARK#{document.alert_id}#{document.kind}#{document.by}"
        case AlertWatcher():
            return "WATCHER#"


def alert_document_to_json(document: AlertDocument) -> str:
    """The document as JSON."""
    fields = {name: getattr(document, name) for name in type(document).__dataclass_fields__}
    return json.dumps(fields, separators=(",", ":"))


def book_of(documents: Iterable[tuple[str, str]]) -> AlertBook:
    """The book of documents.

    Args:
        documents: key and JSON of each, in the order of their keys.
    """
    found: dict[type[AlertDocument], list[Any]] = {kind: [] for kind in _TYPES.values()}
    for key, document in documents:
        kind = _TYPES[key.partition("#")[0]]
        found[kind].append(kind(**json.loads(document)))
    return AlertBook(
        rules=tuple(found[AlertRule]),
        alerts=tuple(found[Alert]),
        marks=tuple(found[AlertMark]),
        watcher=found[AlertWatcher][0] if found[AlertWatcher] else None,
    )
