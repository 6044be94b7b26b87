"""How far behind the cloud is: one small object that the receiving end writes every minute and every device reads.

A device that finds it old takes the receiving end for stopped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from audience.deliveries.strict_json import document_of, dump, fields_of, number, whole
from audience.errors import InvalidValue, SheetRejected

PRESSURE_KEY: Final = "pressure.json"
"""Its key in the bucket of deliveries."""

FORMAT: Final = "houselights-pressure"
SCHEMA: Final = 1
LARGEST_PRESSURE: Final = 1_000
"""Bytes."""

_FIELDS = ("format", "schema", "at_ms", "behind_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """How far behind the receiving end is.

    Attributes:
        at_ms: when it was measured, milliseconds since the epoch, by the receiver's clock.
        behind_s: seconds of work that wait beside the live deliveries, 0 or more.
    """

    at_ms: int
    behind_s: float

    def __post_init__(self) -> None:
        if self.at_ms < 0 or not 0 <= self.behind_s < math.inf:
            raise InvalidValue(f"{self.behind_s:g} s behind at {self.at_ms} ms is not possible: use 0 or more")

    def document(self) -> bytes:
        """The object's bytes."""
        return dump(
            {"format": FORMAT, "schema": SCHEMA, "at_ms": self.at_ms, "behind_s": round(float(self.behind_s), 1)}
        )


def read_pressure(data: bytes) -> Pressure:
    """Parses the object.

    Raises:
        SheetRejected: it is none, is too large, or has an unknown schema.
    """
    document = document_of(data, "pressure", format_name=FORMAT, newest=SCHEMA, largest=LARGEST_PRESSURE)
    _, _, at_ms, behind_s = fields_of(document, "the pressure", _FIELDS)
    try:
        return Pressure(at_ms=whole(at_ms, "the instant"), behind_s=number(behind_s, "the seconds behind"))
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None
