"""An archive as DuckDB reads it, with the view that Athena has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.archiving.columns import TABLES, arrow_schema
from tests.infra.template import ROOT, archive_template

QUERY = ROOT / "infra" / "archive.sql"


def view() -> dict[str, Any]:
    """The view `shares` as Athena keeps it: its statement and its columns."""
    table = archive_template()["Resources"]["Shares"]["Properties"]["TableInput"]
    _, parts = table["ViewOriginalText"]["Fn::Sub"]
    definition: dict[str, Any] = json.loads(parts["View"]["Fn::Base64"]["Fn::Sub"])
    return definition


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """The archive in a folder: its tables, by its lists of files as Athena reads them, and its view."""
    connection = duckdb.connect(config={"threads": 2})
    for table, columns in TABLES.items():
        files = [
            str(folder / line)
            for one in sorted((folder / "lists" / table).rglob("files.txt"))
            for line in one.read_text().splitlines()
        ]
        if files:
            listed = connection.read_parquet(files, hive_partitioning=True)
        else:
            none = arrow_schema(columns).append(pa.field("month", pa.string())).empty_table()
            listed = connection.from_arrow(none)
        listed.create_view(table)
    connection.execute(f"CREATE VIEW shares AS {view()['originalSql']}")
    return connection
