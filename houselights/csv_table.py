"""Tables that people keep in a spreadsheet and save as CSV: the first line names the columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audience.errors import InvalidValue
from timeline_files.text import text_of

_SEPARATORS: Final = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row with something in it.

    Attributes:
        where: its file and line, for a message.
        cells: what is in it by column, without spaces around; "" where nothing is.
    """

    where: str
    cells: dict[str, str]


def read_csv_table(file: Path, *needed: str, example: str) -> list[TableRow]:
    """Reads a table in UTF-8 or UTF-16, separated by commas, semicolons or tabs, as any spreadsheet writes it.

    Names of columns may have capitals, and spaces around them. Rows without anything in them are left out.

    Args:
        file: the table.
        needed: columns that it must have.
        example: what its first line may be, for the message where it is not.

    Raises:
        InvalidValue: it cannot be read, or has no such columns; the message names the file.
    """
    try:
        text = text_of(file.read_bytes())
    except OSError as problem:
        raise InvalidValue(f"{file} cannot be read: {problem.strerror or problem}") from None
    except InvalidValue as problem:
        raise InvalidValue(f"{file}: {problem}") from None
    rows = _rows(file, text)
    _, header = next(rows, ("", []))
    names = [name.lower() for name in header]
    for column in needed:
        if names.count(column) != 1:
            fault = "has two columns" if column in names else "has no column"
            raise InvalidValue(f"{file} {fault} `{column}`: its first line names the columns, such as {example}")
    empty = dict.fromkeys(names, "")
    return [TableRow(where, empty | dict(zip(names, row, strict=False))) for where, row in rows]


def _rows(file: Path, text: str) -> Iterator[tuple[str, list[str]]]:
    """Rows with something in them, each with its file and line."""
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as problem:
            raise InvalidValue(f"{file}, line {reader.line_num}: {problem}") from None
        if row is None:
            return
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield f"{file}, line {reader.line_num}", cells
