"""Windows that earlier versions packed, rewritten as numbers under names while the table is in use.

An item is charged by its size: names and values, in whole KB a write ("DynamoDB item sizes and formats", Amazon
DynamoDB Developer Guide).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from audience.stores.dynamo_client import DynamoAddress
from audience.stores.dynamo_items import PACKED, RECORDED, Item, between, renewed_item, under
from audience.stores.dynamo_table import DynamoTable

_WRITE_UNIT_BYTES = 1024
_OF_A_MAP = 3


def item_bytes(item: Item) -> int:
    """The bytes of an item, as boto3's client takes it; binary is bytes."""
    return sum(len(name.encode()) + _bytes(value) for name, value in item.items())


def write_units(item: Item) -> int:
    """What putting an item costs: a unit for each KB begun."""
    return -(-item_bytes(item) // _WRITE_UNIT_BYTES)


def _bytes(value: dict[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "N":
            # Two significant digits a byte, and one more.
            digits = Decimal(held).normalize().as_tuple()
            return (len(digits.digits) + 1) // 2 + 1 + digits.sign
        case "M":
            return _OF_A_MAP + sum(1 + len(name.encode()) + _bytes(one) for name, one in held.items())
        case "BOOL":
            return 1
        case "S":
            return len(held.encode())
        case _:
            return len(held)


_ATTRIBUTES = ("pk", "sk", PACKED, "expires_at", "expires_ms")
_AT_A_TIME = 200  # windows between two reports of progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be rewritten: how many windows, and for how many of DynamoDB's write units."""

    windows: int
    write_units: int


class DynamoMigration:
    """Rewrites the packed windows of one table. Each is replaced by itself, so it can be stopped and begun again.

    All methods raise `StoreUnavailable` where the table cannot be used, and `InvalidValue` where a window is damaged.
    """

    def __init__(self, url: str) -> None:
        """Nothing is sent yet.

        Args:
            url: of the store, as `DynamoStore` takes it.
        """
        self._table = DynamoTable(DynamoAddress.of(url))

    def due(self) -> Due:
        """Counts what is to be rewritten; reads every window for it, and writes nothing."""
        windows = units = 0
        for pairs in self._packed():
            windows += len(pairs)
            units += sum(write_units(new) for _, new in pairs)
        return Due(windows=windows, write_units=units)

    def renew(self) -> Iterator[int]:
        """Rewrites the windows, and yields how many more were done since it last did.

        A window that is deleted or written anew meanwhile is left as it is then.
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
        """Of each stage that was recorded, its packed windows and what they become."""
        for mark in self._table.rows(under(RECORDED), ("sk",)):
            session_id, stage_id = mark["sk"]["S"].split("#")
            keys = between("W#", session_id, stage_id, None, None)
            assert keys is not None
            found = self._table.rows(keys, _ATTRIBUTES, holding=PACKED)
            yield [(item, renewed_item(item, session_id, stage_id)) for item in found]
