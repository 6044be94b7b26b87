"""The public board in the cloud: the same as the dashboard's, always the newest, and only for festivals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.client import BaseClient

from audience.board import reader as reader_module
from audience.board.snapshot import read_snapshot
from audience.errors import BoardNotPublished, InvalidValue, StoreUnavailable
from audience.sessions import Session
from audience.store import Store
from audience.stores import open_store
from audience.time import to_ms
from audience.window_table import WindowTable
from board_page.page import page
from dashboard.pages.board.data import Boards
from dashboard.pages.board.routes import board_routes
from dashboard.pages.board.snapshots import Snapshots
from ingest_lambda import board as board_module
from ingest_lambda import board_handler
from ingest_lambda.board import (
    CALL_MS,
    FestivalBoard,
    FestivalPart,
    festivals_to_make,
    parts_of,
    publish,
    reader_of,
    remove_others,
)
from ingest_lambda.board_objects import NO_BOARD_KEY, PAGE_KEY, BoardObjects, WrittenSnapshot
from ingest_lambda.board_parts import BoardParts
from ingest_lambda.bucket import quick_client
from tests.builders import a_session, a_stage, after, an_exclusion
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


def objects_of(cloud: Cloud, bucket: str = "") -> BoardObjects:
    return BoardObjects(quick_client(cloud.session, "s3"), bucket or cloud.bucket)


def a_board(cloud: Cloud, store: Store, session_id: str = "fete") -> FestivalBoard:
    """What one call of the function makes, on an instance that knows nothing."""
    return FestivalBoard(store, objects_of(cloud), session_id, reader_of(session_id))


def updated(cloud: Cloud, store: Store, at_ms: int = NOW_MS) -> list[str]:
    """All boards, made by calls that know nothing of each other; which were made."""
    found = festivals_to_make(store, objects_of(cloud), at_ms)
    for session_id in found:
        a_board(cloud, store, session_id).update(at_ms)
    return found


def at(cloud: Cloud, key: str) -> dict[str, Any]:
    return cloud.session.client("s3").get_object(Bucket=cloud.bucket, Key=key)


def document(cloud: Cloud, session_id: str) -> bytes:
    body: bytes = at(cloud, f"live/{session_id}/live.json")["Body"].read()
    return body


def ended(session: Session, seconds: float) -> Session:
    return replace(session, ended_at=after(seconds))


def test_it_is_what_the_dashboard_answers_for_the_same_records_and_instant(cloud, table, monkeypatch):
    monkeypatch.setenv("HOUSELIGHTS_STORE", cloud.store_url)
    updated(cloud, table)
    objects_of(cloud).put_page(page().body)
    with serving(board_routes(page(), Snapshots(Boards().document, lambda: NOW_MS), ["127.0.0.1"])) as address:
        for name in ("fete", "over", "soon"):
            for path, key in ((f"/live/{name}", PAGE_KEY), (f"/live/{name}/live.json", f"live/{name}/live.json")):
                local, there = Answer(address, path), at(cloud, key)
                assert there["Body"].read() == local.body
                assert there["ContentType"] == local.headers["content-type"]
                assert there["CacheControl"] == local.headers["cache-control"]


def test_talks_have_no_board_and_nothing_else_lies_in_the_bucket(cloud, store):
    assert set(updated(cloud, store)) == {"fete", "over", "soon"}
    assert set(cloud.keys()) == {f"live/{name}/live.json" for name in ("fete", "over", "soon")}


def test_the_page_is_one_object_which_each_version_writes_once(cloud):
    objects = objects_of(cloud)
    objects.put_page(b"one")
    written = at(cloud, PAGE_KEY)["LastModified"]
    assert set(cloud.keys()) == {PAGE_KEY, NO_BOARD_KEY}
    cloud.session.client("s3").delete_object(Bucket=cloud.bucket, Key=NO_BOARD_KEY)
    objects_of(cloud).put_page(b"one")
    assert (cloud.keys(), at(cloud, PAGE_KEY)["LastModified"]) == ([PAGE_KEY], written), "nothing was written"
    objects.put_page(b"two")
    assert at(cloud, PAGE_KEY)["Body"].read() == b"two"


def test_a_board_shows_stages_and_no_camera(cloud, store):
    updated(cloud, store)
    snapshot = read_snapshot(document(cloud, "fete"))
    assert [(stage.title, stage.state) for stage in snapshot.stages] == [("Main", "live"), ("Tent", "too few")]
    assert snapshot.stages[1].figure is None
    assert b"cam-1" not in document(cloud, "fete")


def test_a_stage_whose_cameras_fall_silent_turns_stale_though_nothing_arrives(cloud, store):
    board, states = a_board(cloud, store), []
    for seconds in (180, 190, 200, 300):
        board.update(to_ms(after(seconds)))
        states.append(read_snapshot(document(cloud, "fete")).stages[0].state)
    assert states == ["live", "live", "stale", "silent"]


def test_an_older_picture_never_replaces_a_newer_one(cloud, store):
    slow, fast = a_board(cloud, store), a_board(cloud, store)
    slow.update(NOW_MS)
    fast.update(NOW_MS + 4_000)
    newer = document(cloud, "fete")
    slow.update(NOW_MS + 2_000)
    assert document(cloud, "fete") == newer
    slow.update(NOW_MS + 6_000)
    assert read_snapshot(document(cloud, "fete")).as_of_ms == NOW_MS + 6_000, "the slow one goes on from there"


def test_the_same_update_twice_writes_once(cloud, store):
    updated(cloud, store)
    written = at(cloud, "live/fete/live.json")["LastModified"], document(cloud, "fete")
    there = objects_of(cloud).put_snapshot("fete", b"{}", made_ms=NOW_MS, ended_ms=None, over=None)
    assert there.made_ms == NOW_MS
    assert (at(cloud, "live/fete/live.json")["LastModified"], document(cloud, "fete")) == written


def test_what_was_removed_between_two_updates_is_written_again(cloud, store):
    gone = WrittenSnapshot(etag='"0"', made_ms=1, ended_ms=None)
    assert objects_of(cloud).put_snapshot("fete", b"{}", made_ms=2, ended_ms=None, over=gone).made_ms == 2
    assert document(cloud, "fete") == b"{}"


def test_a_session_that_ends_keeps_its_last_board_which_is_written_once(cloud, store):
    board = a_board(cloud, store)
    assert board.update(NOW_MS)
    store.put_session(ended(FETE, 179))
    assert not board.update(NOW_MS + 2_000)
    last = read_snapshot(document(cloud, "fete"))
    assert (last.over, last.as_of_ms, last.stages[0].state) == (True, to_ms(after(179)), "live")
    before = at(cloud, "live/fete/live.json")["Metadata"]
    assert "fete" not in updated(cloud, store, NOW_MS + 86_400_000)
    assert not a_board(cloud, store).update(NOW_MS + 86_400_000)
    assert at(cloud, "live/fete/live.json")["Metadata"] == before


def test_a_session_whose_end_is_set_later_is_shown_as_it_was_then(cloud, store):
    updated(cloud, store, NOW_MS + 100_000)
    store.put_session(ended(FETE, 120))
    updated(cloud, store, NOW_MS + 200_000_000)
    assert read_snapshot(document(cloud, "fete")).as_of_ms == to_ms(after(120))


def test_a_session_that_goes_on_after_its_end_has_a_live_board_again(cloud, store):
    store.put_session(ended(FETE, 170))
    updated(cloud, store)
    store.put_session(FETE)
    assert "fete" in updated(cloud, store, NOW_MS + 2_000)
    assert not read_snapshot(document(cloud, "fete")).over


@pytest.mark.parametrize("later_ms", [60_000, 3_600_000 - NOW_MS % 3_600_000], ids=["changed lately", "each hour"])
def test_a_session_that_was_deleted_or_is_no_festival_any_more_loses_its_board(cloud, store, monkeypatch, later_ms):
    updated(cloud, store)
    objects_of(cloud).put_part("parts/fete/0/past", b"")
    store.delete_session("fete")
    store.put_session(replace(FETE, session_id="over", kind="talk"))
    changed = ["fete", "over", "soon", "talk"] if later_ms == 60_000 else []
    monkeypatch.setattr(store, "changed_sessions", lambda since_ms: changed)
    remove_others(store, objects_of(cloud), NOW_MS + later_ms)
    assert {key.split("/")[1] for key in set(cloud.keys())} == {"soon"}


def test_past_festivals_are_not_even_looked_at(cloud, store, monkeypatch):
    looked_at = []
    monkeypatch.setattr(BoardObjects, "newest", lambda _, session_id: looked_at.append(session_id))
    for number in range(60):
        long_ago = replace(FETE, session_id=f"past-{number}", started_at=after(-86_400 * (10 + number)))
        store.put_session(replace(long_ago, ended_at=after(-86_400 * (9 + number))))
    assert set(festivals_to_make(store, objects_of(cloud), NOW_MS)) == {"fete", "over", "soon"}
    assert looked_at == ["over"]


def test_a_call_goes_on_for_a_minute_while_a_camera_looks(cloud, store):
    clock = Clock(NOW_MS + 700)
    publish(a_board(cloud, store), clock.now_ms, clock.wait, until_ms=NOW_MS + 3_700)
    assert clock.waits == [0.3, 1.0, 1.0]
    assert read_snapshot(document(cloud, "fete")).as_of_ms == NOW_MS + 3_000


def test_what_came_since_is_on_the_board_a_second_later(cloud, store):
    """Without waiting for the next instant of the figures."""
    board = a_board(cloud, store)
    board.update(NOW_MS)
    store.put_windows(windows_of("fete", "tent", faces=40, until=190)[179:180])
    board.update(NOW_MS + 1_000)
    store.put_windows(windows_of("fete", "tent", faces=40, until=190)[180:181])
    ages = []
    for after_ms in (1_000, 2_000):
        board.update(NOW_MS + after_ms)
        ages.append(read_snapshot(document(cloud, "fete")).stages[1].age_s)
    assert ages == [1, 1]


def test_a_call_ends_at_once_where_no_camera_has_looked_recently(cloud, store):
    clock = Clock(NOW_MS + 3_600_000)
    publish(a_board(cloud, store), clock.now_ms, clock.wait, until_ms=clock.ms + CALL_MS)
    assert clock.waits == []
    assert [stage.state for stage in read_snapshot(document(cloud, "fete")).stages] == ["silent", "silent"]


class Broken:
    """A store whose sessions cannot be read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def session(self, session_id: str) -> Session:
        raise StoreUnavailable("the table is throttled")


def test_a_board_that_cannot_be_made_until_the_end_of_a_call_fails_it(cloud, store):
    clock = Clock()
    with pytest.raises(BoardNotPublished, match="the board of fete is not up to date: the table is throttled"):
        publish(a_board(cloud, Broken(store)), clock.now_ms, clock.wait, until_ms=NOW_MS + 1_500)
    assert clock.waits == [1.0]


def test_a_bucket_that_is_not_there_is_reported_in_one_line(cloud, store):
    with pytest.raises(BoardNotPublished, match=r"nowhere-x.*NoSuchBucket"):
        remove_others(store, objects_of(cloud, "nowhere-x"), NOW_MS)


# A festival whose stages are read in parts


def a_part(cloud: Cloud, store: Store, number: int, *stages: str) -> FestivalPart:
    return FestivalPart(store, BoardParts(objects_of(cloud), "fete"), "fete", number, stages)


def in_parts(cloud: Cloud, store: Store) -> FestivalBoard:
    return FestivalBoard(store, objects_of(cloud), "fete", reader_of("fete"), parts=2)


def test_a_board_that_was_read_in_parts_is_the_same(cloud, store):
    a_board(cloud, store).update(NOW_MS)
    whole = document(cloud, "fete")
    objects_of(cloud).remove("fete")
    for number, stage in enumerate(("main", "tent")):
        assert a_part(cloud, store, number, stage).update(NOW_MS)
    assert in_parts(cloud, store).update(NOW_MS)
    assert document(cloud, "fete") == whole


def test_a_part_goes_on_where_another_instance_left_it(cloud, store, monkeypatch):
    """It reads what is new, not what that one had read, and the board is the same as read at once."""
    monkeypatch.setattr(reader_module, "MOST_WINDOWS", 0)
    store.put_windows(windows_of("fete", "main", until=250)[180:])
    first = [a_part(cloud, store, number, stage) for number, stage in enumerate(("main", "tent"))]
    for second in range(41):
        for part in first:
            part.update(NOW_MS + 1_000 * second)
    read = store.windows
    reads: list[int] = []

    def windows(*place: str, from_ms: int, until_ms: int) -> WindowTable:
        reads.append(until_ms - from_ms)
        return read(*place, from_ms=from_ms, until_ms=until_ms)

    with monkeypatch.context() as patch:
        patch.setattr(store, "windows", windows)
        a_part(cloud, store, 0, "main").update(NOW_MS + 41_000)
    assert reads == [2_000]
    a_part(cloud, store, 1, "tent").update(NOW_MS + 41_000)
    in_parts(cloud, store).update(NOW_MS + 41_000)
    shown = document(cloud, "fete")
    objects_of(cloud).remove("fete")
    monkeypatch.setattr(reader_module, "MOST_WINDOWS", 60_000)
    a_board(cloud, store).update(NOW_MS + 41_000)
    assert document(cloud, "fete") == shown


def test_a_part_that_nobody_read_for_a_while_has_no_gap(cloud, store, monkeypatch):
    monkeypatch.setattr(reader_module, "MOST_WINDOWS", 0)
    store.put_windows(windows_of("fete", "main", until=300)[180:])
    stopped, other = a_part(cloud, store, 0, "main"), a_part(cloud, store, 0, "main")
    for second in (0, 16):
        stopped.update(NOW_MS + 1_000 * second)
    for part in (stopped, other):
        for second in (70, 71, 85):  # the first is to be there soon, and is made of less
            part.update(NOW_MS + 1_000 * second)
        newest = BoardParts(objects_of(cloud), "fete").newest(0)
        assert newest is not None
        (sums,) = newest.sums
        assert set(range(NOW_MS - 59_000, NOW_MS + 85_001, 1_000)) <= set(sums.end_ms.tolist())


def test_an_exclusion_holds_for_what_another_instance_had_settled(cloud, store):
    a_part(cloud, store, 0, "main").update(NOW_MS - 10_000)
    a_part(cloud, store, 1, "tent").update(NOW_MS)
    store.put_stage("fete", replace(a_stage("main", title="Main"), exclusions=(an_exclusion(0, 600),)))
    store.put_windows(windows_of("fete", "main", until=220)[180:])
    for number, stage in enumerate(("main", "tent")):
        a_part(cloud, store, number, stage).update(NOW_MS + 30_000)
    in_parts(cloud, store).update(NOW_MS + 30_000)
    states = {stage.stage_id: stage.state for stage in read_snapshot(document(cloud, "fete")).stages}
    assert states["main"] == "left out"


def test_parts_are_waited_for_and_one_that_stays_away_fails_the_call(cloud, store):
    board, clock, part = in_parts(cloud, store), Clock(), a_part(cloud, store, 0, "main")

    def wait(seconds: float) -> None:
        clock.wait(seconds)
        part.update(clock.ms)

    with pytest.raises(BoardNotPublished, match="parts 1 of 2 are out of date"):
        publish(board, clock.now_ms, wait, until_ms=NOW_MS + 14_000)
    assert cloud.keys() == ["parts/fete/0/past", "parts/fete/0/recent"], "no board of half the stages"


def test_a_festival_is_split_by_its_cameras(store, monkeypatch):
    assert parts_of(store, "fete") == [["main", "tent"]]
    monkeypatch.setattr(board_module, "PART_CAMERAS", 1)
    assert parts_of(store, "fete") == [["main"], ["tent"]]


# As Lambda calls it


@dataclass(slots=True)
class Called:
    """The two functions, and what they ask of AWS, by function."""

    operations: dict[str, set[str]]
    bodies: list[dict[str, Any]]


@pytest.fixture
def called(cloud: Cloud, table: Store, monkeypatch: pytest.MonkeyPatch) -> Called:
    """One minute of both functions, an hour after the last event, with a festival that is read in parts."""
    sqs = cloud.session.client("sqs")
    queue_url = sqs.create_queue(QueueName=f"{cloud.bucket}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    monkeypatch.setenv("HOUSELIGHTS_STORE", cloud.store_url)
    monkeypatch.setenv("HOUSELIGHTS_BOARDS", cloud.bucket)
    monkeypatch.setenv("HOUSELIGHTS_BOARD_QUEUE", queue_url)
    monkeypatch.setattr(board_module, "PART_CAMERAS", 1)
    clock = Clock(NOW_MS + 3_600_000)
    monkeypatch.setattr(
        board_handler,
        "time",
        SimpleNamespace(time_ns=lambda: clock.ms * 1_000_000, sleep=lambda seconds: clock.wait(seconds + 20)),
    )
    forget()
    found = Called({"find": set(), "make": set()}, [])
    asking = found.operations["find"]
    call = BaseClient._make_api_call

    def noting(client: Any, operation: str, arguments: Any) -> Any:
        asking.add(f"{client.meta.service_model.signing_name}:{operation}")
        return call(client, operation, arguments)

    table.delete_session("over")
    for key in ("live/over/live.json", "parts/over/0/past"):
        cloud.session.client("s3").put_object(Bucket=cloud.bucket, Key=key, Body=b"")
    monkeypatch.setattr(BaseClient, "_make_api_call", noting)
    for _ in range(2):  # as AWS may
        board_handler.find({"source": "aws.events"}, None)
    asking = found.operations["make"]
    while messages := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.bodies.append(json.loads(message["Body"]))
            with suppress(BoardNotPublished):  # its parts are in the queue behind it
                board_handler.make({"Records": [{"body": message["Body"]}]}, None)
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    forget()
    return found


def forget() -> None:
    """Makes a new instance of both functions."""
    for kept in (board_handler._store, board_handler._objects, board_handler._queue, board_handler._write_page):
        kept.cache_clear()
    board_handler._reader.cache_clear()


def test_each_festival_is_made_once_a_minute_by_functions_that_may_do_what_they_ask_for_and_little_more(cloud, called):
    assert [one["session"] for one in called.bodies if "part" not in one].count("fete") == 1
    assert {(one["part"], *one["stages"]) for one in called.bodies if "part" in one} == {(0, "main"), (1, "tent")}
    assert {"live/soon/live.json", "parts/fete/0/recent", "parts/fete/1/recent", PAGE_KEY} <= set(cloud.keys())
    assert not any("over" in key for key in set(cloud.keys()))
    names = {
        "s3:ListObjectsV2": "s3:ListBucket",
        "s3:HeadObject": "s3:GetObject",
        "sqs:SendMessageBatch": "sqs:SendMessage",
    }
    for function, role in (("find", "BoardFinderRole"), ("make", "BoardRole")):
        allowed = {
            action
            for policy in properties(role)["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in one_or_more(statement["Action"])
        }
        asked = called.operations[function] - {"sqs:ReceiveMessage", "sqs:DeleteMessage"}
        needed = {names.get(one, one) for one in asked}
        assert ("s3:DeleteObject" in needed) == (function == "find")
        assert needed <= allowed
        unused = {"logs", "xray"} | ({"sqs"} if function == "make" else set())
        # For a head request of what is not there, S3 wants the right to list.
        assert {action.partition(":")[0] for action in allowed - needed - {"s3:ListBucket"}} <= unused


def test_a_variable_that_is_missing_is_named(monkeypatch, capsys):
    monkeypatch.delenv("HOUSELIGHTS_STORE", raising=False)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "without-a-store")  # a logger keeps the output it was made with
    forget()
    with pytest.raises(InvalidValue, match="HOUSELIGHTS_STORE is not set"):
        board_handler.find({}, None)
    (line,) = capsys.readouterr().out.splitlines()
    assert "HOUSELIGHTS_STORE" in json.loads(line)["reason"]
