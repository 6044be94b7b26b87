"""Entry points of AWS Lambda that check alert rules: `find` each minute says what to check, `watch` checks a session.

`find` puts a message for each session under way into a FIFO queue, whose group is the session: so one call of `watch`
at a time has a session, however many calls there are, and sessions that ended cost nothing.
"""

from __future__ import annotations

import functools
import json
import os
import threading
import time
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import boto3
from aws_lambda_powertools import Logger

from audience.monitoring.alert_watch import AlertWatch, sessions_to_watch
from audience.store import Store
from audience.stores import open_store
from ingest_lambda.bucket import quick_client
from ingest_lambda.fifo import FifoMessage, put_all
from ingest_lambda.settings import required
from ingest_lambda.topic import SnsTopic

WATCH_S: Final = 56.0
"""How long a call checks its session; the next message of the session comes a minute after this one."""


def find(_event: Any, _context: Any) -> None:
    """Has every session checked for a minute whose rules are to be checked; ignores the event.

    Raises:
        InvalidValue: an environment variable is missing or wrong.
        StoreUnavailable: the store cannot be read.
    """
    now_s = time.time()
    messages = [
        # By the minute, so that a call which AWS repeats has nothing checked twice.
        FifoMessage(group=session_id, minute=int(now_s // 60), body={"session": session_id})
        for session_id in sessions_to_watch(_store(), round(now_s * 1000))
    ]
    for session_id in put_all(_queue(), required(os.environ, "HOUSELIGHTS_WATCHES"), messages):
        _log().error("not checked this minute", session=session_id)


def watch(event: dict[str, Any], _context: Any) -> None:
    """Checks the rules of the session in an SQS event for a minute, every five seconds, and sends its alerts.

    A store or a topic that cannot be used is tried again within the call.

    Raises:
        InvalidValue: an environment variable is missing or wrong.
    """
    stop = threading.Event()
    ending = threading.Timer(WATCH_S, stop.set)
    ending.start()
    try:
        for record in event["Records"]:
            watch_session(json.loads(record["body"])["session"], stop)
    finally:
        ending.cancel()


def watch_session(session_id: str, stop: threading.Event) -> None:
    """Checks the rules of a session, and sends its alerts, until `stop` is set."""
    AlertWatch(
        _store(),
        [_topic()],
        name=f"cloud {uuid4().hex[:12]}",
        stop=stop,
        log=lambda line: _log().info(line),
        now=lambda: datetime.now(UTC),
        session_id=session_id,
    ).run()


@functools.cache
def _store() -> Store:
    """The store that the function instance keeps open between calls."""
    return open_store(required(os.environ, "HOUSELIGHTS_STORE"))


@functools.cache
def _topic() -> SnsTopic:
    return SnsTopic(required(os.environ, "HOUSELIGHTS_ALERT_TOPIC"), session=boto3.Session())


@functools.cache
def _queue() -> Any:
    return quick_client(boto3.Session(), "sqs")


def _log() -> Logger:
    return Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME") or "alerts")
