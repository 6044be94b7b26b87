"""A festival's public board at 200 stages of 20 cameras, and what a million phones ask for that look at it.

The functions are the real ones, over a table and a bucket in memory. Processor time is measured and counted as time on
Lambda's one processor (1,769 MB). Simulated are the waits: 10 ms a request to DynamoDB or S3, of which eight are under
way at once, .3 s from a message to its call, 75 MB/s from both services, and 2 s sheets that ingest has recorded
between 1.5 and 2.5 s after the sheet's last second. One part is measured; the others run beside it on functions of
their own. A phone's waits are those of the page's own script in Node.js, and places change as often as rankings may.
"""

from __future__ import annotations

import json
import random
import subprocess
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final
from unittest.mock import patch

import numpy as np
from botocore.exceptions import ClientError

from audience.board.ranking import HOLD_MS, RENEW_MS
from audience.monitoring.prices import CLOUDFRONT_REQUEST, CLOUDFRONT_TIERS
from audience.sessions import MINUTE_MS, Camera, Session, Stage
from audience.stores import dynamo_table
from audience.stores.dynamo import DynamoStore
from audience.stores.dynamo_items import Item, window_item
from audience.time import from_ms
from audience.windows import Tally, WindowRecord
from bench.figures import Figure
from bench.scale.keys import CountingTable, open_counted
from board_page.page import polling_rule
from ingest_lambda.board import AFTER_PARTS_MS, UPDATE_MS, FestivalBoard, FestivalPart, parts_of, reader_of
from ingest_lambda.board_objects import BoardObjects
from ingest_lambda.board_parts import BoardParts

STAGES: Final = 200
CAMERAS: Final = 20
UPDATES: Final = 3
PHONES: Final = 1_000_000
_SIMULATED_PHONES: Final = 20_000
_NOW_MS: Final = 1_780_000_040_000
_REQUEST_S, _AT_ONCE, _BYTES_S, _MESSAGE_S = 0.010, 8, 75e6, 0.3
_ANSWER_BYTES: Final = 450  # headers, and nearly always 304
_SNAPSHOT_BYTES: Final = 2_000  # ten stages, packed, with headers


@dataclass(slots=True)
class Network:
    """What was asked of a service, and how long it would have taken."""

    requests: int = 0
    sent: int = 0

    @property
    def took_s(self) -> float:
        return self.requests * _REQUEST_S / _AT_ONCE + self.sent / _BYTES_S


@dataclass(slots=True)
class ReadTable(CountingTable):
    """A table whose answers have to be parsed."""

    network: Network = field(default_factory=Network)
    texts: dict[int, str] = field(default_factory=dict)

    def query(self, *, ExpressionAttributeValues: Item, Limit: int = 10**9, **request: Any) -> dict[str, Any]:
        partition, low, high = (ExpressionAttributeValues[name]["S"] for name in (":pk", ":low", ":high"))
        kept = self.items.get(partition, {})
        if len(self.sorted.get(partition, ())) != len(kept):
            self.sorted[partition] = sorted(kept)
        sorts = self.sorted.get(partition, [])
        after = request.get("ExclusiveStartKey", {}).get("sk", {"S": ""})["S"]
        first, end = max(bisect_left(sorts, low), bisect_right(sorts, after)), bisect_right(sorts, high)
        items = [kept[sort] for sort in sorts[first : min(end, first + Limit)]]
        body = f"[{','.join([self.text(item) for item in items])}]"
        self.network.requests += 1
        self.network.sent += len(body)
        more = {"LastEvaluatedKey": {name: items[-1][name] for name in ("pk", "sk")}} if end > first + Limit else {}
        return {"Items": json.loads(body), "Count": len(items), **more}

    def text(self, item: Item) -> str:
        """An item as DynamoDB sends it."""
        if id(item) not in self.texts:
            self.texts[id(item)] = json.dumps(item)
        return self.texts[id(item)]

    def get_item(self, **request: Any) -> dict[str, Any]:
        self.network.requests += 1
        return CountingTable.get_item(self, **request)


class Bucket:
    """A bucket in memory, as boto3's client has it."""

    def __init__(self, network: Network) -> None:
        self._network, self._bodies = network, dict[str, tuple[bytes, dict[str, str]]]()

    def put_object(self, *, Key: str, Body: bytes, Metadata: dict[str, str], **_: Any) -> dict[str, Any]:
        self._bodies[Key] = Body, Metadata
        self._network.requests += 1
        self._network.sent += len(Body)
        return {"ETag": str(hash(Body))}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        body, metadata = self._found(Key)
        self._network.sent += len(body)
        return {"Body": BytesIO(body), "Metadata": metadata}

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        return {"ETag": "etag", "Metadata": self._found(Key)[1]}

    def _found(self, key: str) -> tuple[bytes, dict[str, str]]:
        self._network.requests += 1
        if key not in self._bodies:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return self._bodies[key]


@contextmanager
def _festival(network: Network) -> Iterator[DynamoStore]:
    """The festival's last five minutes of windows, and roll-ups before; ten stages stand for all."""
    table = ReadTable(network=network)
    with patch.object(dynamo_table, "client_for", lambda *_, **__: table):
        store = open_counted()
        store.put_session(Session(session_id="festival", kind="festival", started_at=from_ms(_NOW_MS - 4 * 3_600_000)))
        chance = random.Random(1)
        for number in range(STAGES):
            stage_id = f"stage-{number:03d}"
            store.put_stage("festival", Stage(stage_id=stage_id, title=f"Stage {number}"))
            cameras = [Camera(camera_id=f"cam-{camera}", delivered_by=f"cam-{camera}") for camera in range(CAMERAS)]
            for camera in cameras:
                store.put_camera("festival", stage_id, camera)
            partition, like = f"S#festival#{stage_id}", f"S#festival#stage-{number % 10:03d}"
            if number < 10:
                table.items[partition] = _windows(stage_id, chance)
                _roll_up(store, table.items[partition], stage_id, cameras)
                for item in table.items[partition].values():
                    table.text(item)
            table.items[partition] = table.items[like]
        network.requests = network.sent = 0
        yield store


def _windows(stage_id: str, chance: random.Random) -> dict[str, Item]:
    level = chance.uniform(0.2, 0.6)
    found = {}
    for start_ms in range(_NOW_MS - 5 * MINUTE_MS, _NOW_MS + 2 * UPDATE_MS * UPDATES, 1000):
        for camera in range(CAMERAS):
            share = min(1.0, max(0.0, chance.gauss(level, 0.05)))
            tally = Tally(faces=30, total=30 * share, squares=30 * share**2 + 0.5, over=9, estimate=8.1, variance=0.2)
            item = window_item(
                WindowRecord(
                    session_id="festival",
                    stage_id=stage_id,
                    camera_id=f"cam-{camera}",
                    start_ms=start_ms,
                    faces=30,
                    expected=30,
                    tallies=dict.fromkeys(("smile", "happy", "surprised", "calm", "sad", "angry"), tally),
                    scorer="made-up-1",
                )
            )
            found[item["sk"]["S"]] = item
    return found


def _roll_up(store: DynamoStore, items: dict[str, Item], stage_id: str, cameras: list[Camera]) -> None:
    """Writes the roll-up of one minute, and gives it to all that came before."""
    minute = (_NOW_MS - 4 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    store.rolling.renew("festival", stage_id, [minute], cameras)
    (sort,) = (sort for sort in items if sort.startswith("M#"))
    for at_ms in range(minute - 40 * MINUTE_MS, _NOW_MS, MINUTE_MS):
        other = f"M#{at_ms:013d}"
        items[other] = {**items[sort], "sk": {"S": other}}


def figures() -> Iterator[Figure]:
    """The board of the large festival, and the phones."""
    network = Network()
    with _festival(network) as store:
        objects = BoardObjects(Bucket(network), "boards")
        measured = _Measured(network)
        found = measured.took(lambda: parts_of(store, "festival"))
        lookup_s = measured.last_s
        parts = [
            FestivalPart(store, BoardParts(objects, "festival"), "festival", number, stages)
            for number, stages in enumerate(found)
        ]
        first_s = []
        for part in parts:
            measured.took(lambda part=part: part.update(_NOW_MS))
            first_s.append(measured.last_s)
        board = FestivalBoard(store, objects, "festival", reader_of("festival"), parts=len(parts))
        measured.took(lambda: board.update(_NOW_MS))
        merge_s = measured.last_s
        part_s, board_s = [], []
        for update in range(1, UPDATES + 1):
            for part in parts:
                measured.took(lambda part=part, at=_NOW_MS + update * UPDATE_MS: part.update(at))
                part_s.append(measured.last_s)
            measured.took(lambda at=_NOW_MS + update * UPDATE_MS: board.update(at))
            board_s.append(measured.last_s)
    what = f"{STAGES} stages of {CAMERAS} cameras"
    ready_s = 2 * _MESSAGE_S + lookup_s + float(np.quantile(first_s, 0.95))
    yield Figure(name=f"{what}: parts, one function each", value=len(parts))
    yield Figure(
        name=f"{what}: first board after the festival was found, on functions that know nothing",
        value=ready_s + (UPDATE_MS / 2000) + merge_s,
        unit="s",
        reach=5,
        direction="at most",
    )
    yield Figure(
        name=f"{what}: an update of a part, 95th percentile",
        value=float(np.quantile(part_s, 0.95)),
        unit="s",
        reach=AFTER_PARTS_MS / 1000,
        direction="at most",
    )
    yield Figure(
        name=f"{what}: an update until the board is written, 95th percentile",
        value=AFTER_PARTS_MS / 1000 + float(np.quantile(board_s, 0.95)),
        unit="s",
        reach=2,
        direction="at most",
    )
    chance = np.random.default_rng(1)
    late_s = float(np.quantile(part_s, 0.95)) > AFTER_PARTS_MS / 1000
    delay_s = (
        chance.uniform(0, 2, 100_000)  # a second of a sheet waits for the sheet's last
        + chance.uniform(1.5, 2.5, 100_000)  # on its way, and scored
        + chance.uniform(0, UPDATE_MS / 1000, 100_000)  # until an update
        + AFTER_PARTS_MS / 1000
        + chance.choice(board_s, 100_000)
        + (UPDATE_MS / 1000 if late_s else 0.0)
    )
    yield Figure(
        name=f"{what}: end of a second to the board that shows it, sheets of 2 s, 95th percentile",
        value=float(np.quantile(delay_s, 0.95)),
        unit="s",
        reach=5,
        direction="at most",
    )
    yield from _phones()


class _Measured:
    """Processor time and the network's."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.last_s = 0.0

    def took(self, work: Callable[[], Any]) -> Any:
        self._network.requests = self._network.sent = 0
        began_s = time.process_time()
        found = work()
        self.last_s = time.process_time() - began_s + self._network.took_s
        return found


def _phones() -> Iterator[Figure]:
    """A million phones that all look at the board at once, for half an hour."""
    program = polling_rule() + _SIMULATION
    settings = {"phones": _SIMULATED_PHONES, "seconds": 1800, "hold": HOLD_MS / 1000, "renew": RENEW_MS / 1000}
    for what, every in (("rankings that change between 30 and 60 s", "usual"), ("one that changes every 30 s", "hold")):
        ran = subprocess.run(
            ["node", "-e", program, json.dumps({**settings, "every": every})],
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(ran.stdout)
        scale = PHONES / _SIMULATED_PHONES
        requests_s = found["mean"] * scale
        gigabytes = 3600 * requests_s * (_ANSWER_BYTES + _SNAPSHOT_BYTES) / 1e9
        cost = 3600 * requests_s * CLOUDFRONT_REQUEST + CLOUDFRONT_TIERS.cost(gigabytes)
        usual = every == "usual"
        yield Figure(
            name=f"a million phones, {what}: requests a second",
            value=requests_s,
            reach=200_000 if usual else None,
            direction="at most",
        )
        yield Figure(
            name=f"a million phones, {what}: most in a second, after all came in a minute",
            value=found["most"] * scale,
            reach=200_000,
            direction="at most",
        )
        yield Figure(
            name=f"a million phones, {what}: CloudFront, an hour",
            value=cost,
            unit="$",
            reach=300 if usual else None,
            direction="at most",
        )


_SIMULATION: Final = """
const { phones, seconds, hold, renew, every } = JSON.parse(process.argv[1]);
let seed = 1;
const chance = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const changes = [];
for (let at = 0; at < seconds; ) changes.push((at += every === "hold" ? hold : hold + chance() * (renew - hold)));
const asked = new Array(seconds).fill(0);
for (let phone = 0; phone < phones; phone++) {
  let at = 60 * chance(), quiet = 0, seen = 0;
  while (at < seconds) {
    asked[Math.floor(at)] += 1;
    let now = seen;
    while (changes[now] <= at) now += 1;
    quiet = now > seen ? 0 : quiet + 1;
    seen = now;
    at += wait_ms({ quiet, failed: 0, kiosk: false, over: false }, chance()) / 1000;
  }
}
const steady = asked.slice(120);
const mean = steady.reduce((sum, one) => sum + one, 0) / steady.length;
console.log(JSON.stringify({ mean, most: Math.max(...asked) }));
"""
