"""One table as the bytes of a CSV or a Parquet file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from audience.errors import ExportFailed
from audience.export import Cell, ExportTable

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def defused(cell: Cell) -> Cell:
    """The cell as a spreadsheet will show and not run it: text that begins like a formula gets an apostrophe."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def csv_bytes(table: ExportTable) -> bytes:
    """The table as CSV (RFC 4180, UTF-8), with a row of column names first."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    writer.writerows([defused(cell) for cell in row] for row in zip(*table.values, strict=True))
    return text.getvalue().encode()


def parquet_bytes(table: ExportTable) -> bytes:
    """The table as Parquet, each column with its unit and meaning as metadata.

    Raises:
        ExportFailed: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ExportFailed(
            "Parquet needs pyarrow: install it with `uv sync --extra export`, or use --format csv"
        ) from None

    def array(cells: Sequence[Cell]) -> Any:
        # An expression nobody was scored for has no type of its own: its column is empty, and of numbers.
        return pa.array(cells, type=pa.float64() if all(cell is None for cell in cells) and cells else None)

    fields: list[Any] = []
    arrays: list[Any] = []
    for column, cells in zip(table.columns, table.values, strict=True):
        values = array(cells)
        about: Mapping[str, str] = {"unit": column.unit, "meaning": column.meaning}
        fields.append(pa.field(column.name, values.type, metadata=about))
        arrays.append(values)
    sink = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"houselights": version("houselights")})), sink
    )
    return sink.getvalue()
