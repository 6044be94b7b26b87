"""Reader for Excel workbooks (.xlsx, .xlsm): a table of titles and times on one of the sheets."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.columns import Columns, Row, columns_by_content, header_of, named_columns, read_rows
from timeline_files.optional import require
from timeline_files.parts import MOST_PARTS, Part
from timeline_files.times import quoted

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

LARGEST_UNZIPPED: Final = 64 * 2**20
_MOST_COLUMNS: Final = 60
_HOURS, _MINUTES = "hours", "minutes"


def read_workbook(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the sheet that has a title and a start for each row; where several have, which is asked.

    Raises:
        InvalidValue: the file is no workbook, is too large, or has no such sheet; the message names the row.
        Unclear: several sheets have titles and times, or its times may be hours or minutes.
    """
    require("openpyxl", "reading Excel workbooks")
    import openpyxl

    answers = answers or Answers()
    _check_size(data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheets = {sheet.title: _rows(sheet) for sheet in book.worksheets if sheet.sheet_state == "visible"}
    except InvalidValue:
        raise
    except Exception as problem:  # a damaged workbook fails in as many ways as there are parts in one
        reason = quoted(str(problem))
        raise InvalidValue(f"is an Excel workbook that cannot be opened ({reason}): save it as .xlsx again") from None
    found = {name: table for name, rows in sheets.items() if (table := _table(rows)) is not None}
    if not found:
        raise InvalidValue(_nothing(sheets))
    name = next(iter(found))
    if len(found) > 1:
        names = list(found)[:20]
        name = answers.choose(
            f"Its sheets {', '.join(map(quoted, names[:8]))} all hold times",
            {f"sheet={one}": f"the sheet {one}" for one in names},
        ).removeprefix("sheet=")
    rows, columns, unit = found[name]
    scale = _clock_scale(rows, columns, answers)
    return read_rows(
        [(row.where, [cell.text(scale) for cell in row.cells]) for row in rows], columns, answers, unit=unit
    )


class _Cell:
    """A cell's value, and whether it is a time that shows no seconds."""

    __slots__ = ("short", "value")

    def __init__(self, value: Any, number_format: str) -> None:
        self.value = value
        shown = number_format.split(";")[0].lower()
        self.short = isinstance(value, time | timedelta) and "s" not in shown and "h" in shown

    def text(self, minutes_for_hours: bool = False) -> str:
        """The cell as text; a time as hours, minutes and seconds."""
        value = self.value
        if value is None:
            return ""
        if isinstance(value, datetime):
            return (
                value.isoformat(sep=" ", timespec="seconds")
                if value.year >= 1905
                else _clock(
                    value - datetime(1899, 12, 30 if value.year == 1899 else 31)  # noqa: DTZ001 a cell has no zone
                )
            )
        if isinstance(value, time):
            value = timedelta(
                hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
            )
        if isinstance(value, timedelta):
            return _clock(value / 60 if minutes_for_hours and self.short else value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, float):
            return f"{value:.12f}".rstrip("0").rstrip(".")
        return str(value)[:2000]


class _SheetRow:
    """A row with its number."""

    __slots__ = ("cells", "where")

    def __init__(self, where: str, cells: list[_Cell]) -> None:
        self.where = where
        self.cells = cells


def _clock(length: timedelta) -> str:
    micros = round(length / timedelta(microseconds=1))
    whole, fraction = divmod(max(0, micros), 1_000_000)
    # Spreadsheets keep times in parts of a day, so that 2:10 may be a microsecond less.
    text = f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text


def _check_size(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(one.file_size for one in archive.infolist() if one.filename.endswith((".xml", ".rels")))
    except (NotImplementedError, OSError, ValueError, zipfile.BadZipFile) as problem:
        raise InvalidValue(f"is an Excel workbook that cannot be opened ({problem}): save it as .xlsx again") from None
    if size > LARGEST_UNZIPPED:
        raise InvalidValue(f"holds {size >> 20} MiB of cells: save the sheet with the times as a file of its own")


def _rows(sheet: ReadOnlyWorksheet) -> list[_SheetRow]:
    rows = []
    for number, row in enumerate(sheet.iter_rows(max_col=_MOST_COLUMNS), start=1):
        cells = [_Cell(cell.value, str(getattr(cell, "number_format", "") or "")) for cell in row]
        if any(cell.value not in (None, "") for cell in cells):
            rows.append(_SheetRow(f"row {number}", cells))
        if len(rows) > MOST_PARTS + 40:
            raise InvalidValue(f"row {number}: a timeline has at most {MOST_PARTS} segments")
    return rows


def _as_text(rows: list[_SheetRow]) -> list[Row]:
    return [(row.where, [cell.text() for cell in row.cells]) for row in rows]


def _table(rows: list[_SheetRow]) -> tuple[list[_SheetRow], Columns, str | None] | None:
    """The rows of a sheet's table, its columns, and the unit of its times; None if it is no such table."""
    texts = _as_text(rows)
    if (header := header_of(texts)) is not None and header[0] + 1 < len(rows):
        place, columns, unit = header
        return rows[place + 1 :], columns, unit
    filled = [(where, [cell for cell in cells if cell.strip()]) for where, cells in texts]
    if not filled or any(len(cells) not in (2, 3) for _, cells in filled):
        return None
    columns_found = columns_by_content(texts)
    if columns_found is not None:
        return rows, columns_found, None
    from timeline_files.moments import is_time

    if all(is_time(cells[1]) for _, cells in texts if len(cells) > 1):
        return rows, {"title": 0, "start": 1, "end": 2}, None
    return None


def _nothing(sheets: dict[str, list[_SheetRow]]) -> str:
    for name, rows in sheets.items():
        names = named_columns(_as_text(rows[:6]))
        if names is not None:
            return f"sheet {quoted(name)}: the columns are named {names}: name one `title` and one `start`"
    return "holds no sheet with titles and times: name one column `title` and one `start`"


def _clock_scale(rows: list[_SheetRow], columns: Columns, answers: Answers) -> bool:
    """Whether times shown as `2:10` are minutes and seconds, which Excel took for hours and minutes."""
    starts = [row.cells[columns["start"]] for row in rows if columns["start"] < len(row.cells)]
    short = [cell for cell in starts if cell.short]
    texts = [cell.text() for cell in short]
    if not short or any(not text.endswith(":00") for text in texts) or set(texts) == {"0:00:00"}:
        return False
    last = max(texts, key=lambda text: [int(part) for part in text.split(":")])
    hours, minutes, _ = (int(part) for part in last.split(":"))
    shown = f"{hours}:{minutes:02d}"
    length_s = answers.length_s
    likeliest = None
    if length_s is not None and hours * 3600 + minutes * 60 >= length_s > hours * 60 + minutes:
        likeliest = _MINUTES
    choices = {_MINUTES: f"{hours} min {minutes} s", _HOURS: f"{hours} h {minutes} min"}
    return answers.choose(f"Its last time, {shown}, may be minutes or hours", choices, likeliest) == _MINUTES
