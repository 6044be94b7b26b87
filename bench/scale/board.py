"""A festival's public board at 200 stages of 20 cameras, and what a million phones ask for that look at it.

The functions are the real ones, over a table and a bucket in memory. Processor time is measured and counted as time on
Lambda's one processor (1,769 MB). Simulated are the waits: 10 ms a request to DynamoDB or S3, of which eight are under
way at once, .3 s from a message to its call, and 75 MB/s from both services. Two parts are updated every second, the
others, which lie on functions of their own, every eighth.

What a face takes from the camera to the table: the sheet's wait follows from the device's rule; what the device and the
function do was measured (`_DEVICE_S`, `bench.scale.backlog`); AWS's latencies are those that somebody published
(`_LATENCIES`), but for DetectFaces, of which nobody did. An hour of updates is then played through. A phone's waits are
those of the page's own script in Node.js, and places change as often as rankings may.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final, Literal
from unittest.mock import patch

import numpy as np
from botocore.exceptions import ClientError
from numpy.typing import NDArray

from audience.board.ranking import HOLD_MS, RENEW_MS
from audience.monitoring import prices
from audience.monitoring.cost import SHEET_S
from audience.monitoring.plan import AT_ONCE
from audience.sessions import MINUTE_MS, Camera, Session, Stage
from audience.stores import dynamo_table
from audience.stores.dynamo import DynamoStore
from audience.stores.dynamo_items import Item, window_item
from audience.time import from_ms
from audience.windows import Tally, WindowRecord
from bench.figures import Figure
from bench.scale.backlog import PROCESSOR, measured
from bench.scale.keys import CountingTable, open_counted
from board_page.page import polling_rule
from ingest_lambda.board import AFTER_PARTS_MS, EVERY_MS, FestivalBoard, FestivalPart, parts_of, reader_of
from ingest_lambda.board_objects import BoardObjects
from ingest_lambda.board_parts import BoardParts

Floats = NDArray[np.float64]

STAGES: Final = 200
CAMERAS: Final = 20
WARMING, UPDATES = 30, 30
"""Updates until all has settled for the first time, and those that are measured."""
PHONES: Final = 1_000_000
_SIMULATED_PHONES: Final = 20_000
_NOW_MS: Final = 1_780_000_040_000
_REQUEST_S, _AT_ONCE, _BYTES_S, _MESSAGE_S = 0.010, 8, 75e6, 0.3
_CLOSE_S: Final = 0.05  # until a queue hands the next message of a group out, once the one before was removed

_DEVICE_S: Final = (0.3, 0.5)
"""Seconds from the frame that completes a sheet to its upload: what `bench cloud_delay` took on two cores beyond the
wait for the sheet, where the stand-ins for AWS and the ingest ran beside the device."""

_LATENCIES: Final = {
    # "The median is often in the tens of milliseconds" for small requests: AWS, Best Practices Design Patterns:
    # Optimizing Amazon S3 Performance, "Timeouts and Retries for Latency-Sensitive Applications".
    "S3: a put": (0.05, 0.2),
    # Of S3's own events AWS says "typically in seconds"; L. Hoban's lambdaperf found them as fast as those of SNS, for
    # which bitesizedserverless.com, "Serverless Messaging: Latency Compared" (2022), has .073 and .225.
    "S3: until its event": (0.075, 0.225),
    # The same, EventBridge since February 2023 and SQS, in both cases until a function runs.
    "EventBridge": (0.148, 0.387),
    "SQS": (0.016, 0.105),
    # Nobody publishes one: what plans assume for a sheet (`SHEET_S`) less the function's own work, and twice that.
    "Rekognition: DetectFaces": (0.9 * SHEET_S, 1.9 * SHEET_S),
}
"""Median and 99th percentile of AWS's services, seconds; lognormal between."""

_ANSWER_BYTES: Final = 450  # headers, and nearly always 304
_SNAPSHOT_BYTES: Final = 2_000  # ten stages, packed, with headers


@dataclass(slots=True)
class Network:
    """What was asked of a service, and how long it would have taken."""

    requests: int = 0
    sent: int = 0
    read_units: int = 0

    @property
    def took_s(self) -> float:
        return self.requests * _REQUEST_S / _AT_ONCE + self.sent / _BYTES_S


@dataclass(slots=True)
class ReadTable(CountingTable):
    """A table whose answers have to be parsed."""

    network: Network = field(default_factory=Network)
    texts: dict[int, str] = field(default_factory=dict)

    def query(self, **request: Any) -> dict[str, Any]:
        partition = request["ExpressionAttributeValues"][":pk"]["S"]
        before = self.read[partition]
        answer = CountingTable.query(self, **request)
        body = f"[{','.join([self.text(item) for item in answer['Items']])}]"
        self.network.requests += 1
        self.network.sent += len(body)
        self.network.read_units += self.read[partition] - before
        return answer | {"Items": json.loads(body)}

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
            partition, like = f"S#festival#{stage_id}", f"S#festival#stage-{number % 10:03d}"
            if number < 10:
                table.items[partition] = _windows(stage_id, chance)
                _roll_up(store, table.items[partition], stage_id, cameras)
                for item in table.items[partition].values():
                    table.text(item)
            table.items[partition] = table.items[like]
            for camera in cameras:  # which lie beside the windows
                store.put_camera("festival", stage_id, camera)
        network.requests = network.sent = 0
        yield store


def _windows(stage_id: str, chance: random.Random) -> dict[str, Item]:
    level = chance.uniform(0.2, 0.6)
    found = {}
    for start_ms in range(_NOW_MS - 5 * MINUTE_MS, _NOW_MS + (WARMING + UPDATES + 2) * EVERY_MS, 1000):
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
    found = _measured()
    what = f"{STAGES} stages of {CAMERAS} cameras"
    yield Figure(name=f"{what}: parts, one function each", value=found.parts)
    yield Figure(
        name=f"{what}: first board after the festival was found, on functions that know nothing",
        value=found.first_board_s,
        unit="s",
        reach=5,
        direction="at most",
    )
    yield Figure(
        name=f"{what}: an update of a part, 95th percentile",
        value=float(np.quantile(found.part_s, 0.95)),
        unit="s",
        reach=AFTER_PARTS_MS / 1000,
        direction="at most",
    )
    yield Figure(
        name=f"{what}: an update until the board is written, 95th percentile",
        value=AFTER_PARTS_MS / 1000 + float(np.quantile(found.board_s, 0.95)),
        unit="s",
        reach=2,
        direction="at most",
    )
    sheet, file = (_recorded_s(kind) for kind in ("live", "device"))
    for name, recorded_s in (("sheets", sheet), ("files scored on the device", file)):
        delays = _delays_s(found, recorded_s)
        yield Figure(
            name=f"{what}: a frame's capture to the board that shows it, {name} of 2 s, median",
            value=float(np.median(delays)),
            unit="s",
        )
        yield Figure(
            name=f"{what}: a frame's capture to the board that shows it, {name} of 2 s, 95th percentile",
            value=float(np.quantile(delays, 0.95)),
            unit="s",
            reach=5,
            direction="at most",
        )
    yield from _cost(found)
    yield from _phones()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the functions took, seconds, and asked for.

    Attributes:
        parts: how many.
        lookup_s: to look the parts up and have them made.
        first_board_s: from the festival's message to its first board.
        part_s, board_s: of each update.
        takeover_s: the first update of a part by a function that begins where another ended.
        part_units, board_gets: a part's read units of the table, and the board's reads of objects, an update.
    """

    parts: int
    lookup_s: float
    first_board_s: float
    part_s: Sequence[float]
    board_s: Sequence[float]
    takeover_s: float
    part_units: float
    board_gets: float


def _measured() -> _Found:
    network = Network()
    with _festival(network) as store:
        objects = BoardObjects(Bucket(network), "boards")
        measured = _Measured(network)
        found = measured.took(lambda: parts_of(store, "festival"))
        lookup_s = measured.last_s

        def part_of(number: int) -> FestivalPart:
            return FestivalPart(store, BoardParts(objects, "festival"), "festival", number, found[number])

        parts = [part_of(number) for number in range(len(found))]
        first_s = []
        for part in parts:
            measured.took(lambda part=part: part.update(_NOW_MS))
            first_s.append(measured.last_s)
        board = FestivalBoard(store, objects, "festival", reader_of("festival"), parts=len(parts))
        measured.took(lambda: board.update(_NOW_MS))
        # Parts begin to come while the board's call looks for them, every second.
        ready_s = 2 * _MESSAGE_S + lookup_s + float(np.quantile(first_s, 0.95))
        first_board_s = ready_s + EVERY_MS / 2000 + measured.last_s
        part_s, board_s, part_units = [], [], []
        for update in range(1, WARMING + UPDATES + 1):
            at_ms = _NOW_MS + update * EVERY_MS
            for part in parts[: None if update % 8 == 0 else 2]:
                measured.took(lambda part=part, at_ms=at_ms: part.update(at_ms))
                if part.number < 2 and update > WARMING:
                    part_s.append(measured.last_s)
                    part_units.append(network.read_units)
            if update > WARMING - 8 and update % 3 == 0:
                measured.took(lambda at_ms=at_ms: board.update(at_ms))
                board_s += [measured.last_s] * (update > WARMING)
        board_gets = network.requests - 2
        following = part_of(0)
        measured.took(lambda: following.update(_NOW_MS + (WARMING + UPDATES + 1) * EVERY_MS))
    return _Found(
        parts=len(parts),
        lookup_s=lookup_s,
        first_board_s=first_board_s,
        part_s=part_s,
        board_s=board_s,
        takeover_s=measured.last_s,
        part_units=float(np.mean(part_units)),
        board_gets=board_gets,
    )


def _recorded_s(kind: Literal["live", "device"]) -> Floats:
    """Seconds from a frame's capture until its window is in the table, at samples."""
    chance, size = np.random.default_rng(1), 100_000
    latencies = {name: _lognormal(chance, size, *pair) for name, pair in _LATENCIES.items()}
    if kind == "device":
        del latencies["Rekognition: DetectFaces"]
    work = measured()[kind]
    # A function of 1 GB shares its part of a processor between the deliveries of a load.
    own_s = work.waiting_s + work.processor_s / PROCESSOR * chance.uniform(1, AT_ONCE, size)
    # A frame is taken as its second begins, and completes its window: the first of a sheet's two waits for the other.
    return chance.choice([0.0, 1.0], size) + chance.uniform(*_DEVICE_S, size) + sum(latencies.values()) + own_s


def _lognormal(chance: np.random.Generator, size: int, median: float, percentile_99: float) -> Floats:
    return median * np.exp(chance.normal(0, math.log(percentile_99 / median) / 2.326, size))


def _delays_s(found: _Found, recorded_s: Floats) -> Floats:
    """Seconds from capture to the board, of windows captured at any time within an hour of updates."""
    chance, updates = np.random.default_rng(2), 3_700
    second = np.arange(updates)
    # Once a minute a call ends, and the next takes over: of the board, and of a part five seconds later.
    part_done = second + chance.choice(found.part_s, (found.parts, updates))
    part_done[:, 10::60] += _CLOSE_S + found.takeover_s
    collected = second + AFTER_PARTS_MS / 1000
    collected[5::60] += _CLOSE_S + found.lookup_s
    written = collected + chance.choice(found.board_s, updates)
    part = chance.integers(0, found.parts, len(recorded_s))
    captured = chance.uniform(0, 3_600, len(recorded_s))
    delays = np.empty(len(recorded_s))
    for number in range(found.parts):
        mine = part == number
        # A part's update is missed where the one before takes longer than a second.
        done = np.maximum.accumulate(part_done[number])
        read = np.ceil(captured[mine] + recorded_s[mine]).astype(np.int64)
        delays[mine] = written[np.searchsorted(collected, done[read])] - captured[mine]
    return delays


def _cost(found: _Found) -> Iterator[Figure]:
    """What the board itself costs, without phones and cameras."""
    units = 3600 * found.parts * found.part_units
    hours = {
        "functions": 3600 * (found.parts + 1) * 1.769 * prices.LAMBDA_GB_S,
        "objects": 3600 * ((found.parts + 1) * prices.S3_PUT + found.board_gets * prices.S3_GET),
        "reading the table, by the request": units * prices.DYNAMODB_READ_UNIT,
    }
    for name, dollars in hours.items():
        yield Figure(name=f"{STAGES} stages of {CAMERAS} cameras: {name}, an hour", value=dollars, unit="$")
    yield Figure(name=f"{STAGES} stages of {CAMERAS} cameras: read units of the table a second", value=units / 3600)


class _Measured:
    """Processor time and the network's."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.last_s = 0.0

    def took(self, work: Callable[[], Any]) -> Any:
        self._network.requests = self._network.sent = self._network.read_units = 0
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
        cost = 3600 * requests_s * prices.CLOUDFRONT_REQUEST + prices.CLOUDFRONT_TIERS.cost(gigabytes)
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
