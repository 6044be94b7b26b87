"""How large an item of DynamoDB is, by the rules it is charged by: names and values, in whole KB a write.

Source: "DynamoDB item sizes and formats" of the Amazon DynamoDB Developer Guide.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from audience.stores.dynamo_keys import Item

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
