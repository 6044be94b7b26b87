"""Tables that people keep in a spreadsheet and save as CSV: the first line names the columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audience.errors import InvalidValue
from timeline_files.tables import rows_of
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
        first = text.lstrip("\r\n").partition("\n")[0]
        rows = [
            (f"{file}, {where}", [cell.strip() for cell in row])
            for where, row in rows_of(text, max(_SEPARATORS, key=first.count))
        ]
    except OSError as problem:
        raise InvalidValue(f"{file} cannot be read: {problem.strerror or problem}") from None
    except InvalidValue as problem:
        raise InvalidValue(f"{file}, {problem}") from None
    header, *filled = rows or [("", [])]
    names = [name.lower() for name in header[1]]
    for column in needed:
        if names.count(column) != 1:
            fault = "has two columns" if column in names else "has no column"
            raise InvalidValue(f"{file} {fault} `{column}`: its first line names the columns, such as {example}")
    empty = dict.fromkeys(names, "")
    return [TableRow(where, empty | dict(zip(names, row, strict=False))) for where, row in filled]
