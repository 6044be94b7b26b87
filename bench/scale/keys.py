"""How hot the hottest partition key is: the store's real code, as ingest uses it, over a table that counts.

Deliveries go to copies of the function by chance. Caches of a copy are empty at the start and work as they do; the
clock is simulated. DynamoDB takes 1,000 write units and 3,000 read units a second for a key ("Best practices for
designing and using partition keys effectively", Amazon DynamoDB Developer Guide).
"""

from __future__ import annotations

import random
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest.mock import patch

from audience.scorers import REKOGNITION
from audience.sessions import Camera, Session, Stage
from audience.store import Heartbeat
from audience.stores import dynamo_table
from audience.stores.dynamo import DynamoStore
from audience.stores.dynamo_items import Item
from audience.stores.dynamo_migration import item_bytes
from audience.time import from_ms
from audience.windows import Tally, WindowRecord
from bench.figures import Figure
from ingest_lambda.setup_cache import SetupCache

COPIES: Final = 1000
SECONDS: Final = 2
EVERY_S: Final = 2
WRITES, READS = 1000, 3000
_BEGAN_MS: Final = 1_780_000_000_000


@dataclass(slots=True)
class CountingTable:
    """A table in memory that counts the units of each partition key, in boto3's client format."""

    items: dict[str, dict[str, Item]] = field(default_factory=dict)
    read: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    sorted: dict[str, list[str]] = field(default_factory=dict)

    class exceptions:
        """As a client has it."""

        class ClientError(Exception):
            """Never raised."""

    class meta:
        """As a client has it."""

        region_name = "eu-west-1"

    def get_item(self, *, Key: Item, **_: Any) -> dict[str, Any]:
        partition, sort = Key["pk"]["S"], Key["sk"]["S"]
        item = self.items.get(partition, {}).get(sort)
        self.read[partition] += _read_units([item] if item else [])
        return {"Item": item} if item else {}

    def put_item(self, *, Item: Item, **_: Any) -> dict[str, Any]:
        self._put(Item)
        return {"written": True}

    def delete_item(self, *, Key: Item, **_: Any) -> dict[str, Any]:
        self.written[Key["pk"]["S"]] += 1
        item = self.items.get(Key["pk"]["S"], {}).pop(Key["sk"]["S"], None)
        self.sorted.pop(Key["pk"]["S"], None)
        return {"Attributes": item} if item else {}

    def batch_write_item(self, *, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        for requests in RequestItems.values():
            for request in requests:
                if "PutRequest" in request:
                    self._put(request["PutRequest"]["Item"])
                else:
                    self.delete_item(**request["DeleteRequest"])
        return {"UnprocessedItems": {}}

    def query(self, *, ExpressionAttributeValues: Item, Limit: int = 10**9, **request: Any) -> dict[str, Any]:
        partition, low, high = (ExpressionAttributeValues[name]["S"] for name in (":pk", ":low", ":high"))
        kept = self.items.get(partition, {})
        if len(self.sorted.get(partition, ())) != len(kept):
            self.sorted[partition] = sorted(kept)
        sorts = self.sorted.get(partition, [])
        after = request.get("ExclusiveStartKey", {}).get("sk", {"S": ""})["S"]
        first = max(bisect_left(sorts, low), bisect_right(sorts, after))
        found = [kept[sort] for sort in sorts[first : bisect_right(sorts, high)]]
        if not request.get("ScanIndexForward", True):
            found.reverse()
        items = found[:Limit]
        self.read[partition] += _read_units(items)
        more = {"LastEvaluatedKey": {name: items[-1][name] for name in ("pk", "sk")}} if len(found) > Limit else {}
        return {"Items": items, "Count": len(items), **more}

    def _put(self, item: Item) -> None:
        partition = item["pk"]["S"]
        self.items.setdefault(partition, {})[item["sk"]["S"]] = item
        self.written[partition] += -(-item_bytes(item) // 1024)


def _read_units(items: list[Item]) -> int:
    """Strongly consistent: one for each started 4 KB of what is read together."""
    return max(1, -(-sum(map(item_bytes, items)) // 4096))


@contextmanager
def counted_table() -> Iterator[CountingTable]:
    """Stores that are opened meanwhile use one table that counts."""
    table = CountingTable()
    with patch.object(dynamo_table, "client_for", lambda *_, **__: table):
        yield table


def open_counted() -> DynamoStore:
    """A store of the table that counts, with caches of its own."""
    return DynamoStore("dynamodb://houselights?region=eu-west-1")


def set_up(store: DynamoStore, sessions: int, stages: int, cameras: int) -> list[tuple[str, str, str]]:
    """Sets up festivals, and returns session, stage and camera of each camera."""
    places = []
    store.put_scorer(REKOGNITION)
    for number in range(sessions):
        session_id = f"festival-{number}"
        store.put_session(Session(session_id=session_id, kind="festival", started_at=from_ms(_BEGAN_MS)))
        for stage in range(stages):
            stage_id = f"stage-{stage}"
            store.put_stage(session_id, Stage(stage_id=stage_id, title=f"Stage {stage}"))
            for camera in range(cameras):
                camera_id = f"cam-{stage}-{camera}"
                store.put_camera(session_id, stage_id, Camera(camera_id=camera_id, delivered_by=camera_id))
                places.append((session_id, stage_id, camera_id))
    return places


def figures() -> Iterator[Figure]:
    """The hottest key of all keys, writes and reads."""
    yield from _hottest("10,000 stages of 50 festivals", 50, 200, 1, reach=0.2)
    yield from _hottest("one festival of 200 stages with 20 cameras each", 1, 200, 20, reach=None)


def _hottest(what: str, sessions: int, stages: int, cameras: int, *, reach: float | None) -> Iterator[Figure]:
    clock_s = [1000.0]
    chance = random.Random(18)
    with counted_table() as table, patch.object(time, "monotonic", lambda: clock_s[0]):
        places = set_up(open_counted(), sessions, stages, cameras)
        copies = [(store := open_counted(), SetupCache(store)) for _ in range(COPIES)]
        table.read.clear()
        table.written.clear()
        deliveries = [(chance.uniform(0, SECONDS), place) for _ in range(SECONDS // EVERY_S) for place in places]
        for at_s, place in sorted(deliveries):
            clock_s[0] = 1000.0 + at_s
            _deliver(*copies[chance.randrange(COPIES)], place, _BEGAN_MS + int(1000 * at_s))
        written, read = (counter.most_common(1)[0] for counter in (table.written, table.read))
    for kind, (key, units), most in (("writes", written, WRITES), ("reads", read, READS)):
        name = f"hottest key, {what}, {kind} ({key}), part of its limit"
        yield Figure(name=name, value=units / SECONDS / most, reach=reach, direction="at most")


def _deliver(store: DynamoStore, cache: SetupCache, place: tuple[str, str, str], now_ms: int) -> None:
    """What ingest asks of the store for one sheet of two seconds; every thirtieth with the camera's status."""
    session_id, stage_id, camera_id = place
    session = cache.session(session_id, stage_id, camera_id, now_ms)
    scorer = cache.scorer(session_id, REKOGNITION, own=REKOGNITION, now_ms=now_ms)
    cache.put_scorer(session_id, scorer)
    start_ms = now_ms - now_ms % 1000
    tally = Tally(faces=30, total=10.0, squares=5.0, over=9)
    windows = [
        WindowRecord(
            session_id=session_id,
            stage_id=stage_id,
            camera_id=camera_id,
            start_ms=start_ms - 1000 * second,
            faces=30,
            expected=30,
            tallies={name: tally for name in ("smile", "happy", "surprised", "calm")},
            scorer=scorer.name,
        )
        for second in range(EVERY_S)
    ]
    store.put_windows(windows, set_up_at=session.set_up_at)
    if now_ms % 30 == 0:
        store.put_heartbeat(
            Heartbeat(
                session_id=session_id,
                stage_id=stage_id,
                camera_id=camera_id,
                at_ms=now_ms,
                state="running",
                frames_per_s=1.0,
                faces=30,
                last_window_ms=start_ms,
                lag_s=1.0,
            )
        )
