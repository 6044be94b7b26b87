"""Athena's tables match the files that `houselights export --archive` writes."""

from __future__ import annotations

from typing import Any

import pytest

from houselights.archiving.columns import TABLES
from tests.houselights.archives import QUERY, view
from tests.infra.template import ROOT, archive_template

TRINO = {"string": "varchar", "int": "integer", "double": "double", "timestamp": "timestamp(3)"}


def table(name: str) -> dict[str, Any]:
    """A table as the template makes it."""
    tables = [
        resource["Properties"]["TableInput"]
        for resource in archive_template()["Resources"].values()
        if resource["Type"] == "AWS::Glue::Table"
    ]
    (found,) = [one for one in tables if one["Name"] == name]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", TABLES)
def test_athena_knows_every_column_with_its_type_in_the_order_they_are_written(name: str) -> None:
    told = [(column["Name"], column["Type"]) for column in table(name)["StorageDescriptor"]["Columns"]]
    assert told == [(column.name, column.kind) for column in TABLES[name]]


@pytest.mark.parametrize("name", ["windows", "segments", "sessions"])
def test_months_are_projected_onto_the_folders_that_are_written(name: str) -> None:
    parameters = table(name)["Parameters"]
    assert table(name)["PartitionKeys"] == [{"Name": "month", "Type": "string"}]
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.month.format"] == "yyyy-MM"
    where = parameters["storage.location.template"]["Fn::Sub"]
    assert where == f"s3://${{Bucket}}/archive/lists/{name}/month=${{!month}}/"


@pytest.mark.parametrize("name", TABLES)
def test_athena_reads_the_lists_of_files_and_not_whatever_lies_in_a_folder(name: str) -> None:
    storage = table(name)["StorageDescriptor"]
    assert storage["InputFormat"] == "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
    assert storage["Location"]["Fn::Sub"] == f"s3://${{Bucket}}/archive/lists/{name}/"


def test_the_view_has_the_columns_its_statement_gives_and_athena_is_told_of() -> None:
    declared = [(column["name"], column["type"]) for column in view()["columns"]]
    stored = [(column["Name"], TRINO[column["Type"]]) for column in table("shares")["StorageDescriptor"]["Columns"]]
    assert declared == stored


def test_the_query_reads_what_the_stack_makes() -> None:
    assert "FROM shares" in QUERY.read_text()
    assert "archive.sql" in (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
