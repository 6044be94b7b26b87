"""An archive as DuckDB reads it, with the view that Athena has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from tests.infra.template import ROOT, archive_template

QUERY = ROOT / "infra" / "archive.sql"


def view() -> dict[str, Any]:
    """The view `shares` as Athena keeps it: its statement and its columns."""
    table = archive_template()["Resources"]["Shares"]["Properties"]["TableInput"]
    _, parts = table["ViewOriginalText"]["Fn::Sub"]
    definition: dict[str, Any] = json.loads(parts["View"]["Fn::Base64"]["Fn::Sub"])
    return definition


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """The archive in a folder: its tables and its view."""
    connection = duckdb.connect(config={"threads": 2})
    for table, files in (
        ("windows", "*/*.parquet"),
        ("segments", "*/*.parquet"),
        ("sessions", "*.parquet"),
        ("scorers", "*.parquet"),
    ):
        where = str(folder / table / files).replace("'", "''")
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{where}', hive_partitioning = true)")
    connection.execute(f"CREATE VIEW shares AS {view()['originalSql']}")
    return connection
