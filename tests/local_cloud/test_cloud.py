"""The way from bucket to queue on this machine, and that it is made as the template makes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from audience.errors import InvalidValue
from audience.stores import open_store
from houselights.cli import run
from houselights.local_cloud.boards import FIND_EVERY_S
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.stack import (
    BOARD_QUEUE,
    DELAY_S,
    LIVE_RETENTION_S,
    MOST_RECEIVES,
    VISIBLE_AGAIN_S,
    Stack,
)
from tests.builders import a_camera, a_session, a_stage, a_window
from tests.contracts.dynalite import running_dynalite
from tests.infra.template import properties
from tests.local_cloud.pictures import encoded
from tests.portraits import portrait
from tests.ticking import until


@pytest.fixture
def deliver(cloud: LocalCloud) -> Any:
    """Puts something under a key."""

    def put(key: str, data: bytes = b"delivered") -> None:
        cloud.client("s3").put_object(Bucket=cloud.stack.bucket, Key=key, Body=data)

    return put


def received(cloud: LocalCloud, url: str, **options: Any) -> list[dict[str, Any]]:
    """The messages a receiver is handed, after a wait where there are none yet."""
    answer = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, **options)
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def taken(cloud: LocalCloud, number: int) -> list[dict[str, Any]]:
    """The events in the next messages, which are deleted."""
    events: list[dict[str, Any]] = []
    while len(events) < number:
        messages = received(cloud, cloud.queue_url, WaitTimeSeconds=20)
        assert messages
        for message in messages:
            events.append(json.loads(message["Body"]))
            cloud.client("sqs").delete_message(QueueUrl=cloud.queue_url, ReceiptHandle=message["ReceiptHandle"])
    return events


def test_what_is_delivered_is_told_of_with_its_bucket_key_and_size(cloud, deliver):
    key = "sheets/talk-1/main/cam-1/2026/03/01/18/1772388000000-00ff.jpg"
    deliver(key, b"sixteen bytes...")
    (event,) = taken(cloud, 1)
    assert event["detail-type"] == "Object Created"
    assert event["detail"]["bucket"] == {"name": cloud.stack.bucket}
    assert (event["detail"]["object"]["key"], event["detail"]["object"]["size"]) == (key, 16)


def test_what_is_delivered_is_told_of_in_both_queues(cloud, deliver):
    key = "sheets/talk-1/main/cam-1/2026/03/01/18/1772388000000-00fe.jpg"
    deliver(key)
    (event,) = taken(cloud, 1)
    assert event["detail"]["object"]["key"] == key
    # Nobody takes from the live queue, so what other tests delivered in the last minute is there too.
    live = [json.loads(one["Body"]) for one in received(cloud, cloud.queues.live, WaitTimeSeconds=20)]
    assert key in [one["detail"]["object"]["key"] for one in live]


def test_a_key_is_told_as_it_is(cloud, deliver):
    key = "windows/späte Vorstellung/a+b %20"
    deliver(key)
    assert [event["detail"]["object"]["key"] for event in taken(cloud, 1)] == [key]


def test_only_sheets_and_window_files_are_told_of(cloud, deliver):
    deliver("elsewhere/picture.jpg")
    deliver("windows/file.json")
    assert [event["detail"]["object"]["key"] for event in taken(cloud, 1)] == ["windows/file.json"]
    assert received(cloud, cloud.queue_url) == []


def test_many_deliveries_at_once_are_each_told_of_once(cloud, deliver):
    keys = [f"sheets/talk-1/main/cam-{number % 4}/{number}.jpg" for number in range(120)]
    with ThreadPoolExecutor(8) as pool:
        receivers = [pool.submit(taken, cloud, 40) for _ in range(2)]
        list(pool.map(deliver, keys))
        events = [event for receiver in receivers for event in receiver.result()]
    events += taken(cloud, len(keys) - len(events))
    assert sorted(event["detail"]["object"]["key"] for event in events) == sorted(keys)
    assert received(cloud, cloud.queue_url) == []


def test_a_message_received_too_often_goes_to_the_dead_letters(cloud, deliver):
    deliver("sheets/broken.jpg")
    for _ in range(cloud.stack.most_receives):
        assert len(received(cloud, cloud.queue_url, WaitTimeSeconds=20, VisibilityTimeout=0)) == 1
    assert received(cloud, cloud.queue_url) == []
    (message,) = received(cloud, cloud.dead_letters_url)
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "sheets/broken.jpg"
    cloud.client("sqs").delete_message(QueueUrl=cloud.dead_letters_url, ReceiptHandle=message["ReceiptHandle"])


def test_a_message_that_was_not_deleted_comes_again_after_the_time_that_was_set():
    with running_cloud(Stack(name="again", visible_again_s=2)) as cloud:
        cloud.client("s3").put_object(Bucket=cloud.stack.bucket, Key="sheets/again.jpg", Body=b"delivered")
        began = time.monotonic()
        (first,) = received(cloud, cloud.queue_url, WaitTimeSeconds=20)
        assert [event["detail"] for event in taken(cloud, 1)] == [json.loads(first["Body"])["detail"]]
        assert time.monotonic() - began > 1.9


def test_who_sets_a_session_up_in_the_cloud_is_told_to_grant_it_to_the_camera(cloud, capsys):
    assert run(["prepare", "--session", "granted", "--camera", "cam-7", "--store", cloud.store_url]) == 0
    assert "grant cam-7 --session granted" in capsys.readouterr().err
    assert run(["delete", "granted", "--yes", "--store", cloud.store_url]) == 0


def test_who_deletes_a_session_is_told_for_how_long_the_tables_backups_keep_it(cloud, capsys):
    with open_store(cloud.store_url) as store:
        store.put_session(a_session("over"))
    assert run(["delete", "over", "--yes", "--store", cloud.store_url]) == 0
    assert "35 days" in capsys.readouterr().out
    with open_store(cloud.store_url) as store:
        assert store.sessions() == []


def test_the_store_is_there(cloud):
    with open_store(cloud.store_url) as store:
        store.put_session(a_session())
        store.put_windows([a_window(smiling=2, of=3)])
        assert store.windows("talk-1", "main").faces.tolist() == [3]


def test_another_process_is_led_there_by_its_environment_alone(cloud):
    program = """
import boto3, os, sys
data = sys.stdin.buffer.read()
bucket = sys.argv[1]
boto3.client("s3").put_object(Bucket=bucket, Key="elsewhere/picture.png", Body=data)
where = {"S3Object": {"Bucket": bucket, "Name": "elsewhere/picture.png"}}
print(len(boto3.client("rekognition").detect_faces(Image=where)["FaceDetails"]))
print("Messages" in boto3.client("sqs").receive_message(QueueUrl=os.environ["HOUSELIGHTS_DEAD_LETTERS"]))
print(len(boto3.client("dynamodb").list_tables()["TableNames"]) > 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, cloud.stack.bucket],
        input=encoded(portrait(300)),
        env=os.environ | cloud.environment,
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split() == ["1", "False", "True"]


def test_nobodys_own_credentials_are_looked_for(cloud, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOWN")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "own")
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    found = boto3.Session().get_credentials().get_frozen_credentials()
    assert set(found[:3]) == {"local"}
    assert cloud.client("s3")._request_signer._credentials.access_key == "local"


def test_another_engine_may_keep_the_table():
    with (
        running_dynalite() as dynalite,
        running_cloud(Stack(name="test-other-engine"), dynamodb_endpoint=dynalite) as cloud,
    ):
        store = "test-other-engine-store"
        assert set(cloud.client("dynamodb").list_tables()["TableNames"]) == {store, f"{store}-people", f"{store}-keys"}
        assert cloud.environment["AWS_ENDPOINT_URL_DYNAMODB"] == dynalite
        with open_store(cloud.store_url) as store:
            assert store.sessions() == []


def test_the_list_of_sessions_shows_one_that_records(cloud):
    with open_store(cloud.store_url) as store:
        store.put_session(a_session())
        store.put_stage("talk-1", a_stage())
        store.put_camera("talk-1", "main", a_camera())
        store.put_windows([a_window(of=30)])

        def recorded() -> bool:
            (listed,) = store.session_page(limit=5).sessions
            return listed.overview is not None and listed.overview.recorded

        until(recorded)


@pytest.mark.parametrize("name", ["ab", "Houselights", "house_lights", "x" * 41])
def test_a_name_that_no_bucket_could_have_is_refused(name):
    with pytest.raises(InvalidValue, match="a stack cannot be called"):
        Stack(name=name)


def test_it_is_made_as_the_template_makes_it(cloud):
    queue = properties("Queue")
    assert (queue["VisibilityTimeout"], queue["DelaySeconds"]) == (VISIBLE_AGAIN_S, DELAY_S)
    assert properties("Live")["MessageRetentionPeriod"] == LIVE_RETENTION_S
    assert queue["RedrivePolicy"]["maxReceiveCount"] == MOST_RECEIVES == Stack().most_receives
    boards = properties("BoardQueue")
    assert {name: str(boards[name]).lower() for name in BOARD_QUEUE} == BOARD_QUEUE
    assert properties("BoardFinder")["Events"]["EveryMinute"]["Properties"]["Schedule"] == "rate(1 minute)"
    assert FIND_EVERY_S == 60
    of_the_bucket = cloud.stack.pattern["detail"] | {"bucket": {"name": [{"Ref": "Deliveries"}]}}
    assert properties("Created")["EventPattern"] == cloud.stack.pattern | {"detail": of_the_bucket}
    closed = cloud.client("s3").get_public_access_block(Bucket=cloud.stack.bucket)["PublicAccessBlockConfiguration"]
    assert closed == properties("Deliveries")["PublicAccessBlockConfiguration"]
