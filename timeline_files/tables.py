"""Reader for CSV tables, `title,start[,end]`, as spreadsheets write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from audience.errors import InvalidValue
from timeline_files.parts import MOST_PARTS, Part
from timeline_files.text import MOST_LINES, text_of
from timeline_files.times import quoted, time_s

EXPECTED = "title,start[,end]"
# In order of preference: a comma may be a decimal separator.
_SEPARATORS = ("\t", ";", ",")
_COLUMNS = {
    "title": ("title", "name", "slide", "chapter", "scene", "song", "segment"),
    "start": ("start", "begin", "in", "from", "time", "start_s"),
    "end": ("end", "stop", "out", "to", "until", "end_s"),
}
_WITHOUT_HEADER = {"title": 0, "start": 1, "end": 2}

Row = tuple[int, list[str]]


def read_table(data: bytes) -> list[Part]:
    """Reads a table separated by commas, semicolons or tabs.

    A header may name the columns in any order; other columns are ignored. Without a header the columns are title, start
    and optionally end.

    Raises:
        InvalidValue: a line is malformed; the message names it.
    """
    text = text_of(data)
    headed = []
    for separator in _SEPARATORS:
        try:
            rows = _rows(text, separator)
        except InvalidValue:
            continue
        columns = _header(rows[0][1]) if rows else None
        if columns is not None:
            headed.append((rows[1:], columns))
    if headed:
        return _parts(*headed[0])
    for separator in _SEPARATORS:
        try:
            return _parts(_rows(text, separator), _WITHOUT_HEADER)
        except InvalidValue:
            continue
    # No separator fits: report the error for the most frequent one.
    likely = max(_SEPARATORS, key=text.count) if any(map(text.count, _SEPARATORS)) else ","
    return _parts(_rows(text, likely), _WITHOUT_HEADER)


def _rows(text: str, separator: str) -> list[Row]:
    """Non-blank rows, each with the number of its last line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    rows = []
    try:
        for row in reader:
            if any(field.strip() for field in row):
                rows.append((reader.line_num, row))
            # More than a header and `MOST_PARTS` segments; blank rows do not count.
            if len(rows) > MOST_PARTS + 1 or reader.line_num > MOST_LINES:
                raise InvalidValue(f"line {reader.line_num}: a timeline has at most {MOST_PARTS} segments")
    except csv.Error as problem:
        raise InvalidValue(
            f'line {reader.line_num}: {problem}: put a title with quotes or commas in quotes, with "" for a quote'
        ) from None
    return rows


def _header(row: Sequence[str]) -> dict[str, int] | None:
    """The index of each column; None if the row is not a header."""
    names = [field.strip().lower() for field in row]
    columns = {}
    for column, words in _COLUMNS.items():
        index = next((names.index(word) for word in words if word in names), None)
        if index is not None:
            columns[column] = index
    return columns if {"title", "start"} <= columns.keys() else None


def _parts(rows: Sequence[Row], columns: dict[str, int]) -> list[Part]:
    parts = []
    for line, row in rows:
        if columns is _WITHOUT_HEADER and any(field.strip() for field in row[3:]):
            raise InvalidValue(
                f"line {line}: has {len(row)} columns where {EXPECTED} was expected: put a title with commas in quotes"
            )
        fields = {column: row[index].strip() if index < len(row) else "" for column, index in columns.items()}
        if not fields["start"]:
            raise InvalidValue(f"line {line}: {quoted(fields['title'])} has no start: {EXPECTED} was expected")
        end = fields.get("end")
        try:
            start_s, end_s = time_s(fields["start"]), time_s(end) if end else None
        except InvalidValue as problem:
            raise InvalidValue(f"line {line}: {problem} ({EXPECTED} was expected)") from None
        parts.append(Part(where=f"line {line}", title=fields["title"], start_s=start_s, end_s=end_s))
    return parts
