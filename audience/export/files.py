"""Writing tables as CSV or Parquet.

Both hold the same rounded figures. A column always has the same type, so that files of several sessions can be read as
one table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from audience.errors import ExportFailed
from audience.export.tables import Cell, ExportTable

# Characters that spreadsheets read as the start of a formula, or skip before one; in East Asian locales also in full
# width.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def escape_formula(cell: Cell) -> Cell:
    """Prefixes text that a spreadsheet would run as a formula with an apostrophe."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def csv_bytes(table: ExportTable, *, mark: bool = True, units: bool = False, units_in_names: bool = False) -> bytes:
    """The table as CSV (RFC 4180, UTF-8), with a row of column names first.

    Args:
        table: the table.
        mark: whether to begin with a byte order mark. Without one, Excel uses the system's code page and garbles
            accented letters.
        units: whether to write the units as a second row, if the table has any.
        units_in_names: whether columns are called with their units (`Column.name_with_unit`).
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name_with_unit if units_in_names else column.name for column in table.columns])
    if units and any(column.unit for column in table.columns):
        writer.writerow([escape_formula(column.unit) for column in table.columns])
    columns = zip(table.columns, table.values, strict=True)
    written = [[escape_formula(column.rounded(cell)) for cell in cells] for column, cells in columns]
    writer.writerows(zip(*written, strict=True))
    return text.getvalue().encode("utf-8-sig" if mark else "utf-8")


def parquet_bytes(table: ExportTable) -> bytes:
    """The table as Parquet: text, 64-bit numbers, and timestamps in milliseconds UTC; unit and meaning as metadata.

    Raises:
        ExportFailed: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ExportFailed(
            "Parquet needs pyarrow: install Houselights with its extra `export`, or use --format csv"
        ) from None

    types = {"text": pa.string(), "number": pa.float64(), "count": pa.int64(), "instant": pa.timestamp("ms", tz="UTC")}
    fields: list[Any] = []
    arrays: list[Any] = []
    for column, cells in zip(table.columns, table.values, strict=True):
        about: Mapping[str, str] = {"unit": column.unit, "meaning": column.meaning}
        fields.append(pa.field(column.name, types[column.kind], metadata=about))
        rounded = [column.rounded(cell) for cell in cells]
        if column.kind == "instant":
            arrays.append(pa.array(rounded, pa.string()).cast(types["instant"]))
        else:
            arrays.append(pa.array(rounded, types[column.kind]))
    sink = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"houselights": version("houselights")})), sink
    )
    return sink.getvalue()
