"""Reader for tables of text, as spreadsheets, editing programs and audio programs write them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

from audience.errors import InvalidValue
from timeline_files.answers import Answers, Unclear
from timeline_files.columns import EXPECTED, Columns, Row, columns_by_content, header_of, named_columns, read_rows
from timeline_files.moments import Entry, is_time, moment_in, parts_of
from timeline_files.parts import MOST_PARTS, Part
from timeline_files.text import MOST_LINES, lines_of, text_of
from timeline_files.timecode import timecode_in
from timeline_files.times import quoted

# In order of preference: a comma may be a decimal separator.
_SEPARATORS: Final = ("\t", ";", ",", "|")
_WITHOUT_HEADER: Final[Columns] = {"title": 0, "start": 1, "end": 2}
_SEPARATOR_LINE = re.compile(r"\s*sep=(.)\s*", re.IGNORECASE)
_LABEL = re.compile(r"\s*([0-9]+[.,][0-9]+)\t\s*([0-9]+[.,][0-9]+)(?:\t(.*))?")
_AVID_TRACK = re.compile(r"(?:[VAT][0-9]{0,2}|TC[0-9]?)", re.IGNORECASE)
_VEGAS = "playrate"


def read_table(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads a table separated by commas, semicolons, tabs or bars.

    A header may name the columns in any order; other columns are ignored. Without a header the columns are title, start
    and optionally end, or start, end and title.

    Raises:
        InvalidValue: a line is malformed; the message names it.
    """
    answers = answers or Answers()
    text = text_of(data)
    stated, text = _stated_separator(text)
    if labels := _audacity_labels(text):
        return _untitled(labels)
    separators = _SEPARATORS if stated is None else (stated,)
    for separator in separators:
        try:
            rows = _rows(text, separator)
        except InvalidValue:
            continue
        if avid := _avid_markers(rows):
            return parts_of(avid, answers)
        if (header := header_of(rows)) is not None:
            place, columns, unit = header
            if _VEGAS in [cell.strip().lower() for cell in rows[place][1]]:
                unit = "ms"
            return read_rows(
                rows[place + 1 :], columns, answers, unit=unit, comma_is_decimal=separator in ";\t" and _decimal(rows)
            )
    return _without_header(text, separators, answers)


def _without_header(text: str, separators: Sequence[str], answers: Answers) -> list[Part]:
    for separator in separators:
        try:
            rows = _rows(text, separator)
            columns = columns_by_content(rows) or _WITHOUT_HEADER
            return _read(rows, columns, answers, separator)
        except Unclear:
            raise
        except InvalidValue:
            continue
    # No separator fits: report the error for the most frequent one.
    likely = max(separators, key=text.count) if any(map(text.count, separators)) else separators[0]
    likely = likely if any(map(text.count, separators)) else ","
    rows = _rows(text, likely)
    if (names := named_columns(rows)) is not None:
        raise InvalidValue(f"{rows[0][0]}: the columns are named {names}: name one `title` and one `start`")
    return _read(rows, _WITHOUT_HEADER, answers, likely)


def _read(rows: Sequence[Row], columns: Columns, answers: Answers, separator: str) -> list[Part]:
    for where, row in rows:
        if columns is _WITHOUT_HEADER and any(field.strip() for field in row[3:]):
            raise InvalidValue(
                f"{where}: has {len(row)} columns where {EXPECTED} was expected: put a title with commas in quotes"
            )
    return read_rows(rows, columns, answers, comma_is_decimal=separator in ";\t" and _decimal(rows))


def _decimal(rows: Sequence[Row]) -> bool:
    """Whether numbers of a table are written with a decimal comma for certain, as one with other digits shows."""
    return any(
        re.fullmatch(r"[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]+|[0-9]{4,},[0-9]+", cell.strip())
        for _, cells in rows[:1000]
        for cell in cells
    )


def _stated_separator(text: str) -> tuple[str | None, str]:
    """The separator of Excel's first line `sep=;`, and the text without that line's content."""
    first, newline, rest = text.partition("\n")
    found = _SEPARATOR_LINE.fullmatch(first.rstrip("\r"))
    return (None, text) if found is None else (found[1], newline + rest)


def rows_of(text: str, separator: str) -> Iterator[Row]:
    """Non-blank rows of a table, each with the number of its last line.

    Raises:
        InvalidValue: a line is malformed, or is one of more than `MOST_LINES`; the message names it.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for row in reader:
            if reader.line_num > MOST_LINES:
                raise InvalidValue(f"line {reader.line_num}: such a file has at most {MOST_LINES} lines")
            if any(field.strip() for field in row):
                yield f"line {reader.line_num}", row
    except csv.Error as problem:
        raise InvalidValue(
            f'line {reader.line_num}: {problem}: put a title with quotes or commas in quotes, with "" for a quote'
        ) from None


def _rows(text: str, separator: str) -> list[Row]:
    """The rows of a timeline's table."""
    rows: list[Row] = []
    for where, row in rows_of(text, separator):
        rows.append((where, row))
        # More than a header and `MOST_PARTS` segments; blank rows do not count.
        if len(rows) > MOST_PARTS + 40:
            raise InvalidValue(f"{where}: a timeline has at most {MOST_PARTS} segments")
    return rows


def _audacity_labels(text: str) -> list[Part]:
    """Labels of Audacity: seconds, seconds, text, and under a label perhaps a line with its frequencies."""
    head = [line for line in text[:4096].splitlines() if line.strip()][:2]
    if not head or _LABEL.fullmatch(head[0]) is None:
        return []
    parts = []
    for number, line in enumerate(lines_of(text), start=1):
        if not line.strip() or line.lstrip().startswith("\\"):
            continue
        found = _LABEL.fullmatch(line)
        if found is None:
            raise InvalidValue(f"line {number}: {quoted(line)} where start, end and label were expected")
        start_s, end_s = (float(found[place].replace(",", ".")) for place in (1, 2))
        end = end_s if end_s != start_s else None
        parts.append(Part(where=f"line {number}", title=found[3] or "", start_s=start_s, end_s=end))
    return parts


def _untitled(parts: Sequence[Part]) -> list[Part]:
    """The parts, with a number for a title where there is none."""
    return [
        part if part.title.strip() else Part(where=part.where, title=f"{place}", start_s=part.start_s, end_s=part.end_s)
        for place, part in enumerate(parts, start=1)
    ]


def _avid_markers(rows: Sequence[Row]) -> list[Entry]:
    """Markers of Avid Media Composer: user, timecode, track, colour, comment, and more, without a header."""
    entries = []
    for where, cells in rows:
        fields = [cell.strip() for cell in cells]
        if len(fields) < 5 or timecode_in(fields[1]) is None or _AVID_TRACK.fullmatch(fields[2]) is None:
            return []
        entries.append(Entry(where=where, title=fields[4] or fields[0], start=moment_in(fields[1])))
    return entries


def is_table(text: str) -> bool:
    """Whether the beginning of a text is a table: a header that names columns, or times in a column of their own."""
    stated, text = _stated_separator(text)
    lines = [line for line in text.splitlines() if line.strip()][:60]
    head = "\n".join(lines)
    for separator in _SEPARATORS if stated is None else (stated,):
        try:
            rows = _rows(head, separator)
        except InvalidValue:
            continue
        if any(len(cells) > 1 for _, cells in rows) and (header_of(rows) is not None or _avid_markers(rows)):
            return True
    timed = [line for line in lines if re.search("[0-9]", line)]
    columned = sum(_has_time_column(line) for line in timed)
    return bool(columned) and columned * 2 > len(timed)


def _has_time_column(line: str) -> bool:
    """Whether a line is a title and times, or times and a title, with a separator between."""
    if _LABEL.fullmatch(line):
        return True
    for separator in _SEPARATORS:
        fields = [field.strip().strip('"') for field in line.split(separator)]
        if len(fields) == 2 and is_time(fields[1]) and fields[0]:
            return True
        if len(fields) == 3 and is_time(fields[2]) and is_time(fields[1]) and fields[0]:
            return True
    return False
