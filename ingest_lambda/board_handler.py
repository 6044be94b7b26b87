"""Entry points of AWS Lambda for public boards: `find` each minute says which are to be made, `make` makes one of them.

`find` puts a message for each festival into a FIFO queue, whose group is the festival: so one call of `make` at a time
has a board, and a message that is put twice in a minute counts once. `make` puts messages of its own for the parts of a
large festival. A call ends when the next minute's message waits behind it, so there is no gap between two.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Mapping
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from audience.board.reader import BoardReader
from audience.errors import BoardNotPublished, HouselightsError
from audience.store import Store
from audience.stores import open_store
from board_page.page import page
from ingest_lambda.board import (
    CALL_MS,
    PART_LONGER_MS,
    FestivalBoard,
    FestivalPart,
    festivals_to_make,
    parts_of,
    publish,
    reader_of,
    remove_others,
)
from ingest_lambda.board_objects import BoardObjects
from ingest_lambda.board_parts import BoardParts
from ingest_lambda.bucket import quick_client
from ingest_lambda.fifo import FifoMessage, put_all
from ingest_lambda.settings import required


def find(_event: Any, _context: Any) -> None:
    """Has the board of every festival made for a minute; ignores the event.

    Raises:
        InvalidValue: an environment variable is missing or wrong.
        StoreUnavailable, BoardNotPublished: it cannot be done.
    """
    try:
        now_ms, store, objects = time.time_ns() // 1_000_000, _store(), _objects()
        _write_page()
        found = festivals_to_make(store, objects, now_ms)
        _send({(one, "board"): {"session": one, "until_ms": now_ms + CALL_MS} for one in found})
        remove_others(store, objects, now_ms)
    except HouselightsError as problem:
        _log().error("not published", reason=str(problem))
        raise


def make(event: dict[str, Any], _context: Any) -> None:
    """Makes the board, or a part of one, in an SQS event for a minute.

    Raises:
        InvalidValue: an environment variable is missing or wrong.
        StoreUnavailable, BoardNotPublished: the board is not up to date.
    """
    try:
        for record in event["Records"]:
            asked = json.loads(record["body"])
            publish(_work(asked), lambda: time.time_ns() // 1_000_000, time.sleep, until_ms=asked["until_ms"])
    except HouselightsError as problem:
        _log().error("not published", reason=str(problem))
        raise


def _work(asked: Mapping[str, Any]) -> FestivalBoard | FestivalPart:
    """What a message asks for. Of a large festival, has its parts made too."""
    store, objects, session_id = _store(), _objects(), asked["session"]
    if "part" in asked:
        parts = BoardParts(objects, session_id)
        return FestivalPart(store, parts, session_id, number=asked["part"], stages=asked["stages"])
    parts_there = parts_of(store, session_id)
    if len(parts_there) < 2:
        return FestivalBoard(store, objects, session_id, _reader(session_id))
    until_ms = asked["until_ms"] + PART_LONGER_MS
    messages = {
        (session_id, str(number)): {"session": session_id, "part": number, "stages": stages, "until_ms": until_ms}
        for number, stages in enumerate(parts_there)
    }
    _send(messages)
    return FestivalBoard(store, objects, session_id, _reader(session_id), parts=len(parts_there))


def _send(messages: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
    """Puts messages into the queue, each at most once a group and minute in which it ends."""
    refused = put_all(
        _queue(),
        required(os.environ, "HOUSELIGHTS_BOARD_QUEUE"),
        [
            FifoMessage(group=":".join(group), minute=body["until_ms"] // 60_000, body=body)
            for group, body in messages.items()
        ],
    )
    if refused:
        raise BoardNotPublished(f"the queue did not take messages for {', '.join(refused)}")


@functools.cache
def _store() -> Store:
    """The store that the function instance keeps open between calls."""
    return open_store(required(os.environ, "HOUSELIGHTS_STORE"))


@functools.lru_cache(8)
def _reader(session_id: str) -> BoardReader:
    """The reader of a festival, whose cache a function instance keeps between calls; any other begins anew."""
    return reader_of(session_id)


@functools.cache
def _objects() -> BoardObjects:
    return BoardObjects(quick_client(boto3.Session(), "s3"), required(os.environ, "HOUSELIGHTS_BOARDS"))


@functools.cache
def _write_page() -> None:
    """Writes the page, which must match the policy of this deployment, if a function instance has not looked yet."""
    _objects().put_page(page().body)


@functools.cache
def _queue() -> Any:
    return quick_client(boto3.Session(), "sqs")


def _log() -> Logger:
    return Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME") or "board")
