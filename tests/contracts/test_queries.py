"""docs/queries.md: every query in it runs unchanged, and returns what is in the store."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from audience.stores import open_store
from audience.stores.dynamo_client import client_for
from audience.stores.dynamo_table import create_table
from houselights.exporting import export_session
from tests.builders import BEGAN_MS, a_session, a_stage, a_timeline, a_window
from tests.local_aws import REGION, use_local_aws

PAGE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text()
TABLE = "houselights"
START = "2026-05-04T19:30:00.000Z"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def client(moto):
    """A client of a table with two cameras' windows: of 16 faces 4 smile, then of 10 faces none."""
    client = client_for(REGION, moto, local=True)
    create_table(client, TABLE)
    fill(f"dynamodb://{TABLE}?region={REGION}&endpoint={moto}")
    yield client
    client.delete_table(TableName=TABLE)


def fill(url, times=1):
    with open_store(url) as store:
        store.put_session(a_session())
        store.put_stage("talk-1", a_stage(timelines=[a_timeline(("One", 0, 1), ("Two", 1, 2))]))
        left = a_window(0, smiling=4 * times, of=8 * times, camera_id="left")
        right, later = a_window(0, of=8 * times, camera_id="right"), a_window(1, of=10 * times, camera_id="left")
        store.put_windows([left, right, later])


@pytest.fixture
def exports(tmp_path, monkeypatch):
    """The folder that the queries of files are run in, with windows of so many faces that none is withheld."""
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path}/houselights.db"
    fill(url, times=5)
    with open_store(url) as store:
        export_session(
            store, "talk-1", Path("exports/talk-1"), formats=["parquet"], min_faces=None, exported_at=datetime.now(UTC)
        )


def test_boto3(client, moto, monkeypatch):
    use_local_aws(monkeypatch, moto)
    names = {}
    exec(blocks("python")[0], names)
    assert names["shares"] == {START: 0.25, START.replace("00.000", "01.000"): 0.0}


def test_partiql(client):
    (statement,) = blocks("partiql")
    items = client.execute_statement(Statement=statement)["Items"]
    over = {(int(item["start_ms"]["N"]), item["camera"]["S"]): item["smile"]["M"]["over"]["N"] for item in items}
    assert over[BEGAN_MS, "left"] == "4"
    assert over[BEGAN_MS, "right"] == "0"
    assert len(over) == 3


def test_athena(client, tmp_path):
    (statement,) = blocks("sql")
    items = client.scan(TableName=TABLE)["Items"]
    file = tmp_path / "export.json.gz"
    file.write_bytes(gzip.compress("".join(json.dumps({"Item": item}) + "\n" for item in items).encode()))
    with duckdb.connect() as database:
        database.execute(f"CREATE VIEW exported AS FROM read_json('{file}', format='newline_delimited')")
        assert database.sql(statement).fetchall() == [("talk-1", "main", BEGAN_MS, 4 / 26)]


def test_duckdb(exports):
    (statement,) = blocks("duckdb")
    assert duckdb.sql(statement).fetchall() == [("talk-1", "main", "One", 0.25), ("talk-1", "main", "Two", 0.0)]


def test_pandas(exports):
    names = {}
    exec(blocks("python")[1], names)
    assert names["by_minute"].tolist() == [0.125]
    assert str(names["smiles"].index.dtype).endswith("UTC]")


def test_the_page_names_every_attribute_of_a_window(client):
    attributes = {name for item in client.scan(TableName=TABLE)["Items"] if "smile" in item for name in item}
    assert {name for name in attributes if f"`{name}`" not in PAGE} == set()
