"""What AWS Lambda calls once a minute: it writes the public boards for as long as a festival goes on, then returns."""

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
from ingest_lambda.bucket import brief
from ingest_lambda.settings import given


def handler(_event: Any, _context: Any) -> None:
    """Writes the boards of all festivals, whatever the event says.

    Raises:
        InvalidValue: the function's environment is wrong.
        StoreUnavailable, BoardNotPublished: a board is not up to date.
    """
    try:
        publish(_boards(), lambda: time.time_ns() // 1_000_000, time.sleep)
    except HouselightsError as problem:
        Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME") or "board").error("not written", reason=str(problem))
        raise


@functools.cache
def _boards() -> PublicBoards:
    """What outlives a call, made at the first."""
    return PublicBoards(
        store=open_store(given(os.environ, "HOUSELIGHTS_STORE")),
        objects=BoardObjects(brief(boto3.Session(), "s3"), given(os.environ, "HOUSELIGHTS_BOARDS")),
        page=page().body,
    )
