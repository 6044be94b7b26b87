"""Tests of the DynamoDB store only: pages, batches, network errors, and requests to the table."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audience.errors import InvalidValue, SessionNotFound, StoreUnavailable
from audience.store import Store
from audience.stores import dynamo, dynamo_client, dynamo_sessions, dynamo_table, open_store
from audience.stores.dynamo_client import client_for
from audience.stores.dynamo_table import create_table
from tests.builders import (
    a_camera,
    a_face,
    a_heartbeat,
    a_progress,
    a_scorer,
    a_session,
    a_stage,
    a_window,
    after,
    after_ms,
    window_faces,
)
from tests.contracts.faulty_engine import Answer, FaultyEngine, faulty_engine, refusal


@pytest.fixture
def engine(dynalite: str) -> Iterator[FaultyEngine]:
    """A DynamoDB that can get into trouble; dynalite is behind it."""
    with faulty_engine(dynalite) as between:
        yield between


@pytest.fixture
def url(engine: FaultyEngine, new_table: Callable[[str], str]) -> str:
    """The URL of an empty store."""
    found = new_table(engine.address)
    engine.operations.clear()
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts are short, that what they are for is tested and not their length."""
    monkeypatch.setattr(dynamo_table, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(dynamo_table, "LONGEST_WAIT_S", 0.001)


def fill(store: Store, session_id: str = "talk-1", *, seconds: int = 30) -> None:
    """A session with windows, faces and the rest."""
    store.put_session(a_session(session_id))
    store.put_stage(session_id, a_stage())
    store.put_windows(
        [a_window(second, of=3, session_id=session_id) for second in range(seconds)],
        [window_faces(second, session_id=session_id) for second in range(seconds)],
        a_progress(session_id),
    )
    store.put_heartbeat(a_heartbeat(session_id))


class TestPages:
    def test_faces_past_a_page_come_back_whole_and_in_order(self, store, engine):
        """A page is 1 MB: these are four."""
        store.put_session(a_session())
        crowd = [a_face(f"track-{number:04d}") for number in range(400)]
        store.put_windows([], [window_faces(second, seen=crowd) for second in range(300)])
        engine.operations.clear()
        back = store.faces("talk-1", "main")
        assert [seen.start_ms for seen in back] == [after_ms(second) for second in range(300)]
        assert {len(seen.faces) for seen in back} == {400}
        assert engine.operations.count("Query") > 4

    def test_reading_several_stretches_at_once_gives_what_reading_one_by_one_gives(self, store, engine, monkeypatch):
        """However uneven the windows lie: here are two hours, a night without any, and a morning with gaps."""
        store.put_session(a_session())
        evening = range(0, 7200)
        morning = range(50_000, 53_000, 3)
        scorer = "a scorer whose name is long enough to fill pages soon " * 4
        store.put_windows([a_window(second, of=2, scorer=scorer) for second in (*evening, *morning)])
        tables = []
        for ways in (1, 3, 8):
            monkeypatch.setattr(dynamo_table, "PARALLEL_REQUESTS", ways)
            tables.append(store.windows("talk-1", "main"))
        assert tables[0].start_ms.tolist() == [after_ms(second) for second in (*evening, *morning)]
        for table in tables[1:]:
            assert np.array_equal(table.start_ms, tables[0].start_ms)
            assert np.array_equal(table.faces, tables[0].faces)
        monkeypatch.setattr(dynamo_table, "PARALLEL_REQUESTS", 8)
        limits = {"from_ms": after_ms(100), "until_ms": after_ms(51_000)}
        inside = [after_ms(second) for second in (*evening[100:], *morning) if second < 51_000]
        assert store.windows("talk-1", "main", **limits).start_ms.tolist() == inside
        assert store.window_count("talk-1", "main", **limits) == len(inside)

    def test_a_long_session_is_read_by_several_requests_at_once(self, store, engine):
        store.put_session(a_session())
        store.put_windows([a_window(second, of=2, scorer="x" * 900) for second in range(2000)])
        engine.delay_s, engine.most_at_once = 0.05, 0
        assert len(store.windows("talk-1", "main")) == 2000
        assert engine.most_at_once > 2

    def test_a_short_session_is_read_by_one_request(self, store, engine):
        fill(store)
        engine.operations.clear()
        assert len(store.windows("talk-1", "main")) == 30
        assert engine.operations == ["Query"]

    def test_more_sessions_than_a_page_are_all_listed(self, store, engine):
        """A title of 200 signs that ASCII does not have is 1.2 KB."""
        names = [f"talk-{number:03d}" for number in range(510)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: store.put_session(a_session(name, title="大" * 200)), names))
        engine.operations.clear()
        assert [session.session_id for session in store.sessions()] == names
        assert engine.operations == ["Query"] * 3  # of the months, and two pages of the only one

    def test_more_records_than_a_page_are_deleted(self, store):
        fill(store, seconds=10)
        store.put_windows([a_window(second, of=2, scorer="x" * 900) for second in range(2000)])
        store.delete_session("talk-1")
        assert len(store.windows("talk-1", "main")) == 0


class TestWhatIsAsked:
    def test_nothing_ever_scans(self, store, engine):
        fill(store)
        store.put_scorer(a_scorer())
        store.sessions(), store.scorers(), store.recordings("talk-1"), store.faces("talk-1", "main")
        store.prune(1)
        store.delete_camera_records("talk-1", "main", "cam-1")
        store.delete_session("talk-1")
        assert set(engine.operations) <= {"Query", "GetItem", "PutItem", "DeleteItem", "BatchWriteItem"}

    def test_listing_sessions_of_a_month_is_two_queries(self, store, engine):
        for name in ("a", "b", "c"):
            fill(store, name)
        engine.operations.clear()
        assert len(store.sessions()) == 3
        assert engine.operations == ["Query", "Query"]

    def test_the_progress_is_written_after_all_it_claims(self, store, engine):
        store.put_session(a_session())
        engine.operations.clear()
        seen = [window_faces(second) for second in range(100)]
        store.put_windows([a_window(second, of=3) for second in range(100)], seen, a_progress())
        assert [one for one in engine.operations if one != "GetItem"] == ["BatchWriteItem"] * 9 + ["PutItem"]

    def test_a_delivery_is_one_write_a_window_and_one_for_its_faces(self, store, engine):
        written: list[int] = []

        def count(operation: str, request: dict[str, Any]) -> None:
            if operation == "BatchWriteItem":
                written.extend(len(requests) for requests in request["RequestItems"].values())

        store.put_session(a_session())
        store.put_windows([a_window(0, of=3)])
        engine.trouble = count
        for second in range(20):
            store.put_windows([a_window(second, of=3)], [window_faces(second)])
        assert written == [2] * 20

    def test_another_writers_mark_counts_as_ones_own(self, store, url, engine, monkeypatch):
        """A mark with each delivery of each of a thousand copies would be a third of all writes."""
        store.put_session(a_session())
        store.put_windows([a_window(0, of=3)])
        engine.operations.clear()
        with open_store(url) as other:
            other.put_windows([a_window(1, of=3)])
            assert engine.operations.count("BatchWriteItem") == 1
            began_ms = dynamo.now_ms()
            monkeypatch.setattr(dynamo, "now_ms", lambda: began_ms + 61_000)
            with open_store(url) as late:
                late.put_windows([a_window(2, of=3)])
            assert engine.operations.count("BatchWriteItem") == 3
            assert other.changed_sessions(began_ms + 60_000 + dynamo._MARKED_BEFORE_MS) == ["talk-1"]

    def test_cameras_are_read_from_the_partition_of_their_stage_and_heartbeats_from_several(self, store, engine):
        fill(store)
        read: set[str] = set()

        def note(operation: str, request: dict[str, Any]) -> None:
            read.add(request["ExpressionAttributeValues"][":pk"]["S"])

        store.put_camera("talk-1", "main", a_camera())
        engine.trouble = note
        assert store.cameras("talk-1", "main") == [a_camera()]
        assert read == {"S#talk-1#main"}
        read.clear()
        assert store.heartbeats("talk-1") == [a_heartbeat()]
        assert len(read) == 16
        assert all(partition.startswith("H#talk-1#") for partition in read)

    def test_opening_a_store_sends_no_request(self, url, engine):
        open_store(url).close()
        assert engine.operations == []

    def test_items_expire_in_whole_seconds_and_never_too_early(self, moto, new_table):
        url = new_table(moto)
        table = url.removeprefix("dynamodb://").partition("?")[0]
        client = client_for("eu-west-1", moto, local=True)
        with open_store(url) as store:
            store.put_session(a_session())
            store.put_windows([a_window(of=1, expires_ms=5001)], [window_faces(expires_ms=5000)])
        items = client.scan(TableName=table)["Items"]
        records = [item for item in items if item["pk"]["S"].startswith("S#")]
        assert sorted(item["expires_at"]["N"] for item in records) == ["5", "6"]
        ttl = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        assert ttl == {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}

    def test_no_credentials_are_read_for_a_local_engine(self, url, no_aws):
        with open_store(url) as store:
            assert store.sessions() == []


class TestTrouble:
    def test_unprocessed_items_are_sent_again(self, store, engine, no_waiting):
        store.put_session(a_session())
        left_out = []

        def take_three(operation: str, request: dict[str, Any]) -> None:
            if operation == "BatchWriteItem":
                ((table, requests),) = request["RequestItems"].items()
                left_out.append(len(requests[3:]))
                waiting[threading.get_ident()] = {table: requests[3:]}
                request["RequestItems"] = {table: requests[:3]}

        waiting: dict[int, dict[str, Any]] = {}
        engine.trouble = take_three
        engine.amend = lambda answer: {**answer, "UnprocessedItems": waiting.pop(threading.get_ident(), {})}
        store.put_windows([a_window(second, of=2) for second in range(60)])
        assert sum(left_out) > 60
        engine.calm_down()
        assert len(store.windows("talk-1", "main")) == 60

    def test_items_that_are_never_accepted_are_one_clear_error_and_no_progress(self, store, engine, no_waiting):
        def take_nothing(operation: str, request: dict[str, Any]) -> Answer | None:
            return (200, {"UnprocessedItems": request["RequestItems"]}) if operation == "BatchWriteItem" else None

        store.put_session(a_session())
        engine.operations.clear()
        engine.trouble = take_nothing
        with pytest.raises(StoreUnavailable, match=r"throttled.*try again"):
            store.put_windows([a_window(of=2)], [], a_progress())
        assert engine.operations.count("BatchWriteItem") == dynamo_table.WRITE_ROUNDS
        assert store.recordings("talk-1") == []

    def test_waits_grow_and_end(self):
        for _ in range(50):
            waits = list(dynamo_table._waits(dynamo_table.WRITE_ROUNDS))
            assert len(waits) == dynamo_table.WRITE_ROUNDS
            assert waits[0] == 0
            assert all(0 <= wait <= 0.05 * 2**tried for tried, wait in enumerate(waits[1:]))
            assert max(waits) <= dynamo_table.LONGEST_WAIT_S

    @pytest.mark.parametrize("code", sorted(["ProvisionedThroughputExceededException", "ThrottlingException"]))
    def test_a_throttled_request_is_made_again(self, store, engine, code):
        refusals = [refusal(code)]
        engine.trouble = lambda operation, request: refusals.pop() if refusals else None
        store.put_session(a_session())
        assert engine.operations[:2] == ["PutItem", "PutItem"]
        assert store.session("talk-1") == a_session()

    def test_a_deletion_that_failed_half_way_is_completed_by_another(self, store, engine):
        fill(store, seconds=60)
        deletes = iter(range(100))

        def deny_the_third(operation: str, request: dict[str, Any]) -> Answer | None:
            late = operation == "BatchWriteItem" and next(deletes) >= 2
            return refusal("AccessDeniedException") if late else None

        engine.trouble = deny_the_third
        with pytest.raises(StoreUnavailable):
            store.delete_session("talk-1")
        assert [session.session_id for session in store.sessions()] == ["talk-1"]
        assert store.recordings("talk-1") == [], "nothing claims windows that may be gone"
        engine.calm_down()
        store.delete_session("talk-1")
        assert len(store.windows("talk-1", "main")) == 0
        assert store.sessions() == []

    def test_a_write_after_its_check_expired_is_undone_by_the_writer(self, url, engine):
        """A request that is on its way for longer than a session is believed in lands after its deletion."""
        with open_store(url) as camera, open_store(url) as desk:
            camera.put_session(a_session())
            camera.put_windows([a_window(0, of=1)], [window_faces(0)])

            def delete_first(operation: str, request: dict[str, Any]) -> None:
                if operation == "BatchWriteItem":
                    engine.calm_down()
                    desk.delete_session("talk-1")

            engine.trouble = delete_first
            with pytest.raises(SessionNotFound):
                camera.put_windows([a_window(1, of=1)], [window_faces(1)], a_progress())
            assert len(desk.windows("talk-1", "main")) == 0
            assert desk.faces("talk-1", "main") == desk.recordings("talk-1") == []
            assert not desk.delete_session("talk-1"), "nothing was left"

    def test_a_camera_that_is_set_up_after_its_check_expired_is_undone(self, url, engine):
        with open_store(url) as desk, open_store(url) as other:
            desk.put_session(a_session())

            def delete_first(operation: str, request: dict[str, Any]) -> None:
                if operation == "PutItem" and request["Item"]["sk"]["S"].startswith("CAMERA#"):
                    engine.calm_down()
                    other.delete_session("talk-1")

            engine.trouble = delete_first
            with pytest.raises(SessionNotFound):
                desk.put_camera("talk-1", "main", a_camera())
            assert other.cameras("talk-1", "main") == []
            assert not other.delete_session("talk-1"), "nothing was left"

    def test_while_a_deletion_is_not_finished_nothing_is_written_and_the_session_is_listed(self, url, store, engine):
        fill(store)
        engine.trouble = lambda operation, request: (
            refusal("AccessDeniedException") if operation == "BatchWriteItem" else None
        )
        with open_store(url) as desk, pytest.raises(StoreUnavailable):
            desk.delete_session("talk-1")
        engine.calm_down()
        with open_store(url) as camera:
            for put in (
                lambda: camera.put_windows([a_window(99, of=1)]),
                lambda: camera.put_heartbeat(a_heartbeat()),
                lambda: camera.put_session(a_session()),
                lambda: camera.change_session(a_session(title="Renamed")),
            ):
                with pytest.raises(SessionNotFound):
                    put()
        assert store.sessions() == [a_session()]
        assert store.delete_session("talk-1")
        assert store.sessions() == []
        store.put_session(a_session())

    def test_a_second_deletion_leaves_a_session_that_was_set_up_again(self, url, engine):
        held, go_on = threading.Event(), threading.Event()

        def hold(operation: str, request: dict[str, Any]) -> None:
            if operation == "PutItem" and "deleting" in request["Item"] and not held.is_set():
                held.set()
                go_on.wait(60)

        with open_store(url) as store, open_store(url) as other, ThreadPoolExecutor(1) as pool:
            store.put_session(replace(a_session(), set_up_at=after(0)))
            engine.trouble = hold
            late = pool.submit(other.delete_session, "talk-1")
            assert held.wait(60)
            store.delete_session("talk-1")
            store.put_session(replace(a_session(), set_up_at=after(60)))
            go_on.set()
            late.result()
            store.put_windows([a_window(of=3)])
            assert store.session("talk-1").set_up_at == after(60)

    def test_a_writer_checks_the_session_now_and_then_and_not_each_time(self, url, engine, monkeypatch):
        monkeypatch.setattr(dynamo_sessions, "PRESENCE_TTL_S", 60.0)
        with open_store(url) as desk:
            desk.put_session(a_session())
        read: list[str] = []

        def note(operation: str, request: dict[str, Any]) -> None:
            if operation == "GetItem":
                read.append(request["Key"]["pk"]["S"].partition("#")[0])

        engine.trouble = note
        with open_store(url) as camera:
            for second in range(20):
                camera.put_windows([a_window(second, of=1)], [window_faces(second)])
                camera.put_heartbeat(a_heartbeat(at_s=second))
        assert sorted(read) == ["CHANGED", "D", "R"], (
            "the session, and the marks that its stage is recorded and changed"
        )

    def test_a_record_rewritten_while_it_is_pruned_stays(self, store, engine):
        store.put_session(a_session())
        store.put_windows([a_window(0, of=1, expires_ms=1000), a_window(1, of=1, expires_ms=1000)])

        def tell_anew(operation: str, request: dict[str, Any]) -> None:
            if operation == "DeleteItem" and str(after_ms(0)) in request["Key"]["sk"]["S"]:
                store.put_windows([a_window(0, of=2, expires_ms=9000)])

        engine.trouble = tell_anew
        assert store.prune(5000) == 1
        assert store.windows("talk-1", "main").faces.tolist() == [2]

    def test_more_faces_than_an_item_holds_are_refused_before_anything_is_written(self, store, engine):
        crowd = [a_face("track-" + "x" * 200 + str(number)) for number in range(2000)]
        with pytest.raises(InvalidValue, match=r"2000 faces .* several parts"):
            store.put_windows([a_window(of=2)], [window_faces(seen=crowd)], a_progress())
        assert engine.operations == []


def line_of(url: str) -> str:
    """The one-line error of a store that cannot be used."""
    with open_store(url) as store, pytest.raises(StoreUnavailable) as refused:
        store.sessions()
    said = str(refused.value)
    assert "\n" not in said
    assert url in said
    assert "SECRET" not in said
    return said


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[None]:
    """A machine on which AWS was never set up, and whose requests to it end at once."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # Nothing listens on port 1, and nothing leaves this machine.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setattr(dynamo_client, "ATTEMPTS", 1)
    client_for.cache_clear()
    yield
    client_for.cache_clear()


@pytest.fixture
def credentials(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that look valid."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")


class TestSayingWhatIsWrong:
    def test_a_table_that_is_not_there(self, engine):
        said = line_of(f"dynamodb://no-such-table?region=eu-west-1&endpoint={engine.address}")
        assert "no table 'no-such-table' in region eu-west-1" in said

    def test_a_table_of_somebody_else(self, engine, dynalite):
        client = client_for("eu-west-1", dynalite, local=True)
        client.create_table(
            TableName="bookmarks",
            AttributeDefinitions=[{"AttributeName": "address", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "address", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        assert "keys pk and sk" in line_of(f"dynamodb://bookmarks?region=eu-west-1&endpoint={engine.address}")

    def test_no_credentials(self, no_aws):
        said = line_of("dynamodb://houselights?region=eu-west-1")
        assert "no AWS credentials" in said
        assert "aws configure" in said

    def test_a_region_that_is_not_known(self, credentials):
        said = line_of("dynamodb://houselights?region=eu-wst-1")
        assert "region 'eu-wst-1' is not known; is it 'eu-west-1'?" in said

    def test_no_network(self, credentials):
        assert "no answer from DynamoDB in eu-west-1; check the network" in line_of(
            "dynamodb://houselights?region=eu-west-1"
        )

    def test_an_engine_that_does_not_run(self, no_aws):
        said = line_of("dynamodb://houselights?region=eu-west-1&endpoint=http://127.0.0.1:1")
        assert "nothing answers at http://127.0.0.1:1" in said

    @pytest.mark.parametrize(
        ("code", "what"),
        [
            ("AccessDeniedException", "may not call dynamodb:Query on it"),
            ("UnrecognizedClientException", "does not accept the credentials"),
            ("ExpiredTokenException", "does not accept the credentials"),
            ("InvalidSignatureException", "check this machine's clock"),
            ("ThrottlingException", "is throttled"),
            ("ProvisionedThroughputExceededException", "is throttled"),
            ("InternalServerError", "try again"),
        ],
    )
    def test_what_aws_refuses(self, no_aws, url, engine, code, what):
        engine.trouble = lambda operation, request: refusal(code, "The table is unwell.\nFor now.")
        assert what in line_of(url)

    def test_no_region(self, no_aws):
        with pytest.raises(StoreUnavailable, match=r"dynamodb://houselights names no region: add \?region="):
            open_store("dynamodb://houselights")

    def test_a_profile_that_is_not_there(self, no_aws, monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(StoreUnavailable, match="nobody"):
            open_store("dynamodb://houselights?region=eu-west-1")

    def test_the_region_of_awss_own_configuration_is_used_and_named(self, no_aws, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        with open_store("dynamodb://houselights") as store:
            assert store.url == "dynamodb://houselights?region=eu-central-1"

    def test_an_installation_without_boto3(self, monkeypatch):
        monkeypatch.delitem(sys.modules, "audience.stores.dynamo")
        for name in [name for name in sys.modules if name.startswith(("audience.stores.dynamo", "botocore"))]:
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setitem(sys.modules, "botocore", None)
        with pytest.raises(StoreUnavailable, match=r"needs botocore.* extra `cloud`"):
            open_store("dynamodb://houselights?region=eu-west-1")

    @pytest.mark.parametrize(
        ("url", "what"),
        [
            ("dynamodb://", "names no table"),
            ("dynamodb://?region=eu-west-1", "names no table"),
            ("dynamodb:///?region=eu-west-1", "names no table"),
            ("dynamodb://ab", "table 'ab' of the store is not a valid name: use 3 to 255 letters"),
            ("dynamodb://a table?region=eu-west-1", "table 'a table' of the store is not a valid name"),
            ("dynamodb://table/more?region=eu-west-1", "table 'table/more' of the store is not a valid name"),
            ("dynamodb://table#more?region=eu-west-1", "table 'table#more' of the store is not a valid name"),
            (f"dynamodb://{'x' * 256}", "use 3 to 255 letters"),
            ("dynamodb://table?region=eu-west-1#more", "region 'eu-west-1#more'"),
            ("dynamodb://table?regoin=eu-west-1", "unknown option 'regoin'"),
            ("dynamodb://table?region=eu west", "region 'eu west'"),
            ("dynamodb://table?region=x&endpoint=localhost:8000", "endpoint 'localhost:8000'"),
        ],
    )
    def test_an_url_that_is_wrong(self, url, what):
        with pytest.raises(InvalidValue, match=what):
            open_store(url)

    @pytest.mark.parametrize(
        "url", ["dynamodb://AKIA:SECRET@table?region=eu-west-1", "dynamodb://table?endpoint=http://me:SECRET@host"]
    )
    def test_credentials_in_an_url_are_refused_and_not_repeated(self, url):
        with pytest.raises(InvalidValue, match="holds no credentials") as refused:
            open_store(url)
        assert "SECRET" not in str(refused.value)


def test_a_table_is_created_once_and_ready(dynalite):
    client = client_for("eu-west-1", dynalite, local=True)
    create_table(client, "ready-at-once")
    assert client.describe_table(TableName="ready-at-once")["Table"]["TableStatus"] == "ACTIVE"
    with open_store(f"dynamodb://ready-at-once?region=eu-west-1&endpoint={dynalite}") as store:
        assert store.sessions() == []
