"""Follows the table's stream as the function of the cloud does (`ingest_lambda/rollup_handler.py`), and rolls up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from audience.errors import StoreUnavailable
from audience.stores.dynamo import DynamoStore
from audience.stores.rollup_renewal import renew

_EVERY_S: Final = 1.0
"""How often the stream is read, seconds; as the template's batching window."""

_REST: Final = 3
"""How many times as long as it worked it rests at least: the emulated table is slow, and has others to serve."""


@contextmanager
def rolling_up(streams: Any, stream_arn: str, store_url: str) -> Iterator[None]:
    """Renews roll-ups and overviews in a thread until the context ends.

    Args:
        streams: boto3's client of `dynamodbstreams`.
        stream_arn: the table's stream.
        store_url: the table's store.
    """
    stop = threading.Event()
    thread = threading.Thread(target=_follow, args=(streams, stream_arn, store_url, stop), name="roll-ups")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _follow(streams: Any, stream_arn: str, store_url: str, stop: threading.Event) -> None:
    (shard,) = streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]["Shards"]  # the emulation has one
    place = streams.get_shard_iterator(
        StreamArn=stream_arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    with DynamoStore(store_url) as store:
        spent_s = 0.0
        while not stop.wait(max(_EVERY_S, _REST * spent_s)):
            began_s = time.monotonic()
            try:
                found = streams.get_records(ShardIterator=place)
                keys = [record["dynamodb"]["Keys"] for record in found["Records"]]
                renew(store, ((key["pk"]["S"], key["sk"]["S"]) for key in keys), lambda: time.time_ns() // 1_000_000)
            except (StoreUnavailable, ClientError, BotoCoreError) as problem:
                Console(stderr=True).print(f"not rolled up, trying again: {problem}", markup=False)
            else:
                place = found["NextShardIterator"]
            spent_s = time.monotonic() - began_s
