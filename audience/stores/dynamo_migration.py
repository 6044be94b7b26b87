"""Migration of tables of earlier versions, while they are in use.

Sessions get partitions of their own, cameras those of their stage, heartbeats are spread, and packed windows become
named numbers. Writes are charged by item size, names and values, in whole KB ("DynamoDB item sizes and formats", Amazon
DynamoDB Developer Guide).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from audience.sessions import Session
from audience.stores import documents
from audience.stores.dynamo_client import DynamoAddress
from audience.stores.dynamo_index import SessionIndex
from audience.stores.dynamo_items import (
    PACKED,
    RECORDED,
    SCORERS,
    SESSION,
    SESSIONS,
    Item,
    between,
    camera_key,
    documents_of,
    heartbeat_key,
    key,
    recorded_key,
    recorded_of,
    renewed_item,
    shared_scorer_keys,
    under,
)
from audience.stores.dynamo_table import DynamoTable

_WRITE_UNIT_BYTES = 1024
_OF_A_MAP = 3


def item_bytes(item: Item) -> int:
    """The size of an item in boto3's client format, bytes."""
    return sum(len(name.encode()) + _bytes(value) for name, value in item.items())


def write_units(item: Item) -> int:
    """Write units of putting an item: one per started KB."""
    return -(-item_bytes(item) // _WRITE_UNIT_BYTES)


def _bytes(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            # one byte per two significant digits, plus one
            digits = Decimal(content).normalize().as_tuple()
            return (len(digits.digits) + 1) // 2 + 1 + digits.sign
        case "M":
            return _OF_A_MAP + sum(1 + len(name.encode()) + _bytes(one) for name, one in content.items())
        case "BOOL":
            return 1
        case "S":
            return len(content.encode())
        case _:
            return len(content)


_ATTRIBUTES = ("pk", "sk", PACKED, "expires_at", "expires_ms")
_AT_A_TIME = 200  # windows per progress report
_LISTED = ("RULE", "ALERT")  # alert documents whose sessions are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The pending migration: numbers of sessions to move and of windows to rewrite, and the write units of these."""

    sessions: int
    windows: int
    write_units: int


class DynamoMigration:
    """Moves the sessions and rewrites the packed windows of one table, one by one: it can be stopped and restarted.

    All methods raise `StoreUnavailable` if the table cannot be used, and `InvalidValue` if a window is damaged.
    """

    def __init__(self, url: str) -> None:
        """Creates the migration without requests.

        Args:
            url: of the store, see `DynamoStore`.
        """
        self._table = DynamoTable(DynamoAddress.of(url))
        self._index = SessionIndex(self._table)

    def due(self) -> Due:
        """Counts what is pending; reads every window and writes nothing."""
        windows = units = 0
        sessions = len(self._table.rows(under(SESSIONS), ("sk",)))
        if not self._index.is_current():
            sessions += len(self._index.all(of_earlier=True))
        for pairs in self._packed():
            windows += len(pairs)
            units += sum(write_units(new) for _, new in pairs)
        return Due(sessions=sessions, windows=windows, write_units=units)

    def move_sessions(self) -> int:
        """Moves what earlier versions kept in partitions that all stages shared; returns how many sessions were moved.

        A session that is being deleted stays so.
        """
        if self._index.is_current():
            return 0
        marks = self._table.rows(under(RECORDED), ("pk", "sk"))
        # The marks first, because they lead a deletion to the records.
        self._table.put_all([recorded_key(*mark["sk"]["S"].split("#")) for mark in marks])
        self._table.delete_all(marks)
        scorers = self._table.rows(under(SCORERS), ("pk", "sk", "document"))
        self._table.put_all([{**item, **copy} for item in scorers for copy in shared_scorer_keys(item["sk"]["S"])])
        self._table.delete_all([key(SCORERS, item["sk"]["S"]) for item in scorers])
        earlier = self._table.rows(under(SESSIONS), ("pk", "sk", "document", "set_up", "deleting"))
        for item in earlier:
            session = documents.from_json(item["document"]["S"], Session)
            moved = {**item, **key(documents_of(session.session_id), SESSION)}
            self._table.put_if(moved, "attribute_not_exists(pk)")
            self._index.put(session, None)
            self._table.delete(key(SESSIONS, item["sk"]["S"]))
        every = self._index.all(of_earlier=True)
        for session in every:
            self._move_from(session)
        self._index.set_current()
        return len(every)

    def _move_from(self, session: Session) -> None:
        """Moves cameras and heartbeats out of a session's partition, and lists it if it has rules or alerts."""
        session_id = session.session_id
        if any(self._table.some(under(documents_of(session_id), "ALERTING", kind), ("sk",), 1) for kind in _LISTED):
            self._index.put_alerts(session)
        for kind, new_key in (("CAMERA", camera_key), ("HEARTBEAT", heartbeat_key)):
            items = self._table.rows(under(documents_of(session_id), kind), ("pk", "sk", "document"))
            places = [(item, *item["sk"]["S"].split("#")[1:]) for item in items]
            marks = [recorded_key(session_id, stage_id) for _, stage_id, _ in places]
            # The marks first, because they lead a deletion to what is moved.
            self._table.put_all(marks)
            for item, stage_id, camera_id in places:
                moved = {**item, **new_key(session_id, stage_id, camera_id)}
                self._table.put_if(moved, "attribute_not_exists(pk)")
            self._table.delete_all([key(item["pk"]["S"], item["sk"]["S"]) for item in items])
            if self._table.get(key(documents_of(session_id), SESSION)) is None:  # deleted meanwhile
                self._table.delete_all([*marks, *(new_key(session_id, *place) for _, *place in places)])

    def renew(self) -> Iterator[int]:
        """Rewrites the windows, and yields the number done since the last yield.

        A window that is deleted or rewritten meanwhile is left unchanged.
        """
        for pairs in self._packed():
            for begin in range(0, len(pairs), _AT_A_TIME):
                some = pairs[begin : begin + _AT_A_TIME]
                self._table.replace_all(some, PACKED)
                yield len(some)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._table.close()

    def _packed(self) -> Iterator[list[tuple[Item, Item]]]:
        """Yields, for each stage with records, its packed windows and their replacements."""
        for session_id, stage_id in self._recorded():
            keys = between("W#", session_id, stage_id, None, None)
            assert keys is not None
            found = self._table.rows(keys, _ATTRIBUTES, holding=PACKED)
            yield [(item, renewed_item(item, session_id, stage_id)) for item in found]

    def _recorded(self) -> Iterator[tuple[str, str]]:
        """Yields session and stage of those with records, before and after sessions are moved."""
        for mark in self._table.rows(under(RECORDED), ("sk",)):
            session_id, stage_id = mark["sk"]["S"].split("#")
            yield session_id, stage_id
        for session in self._index.all(of_earlier=True):
            for marks in self._table.rows_each(recorded_of(session.session_id), ("sk",)):
                for mark in marks:
                    yield session.session_id, mark["sk"]["S"]
