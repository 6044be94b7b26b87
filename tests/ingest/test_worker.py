"""Queue messages over real HTTP: each is recorded, refused with a reason, or retried."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.response import StreamingBody
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audience.deliveries.delivery import Delivery
from audience.errors import DeliveriesUnavailable, DeliveryRefused, ScorerUnavailable, SheetRejected, StoreUnavailable
from audience.monitoring.status import status_message, status_topic
from audience.store import Store
from audience.stores import open_store
from ingest_lambda.bucket import BucketDeliveries, quick_client
from ingest_lambda.budget import FairBudget
from ingest_lambda.dead_letters import DeadLetterQueue
from ingest_lambda.worker import LARGEST, Worker, read_message
from tests.builders import a_heartbeat, a_session, after_ms
from tests.examples import examples
from tests.ingest.conftest import NOW_MS, Cloud, MadeUpScorer, RecordingReporter, failures, set_up
from tests.ingest.sheets import a_sheet, a_window_file


def a_status(*, topic: str | None = None, received_ms: int = after_ms(1), **of: Any) -> str:
    """A status as AWS IoT's rule passes it on."""
    heartbeat = a_heartbeat(**of)
    own = status_topic(heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id)
    added = {"topic": own if topic is None else topic, "received_ms": received_ms}
    return json.dumps({**json.loads(status_message(heartbeat)), **added})


class TestADelivery:
    def test_is_recorded_and_removed_from_the_bucket(self, cloud, store, worker, reporter):
        sheet = a_sheet(3).delivery()
        assert failures(worker, cloud.created(cloud.put(sheet))) == []
        assert store.windows("talk-1", "main").faces.tolist() == [3]
        assert cloud.keys() == []
        assert reporter.kinds == ["recorded"]
        assert cloud.dead_letters() == []

    def test_is_moved_after_it_was_recorded_where_crops_are_kept(self, cloud, store, reporter, scorer):
        worker = cloud.worker(store, scorer, reporter, keep_deliveries=True)
        delivery = a_sheet(3).delivery()
        key = cloud.put(delivery)
        assert failures(worker, cloud.created(key), cloud.created(key)) == []
        assert cloud.keys() == [f"kept/{key}"]
        kept = cloud.session.client("s3").get_object(Bucket=cloud.bucket, Key=f"kept/{key}")
        assert kept["Body"].read() == delivery.data
        assert store.windows("talk-1", "main").faces.tolist() == [3]

    def test_that_is_not_recorded_stays_where_it_was_delivered(self, cloud, store, reporter, scorer):
        worker = cloud.worker(store, scorer, reporter, keep_deliveries=True)
        key = cloud.put(a_sheet(3, session_id="nobodys").delivery())
        assert failures(worker, cloud.created(key)) == []
        assert cloud.keys() == [key]

    def test_that_is_gone_can_be_kept_without_an_error(self, cloud):
        BucketDeliveries(cloud.session.client("s3")).keep(cloud.bucket, a_sheet(3).delivery().key)
        assert cloud.keys() == []

    def test_is_reported_with_its_delay_and_its_cameras_clock_error(self, cloud, worker, reporter):
        sent_ms = time.time_ns() // 1_000_000 - 3000
        cloud.put(a_sheet(3).delivery(), sent_ms=sent_ms)
        delivered_ms = round(
            cloud.session.client("s3").head_object(Bucket=cloud.bucket, Key=cloud.keys()[0])["LastModified"].timestamp()
            * 1000
        )
        failures(worker, cloud.created(cloud.keys()[0]))
        ((_, _, delay_ms, clock_error_ms),) = reporter.lines
        assert delay_ms == NOW_MS - after_ms(0) - 40
        assert clock_error_ms == sent_ms - delivered_ms

    def test_of_a_camera_with_a_wrong_clock_goes_to_the_dead_letters(self, cloud, worker, reporter):
        cloud.put(a_sheet(3).delivery(), sent_ms=time.time_ns() // 1_000_000 - 3_600_000)
        assert failures(worker, cloud.created(cloud.keys()[0])) == []
        assert reporter.kinds == ["refused"]
        ((_, reason),) = cloud.dead_letters()
        assert "clock" in reason

    @pytest.mark.parametrize("sent", ["", "soon", "-5", "٣", "1" * 40])
    def test_with_an_invalid_send_time_is_recorded(self, cloud, worker, reporter, sent):
        delivery = a_sheet(3).delivery()
        if sent.isascii():
            cloud.session.client("s3").put_object(
                Bucket=cloud.bucket, Key=delivery.key, Body=delivery.data, Metadata={"sent-ms": sent}
            )
        else:
            cloud.put(delivery)
        failures(worker, cloud.created(delivery.key))
        assert reporter.lines[0][3] is None

    def test_that_was_recorded_and_removed_before_is_a_duplicate(self, cloud, worker, reporter, store):
        bodies = [cloud.created(cloud.put(made.delivery())) for made in (a_sheet(3), a_window_file(9))]
        assert failures(worker, *bodies, *bodies) == []
        assert reporter.kinds == ["recorded", "recorded", "duplicate", "duplicate"]
        assert store.windows("talk-1", "main").faces.tolist() == [3, 2]
        assert cloud.dead_letters() == []

    def test_that_is_gone_without_a_record_goes_to_the_dead_letters(self, cloud, worker):
        body = cloud.created(a_sheet(3).delivery().key)
        assert failures(worker, body) == []
        assert cloud.dead_letters() == [
            (body, f"the delivery is not in bucket {cloud.bucket} any more, and is not recorded")
        ]

    def test_is_recorded_from_the_dead_letters_once_its_session_is_set_up(self, cloud, worker, store):
        key = cloud.put(a_sheet(3, session_id="talk-2").delivery())
        failures(worker, cloud.created(key))
        ((body, reason),) = cloud.dead_letters()
        assert "houselights prepare --session talk-2" in reason
        assert cloud.keys() == [key]
        set_up(store, "talk-2")
        assert failures(worker, body) == []
        assert store.windows("talk-2", "main").faces.tolist() == [3]


class TestOneBadMessage:
    def test_that_fails_does_not_delay_the_others(self, cloud, worker, store, scorer):
        good = [cloud.created(cloud.put(a_sheet(2, at_s=at_s).delivery())) for at_s in range(4)]
        broken = a_sheet(2, at_s=9).delivery()
        broken = Delivery(key=broken.key, data=broken.data[:-30], start_ms=0)
        bad = [cloud.created(cloud.put(broken)), "{}", "no JSON"]
        assert failures(worker, bad[0], good[0], good[1], bad[1], good[2], bad[2], good[3]) == []
        assert store.windows("talk-1", "main").faces.tolist() == [2] * 4
        assert sorted(body for body, _ in cloud.dead_letters()) == sorted(bad)

    def test_that_fails_now_is_retried_alone(self, cloud, worker, store, scorer, reporter):
        bodies = [cloud.created(cloud.put(a_sheet(2, at_s=at_s).delivery())) for at_s in range(3)]
        scorer.fails = [ScorerUnavailable("Rekognition is busy")]
        assert failures(worker, *bodies) == ["m0"]
        assert len(cloud.keys()) == 1
        assert failures(worker, bodies[0]) == []
        assert store.windows("talk-1", "main").faces.tolist() == [2] * 3
        assert reporter.kinds == ["failed", "recorded", "recorded", "recorded"]
        assert cloud.dead_letters() == []

    def test_where_all_fail_all_are_named(self, cloud, worker, scorer):
        bodies = [cloud.created(cloud.put(a_sheet(2, at_s=at_s).delivery())) for at_s in range(2)]
        scorer.fails = [ScorerUnavailable("busy")] * 2
        assert failures(worker, *bodies) == ["m0", "m1"]

    def test_that_meets_a_bug_is_retried_too(self, cloud, worker, scorer, reporter):
        scorer.fails = [ZeroDivisionError("secret")]
        assert failures(worker, cloud.created(cloud.put(a_sheet(2).delivery()))) == ["m0"]
        assert reporter.kinds == ["failed"]


def rejected(data: bytes) -> Callable[[Cloud], str]:
    """Puts an invalid object under a sheet's key."""
    return lambda cloud: cloud.created(cloud.put(Delivery(key=a_sheet(3).delivery().key, data=data, start_ms=0)))


FOREIGN = a_sheet(3, camera_id="cam-2").delivery()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (lambda _: "", "the message is not JSON"),
        (lambda _: "[" * 100_000, "the message is not JSON"),
        (lambda _: "[]", "the message is not an object"),
        (lambda _: "{}", "the message is neither"),
        (lambda _: '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}', "the message is neither"),
        (lambda cloud: cloud.created("x").replace("Object Created", "Object Deleted"), "the message is neither"),
        (lambda cloud: cloud.created("x").replace("aws.s3", "aws.s4"), "the message is neither"),
        (lambda cloud: cloud.created("x").replace('"detail":', '"detail":[],"x":'), "the event's detail is not an obj"),
        (lambda cloud: cloud.created("x").replace('"key": "x"', '"key": 7'), "the object's key is not a text"),
        (lambda cloud: cloud.created("x"), "its key is neither a contact sheet's nor a window file's"),
        (lambda cloud: cloud.created("../" * 9), "its key is neither a contact sheet's nor a window file's"),
        (lambda _: a_status().replace('"schema": 1', '"schema": 2'), "the status is of schema 2"),
        (lambda _: a_status(topic="houselights/talk-1/main/cam-2/status"), "the status belongs on topic houselights/"),
        (lambda _: status_message(a_heartbeat()).decode(), "the status does not say on which topic it came"),
        (rejected(b""), "it is not a JPEG"),
        (rejected(a_sheet(4).jpeg), "it belongs under sheets/talk-1/main/cam-1/"),
        (rejected(b"\xff\xd8" + b"x" * LARGEST), f"it has {LARGEST + 2} bytes"),
        (lambda cloud: cloud.created(cloud.put(FOREIGN)), "camera 'cam-2' of stage 'main' of session 'talk-1' is not"),
    ],
)
def test_a_hopeless_message_goes_to_the_dead_letters_unchanged_with_its_reason(
    cloud, worker, reporter, scorer, body, reason
):
    sent = body(cloud)
    assert failures(worker, sent) == []
    if not sent:  # SQS itself sends none that is empty
        return
    ((kept, why),) = cloud.dead_letters()
    assert kept == sent
    assert why.startswith(reason)
    assert reporter.kinds == ["refused"]
    assert scorer.sheets == []


def test_a_delivery_that_is_too_large_is_not_read(cloud, worker, monkeypatch):
    body = cloud.created(cloud.put(Delivery(key=a_sheet(3).delivery().key, data=b"x" * (LARGEST + 1), start_ms=0)))
    monkeypatch.setattr(StreamingBody, "read", lambda *_: pytest.fail("it is read"))
    assert failures(worker, body) == []


def test_a_picture_that_can_never_be_scored_goes_to_the_dead_letters(cloud, worker, scorer):
    scorer.fails = [SheetRejected("Rekognition refused the picture (InvalidImageFormatException)")]
    assert failures(worker, cloud.created(cloud.put(a_sheet(3).delivery()))) == []
    ((_, reason),) = cloud.dead_letters()
    assert "InvalidImageFormatException" in reason


class TestASessionThatCountsHeads:
    @pytest.fixture(autouse=True)
    def _set_up(self, store: Store) -> None:
        store.put_session(a_session(mode="head count"))

    @pytest.mark.parametrize("made", [a_sheet(3), a_window_file()])
    def test_keeps_no_face_anywhere(self, cloud, store, worker, made):
        assert failures(worker, cloud.created(cloud.put(made.delivery()))) == []
        assert cloud.keys() == []
        ((_, reason),) = cloud.dead_letters()
        assert "only counts heads" in reason
        assert store.faces("talk-1", "main") == []

    def test_deletes_invalid_and_too_large_sheets_too(self, cloud, worker):
        key = a_sheet(3).delivery().key
        for data in (b"", b"x" * (LARGEST + 1)):
            cloud.put(Delivery(key=key, data=data, start_ms=0))
            failures(worker, cloud.created(key))
            assert cloud.keys() == []


class TestAStatus:
    def test_is_recorded_with_the_cameras_clock_error(self, cloud, worker, store, reporter):
        assert failures(worker, a_status(at_s=3, received_ms=after_ms(1))) == []
        (heartbeat,) = store.heartbeats("talk-1")
        assert heartbeat.received_ms == after_ms(1)
        assert reporter.lines == [("status", heartbeat, 2000)]

    def test_of_a_camera_that_is_not_set_up_is_dropped(self, cloud, worker, reporter, store):
        assert failures(worker, a_status(camera_id="cam-9")) == []
        assert reporter.kinds == ["refused"]
        assert cloud.dead_letters() == []
        assert store.heartbeats("talk-1") == []


class TestTheWayThere:
    """AWS fails: the message is retried, and one line says what an operator can fix."""

    def failing(self, cloud: Cloud, worker: Worker, body: str, reporter: RecordingReporter) -> str:
        assert failures(worker, body) == ["m0"]
        ((_, problem),) = reporter.lines
        assert "\n" not in str(problem)
        return str(problem)

    def test_a_missing_permission_on_the_bucket(self, cloud, worker, reporter, monkeypatch):
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        client = quick_client(cloud.session, "s3")

        def denied(**_: Any) -> None:
            raise client.exceptions.ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

        monkeypatch.setattr(worker.deliveries._client, "get_object", denied)
        assert "may not be read (AccessDenied): allow s3:GetObject" in self.failing(cloud, worker, body, reporter)

    def test_a_bucket_that_cannot_be_reached(self, cloud, store, scorer, reporter, monkeypatch):
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        monkeypatch.setattr("time.sleep", lambda _: None)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
        worker = cloud.worker(store, scorer, reporter)
        assert "S3 cannot be reached (EndpointConnectionError)" in self.failing(cloud, worker, body, reporter)

    def test_a_delivery_that_breaks_off_on_the_way(self, cloud, worker, reporter, store, monkeypatch):
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        whole = worker.deliveries._client.get_object

        def half(**asked: Any) -> dict[str, Any]:
            answer = whole(**asked)
            answer["Body"].close()
            return answer | {"Body": StreamingBody(io.BytesIO(b"half"), answer["ContentLength"])}

        with monkeypatch.context() as shorter:
            shorter.setattr(worker.deliveries._client, "get_object", half)
            problem = self.failing(cloud, worker, body, reporter)
        assert problem.startswith("S3 cannot be reached (IncompleteReadError)")
        assert failures(worker, body) == []
        assert store.windows("talk-1", "main").faces.tolist() == [3]

    def test_a_bucket_that_is_not_there(self, cloud, worker, reporter):
        body = cloud.created(a_sheet(3).delivery().key).replace(cloud.bucket, "houselights-nobodys")
        assert "cannot be read now (NoSuchBucket)" in self.failing(cloud, worker, body, reporter)

    def test_a_table_that_is_not_there(self, cloud, scorer, reporter):
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        with open_store(cloud.store_url.replace(cloud.bucket, "nobodys")) as elsewhere:
            worker = cloud.worker(elsewhere, scorer, reporter)
            assert "there is no table 'nobodys'" in self.failing(cloud, worker, body, reporter)
        assert isinstance(reporter.lines[0][1], StoreUnavailable)

    def test_a_dead_letter_queue_that_is_not_there(self, cloud, worker, reporter):
        cloud.session.client("sqs").delete_queue(QueueUrl=cloud.dead_letters_url)
        assert "check HOUSELIGHTS_DEAD_LETTERS" in self.failing(cloud, worker, "{}", reporter)
        assert isinstance(reporter.lines[0][1], DeliveriesUnavailable)

    def test_a_delivery_that_cannot_be_removed_comes_again_and_is_recorded_once(
        self, cloud, worker, store, monkeypatch
    ):
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        with monkeypatch.context() as away:
            away.setattr(BucketDeliveries, "remove", lambda *_: (_ for _ in ()).throw(DeliveriesUnavailable("away")))
            assert failures(worker, body) == ["m0"]
        assert failures(worker, body) == []
        assert cloud.keys() == []
        assert store.windows("talk-1", "main").faces.tolist() == [3]


@pytest.mark.parametrize("reason", ["", "a\x00b\x1b[31m\nc\ud800\ufffe", "x" * 5000])
def test_any_reason_can_be_sent(cloud, reason):
    DeadLetterQueue(quick_client(cloud.session, "sqs"), cloud.dead_letters_url).put("body", reason)
    ((body, kept),) = cloud.dead_letters()
    assert body == "body"
    assert kept.isprintable()
    assert 0 < len(kept) <= 500


hostile = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    body=st.text()
    | hostile.map(json.dumps)
    | st.dictionaries(
        st.sampled_from(["source", "detail-type", "detail", "format", "schema", "session"]),
        st.sampled_from(
            ["aws.s3", "Object Created", "houselights-status", 1, {"bucket": {}, "object": {}}, {"bucket": 1}]
        ),
    ).map(json.dumps)
)
@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.too_slow])
def test_any_message_is_read_or_rejected_in_one_line(body):
    said = "read"
    try:
        read_message(body)
    except SheetRejected as rejection:
        said = str(rejection)
    assert "\n" not in said
    assert len(said) < 300


@given(order=st.permutations(range(7)), again=st.lists(st.integers(0, 6), max_size=6))
@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_order_of_messages_twice_and_with_broken_ones_between_gives_the_same_table(cloud, order, again):
    with open_store(cloud.store_url) as store:
        store.delete_session("talk-1")
        set_up(store)
        worker = cloud.worker(store, MadeUpScorer(1), RecordingReporter())
        made = [a_sheet(count, at_s=at_s) for at_s, count in enumerate((1, 4, 7, 2, 3))]
        bodies = [cloud.created(cloud.put(sheet.delivery())) for sheet in made] + ["{}", cloud.created("sheets/x")]
        coming = [bodies[index] for index in [*order, *again]]
        for start in range(0, len(coming), 5):
            assert failures(worker, *coming[start : start + 5]) == []
        assert store.windows("talk-1", "main").faces.tolist() == [1, 3, 6, 1, 2]
        assert cloud.keys() == []
        assert {body for body, _ in cloud.dead_letters()} == set(bodies[5:])


def test_a_refusal_is_no_rejection():
    """A rejection's text may quote what a stranger wrote, and a refusal's not: reporters tell them apart."""
    assert not issubclass(DeliveryRefused, SheetRejected)


class TestTheLiveQueue:
    """A delivery is announced twice: at once, and to the queue of all deliveries a minute later."""

    def test_records_what_is_new(self, cloud, store, worker, reporter):
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        worker.process_live(body, sent_ms=NOW_MS - 500)
        assert store.windows("talk-1", "main").faces.tolist() == [3]
        assert cloud.keys() == []
        worker.process(body)
        assert reporter.kinds == ["recorded", "duplicate"]
        assert cloud.dead_letters() == []

    def test_leaves_what_is_old_without_reading_it(self, cloud, store, worker, reporter, scorer):
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        worker.process_live(body, sent_ms=NOW_MS - 11_000)
        assert (scorer.sheets, len(cloud.keys())) == ([], 1)
        worker.process(body)
        assert reporter.kinds == ["postponed", "recorded"]

    @pytest.mark.parametrize("problem", [ScorerUnavailable("busy"), RuntimeError("a fault")])
    def test_leaves_what_fails_to_the_other_queue(self, cloud, store, worker, reporter, scorer, problem):
        scorer.fails.append(problem)
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        worker.process_live(body, sent_ms=NOW_MS)
        worker.process(body)
        assert reporter.kinds == ["postponed", "recorded"]
        assert store.windows("talk-1", "main").faces.tolist() == [3]
        assert cloud.dead_letters() == []

    def test_sets_nothing_aside(self, cloud, worker):
        """Or what is refused would be there twice."""
        body = cloud.created(cloud.put(a_sheet(3, session_id="nobodys").delivery()))
        worker.process_live(body, sent_ms=NOW_MS)
        assert cloud.dead_letters() == []
        worker.process(body)
        assert len(cloud.dead_letters()) == 1

    def test_leaves_what_is_over_its_budget(self, cloud, store, worker, reporter, scorer):
        worker = replace(worker, live_budget=FairBudget(0.001))
        bodies = [cloud.created(cloud.put(a_sheet(3, at_s=at_s).delivery())) for at_s in range(4)]
        for body in bodies:
            worker.process_live(body, sent_ms=NOW_MS)
        assert reporter.kinds.count("recorded") == len(scorer.sheets) < 4
        for body in bodies:
            worker.process(body)
        assert len(store.windows("talk-1", "main").start_ms) == 4

    def test_takes_window_files_whatever_the_budget(self, cloud, store, worker, reporter):
        worker = replace(worker, live_budget=FairBudget(0.001))
        for at_s in range(5):
            worker.process_live(cloud.created(cloud.put(a_window_file(at_s).delivery())), sent_ms=NOW_MS)
        assert reporter.kinds == ["recorded"] * 5


class TestAMessageThatFails:
    def test_for_want_of_a_service_never_becomes_a_dead_letter(self, cloud, worker, scorer, reporter):
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        scorer.fails += [ScorerUnavailable("Rekognition is busy")] * 2
        for receives in (5, 900):
            with pytest.raises(ScorerUnavailable):
                worker.process(body, receives=receives)
        assert cloud.dead_letters() == []
        worker.process(body, receives=901)
        assert reporter.kinds[-1] == "recorded"

    def test_over_the_budget_of_the_backlog_goes_back_after_a_wait(self, cloud, worker, scorer, monkeypatch):
        monkeypatch.setattr("ingest_lambda.worker.BACKLOG_WAITS_S", 0.3)
        waited: list[float] = []
        budget = FairBudget(0.001)
        while budget.admits(("another", "stage"), time.monotonic()):
            pass
        with pytest.raises(ScorerUnavailable):
            replace(worker, backlog_budget=budget, wait=waited.append).process(
                cloud.created(cloud.put(a_sheet(3).delivery()))
            )
        assert waited
        assert scorer.sheets == []

    def test_with_an_unexpected_error_becomes_a_dead_letter_at_the_fifth_time(self, cloud, worker, scorer):
        body = cloud.created(cloud.put(a_sheet(3).delivery()))
        scorer.fails += [RuntimeError("a fault")] * 2
        with pytest.raises(RuntimeError):
            worker.process(body, receives=4)
        assert cloud.dead_letters() == []
        worker.process(body, receives=5)
        ((letter, reason),) = cloud.dead_letters()
        assert letter == body
        assert "RuntimeError" in reason
        assert "a fault" not in reason, "it may quote a delivery"
