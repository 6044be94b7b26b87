"""How hot the hottest partition key is: the real worker, store, board and alerts, over a table that counts.

Every camera delivers a sheet and a status within two seconds. Messages reach the copies of the function by chance, each
delivery twice: from the live queue, and from that of all deliveries once it is recorded. All copies begin within these
two seconds with empty caches, which Lambda would spread over ten or more; the clock is simulated. What reads beside
them is counted once and taken as often as it reads. DynamoDB takes 1,000 write units and 3,000 read units a second for
a key ("Best practices for designing and using partition keys effectively", Amazon DynamoDB Developer Guide), and S3
3,500 writes and 5,500 reads for a prefix ("Optimizing Amazon S3 performance").
"""

from __future__ import annotations

import json
import random
import time
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final
from unittest.mock import patch

from audience.alerts import default_rules
from audience.board.liveliness import UPDATE_MS
from audience.deliveries.delivery import Delivery
from audience.errors import DeliveryGone
from audience.monitoring.alert_watch import sessions_to_watch
from audience.monitoring.evaluate import evaluate
from audience.monitoring.situation import SituationReader
from audience.scorers import REKOGNITION
from audience.sessions import MINUTE_MS, Camera, Session, Stage
from audience.store import Heartbeat
from audience.stores import dynamo, dynamo_table
from audience.stores.dynamo import DynamoStore
from audience.stores.dynamo_items import Item, window_item
from audience.stores.dynamo_migration import item_bytes
from audience.stores.rollup_renewal import renew
from audience.time import from_ms
from audience.timelines import Segment, Timeline
from audience.windows import Tally, WindowRecord
from bench.figures import Figure
from edge_lambda.delivery.pressure import READ_EVERY_S
from ingest_lambda.board import parts_of, reader_of
from ingest_lambda.ingest import Ingest, Keep
from ingest_lambda.worker import ReceivedDelivery, Worker
from tests.builders import BEGAN_MS
from tests.ingest.conftest import MadeUpScorer, RecordingReporter
from tests.ingest.sheets import a_sheet

COPIES: Final = 1000
SECONDS: Final = 2
"""How long is counted, and between a camera's sheets, and its statuses."""

FACES: Final = 10
OPERATORS: Final = 3
HOTTEST: Final = 5
WRITES, READS = 1000, 3000
_PUTS, _GETS = 3500, 5500
_FILLED: Final = 3  # stages of the first festival that have been recorded for a minute already
_NOW_S: Final = 3600
_ALERTS_EVERY_S, _OPERATE_EVERY_S, _BOARD_READS_ALL_S = 5, 5, 30


@dataclass(slots=True)
class CountingTable:
    """A table in memory that counts the units of each partition key, in boto3's client format."""

    items: dict[str, dict[str, Item]] = field(default_factory=dict)
    read: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    sorted: dict[str, list[str]] = field(default_factory=dict)
    sizes: dict[int, tuple[Item, int]] = field(default_factory=dict)

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
        self.read[partition] += self._read_units([item] if item else [])
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
        self.read[partition] += self._read_units(items)
        more = {"LastEvaluatedKey": {name: items[-1][name] for name in ("pk", "sk")}} if len(found) > Limit else {}
        return {"Items": items, "Count": len(items), **more}

    def _put(self, item: Item) -> None:
        partition = item["pk"]["S"]
        self.items.setdefault(partition, {})[item["sk"]["S"]] = item
        self.written[partition] += -(-self._size(item) // 1024)

    def _read_units(self, items: list[Item]) -> int:
        """Strongly consistent: one for each started 4 KB of what is read together."""
        return max(1, -(-sum(map(self._size, items)) // 4096))

    def _size(self, item: Item) -> int:
        if id(item) not in self.sizes:
            self.sizes[id(item)] = item, item_bytes(item)  # with the item, so that its address stays its own
        return self.sizes[id(item)][1]


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
    acts = tuple(
        Segment(title=f"Act {number}", start_s=3600.0 * number, end_s=3600.0 * number + 3000) for number in range(8)
    )
    for number in range(sessions):
        session_id = f"festival-{number}"
        store.put_session(Session(session_id=session_id, kind="festival", started_at=from_ms(BEGAN_MS)))
        for stage in range(stages):
            stage_id = f"stage-{stage}"
            timeline = Timeline(title="Day", segments=acts)
            store.put_stage(session_id, Stage(stage_id=stage_id, title=f"Stage {stage}", timelines=(timeline,)))
            for camera in range(cameras):
                camera_id = f"cam-{stage}-{camera}"
                store.put_camera(session_id, stage_id, Camera(camera_id=camera_id, delivered_by=camera_id))
                places.append((session_id, stage_id, camera_id))
        for rule in default_rules():
            store.alerting.put(session_id, rule)
    return places


def figures() -> Iterator[Figure]:
    """The hottest key of all keys, writes and reads, and those after it."""
    yield from _hottest("10,000 stages of 50 festivals", 50, 200, 1)
    yield from _hottest("one festival of 200 stages with 20 cameras each", 1, 200, 20)


def _hottest(what: str, sessions: int, stages: int, cameras: int) -> Iterator[Figure]:
    clock_s = [-3600.0]
    chance = random.Random(18)

    def now_ms() -> int:
        return BEGAN_MS + int(1000 * (_NOW_S + clock_s[0]))

    with (
        counted_table() as table,
        patch.object(time, "monotonic", lambda: 10_000 + clock_s[0]),
        patch.object(time, "sleep", lambda _: None),
        patch.object(dynamo, "now_ms", now_ms),
    ):
        places = set_up(open_counted(), sessions, stages, cameras)
        clock_s[0] = 0.0
        for stage in range(_FILLED):
            _record_a_minute(table, f"stage-{stage}", stage, cameras)
        bucket = _Bucket(now_ms)
        copies = [_copy(bucket, now_ms) for _ in range(COPIES)]
        load = _Load(table)
        with load.of(1 / SECONDS):
            for at_s, place in sorted((chance.uniform(0, SECONDS), place) for place in places):
                clock_s[0] = at_s
                session_id, stage_id, camera_id = place
                sheet = a_sheet(
                    FACES, FACES, at_s=_NOW_S - 2, session_id=session_id, stage_id=stage_id, camera_id=camera_id
                )
                message = bucket.put(sheet.delivery())
                chance.choice(copies).process_live(message, sent_ms=now_ms())
                chance.choice(copies).process(message)
                chance.choice(copies).ingest.record_status(_heartbeat(place, now_ms()), now_ms=now_ms())
        if bucket.kept:
            raise RuntimeError(f"{len(bucket.kept)} deliveries were not recorded")
        _read_beside(load, open_counted(), sessions, stages, cameras, now_ms())
    for kind, units, most in (("writes", load.written, WRITES), ("reads", load.read, READS)):
        hottest = sorted(units.items(), key=itemgetter(1), reverse=True)[:HOTTEST]
        for rank, (key, units_s) in enumerate(hottest, 1):
            name = "hottest key" if rank == 1 else f"number {rank} of the hottest keys"
            yield Figure(
                name=f"{name}, {what}, {kind} ({key}), part of its limit",
                value=units_s / most,
                reach=0.2 if rank == 1 else None,
                direction="at most",
            )
    for kind, per_s, most in (
        ("writes of deliveries, the hottest session's prefix", stages * cameras / SECONDS, _PUTS),
        ("reads of how far behind the cloud is", sessions * stages * cameras / READ_EVERY_S, _GETS),
    ):
        yield Figure(name=f"S3, {what}, {kind}, part of what a prefix takes at first", value=per_s / most)


@dataclass(slots=True)
class _Load:
    """Units a second of each key."""

    table: CountingTable
    written: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    read: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def of(self, per_s: float, *, festivals: int = 1) -> Iterator[None]:
        """Counts what is done meanwhile, which happens so often; keys that festivals share are used by each."""
        self.table.read.clear()
        self.table.written.clear()
        yield
        for units, load in ((self.table.written, self.written), (self.table.read, self.read)):
            for key, count in units.items():
                load[key] += count * per_s * (1 if "festival-" in key else festivals)


def _read_beside(load: _Load, store: DynamoStore, sessions: int, stages: int, cameras: int, at_ms: int) -> None:
    """What the board, the alerts, the roll-ups and the Operate page read and write of the first festival."""
    session_id = "festival-0"
    with load.of(1 / 60):
        assert len(sessions_to_watch(store, at_ms)) == sessions
    watched, shown = SituationReader(session_id), SituationReader(session_id)
    for reader in (watched, shown):
        reader.read(store, at_ms)
    with load.of(1 / _ALERTS_EVERY_S, festivals=sessions):
        evaluate(store, session_id, at_ms + 1000 * _ALERTS_EVERY_S, "watcher", reader=watched)
    with load.of(OPERATORS / _OPERATE_EVERY_S, festivals=sessions):
        shown.read(store, at_ms + 1000 * _OPERATE_EVERY_S)
    parts = [reader_of(session_id, stages_of_it) for stages_of_it in parts_of(store, session_id)]
    with load.of(1 / _BOARD_READS_ALL_S, festivals=sessions):
        for part in parts:
            part.sums(store, at_ms)
    with load.of(1000 / UPDATE_MS, festivals=sessions):
        for part in parts:
            store.session(session_id)
            part.sums(store, at_ms + UPDATE_MS)
    minute_ms = at_ms - at_ms % MINUTE_MS
    with load.of(1 / 60, festivals=sessions):
        renew(
            store, [(f"S#{session_id}#stage-{stage}", f"W#{minute_ms}#cam#0") for stage in range(stages)], lambda: at_ms
        )


class _Bucket:
    """Deliveries in memory, with their messages."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.kept: dict[str, bytes] = {}
        self._now_ms = now_ms

    def put(self, delivery: Delivery) -> str:
        self.kept[delivery.key] = delivery.data
        detail = {"bucket": {"name": "bucket"}, "object": {"key": delivery.key}}
        return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})

    def read(self, bucket: str, key: str) -> ReceivedDelivery:
        if key not in self.kept:
            raise DeliveryGone(key)
        return ReceivedDelivery(data=self.kept[key], delivered_ms=self._now_ms(), sent_ms=None)

    def remove(self, bucket: str, key: str) -> None:
        del self.kept[key]

    def keep(self, bucket: str, key: str) -> None:
        raise NotImplementedError


class _NoDeadLetters:
    """There are none."""

    def put(self, body: str, reason: str) -> None:
        raise RuntimeError(reason)


def _copy(bucket: _Bucket, now_ms: Callable[[], int]) -> Worker:
    """A copy of the function that has done nothing yet."""
    return Worker(
        ingest=Ingest(open_counted(), MadeUpScorer(), Keep()),
        deliveries=bucket,
        dead_letters=_NoDeadLetters(),
        reporter=RecordingReporter(),
        keep_deliveries=False,
        now_ms=now_ms,
    )


def _heartbeat(place: tuple[str, str, str], at_ms: int) -> Heartbeat:
    session_id, stage_id, camera_id = place
    return Heartbeat(
        session_id=session_id,
        stage_id=stage_id,
        camera_id=camera_id,
        at_ms=at_ms,
        state="running",
        frames_per_s=1.0,
        faces=FACES,
        last_window_ms=at_ms - 1000,
        lag_s=1.0,
        detector="centerface 1",
        received_ms=at_ms,
    )


def _record_a_minute(table: CountingTable, stage_id: str, stage: int, cameras: int) -> None:
    """Puts the windows of the minute before into the table, so that whoever reads a minute reads one."""
    tally = Tally(faces=FACES, total=10.0, squares=5.0, over=9)
    for second in range(_NOW_S - 60, _NOW_S - 2):
        for camera in range(cameras):
            window = WindowRecord(
                session_id="festival-0",
                stage_id=stage_id,
                camera_id=f"cam-{stage}-{camera}",
                start_ms=BEGAN_MS + 1000 * second,
                part="made-up",
                faces=FACES,
                expected=FACES,
                tallies={name: tally for name in ("smile", "happy", "surprised", "calm", "sad", "angry")},
                scorer=MadeUpScorer.name,
            )
            item = window_item(window)
            table.items.setdefault(item["pk"]["S"], {})[item["sk"]["S"]] = item
