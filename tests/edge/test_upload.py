"""Deliveries reach S3 through every failure, in order, each under its key once: real HTTP, real boto3."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from audience.deliveries.delivery import Delivery
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.s3_bucket import S3Bucket, upload_client
from edge_lambda.delivery.uploader import FIRST_WAIT_S, LONGEST_WAIT_S, Uploader
from tests.builders import BEGAN, BEGAN_MS
from tests.edge.s3_with_faults import (
    HANG_UP,
    HANG_UP_AFTERWARDS,
    PASS,
    S3,
    a_bucket,
    a_session,
    numbered,
    s3_with_faults,
)
from tests.edge.test_outbox import killed_after
from tests.ticking import limit_s, ticking, until


@pytest.fixture
def s3() -> Iterator[S3]:
    with s3_with_faults() as running:
        yield running


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox")
    yield opened
    opened.close()


@pytest.fixture
def uploader(s3: S3, outbox: Outbox) -> Iterator[Uploader]:
    bucket = a_bucket(s3.endpoint, s3.bucket)
    yield Uploader(outbox, bucket, uniform=lambda low, high: high)
    bucket.close()


def keys(*numbers: int) -> list[str]:
    return [numbered(number).key for number in numbers]


def test_deliveries_are_sent_in_order_and_leave_the_outbox(s3, outbox, uploader):
    for number in (2, 1, 3):
        outbox.put(numbered(number))
    assert [uploader.send_next() for _ in range(3)] == [0, 0, 0]
    assert s3.puts == keys(2, 1, 3)
    assert s3.objects() == {numbered(number).key: numbered(number).data for number in (1, 2, 3)}
    assert (uploader.status().sent, uploader.status().outbox.waiting, uploader.status().last_error) == (3, 0, "")


def test_an_object_says_what_it_is(s3, outbox, uploader):
    outbox.put(numbered(1))
    outbox.put(Delivery(key="windows/talk-1/x.json", data=b"{}", start_ms=1))
    uploader.send_next()
    uploader.send_next()
    client = a_session().client("s3", endpoint_url=s3.moto)
    heads = [client.head_object(Bucket=s3.bucket, Key=key) for key in s3.puts]
    client.close()
    assert [head["ContentType"] for head in heads] == ["image/jpeg", "application/json"]


def test_an_object_says_when_it_was_sent_by_the_clock_of_the_device(s3, outbox, uploader):
    outbox.put(numbered(1))
    uploader.send_next()
    client = a_session().client("s3", endpoint_url=s3.moto)
    head = client.head_object(Bucket=s3.bucket, Key=numbered(1).key)
    client.close()
    assert head["Metadata"] == {"sent-ms": str(BEGAN_MS)}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (HANG_UP, "S3 cannot be reached (ConnectionClosedError)"),
        ((503, "SlowDown"), "S3 is busy (SlowDown): will be retried"),
        ((500, "InternalError"), "S3 is busy (InternalError): will be retried"),
        ((400, "ExpiredToken"), "S3 no longer accepts the credentials (ExpiredToken): new ones will be requested"),
        (
            (403, "AccessDenied"),
            "bucket {} may not be written to (AccessDenied): grant the device its session, or check its role",
        ),
        (
            (404, "NoSuchBucket"),
            "bucket {} does not exist or is in another region (NoSuchBucket): check name and region",
        ),
        ((403, "RequestTimeTooSkewed"), "the clock of this device is wrong (RequestTimeTooSkewed): set it"),
        ((409, "OperationAborted"), "S3 does not accept the delivery (OperationAborted): will be retried"),
    ],
)
def test_a_failure_is_reported_in_words_and_nothing_is_lost_or_overtaken(s3, outbox, uploader, fault, said):
    outbox.put(numbered(1))
    outbox.put(numbered(2))
    s3.faults += [fault, fault]
    assert uploader.send_next() > 0
    assert uploader.status().last_error == said.format(s3.bucket)
    assert uploader.send_next() > 0
    assert uploader.status().outbox.waiting == 2
    assert [uploader.send_next() for _ in range(2)] == [0, 0]
    assert s3.puts == keys(1, 1, 1, 2)
    assert sorted(s3.objects()) == keys(1, 2)
    assert uploader.status().last_error == ""


def test_a_lost_response_makes_no_second_object(s3, outbox, uploader):
    outbox.put(numbered(1))
    s3.faults.append(HANG_UP_AFTERWARDS)
    assert uploader.send_next() > 0
    assert uploader.send_next() == 0
    assert s3.puts == keys(1, 1)
    assert list(s3.objects()) == keys(1)


def test_a_delivery_refused_for_good_is_quarantined_and_blocks_nobody(s3, outbox, uploader):
    outbox.put(numbered(1))
    outbox.put(numbered(2))
    s3.faults.append((400, "EntityTooLarge"))
    assert uploader.send_next() == 0
    assert "refuses this delivery for good (EntityTooLarge)" in uploader.status().last_error
    assert uploader.send_next() == 0
    status = uploader.status()
    assert (status.outbox.quarantined, status.outbox.waiting, status.sent) == (1, 0, 1)
    assert list(s3.objects()) == keys(2)


def test_deliveries_of_a_lost_session_do_not_block_the_devices_own(s3, outbox):
    bucket = S3Bucket(
        s3.bucket, lambda: upload_client(a_session(), endpoint_url=s3.endpoint), now=lambda: BEGAN, session_id="talk-1"
    )
    uploader = Uploader(outbox, bucket)
    outbox.put(replace(numbered(1), key="sheets/talk-0/main/cam-1/000001.jpg"))
    outbox.put(numbered(2))
    s3.faults += [(403, "AccessDenied"), (403, "AccessDenied")]
    assert uploader.send_next() == 0
    assert "no longer for talk-0" in uploader.status().last_error
    assert uploader.send_next() > 0, "what is of its own session is waited with"
    assert uploader.send_next() == 0
    status = uploader.status()
    assert (status.outbox.quarantined, status.outbox.waiting, status.sent) == (1, 0, 1)
    bucket.close()


def test_waits_double_up_to_the_longest_and_start_again_after_a_success(s3, outbox, uploader):
    for number in range(3):
        outbox.put(numbered(number))
    s3.faults += [(503, "SlowDown")] * 9 + [PASS, (503, "SlowDown")]
    waits = [uploader.send_next() for _ in range(11)]
    assert waits[:4] == [FIRST_WAIT_S * 2**power for power in range(4)]
    assert waits[8] == LONGEST_WAIT_S
    assert waits[9:] == [0, FIRST_WAIT_S]


def test_a_random_half_of_a_wait_is_left_out(outbox, unreachable):
    outbox.put(numbered(1))
    uploader = Uploader(outbox, unreachable, uniform=random.Random(1).uniform)
    waits = [uploader.send_next() for _ in range(300)][10:]
    assert LONGEST_WAIT_S / 2 <= min(waits) < 0.55 * LONGEST_WAIT_S
    assert 0.95 * LONGEST_WAIT_S < max(waits) <= LONGEST_WAIT_S


class _Unreachable:
    def put(self, delivery: Delivery) -> None:
        raise ConnectionResetError("by a fault nobody thought of")


@pytest.fixture
def unreachable() -> _Unreachable:
    return _Unreachable()


def test_an_unexpected_error_does_not_end_the_sending(outbox, unreachable):
    outbox.put(numbered(1))
    uploader = Uploader(outbox, unreachable)
    assert uploader.send_next() > 0
    assert uploader.status().last_error == "the upload failed unexpectedly (ConnectionResetError)"
    assert uploader.status().outbox.waiting == 1


def test_no_network_at_all_is_waited_for(outbox):
    bucket = a_bucket("http://127.0.0.1:9", "away")
    outbox.put(numbered(1))
    uploader = Uploader(outbox, bucket)
    assert uploader.send_next() > 0
    assert uploader.status().last_error == "S3 cannot be reached (EndpointConnectionError)"
    bucket.close()


def test_credentials_are_looked_for_again_when_the_old_ones_expired(s3, outbox):
    made = []

    def connect() -> object:
        made.append(upload_client(a_session(), endpoint_url=s3.endpoint))
        return made[-1]

    bucket = S3Bucket(s3.bucket, connect, now=lambda: BEGAN)
    uploader = Uploader(outbox, bucket)
    outbox.put(numbered(1))
    s3.faults += [(400, "ExpiredToken"), (503, "SlowDown")]
    assert [uploader.send_next() > 0 for _ in range(3)] == [True, True, False]
    assert len(made) == 2
    bucket.close()


def test_a_device_without_credentials_says_so(outbox, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    session = boto3.Session(region_name="eu-west-1")
    bucket = S3Bucket("any", lambda: upload_client(session, endpoint_url="http://127.0.0.1:9"), now=lambda: BEGAN)
    outbox.put(numbered(1))
    uploader = Uploader(outbox, bucket)
    assert uploader.send_next() > 0
    assert uploader.status().last_error == "no AWS credentials were found: give the device its role"
    bucket.close()


def test_the_thread_sends_what_is_put_while_it_runs(s3, outbox, uploader):
    uploader.start()
    for number in range(5):
        outbox.put(numbered(number))
    until(lambda: uploader.status().sent == 5)
    assert uploader.stop()
    assert sorted(s3.objects()) == keys(*range(5))


def test_what_waits_is_still_sent_when_it_stops(s3, outbox, uploader):
    s3.faults.append((503, "SlowDown"))
    outbox.put(numbered(0))
    uploader.start()
    until(lambda: uploader.status().last_error != "")
    for number in range(1, 5):
        outbox.put(numbered(number))
    assert uploader.stop(within_s=limit_s())
    assert sorted(s3.objects()) == keys(*range(5))


def test_it_stops_at_once_while_it_waits(outbox, unreachable):
    outbox.put(numbered(1))
    uploader = Uploader(outbox, unreachable, uniform=lambda low, high: 60.0)
    uploader.start()
    until(lambda: uploader.status().last_error != "")
    with ticking() as waited_s:
        assert uploader.stop()
        assert waited_s() < 2


def test_it_stops_within_two_seconds_while_s3_does_not_answer(outbox):
    released, reached = threading.Event(), threading.Event()

    class Silent:
        def put(self, delivery: Delivery) -> None:
            reached.set()
            released.wait(limit_s())

    outbox.put(numbered(1))
    uploader = Uploader(outbox, Silent())
    uploader.start()
    assert reached.wait(limit_s())
    with ticking() as waited_s:
        assert not uploader.stop()
        assert waited_s() < 2
    released.set()
    assert uploader.stop(within_s=limit_s())


def test_a_process_killed_while_it_sends_loses_and_duplicates_nothing(s3, tmp_path):
    folder, chance, first = tmp_path / "killed", random.Random(3), 100_000
    said: list[int] = []
    for _ in range(3):
        end = killed_after(chance.uniform(0.3, 0.6), folder, first, s3.endpoint, s3.bucket)
        said += range(first, end)
        first = end + 1
    outbox, bucket = Outbox(folder), a_bucket(s3.endpoint, s3.bucket)
    uploader = Uploader(outbox, bucket)
    while outbox.status().waiting:
        assert uploader.send_next() == 0
    outbox.close()
    bucket.close()
    objects = s3.objects()
    assert {numbered(number).key for number in said} <= objects.keys()
    assert all(data == numbered(int(key[-10:-4])).data for key, data in objects.items())
    assert s3.puts == sorted(s3.puts), "in order, the one at the kill twice at most"
    assert len(s3.puts) - len(objects) <= 3
