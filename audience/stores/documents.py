"""JSON documents of sessions, stages, cameras, alerts and so on, the same in every store.

A document has the fields of its dataclass. msgspec converts it into that dataclass: types are checked, fields that an
older version did not write get their defaults, and the dataclass validates its values.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from audience.alerts import Alert, AlertBook, AlertMark, AlertRule, AlertSilence, AlertWatcher, ReportMark
from audience.errors import InvalidValue, StoreTooNew, StoreUnavailable
from audience.sessions import Session, Stage
from audience.store import AlertDocument, Heartbeat
from audience.transcripts import Transcript

Record = TypeVar("Record")

LARGEST_PACKED_TRANSCRIPT: Final = 380_000
"""Bytes; an item of DynamoDB has 400 kB. That are ten hours of speech or more."""

_TYPES: dict[str, type[AlertDocument]] = {
    "RULE": AlertRule,
    "ALERT": Alert,
    "MARK": AlertMark,
    "WATCHER": AlertWatcher,
    "REPORT": ReportMark,
    "SILENCE": AlertSilence,
}


# Fields that an earlier version refuses as unknown: left out where they say nothing, so that it can read the rest.
_LEFT_OUT_IF_EMPTY: dict[type, tuple[str, ...]] = {
    Heartbeat: ("bundle", "every_s", "step", "version"),
    Session: ("notice",),
    Stage: ("directions",),
    AlertMark: ("note",),
}
_LEFT_OUT_OF_SEGMENTS = ("notes", "guessed", "picture")


def to_json(record: Any) -> str:
    """Serialises a dataclass instance."""
    fields = _fields(record)
    for name in _LEFT_OUT_IF_EMPTY.get(type(record), ()):
        if fields[name] in (None, ""):
            del fields[name]
    if isinstance(record, Stage):
        _leave_out_empty(segment for timeline in fields["timelines"] for segment in timeline["segments"])
    # `json` with ASCII output: a detail may quote a file name with lone surrogates, which JSON can only escape.
    return json.dumps(fields, separators=(",", ":"), default=_instant)


def from_json(document: str, kind: type[Record]) -> Record:
    """Parses a JSON document.

    Raises:
        StoreUnavailable: the document is damaged.
        StoreTooNew: it has an unknown field, which would be lost if the record were written back.
    """
    what = f"a stored {kind.__name__}"
    try:
        fields = json.loads(document)
        record = msgspec.convert(fields, kind)
    except (ValueError, RecursionError) as problem:  # raised by json, and by msgspec for types and values
        raise StoreUnavailable(f"{what} is damaged ({problem}): restore the store from a backup") from None
    # Most documents have no others in them: for those the names of their fields say it all.
    if _NESTED.isdisjoint(map(type, fields.values())) and fields.keys() <= _names_of(kind):
        return record
    if unknown := sorted(_unknown(fields, _fields(record))):
        raise StoreTooNew(f"{what} has the unknown field {unknown[0]!r}: use a newer Houselights, which wrote it")
    return record


def packed_transcript(transcript: Transcript) -> bytes:
    """Serialises and compresses a transcript.

    Raises:
        InvalidValue: it is too long for a store.
    """
    packed = zlib.compress(to_json(transcript).encode())
    if len(packed) > LARGEST_PACKED_TRANSCRIPT:
        raise InvalidValue(
            f"the transcript {transcript.title!r} takes {len(packed) // 1000} kB, and a stage has room for "
            f"{LARGEST_PACKED_TRANSCRIPT // 1000}: leave out what was said before and after"
        )
    return packed


def unpacked_transcript(packed: bytes) -> Transcript:
    """Parses the result of `packed_transcript`.

    Raises:
        StoreUnavailable, StoreTooNew: see `from_json`.
    """
    try:
        document = zlib.decompress(packed).decode()
    except (zlib.error, UnicodeDecodeError) as problem:
        raise StoreUnavailable(f"a stored Transcript is damaged ({problem}): restore the store from a backup") from None
    return from_json(document, Transcript)


def key_of(document: AlertDocument) -> str:
    """The document's key in its session: its kind, and its id among those of that kind."""
    match document:
        case AlertRule():
            return f"RULE#{document.rule_id}"
        case Alert():
            return f"ALERT#{document.alert_id}"
        case AlertMark(kind="acknowledged"):
            return f"MARK#{document.alert_id}#acknowledged"  # a newer name replaces it
        case AlertMark():
            return f"MARK#{document.alert_id}#{document.kind}#{document.by}"
        case AlertWatcher():
            return "WATCHER#"
        case ReportMark():
            return f"REPORT#{document.by}"
        case AlertSilence():
            return f"SILENCE#{document.stage_id}#{document.camera_id}"


def book_of(documents: Iterable[tuple[str, str]]) -> AlertBook:
    """Builds the alert book from documents.

    Args:
        documents: key and JSON of each, sorted by key.

    Raises:
        StoreUnavailable, StoreTooNew: see `from_json`.
    """
    found: dict[type[AlertDocument], list[Any]] = {kind: [] for kind in _TYPES.values()}
    for key, document in documents:
        kind = _TYPES.get(key.partition("#")[0])
        if kind is None:
            raise StoreTooNew(
                f"a stored document {key!r} is of an unknown kind: use a newer Houselights, which wrote it"
            )
        found[kind].append(from_json(document, kind))
    return AlertBook(
        rules=tuple(found[AlertRule]),
        alerts=tuple(found[Alert]),
        marks=tuple(found[AlertMark]),
        watcher=found[AlertWatcher][0] if found[AlertWatcher] else None,
        reports=tuple(found[ReportMark]),
        silences=tuple(found[AlertSilence]),
    )


def _fields(record: Any) -> Any:
    return msgspec.to_builtins(record, builtin_types=(datetime,), order="deterministic", enc_hook=_plain)


def _leave_out_empty(segments: Iterable[dict[str, Any]]) -> None:
    for segment in segments:
        for name in _LEFT_OUT_OF_SEGMENTS:
            if not segment[name]:
                del segment[name]


def _plain(value: object) -> str | int | float | dict[Any, Any]:
    """Converts a subclass, such as numpy's float64, or a read-only mapping to the type that JSON has."""
    if isinstance(value, Mapping):
        return dict(value)
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"a {type(value).__name__} cannot be stored")


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


_NESTED: Final = frozenset({dict, list})


_NAMES: Final[dict[type, frozenset[str]]] = {}


def _names_of(kind: type[Any]) -> frozenset[str]:
    """The names of a dataclass's fields."""
    if kind not in _NAMES:
        _NAMES[kind] = frozenset(field.name for field in dataclasses.fields(kind))
    return _NAMES[kind]


def _unknown(document: Any, record: Any) -> Iterator[str]:
    """Yields names of fields in a document that its record does not have, at any depth."""
    if isinstance(document, dict):
        yield from document.keys() - record.keys()
        for name, value in document.items():
            if type(value) in _NESTED and name in record:
                yield from _unknown(value, record[name])
    elif isinstance(document, list):
        for one, other in zip(document, record, strict=False):  # a record may drop duplicates
            yield from _unknown(one, other)
