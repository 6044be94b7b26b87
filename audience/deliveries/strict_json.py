"""Strict parsing of untrusted JSON: values are checked by type, and every error is a one-line `SheetRejected`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from audience.errors import SheetRejected

_LARGEST = 2**53  # larger integers are not exact in every JSON parser


def parse(document: bytes, what: str) -> Any:
    """Parses a JSON document.

    Args:
        document: UTF-8; the caller limits its size.
        what: a name of the document, for the message.

    Raises:
        SheetRejected: it is not JSON, repeats a field, contains NaN or Infinity, or is nested too deeply.
    """
    try:
        return json.loads(document.decode(), object_pairs_hook=_unique_fields, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as problem:
        raise SheetRejected(f"{what} is not JSON ({_in_one_line(problem)})") from None


def document_of(data: bytes, what: str, *, format_name: str, newest: int, largest: int) -> dict[str, Any]:
    """Parses a document that says what it is: an object with a `format`, and a `schema` that counts from 1.

    Args:
        data: UTF-8.
        what: a name of such documents, for the message.
        format_name: what `format` has to be.
        newest: the newest schema that is read.
        largest: most bytes.

    Raises:
        SheetRejected: it is none, has an unknown schema, is damaged or too large.
    """
    if len(data) > largest:
        raise SheetRejected(f"it has {len(data)} bytes: a {what} has at most {largest}")
    document = object_of(parse(data, f"the {what}"), f"the {what}")
    if document.get("format") != format_name:
        raise SheetRejected(f"it is not a {what}")
    schema = whole(document.get("schema"), "the schema")
    if not 1 <= schema <= newest:
        known = "schema 1" if newest == 1 else f"schemas 1 to {newest}"
        raise SheetRejected(f"the {what} is of schema {schema}, and this reads {known}")
    return document


def dump(fields: Any) -> bytes:
    """Serialises fields compactly and deterministically."""
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")


def fields_of(value: Any, what: str, names: Sequence[str]) -> list[Any]:
    """Returns the values of an object that has exactly these fields, in the order of `names`."""
    if not isinstance(value, dict):
        raise SheetRejected(f"{what} is not an object")
    if value.keys() != set(names):
        raise SheetRejected(f"{what} must have the fields {', '.join(names)} and no others")
    return [value[name] for name in names]


def object_of(value: Any, what: str) -> dict[str, Any]:
    """Returns an object with any fields."""
    if not isinstance(value, dict):
        raise SheetRejected(f"{what} is not an object")
    return value


def items_of(value: Any, what: str, most: int) -> list[Any]:
    """Returns a list of at most `most` items."""
    if not isinstance(value, list):
        raise SheetRejected(f"{what} are not a list")
    if len(value) > most:
        raise SheetRejected(f"{len(value)} {what} are too many: at most {most} are allowed")
    return value


def text(value: Any, what: str) -> str:
    """Returns a string that can be encoded as UTF-8."""
    if not isinstance(value, str):
        raise SheetRejected(f"{what} is not a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SheetRejected(f"{what} is not a text") from None
    return value


def whole(value: Any, what: str) -> int:
    """Returns an integer that is exact in every JSON parser."""
    # bool is a subclass of int.
    if type(value) is not int or abs(value) > _LARGEST:
        raise SheetRejected(f"{what} is not a whole number")
    return value


def number(value: Any, what: str) -> float:
    """Returns a finite number."""
    if type(value) not in (int, float) or abs(value) > _LARGEST or not math.isfinite(value):
        raise SheetRejected(f"{what} is not a number")
    return float(value)


def _unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is repeated")
    return fields


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _in_one_line(problem: Exception) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    if isinstance(problem, UnicodeDecodeError):
        return "not UTF-8"
    return str(problem).partition("\n")[0][:100]
