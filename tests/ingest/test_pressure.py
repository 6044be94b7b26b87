"""How far behind the function is, measured on an emulated queue and written where devices read it."""

from __future__ import annotations

import pytest

from audience.deliveries.pressure import PRESSURE_KEY, Pressure, read_pressure
from audience.errors import DeliveriesUnavailable, InvalidValue, SheetRejected
from ingest_lambda.bucket import quick_client
from ingest_lambda.pressure import write_pressure
from tests.ingest.conftest import NOW_MS


def test_what_waits_is_told_in_seconds_of_scoring(cloud):
    sqs, s3 = (quick_client(cloud.session, service) for service in ("sqs", "s3"))
    for _ in range(30):
        sqs.send_message(QueueUrl=cloud.queue_url, MessageBody="{}")
    sqs.receive_message(QueueUrl=cloud.queue_url, MaxNumberOfMessages=10)  # hidden for a retry: it waits too
    write_pressure(sqs, s3, queue_url=cloud.queue_url, bucket=cloud.bucket, calls_per_s=5, now_ms=NOW_MS)
    data = s3.get_object(Bucket=cloud.bucket, Key=PRESSURE_KEY)["Body"].read()
    assert read_pressure(data) == Pressure(at_ms=NOW_MS, behind_s=6.0)


def test_a_queue_that_is_not_there_fails_in_one_line(cloud):
    sqs, s3 = (quick_client(cloud.session, service) for service in ("sqs", "s3"))
    with pytest.raises(DeliveriesUnavailable, match="check the function's role"):
        write_pressure(sqs, s3, queue_url=cloud.queue_url + "x", bucket=cloud.bucket, calls_per_s=5, now_ms=NOW_MS)


def test_only_what_is_a_pressure_is_read():
    whole = Pressure(at_ms=NOW_MS, behind_s=1.5).document()
    assert read_pressure(whole).behind_s == 1.5
    for data in (b"", b"{}", whole.replace(b"pressure", b"status"), whole + b" " * 1000, whole.replace(b"1.5", b"-1")):
        with pytest.raises(SheetRejected):
            read_pressure(data)
    with pytest.raises(InvalidValue):
        Pressure(at_ms=NOW_MS, behind_s=float("inf"))
