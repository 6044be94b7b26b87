"""Reader for JSON with times: chapters of podcasts (Podcasting 2.0), of yt-dlp, transcripts, markers of programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.columns import Row, columns_of, read_rows
from timeline_files.moments import untangled
from timeline_files.otio import read_otio
from timeline_files.parts import MOST_PARTS, Part
from timeline_files.text import text_of

_LISTS: Final = ("chapters", "markers", "segments", "cues", "scenes", "sections", "items", "timeline", "events", "body")
"""Names of lists, in order of preference: yt-dlp has chapters beside formats, Whisper segments beside words."""
_DEEPEST: Final = 6


def read_json(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the list of objects that have a start and a title; .otio is read as what it is.

    Raises:
        InvalidValue: the file is not JSON, or holds no such list; the message names the line, or what it holds.
    """
    answers = answers or Answers()
    try:
        found = json.loads(text_of(data))
    except json.JSONDecodeError as problem:
        raise InvalidValue(f"line {problem.lineno}: is not JSON: {problem.msg}") from None
    except (RecursionError, ValueError) as problem:
        raise InvalidValue(f"is not JSON that can be read ({problem})") from None
    if isinstance(found, dict) and "OTIO_SCHEMA" in found:
        return read_otio(data, answers)
    entries = _best_list(found)
    if entries is None:
        keys = f" with {', '.join(map(repr, list(found)[:8]))}" if isinstance(found, dict) else ""
        raise InvalidValue(f"is JSON{keys}, and holds no chapters: a list of objects with start and title was expected")
    return _read(entries[: MOST_PARTS + 1], answers)


def _best_list(found: Any) -> list[Mapping[str, Any]] | None:
    """The list of objects with times: the best named one, then the least deep."""
    candidates: list[tuple[int, int, int, list[Mapping[str, Any]]]] = []
    waiting: list[tuple[Any, str, int]] = [(found, "", 0)]
    order = 0
    while waiting and order < 100_000:
        one, name, depth = waiting.pop(0)
        order += 1
        if isinstance(one, list):
            rows: list[Mapping[str, Any]] = [item for item in one if isinstance(item, dict)]
            if rows and len(rows) == len(one) and _columns(rows) is not None:
                rank = _LISTS.index(name.lower()) if name.lower() in _LISTS else len(_LISTS)
                candidates.append((rank, depth, order, rows))
            if depth < _DEEPEST:
                waiting += [(item, name, depth + 1) for item in one[:200]]
        elif isinstance(one, dict) and depth < _DEEPEST:
            waiting += [(value, str(key), depth + 1) for key, value in one.items()]
    return min(candidates, key=lambda one: one[:3])[3] if candidates else None


def _columns(rows: list[Mapping[str, Any]]) -> tuple[list[str], tuple[dict[str, int], str | None]] | None:
    keys = [
        key for key, value in rows[0].items() if isinstance(value, str | int | float) and not isinstance(value, bool)
    ]
    for row in rows[1:50]:
        keys += [key for key in row if key not in keys and isinstance(row[key], str | int | float)]
    # A word of a transcript has a text, and is no segment.
    found = columns_of(keys)
    return None if found is None else (keys, found)


def _read(rows: list[Mapping[str, Any]], answers: Answers) -> list[Part]:
    found = _columns(rows)
    assert found is not None
    keys, (columns, unit) = found
    # Podcasting 2.0: chapters that only change a picture are left out of the table of contents.
    listed = [row for row in rows if row.get("toc") is not False]
    table: list[Row] = []
    for number, row in enumerate(listed, start=1):
        cells = [_cell(row.get(key)) for key in keys]
        title = columns.get("title")
        if title is not None and not cells[title].strip():
            cells[title] = f"Chapter {number}"
        table.append((f"entry {number}", cells))
    return untangled(read_rows(table, columns, answers, unit=unit), answers)


def _cell(value: Any) -> str:
    if value is None or isinstance(value, bool | dict | list):
        return ""
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return str(value)[:2000]
