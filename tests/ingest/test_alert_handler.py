"""Alert rules in the cloud: a message for each session under way, one watcher at a time, alerts to the topic."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from audience.alerts import AlertRule, AlertWatcher
from audience.monitoring.alert_watch import SETTLED_MS
from audience.stores import open_store
from audience.time import to_ms
from houselights.local_cloud.moto_server import running_moto
from ingest_lambda import alert_handler
from tests.builders import a_camera, a_heartbeat, a_session, a_stage
from tests.local_aws import REGION, use_local_aws
from tests.ticking import until


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A queue of sessions to watch, a topic with a queue that subscribed, and a store."""
    with running_moto() as address:
        use_local_aws(monkeypatch, address)
        sqs, sns, own = boto3.client("sqs"), boto3.client("sns"), uuid4().hex
        watches = sqs.create_queue(QueueName=f"{own}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        pager = sqs.create_queue(QueueName=own)["QueueUrl"]
        topic = sns.create_topic(Name=own)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:123456789012:{own}")
        url = f"sqlite:///{tmp_path}/houselights.db"
        monkeypatch.setenv("HOUSELIGHTS_STORE", url)
        monkeypatch.setenv("HOUSELIGHTS_WATCHES", watches)
        monkeypatch.setenv("HOUSELIGHTS_ALERT_TOPIC", topic)
        for kept in (alert_handler._store, alert_handler._topic, alert_handler._queue):
            kept.cache_clear()
        yield {"sqs": sqs, "watches": watches, "pager": pager, "url": url}
        alert_handler._store().close()


def put(
    url: str,
    session_id: str,
    *,
    began_before: timedelta = timedelta(hours=1),
    ended_before_s: float | None = None,
    rule: bool = True,
) -> None:
    """A session whose camera is dark."""
    now = datetime.now(UTC)
    ended = None if ended_before_s is None else now - timedelta(seconds=ended_before_s)
    with open_store(url) as store:
        store.put_session(replace(a_session(session_id), started_at=now - began_before, ended_at=ended))
        store.put_stage(session_id, a_stage())
        store.put_camera(session_id, "main", a_camera())
        beat = replace(a_heartbeat(), session_id=session_id, at_ms=to_ms(now), received_ms=None, brightness=0.0)
        store.put_heartbeat(beat)
        if rule:
            store.alerting.put(session_id, AlertRule(rule_id="camera-1", what="camera", for_s=0))


def received(cloud: dict[str, Any], queue: str) -> list[dict[str, Any]]:
    answer = cloud["sqs"].receive_message(QueueUrl=cloud[queue], MaxNumberOfMessages=10, AttributeNames=["All"])
    return list(answer.get("Messages", []))


def test_each_session_under_way_is_checked_by_one_call_a_minute_and_ended_ones_by_none(cloud: dict[str, Any]) -> None:
    put(cloud["url"], "now")
    put(cloud["url"], "just-ended", ended_before_s=60)
    put(cloud["url"], "over", ended_before_s=SETTLED_MS / 1000)
    put(cloud["url"], "without-rules", rule=False)
    put(cloud["url"], "forgotten", began_before=timedelta(days=6))
    alert_handler.find(None, None)
    messages = received(cloud, "watches")
    assert {json.loads(one["Body"])["session"] for one in messages} == {"now", "just-ended"}
    assert all(one["Attributes"]["MessageGroupId"] == json.loads(one["Body"])["session"] for one in messages)


def test_a_dark_camera_is_told_to_the_topic_by_a_watcher_that_then_lets_go(cloud: dict[str, Any]) -> None:
    put(cloud["url"], "now")
    stop, sent = threading.Event(), list[dict[str, Any]]()
    watching = threading.Thread(target=alert_handler.watch_session, args=("now", stop))
    watching.start()
    try:
        until(lambda: sent.extend(received(cloud, "pager")) or bool(sent))
    finally:
        stop.set()
        watching.join()
    assert "camera cam-1" in json.loads(sent[0]["Body"])["Subject"]
    with open_store(cloud["url"]) as store:
        assert store.alerting.book("now").watcher is None


def test_while_a_watcher_elsewhere_checks_a_session_the_function_stands_by(cloud: dict[str, Any]) -> None:
    put(cloud["url"], "now")
    with open_store(cloud["url"]) as store:
        store.alerting.put("now", AlertWatcher(name="a laptop", at_ms=to_ms(datetime.now(UTC))))
        stop = threading.Event()
        stop.wait = lambda timeout=None: stop.set() or True  # type: ignore[method-assign, func-returns-value]
        alert_handler.watch_session("now", stop)
        book = store.alerting.book("now")
    assert book.watcher is not None
    assert book.watcher.name == "a laptop"
    assert (book.alerts, received(cloud, "pager")) == ((), [])
