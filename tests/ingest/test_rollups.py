"""The function that the table's stream calls, and what the stack lets it do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.client import BaseClient

from audience.errors import InvalidValue
from audience.sessions import MINUTE_MS
from audience.store import Store
from audience.stores.dynamo import DynamoStore
from audience.stores.dynamo_client import DynamoAddress, client_for
from audience.stores.dynamo_rollups import ChangedKeys
from audience.stores.rollup_renewal import renew
from ingest_lambda import rollup_handler
from tests.builders import BEGAN_MS, a_camera, a_session, a_stage, a_window
from tests.infra.template import one_or_more, properties
from tests.ingest.conftest import Cloud


@pytest.fixture
def table(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A table with a session of one minute; the function finds it."""
    monkeypatch.setenv("HOUSELIGHTS_STORE", cloud.store_url)
    rollup_handler._store.cache_clear()
    with DynamoStore(cloud.store_url) as store:
        store.put_session(a_session())
        store.put_stage("talk-1", a_stage())
        store.put_camera("talk-1", "main", a_camera())
        store.put_windows([a_window(at, smiling=10, of=30) for at in range(10)])
        yield store
    rollup_handler._store.cache_clear()


def event_of(store: Store) -> dict[str, Any]:
    """The event of a batch that has every item of the table, as Lambda gives it."""
    address = DynamoAddress.of(store.url)
    client = client_for(address.region, address.endpoint, local=address.is_local)
    items = client.scan(TableName=address.table)["Items"]
    return {
        "Records": [
            {"eventName": "INSERT", "dynamodb": {"Keys": {"pk": item["pk"], "sk": item["sk"]}, "SizeBytes": 40}}
            for item in items
        ]
    }


def test_a_batch_of_the_stream_is_rolled_up_once_or_again(table: Store) -> None:
    for _ in range(2):
        rollup_handler.handler(event_of(table), None)
        assert table.rollups("talk-1", "main", width_ms=MINUTE_MS).faces.tolist() == [300]
        overview = table.session_page().sessions[0].overview
        assert overview is not None
        assert (overview.recorded, overview.faces) == (True, 30)


def test_what_belongs_to_a_deleted_session_is_not_written_again(table: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    event = event_of(table)
    table.delete_session("talk-1")
    rollup_handler.handler(event, None)
    left = [record["dynamodb"]["Keys"]["pk"]["S"].partition("#")[0] for record in event_of(table)["Records"]]
    assert set(left) <= {"CHANGED", "MONTHS", "VERSION"}


def test_its_role_allows_what_it_asks_for_and_little_more(table: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    event = event_of(table)
    table.delete_camera_records("talk-1", "main", "cam-1")  # so that a roll-up is deleted
    table.put_windows([a_window(200, of=30)])
    event["Records"] += event_of(table)["Records"]
    operations: set[str] = set()
    call = BaseClient._make_api_call

    def noting(client: Any, operation: str, arguments: Any) -> Any:
        operations.add(f"dynamodb:{operation}")
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", noting)
    rollup_handler.handler(event, None)
    allowed = {
        action
        for policy in properties("RollupsRole")["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in one_or_more(statement["Action"])
    }
    assert operations <= allowed
    stream = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}
    assert {one for one in allowed - operations if one.startswith("dynamodb")} == stream


def test_the_stream_tells_it_of_all_keys_that_it_uses_and_of_none_that_it_writes() -> None:
    filters = properties("Rollups")["Events"]["Changes"]["Properties"]["FilterCriteria"]["Filters"]
    patterns = [json.loads(one["Pattern"])["dynamodb"]["Keys"]["sk"]["S"][0] for one in filters]

    def passes(sort: str) -> bool:
        return any(sort.startswith(one["prefix"]) if isinstance(one, dict) else sort == one for one in patterns)

    used = [("S#talk-1#main", f"W#{BEGAN_MS}#cam-1#0"), ("D#talk-1", "SESSION"), ("D#talk-1", "STAGE#main")]
    used.append(("S#talk-1#main", "CAMERA#cam-1"))
    for key in used:
        changed = ChangedKeys([key])
        assert changed.minutes or changed.sessions
        assert passes(key[1])
    for sort in ("SESSION#OVERVIEW", f"M#{BEGAN_MS}", f"T#{BEGAN_MS}", "OVERLAPS", f"F#{BEGAN_MS}#cam-1#0"):
        assert not passes(sort)
    assert properties("Table")["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}


def test_a_festival_s_overview_is_made_once_in_ten_minutes_while_it_runs(table: Store) -> None:
    assert isinstance(table, DynamoStore)
    table.put_session(replace(a_session("fete"), kind="festival"))
    for stage in range(5):
        table.put_stage("fete", a_stage(f"stage-{stage}"))

    def heard(at_s: float, now_s: float) -> int:
        window = replace(a_window(at_s, of=30), session_id="fete", stage_id="stage-1")
        table.put_windows([window])
        key = ("S#fete#stage-1", f"W#{window.start_ms:013d}#cam-1#0")
        renew(table, [key], lambda: BEGAN_MS + int(1000 * now_s))
        listed = next(one for one in table.session_page().sessions if one.session.session_id == "fete")
        return 0 if listed.overview is None else round(listed.overview.length_s)

    assert heard(30, 60) == 60
    assert heard(200, 230) == 60
    assert heard(610, 640) == 660
    assert heard(700, 1190) == 660
    assert heard(300, 1195) == 720  # a late window of ten minutes that are over


def test_a_variable_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.delenv("HOUSELIGHTS_STORE", raising=False)
    rollup_handler._store.cache_clear()
    with pytest.raises(InvalidValue, match="HOUSELIGHTS_STORE is not set"):
        rollup_handler.handler({"Records": []}, None)
    (line,) = capsys.readouterr().out.splitlines()
    assert "HOUSELIGHTS_STORE" in json.loads(line)["reason"]
