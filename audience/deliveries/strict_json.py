"""JSON from strangers: read strictly, every value asked for by its kind, every fault a `SheetRejected` in one line."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from audience.errors import SheetRejected

_LARGEST = 2**53  # whole numbers beyond it are not the same in every reader of JSON


def parse(document: bytes, what: str) -> Any:
    """Reads a JSON document.

    Args:
        document: UTF-8; its size is for the caller to bound.
        what: what it is, for the message.

    Raises:
        SheetRejected: it is no JSON, names a field twice, holds NaN or Infinity, or is nested too deep to be read.
    """
    try:
        return json.loads(document.decode(), object_pairs_hook=_without_doubles, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise SheetRejected(f"{what} is not JSON ({_in_one_line(problem)})") from None


def dump(fields: Any) -> bytes:
    """The document of some fields: the shortest there is, and always the same for the same fields."""
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")


def fields_of(value: Any, what: str, names: Sequence[str]) -> list[Any]:
    """The values of an object that has exactly these fields, in the order of `names`."""
    if not isinstance(value, dict):
        raise SheetRejected(f"{what} is not an object")
    if value.keys() != set(names):
        raise SheetRejected(f"{what} must have the fields {', '.join(names)} and no others")
    return [value[name] for name in names]


def object_of(value: Any, what: str) -> dict[str, Any]:
    """An object whose fields have no set names."""
    if not isinstance(value, dict):
        raise SheetRejected(f"{what} is not an object")
    return value


def items_of(value: Any, what: str, most: int) -> list[Any]:
    """A list of at most so many items."""
    if not isinstance(value, list):
        raise SheetRejected(f"{what} are not a list")
    if len(value) > most:
        raise SheetRejected(f"{len(value)} {what} are too many: at most {most} are allowed")
    return value


def text(value: Any, what: str) -> str:
    """A text that can be written as UTF-8."""
    if not isinstance(value, str):
        raise SheetRejected(f"{what} is not a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SheetRejected(f"{what} is not a text") from None
    return value


def whole(value: Any, what: str) -> int:
    """A whole number that every reader of JSON reads alike."""
    # A bool is an int to Python.
    if type(value) is not int or abs(value) > _LARGEST:
        raise SheetRejected(f"{what} is not a whole number")
    return value


def number(value: Any, what: str) -> float:
    """A finite number."""
    if type(value) not in (int, float) or abs(value) > _LARGEST or not math.isfinite(value):
        raise SheetRejected(f"{what} is not a number")
    return float(value)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field stands twice")
    return fields


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _in_one_line(problem: Exception) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deep"
    if isinstance(problem, UnicodeDecodeError):
        return "not UTF-8"
    return str(problem).partition("\n")[0][:100]
