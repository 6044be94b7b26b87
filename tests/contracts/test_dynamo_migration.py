"""Windows that earlier versions packed: counted, and rewritten under names."""

from __future__ import annotations

import pytest

from audience.alerts import AlertRule
from audience.errors import StoreUnavailable
from audience.sessions import Session
from audience.stores import documents, open_store
from audience.stores.dynamo_client import DynamoAddress, client_for
from audience.stores.dynamo_items import PACKED, record_key
from houselights.cli import run
from tests.builders import a_camera, a_heartbeat, a_scorer, a_session, a_window, after_ms

# Two faces of which one smiles, as the first version packed them.
OLD = bytes.fromhex("01e80300000000000002000000020000000100780001000000000000000000f03f000000000000e43f")


@pytest.fixture(params=["moto", "dynalite"])
def url(request, new_table):
    """A store with 300 old windows and a new one."""
    at = new_table(request.getfixturevalue(request.param))
    with open_store(at) as store:
        store.put_session(a_session())
        store.put_windows([a_window(400, of=2)])
    client, table = client_of(at)
    old = [
        {**record_key("W#", "talk-1", "main", after_ms(second), "cam-1", "0"), PACKED: {"B": OLD}}
        | {"expires_ms": {"N": "1900000000123"}, "expires_at": {"N": "1900000001"}}
        for second in range(300)
    ]
    for begin in range(0, len(old), 25):
        puts = [{"PutRequest": {"Item": item}} for item in old[begin : begin + 25]]
        client.batch_write_item(RequestItems={table: puts})
    return at


def as_before(url):
    """Puts the session and its mark where earlier versions had them, and takes away what they had not."""
    client, table = client_of(url)
    pages = client.get_paginator("scan").paginate(TableName=table)
    every = [item for page in pages for item in page["Items"]]
    (session,) = (item for item in every if item["sk"]["S"] == "SESSION")
    new = ("D", "R", "SESSIONS", "WORD", "MONTHS", "CHANGED", "SCORERS", "VERSION")
    for item in every:
        if item["pk"]["S"].partition("#")[0] in new:
            client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
    client.put_item(TableName=table, Item={**session, "pk": {"S": "SESSIONS"}, "sk": {"S": "SESSION#talk-1"}})
    client.put_item(TableName=table, Item={"pk": {"S": "RECORDED"}, "sk": {"S": "talk-1#main"}})
    scorer = {"pk": {"S": "SCORERS"}, "sk": {"S": "SCORER#own"}, "document": {"S": documents.to_json(a_scorer("own"))}}
    client.put_item(TableName=table, Item=scorer)
    return session


def client_of(url):
    address = DynamoAddress.of(url)
    return client_for(address.region, address.endpoint, local=True), address.table


def items(url):
    client, table = client_of(url)
    pages = client.get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"] if item["sk"]["S"].startswith("W#")]


def figures(url):
    with open_store(url) as store:
        table = store.windows("talk-1", "main")
    return [table.start_ms.tolist(), table.faces.tolist(), table.over.tolist(), table.total.tolist()]


def test_old_windows_are_counted_and_rewritten_once(url, capsys):
    before = figures(url)
    assert len(before[0]) == 301
    assert run(["migrate", "--dry-run", "--store", url]) == 0
    assert "300 windows to rewrite: 300 write units" in capsys.readouterr().out
    assert sum(PACKED in item for item in items(url)) == 300
    assert run(["migrate", "--yes", "--store", url]) == 0
    after = items(url)
    assert not any(PACKED in item for item in after)
    assert sum(item.get("expires_ms") == {"N": "1900000000123"} for item in after) == 300
    assert all(item["session"]["S"] == "talk-1" and item["smile"]["M"]["over"]["N"] for item in after)
    assert figures(url) == before
    capsys.readouterr()
    assert run(["migrate", "--store", url]) == 0
    assert "Nothing to rewrite" in capsys.readouterr().out


def test_sessions_move_to_partitions_of_their_own_and_are_summed_up(url, capsys):
    before = as_before(url)
    with open_store(url) as store:
        for use in (store.sessions, store.session_page, lambda: store.session("talk-1"), put_one(store)):
            with pytest.raises(StoreUnavailable, match="houselights migrate"):
                use()
    assert run(["migrate", "--dry-run", "--store", url]) == 0
    assert "1 session to move" in capsys.readouterr().out
    assert run(["migrate", "--yes", "--store", url]) == 0
    with open_store(url) as store:
        assert [one.session_id for one in store.sessions()] == ["talk-1"]
        assert store.session("talk-1") == documents.from_json(before["document"]["S"], Session)
        assert "own" in store.scorers()
        (listed,) = store.session_page(words="talk").sessions
        assert listed.overview is not None
        assert store.rollups("talk-1", "main", width_ms=60_000).spans.sum() == 301
        assert run(["migrate", "--store", url]) == 0
        assert "Nothing to rewrite" in capsys.readouterr().out
        store.delete_session("talk-1")
        assert len(store.windows("talk-1", "main")) == 0


def test_cameras_and_heartbeats_leave_the_partition_of_their_session(url, capsys):
    client, table = client_of(url)

    def put_earlier(sort, document):
        at = {"pk": {"S": "D#talk-1"}, "sk": {"S": sort}}
        client.put_item(TableName=table, Item={**at, "document": {"S": documents.to_json(document)}})

    put_earlier("CAMERA#main#cam-1", a_camera())
    put_earlier("CAMERA#attic#cam-2", a_camera("cam-2"))
    put_earlier("HEARTBEAT#main#cam-1", a_heartbeat())
    put_earlier("ALERTING#RULE#camera", AlertRule(rule_id="camera", what="camera"))
    client.delete_item(TableName=table, Key={"pk": {"S": "VERSION"}, "sk": {"S": "VERSION"}})
    with open_store(url) as store:
        for use in (
            lambda: store.cameras("talk-1", "main"),
            lambda: store.put_camera("talk-1", "main", a_camera()),
            lambda: store.put_session(a_session()),
            lambda: store.alerting.sessions(0),
        ):
            with pytest.raises(StoreUnavailable, match="houselights migrate"):
                use()
    for _ in range(2):
        assert run(["migrate", "--yes", "--store", url]) == 0
    assert "Nothing to rewrite" in capsys.readouterr().out
    with open_store(url) as store:
        assert store.cameras("talk-1", "main") == [a_camera()]
        assert store.heartbeats("talk-1") == [a_heartbeat()]
        assert store.alerting.sessions(0) == ["talk-1"]
        store.delete_session("talk-1")
        assert store.cameras("talk-1", "attic") == store.heartbeats("talk-1") == store.alerting.sessions(0) == []


def put_one(store):
    return lambda: store.put_windows([a_window(of=2)])


def test_what_was_deleted_meanwhile_stays_deleted_and_the_rest_goes_on(url, monkeypatch):
    from audience.stores.dynamo_table import DynamoTable

    replace_all = DynamoTable.replace_all

    def stopped(self, pairs, attribute):
        client, table = client_of(url)
        client.delete_item(TableName=table, Key=record_key("W#", "talk-1", "main", after_ms(0), "cam-1", "0"))
        replace_all(self, pairs, attribute)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(DynamoTable, "replace_all", stopped)
        assert run(["migrate", "--yes", "--store", url]) == 130
    assert sum(PACKED in item for item in items(url)) == 100
    assert run(["migrate", "--yes", "--store", url]) == 0
    assert len(items(url)) == 300
    assert not any(PACKED in item for item in items(url))


def test_a_store_elsewhere_has_nothing_to_rewrite(tmp_path, capsys):
    assert run(["migrate", "--store", f"sqlite:///{tmp_path}/houselights.db"]) == 0
    assert "Nothing to rewrite" in capsys.readouterr().out
    assert not (tmp_path / "houselights.db").exists()
