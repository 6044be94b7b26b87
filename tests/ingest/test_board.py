"""The public board in the cloud: the same as the dashboard's, always the newest, and only for festivals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from audience.board.snapshot import read_snapshot
from audience.errors import BoardNotPublished, InvalidValue, StoreUnavailable
from audience.sessions import Session
from audience.store import Store
from audience.stores import open_store
from audience.time import to_ms
from board_page.page import page
from dashboard.pages.board.data import Boards
from dashboard.pages.board.routes import board_routes
from dashboard.pages.board.snapshots import Snapshots
from ingest_lambda import board_handler
from ingest_lambda.board import CALL_MS, PublicBoards, publish
from ingest_lambda.board_objects import NO_BOARD_KEY, BoardObjects, WrittenSnapshot
from ingest_lambda.bucket import quick_client
from tests.builders import a_session, a_stage, after
from tests.dashboard.conftest import put, windows_of
from tests.infra.template import one_or_more, properties
from tests.ingest.conftest import Cloud
from tests.routes_server import Answer, serving

NOW_MS = to_ms(after(180))
FETE = replace(a_session("fete", title="Fête"), kind="festival")


def plant(store: Store) -> None:
    """A festival that runs, one that has ended, one whose cameras are not there yet, and a talk."""
    put(
        store,
        FETE,
        (a_stage("main", title="Main"), windows_of("fete", "main", until=180)[100:]),
        (a_stage("tent", title="Tent"), windows_of("fete", "tent", faces=3, until=180)[150:]),
    )
    over = replace(FETE, session_id="over", ended_at=after(150))
    put(store, over, (a_stage("main"), windows_of("over", "main", until=150)[120:]))
    put(store, replace(FETE, session_id="soon"), (a_stage("main"), []))
    put(store, a_session("talk"), (a_stage("main"), windows_of("talk", "main", until=180)[170:]))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store in a file, for tests that work with any store."""
    with open_store(f"sqlite:///{tmp_path / 'houselights.db'}") as opened:
        plant(opened)
        yield opened


@pytest.fixture
def table(cloud: Cloud) -> Iterator[Store]:
    """The same in DynamoDB."""
    with open_store(cloud.store_url) as opened:
        plant(opened)
        yield opened


@dataclass(slots=True)
class Clock:
    """A wall clock that waiting moves, and what happens meanwhile."""

    ms: int = NOW_MS
    waits: list[float] = field(default_factory=list)

    def now_ms(self) -> int:
        return self.ms

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.ms += round(1000 * seconds)


def a_copy(cloud: Cloud, store: Store) -> PublicBoards:
    """One instance of the function, with its state."""
    return PublicBoards(
        store=store, objects=BoardObjects(quick_client(cloud.session, "s3"), cloud.bucket), page=page().body
    )


def updated(boards: PublicBoards, at_ms: int = NOW_MS) -> bool:
    boards.refresh_sessions(at_ms)
    return boards.update(at_ms)


def at(cloud: Cloud, key: str) -> dict[str, Any]:
    return cloud.session.client("s3").get_object(Bucket=cloud.bucket, Key=key)


def document(cloud: Cloud, session_id: str) -> bytes:
    body: bytes = at(cloud, f"live/{session_id}/live.json")["Body"].read()
    return body


def ended(session: Session, seconds: float) -> Session:
    return replace(session, ended_at=after(seconds))


def test_it_is_what_the_dashboard_answers_for_the_same_records_and_instant(cloud, table, monkeypatch):
    monkeypatch.setenv("HOUSELIGHTS_STORE", cloud.store_url)
    updated(a_copy(cloud, table))
    paths = [f"/live/{name}{rest}" for name in ("fete", "over", "soon") for rest in ("", "/live.json")]
    with serving(board_routes(page(), Snapshots(Boards().document, lambda: NOW_MS), ["127.0.0.1"])) as address:
        for path in paths:
            local, there = Answer(address, path), at(cloud, path.removeprefix("/"))
            assert there["Body"].read() == local.body
            assert there["ContentType"] == local.headers["content-type"]
            assert there["CacheControl"] == local.headers["cache-control"]


def test_talks_have_no_board_and_nothing_else_lies_in_the_bucket(cloud, store):
    updated(a_copy(cloud, store))
    boards = {f"live/{name}{rest}" for name in ("fete", "over", "soon") for rest in ("", "/live.json")}
    assert set(cloud.keys()) == boards | {NO_BOARD_KEY}


def test_a_board_shows_stages_and_no_camera(cloud, store):
    updated(a_copy(cloud, store))
    snapshot = read_snapshot(document(cloud, "fete"))
    assert [(stage.title, stage.state) for stage in snapshot.stages] == [("Main", "live"), ("Tent", "too few")]
    assert snapshot.stages[1].figure is None
    assert b"cam-1" not in document(cloud, "fete")


def test_a_stage_whose_cameras_fall_silent_turns_stale_though_nothing_arrives(cloud, store):
    boards, states = a_copy(cloud, store), []
    for seconds in (180, 190, 200, 300):
        updated(boards, to_ms(after(seconds)))
        states.append(read_snapshot(document(cloud, "fete")).stages[0].state)
    assert states == ["live", "live", "stale", "silent"]


def test_an_older_picture_never_replaces_a_newer_one(cloud, store):
    slow, fast = a_copy(cloud, store), a_copy(cloud, store)
    slow.refresh_sessions(NOW_MS)
    fast.refresh_sessions(NOW_MS)
    slow.update(NOW_MS)
    fast.update(NOW_MS + 4_000)
    newer = document(cloud, "fete")
    slow.update(NOW_MS + 2_000)
    assert document(cloud, "fete") == newer
    slow.check()
    slow.update(NOW_MS + 6_000)
    assert read_snapshot(document(cloud, "fete")).as_of_ms == NOW_MS + 6_000, "the slow one goes on from there"


def test_the_same_update_twice_writes_once(cloud, store):
    updated(a_copy(cloud, store))
    written = at(cloud, "live/fete/live.json")["LastModified"], document(cloud, "fete")
    objects = BoardObjects(quick_client(cloud.session, "s3"), cloud.bucket)
    there = objects.put_snapshot("fete", b"{}", made_ms=NOW_MS, ended_ms=None, over=None)
    assert there.made_ms == NOW_MS
    assert (at(cloud, "live/fete/live.json")["LastModified"], document(cloud, "fete")) == written


def test_what_was_removed_between_two_updates_is_written_again(cloud, store):
    objects = BoardObjects(quick_client(cloud.session, "s3"), cloud.bucket)
    gone = WrittenSnapshot(etag='"0"', made_ms=1, ended_ms=None)
    assert objects.put_snapshot("fete", b"{}", made_ms=2, ended_ms=None, over=gone).made_ms == 2
    assert document(cloud, "fete") == b"{}"


def test_a_session_that_ends_keeps_its_last_board_which_is_written_once(cloud, store):
    boards = a_copy(cloud, store)
    assert updated(boards)
    store.put_session(ended(FETE, 179))
    assert not boards.update(NOW_MS + 2_000)
    last = read_snapshot(document(cloud, "fete"))
    assert (last.over, last.as_of_ms, last.stages[0].state) == (True, to_ms(after(179)), "live")
    for copy in (boards, a_copy(cloud, store)):
        before = at(cloud, "live/fete/live.json")["Metadata"]
        updated(copy, NOW_MS + 86_400_000)
        assert at(cloud, "live/fete/live.json")["Metadata"] == before


def test_a_session_whose_end_is_set_later_is_shown_as_it_was_then(cloud, store):
    updated(a_copy(cloud, store), NOW_MS + 100_000)
    store.put_session(ended(FETE, 120))
    updated(a_copy(cloud, store), NOW_MS + 200_000_000)
    assert read_snapshot(document(cloud, "fete")).as_of_ms == to_ms(after(120))


def test_a_session_that_goes_on_after_its_end_has_a_live_board_again(cloud, store):
    boards = a_copy(cloud, store)
    store.put_session(ended(FETE, 170))
    updated(boards)
    store.put_session(FETE)
    assert updated(boards, NOW_MS + 2_000)
    assert not read_snapshot(document(cloud, "fete")).over


def test_a_session_that_was_deleted_or_is_no_festival_any_more_loses_its_board(cloud, store):
    boards = a_copy(cloud, store)
    updated(boards)
    store.delete_session("fete")
    store.put_session(replace(FETE, session_id="over", kind="talk"))
    updated(boards, NOW_MS + 60_000)
    assert {key.split("/")[1] for key in set(cloud.keys()) - {NO_BOARD_KEY}} == {"soon"}


def test_a_call_goes_on_for_a_minute_while_a_camera_looks(cloud, store):
    clock = Clock(NOW_MS + 700)
    publish(a_copy(cloud, store), clock.now_ms, clock.wait, call_ms=6_000)
    assert clock.waits == [1.3, 2.0, 2.0]
    assert read_snapshot(document(cloud, "fete")).as_of_ms == NOW_MS + 6_000
    assert 50_000 < CALL_MS < 60_000


def test_a_call_ends_at_once_where_no_camera_has_looked_recently(cloud, store):
    clock = Clock(NOW_MS + 3_600_000)
    publish(a_copy(cloud, store), clock.now_ms, clock.wait)
    assert clock.waits == []
    assert [stage.state for stage in read_snapshot(document(cloud, "fete")).stages] == ["silent", "silent"]


class Broken:
    """A store of which one session cannot be read."""

    def __init__(self, store: Store, session_id: str) -> None:
        self._store, self._broken = store, session_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def session(self, session_id: str) -> Session:
        if session_id == self._broken:
            raise StoreUnavailable("the table is throttled")
        return self._store.session(session_id)


def test_what_fails_for_one_festival_blocks_no_other_and_fails_the_call(cloud, store):
    clock = Clock()
    with pytest.raises(BoardNotPublished, match="boards of fete are not up to date: the table is throttled"):
        publish(a_copy(cloud, Broken(store, "fete")), clock.now_ms, clock.wait, call_ms=4_000)
    assert read_snapshot(document(cloud, "soon")).as_of_ms == NOW_MS + 2_000


def test_a_bucket_that_is_not_there_is_reported_in_one_line(cloud, store):
    boards = PublicBoards(store=store, objects=BoardObjects(quick_client(cloud.session, "s3"), "nowhere-x"), page=b"")
    with pytest.raises(BoardNotPublished, match=r"nowhere-x.*NoSuchBucket"):
        boards.refresh_sessions(NOW_MS)


# As Lambda calls it


@pytest.fixture
def asked(cloud: Cloud, table: Store, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The function's AWS requests in one invocation, an hour after the last event."""
    monkeypatch.setenv("HOUSELIGHTS_STORE", cloud.store_url)
    monkeypatch.setenv("HOUSELIGHTS_BOARDS", cloud.bucket)
    board_handler._boards.cache_clear()
    operations: set[str] = set()
    call = BaseClient._make_api_call

    def telling(client: Any, operation: str, arguments: Any) -> Any:
        operations.add(f"{client.meta.service_model.signing_name}:{operation}")
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", telling)
    table.delete_session("over")
    cloud.session.client("s3").put_object(Bucket=cloud.bucket, Key="live/gone", Body=b"")
    operations.clear()
    board_handler.handler({"source": "aws.events"}, None)
    board_handler._boards.cache_clear()
    return operations


def test_its_role_allows_what_it_asks_for_and_little_more(cloud, asked):
    names = {"s3:ListObjectsV2": "s3:ListBucket", "s3:HeadObject": "s3:GetObject"}
    allowed = {
        action
        for policy in properties("BoardRole")["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in one_or_more(statement["Action"])
    }
    needed = {names.get(one, one) for one in asked}
    assert "s3:DeleteObject" in needed
    assert needed <= allowed
    assert {action.partition(":")[0] for action in allowed - needed} <= {"logs", "xray"}
    assert {"live/fete", "live/fete/live.json"} <= set(cloud.keys())


def test_a_variable_that_is_missing_is_named(monkeypatch, capsys):
    monkeypatch.delenv("HOUSELIGHTS_STORE", raising=False)
    board_handler._boards.cache_clear()
    with pytest.raises(InvalidValue, match="HOUSELIGHTS_STORE is not set"):
        board_handler.handler({}, None)
    (line,) = capsys.readouterr().out.splitlines()
    assert "HOUSELIGHTS_STORE" in json.loads(line)["reason"]
