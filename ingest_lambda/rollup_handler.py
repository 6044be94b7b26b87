"""Entry point of AWS Lambda for the table's stream: recomputes the roll-ups of what changed."""

from __future__ import annotations

import functools
import os
import time
from typing import Any

from aws_lambda_powertools import Logger

from audience.errors import HouselightsError
from audience.stores.dynamo import DynamoStore
from audience.stores.rollup_renewal import renew
from ingest_lambda.settings import required


def handler(event: dict[str, Any], _context: Any) -> None:
    """Recomputes roll-ups and overviews for the items of a batch, of which the stream tells the keys alone.

    Raises:
        InvalidValue: an environment variable is missing or wrong.
        StoreUnavailable: the table cannot be used; Lambda repeats the batch.
    """
    keys = [record["dynamodb"]["Keys"] for record in event["Records"]]
    try:
        renew(_store(), ((key["pk"]["S"], key["sk"]["S"]) for key in keys), lambda: time.time_ns() // 1_000_000)
    except HouselightsError as problem:
        log = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME") or "rollups")
        log.error("not rolled up", reason=str(problem))
        raise


@functools.cache
def _store() -> DynamoStore:
    """The store that the function instance keeps between calls."""
    return DynamoStore(required(os.environ, "HOUSELIGHTS_STORE"))
