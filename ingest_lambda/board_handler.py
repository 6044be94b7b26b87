"""Entry point of AWS Lambda, called once a minute: publishes the public boards while a festival is on."""

from __future__ import annotations

import functools
import os
import time
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from audience.errors import HouselightsError
from audience.stores import open_store
from board_page.page import page
from ingest_lambda.board import PublicBoards, publish
from ingest_lambda.board_objects import BoardObjects
from ingest_lambda.bucket import quick_client
from ingest_lambda.settings import required


def handler(_event: Any, _context: Any) -> None:
    """Publishes all public boards; ignores the event.

    Raises:
        InvalidValue: an environment variable is missing or wrong.
        StoreUnavailable, BoardNotPublished: a board is not up to date.
    """
    try:
        publish(_boards(), lambda: time.time_ns() // 1_000_000, time.sleep)
    except HouselightsError as problem:
        Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME") or "board").error("not published", reason=str(problem))
        raise


@functools.cache
def _boards() -> PublicBoards:
    """The state that the function instance keeps between calls, created in the first."""
    return PublicBoards(
        store=open_store(required(os.environ, "HOUSELIGHTS_STORE")),
        objects=BoardObjects(quick_client(boto3.Session(), "s3"), required(os.environ, "HOUSELIGHTS_BOARDS")),
        page=page().body,
    )
