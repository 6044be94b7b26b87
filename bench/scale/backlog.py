"""An outage of the whole ingest for an hour at 4,000 cameras: how soon it is live again, and when all is recorded.

What the function takes for a delivery is measured: the real worker, bucket, store and key look-ups over real HTTP on an
emulation of AWS in another process, so that only its own processor time is counted; its requests are counted too, and
each is taken to last as long as AWS's services usually do. The day is then simulated in steps of a second, with the
planned number of copies, Lambda's pace of starting them, the quota of DetectFaces, the table's capacity, both queues,
and the cameras' own `DeliveryLadder`, of which each stands for ten cameras. Nothing was run on AWS.
"""

from __future__ import annotations

import json
import math
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import boto3
from botocore.config import Config

from audience.deliveries.window_file import WindowFile
from audience.monitoring.cost import SHEET_S, faces_units
from audience.monitoring.plan import AT_ONCE, Festival, Plan, plan_of
from audience.store import DeliveryStep
from audience.stores import open_store
from audience.stores.dynamo_client import DynamoAddress
from bench.figures import Figure
from edge_lambda.delivery.pressure import READ_EVERY_S, STALE_S, DeliveryLadder
from edge_lambda.delivery.sheets import LIVE_INTERVAL_S, THRIFTY_INTERVAL_S
from houselights.local_cloud.stack import Queues, Stack, create_resources
from ingest_lambda.bucket import BucketDeliveries
from ingest_lambda.dead_letters import DeadLetterQueue
from ingest_lambda.handler import LIVE_SHARE, process_event
from ingest_lambda.ingest import Ingest, Keep
from ingest_lambda.worker import LIVE_S, Worker
from tests.builders import a_camera, a_face, a_scorer, a_session, a_stage, a_window, after_ms, window_faces
from tests.ingest.conftest import MadeUpScorer, RecordingReporter
from tests.ingest.sheets import a_sheet

Kind = Literal["live", "thrifty", "device"]

FESTIVAL: Final = Festival(stages=200, cameras=20, hours=12, faces=20)
OUTAGE_S: Final = 3600
CAMERAS_A_LADDER: Final = 10
MEASURED: Final = 60

PROCESSOR: Final = 1024 / 1769
"""Part of a processor that a function of 1 GB has (AWS: 1,769 MB are one)."""

REQUEST_S: Final = {"s3": 0.025, "dynamodb": 0.008, "sqs": 0.012}
"""How long a request to a service usually takes from a function in its region, seconds: assumed."""

LIVE_RETENTION_S: Final = 60
DELAY_S: Final = 60
FIRST_COPIES, COPIES_PER_S = 5, 5
"""How many copies a queue's pollers begin with, and how many they add a second (AWS: five, and 300 a minute)."""

NEW_S: Final = 2
"""Seconds within which what is live is recorded, from its arrival."""

BURST_S: Final = 300
"""For how many seconds DynamoDB keeps unused capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the function takes for one message, seconds: processor time, and waiting for services."""

    processor_s: float
    waiting_s: float

    @property
    def seconds(self) -> float:
        """On a function of 1 GB."""
        return self.processor_s / PROCESSOR + self.waiting_s


@contextmanager
def _aws() -> Iterator[str]:
    """An emulation of AWS in another process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


class _Measured:
    """The worker over an emulated AWS, with its requests counted."""

    def __init__(self, endpoint: str) -> None:
        self._session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1")
        self._endpoint = endpoint
        self.requests: Counter[str] = Counter()
        stack = Stack(name="scale")
        self.queues: Queues = create_resources(stack, self._client, with_stream=False)
        self.bucket = stack.bucket
        os.environ |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        self.store = open_store(DynamoAddress(table=stack.table, region="eu-west-1", endpoint=endpoint).url)
        self.store.put_session(a_session())
        self.store.put_stage("talk-1", a_stage())
        for number in range(1, FESTIVAL.cameras + 1):
            self.store.put_camera("talk-1", "main", a_camera(f"cam-{number}"))
        self._count(self.store._table._client)  # type: ignore[attr-defined]
        s3 = self._client("s3")
        self._count(s3)
        self.s3 = self._client("s3")
        self.worker = Worker(
            ingest=Ingest(self.store, MadeUpScorer(), Keep()),
            deliveries=BucketDeliveries(s3),
            dead_letters=DeadLetterQueue(self._client("sqs"), self.queues.dead_letters),
            reporter=RecordingReporter(),
            keep_deliveries=False,
            now_ms=lambda: after_ms(60),
        )

    def _client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint, config=Config(max_pool_connections=32))

    def _count(self, client: Any) -> None:
        service = client.meta.service_model.service_name
        client.meta.events.register("before-send", lambda **_: self.requests.update([service]))

    def work(self, bodies: list[str], *, live: bool = False, sent_ms: int = after_ms(59)) -> Work:
        """What some messages take, each; scoring apart."""
        records = [
            {
                "messageId": str(number),
                "body": body,
                "eventSourceARN": self.queues.live_arn if live else "",
                "attributes": {"SentTimestamp": str(sent_ms), "ApproximateReceiveCount": "1"},
            }
            for number, body in enumerate(bodies)
        ]
        self.requests.clear()
        began = time.process_time()
        for start in range(0, len(records), AT_ONCE):
            event = {"Records": records[start : start + AT_ONCE]}
            assert not process_event(event, self.worker, live_queue_arn=self.queues.live_arn)["batchItemFailures"]
        spent = time.process_time() - began
        waiting = sum(REQUEST_S[service] * number for service, number in self.requests.items())
        return Work(processor_s=spent / len(bodies), waiting_s=waiting / len(bodies))

    def delivered(self, deliveries: list[Any]) -> list[str]:
        """Puts deliveries into the bucket; returns the messages that announce them."""
        bodies = []
        for one in deliveries:
            self.s3.put_object(Bucket=self.bucket, Key=one.key, Body=one.data)
            detail = {"bucket": {"name": self.bucket}, "object": {"key": one.key}}
            bodies.append(json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail}))
        return bodies


def measured() -> dict[str, Work]:
    """What the function takes for each kind of message, without the call of DetectFaces."""
    with _aws() as endpoint:
        cloud = _Measured(endpoint)

        def sheets(windows: int, at_s: int) -> list[str]:
            faces = [FESTIVAL.faces] * min(windows, 100 // FESTIVAL.faces)
            cameras = [f"cam-{1 + number % FESTIVAL.cameras}" for number in range(MEASURED)]
            return cloud.delivered(
                [
                    a_sheet(*faces, at_s=at_s + number, camera_id=camera).delivery()
                    for number, camera in enumerate(cameras)
                ]
            )

        warm = sheets(2, 0)
        cloud.work(warm, live=True)
        two, twelve, files = sheets(2, 100), sheets(12, 200), _files(cloud, 12, 400)
        return {
            "live": cloud.work(two, live=True),
            "recorded": cloud.work(two),
            "stale": cloud.work(two, live=True, sent_ms=after_ms(0)),
            "thrifty": cloud.work(twelve, live=True),
            "device": cloud.work(files, live=True),
        }


def _files(cloud: _Measured, windows: int, at_s: int) -> list[str]:
    made = a_scorer()
    deliveries = []
    for number in range(MEASURED):
        begin = at_s + number * windows
        seen = {
            second: [
                a_face(f"t{face}", at_ms=after_ms(second) + 20, confidences={"smile": 0.5})
                for face in range(FESTIVAL.faces)
            ]
            for second in range(begin, begin + windows)
        }
        deliveries.append(
            WindowFile(
                windows=tuple(a_window(at, seen=faces, scorer=made.name) for at, faces in seen.items()),
                faces=tuple(window_faces(at, seen=faces) for at, faces in seen.items()),
                scorer=made,
            ).delivery()
        )
    return cloud.delivered(deliveries)


@dataclass(slots=True)
class _Cohort:
    """Deliveries of one kind that came in the same second."""

    sent_s: int
    kind: Kind
    number: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an outage.

    Attributes:
        live_again_s: seconds after its end from which on each second's deliveries are recorded within `NEW_S`.
        all_recorded_s: seconds after its end at which nothing of it waits any more.
        lost: deliveries neither recorded nor waiting.
        by_step: cameras by step at its end.
        deliveries: how many were made until everything was recorded.
    """

    live_again_s: float
    all_recorded_s: float
    lost: float
    by_step: Counter[DeliveryStep]
    deliveries: float


class _Cameras:
    """The cameras: each ladder stands for some, and reads the pressure at its own second of the minute."""

    def __init__(self, plan: Plan) -> None:
        chance = random.Random(1)
        self._now_s = 0.0
        self._behind: list[float] = []
        self._reads_at: list[int] = []
        self._ladders = []
        for number in range(plan.festival.all_cameras // CAMERAS_A_LADDER):
            self._behind.append(0.0)
            self._reads_at.append(chance.randrange(int(READ_EVERY_S)))
            self._ladders.append(
                DeliveryLadder(
                    ("live", "thrifty", "device"),
                    partial(self._behind.__getitem__, number),
                    now_s=lambda: self._now_s,
                    uniform=chance.uniform,
                )
            )
        self._due = [0] * len(self._ladders)
        self.steps: Counter[DeliveryStep] = Counter()

    def deliveries(self, now_s: int, written_s: int, behind_s: float) -> Counter[Kind]:
        """What they deliver in a second, by kind."""
        self._now_s = float(now_s)
        sent: Counter[Kind] = Counter()
        self.steps.clear()
        for number, ladder in enumerate(self._ladders):
            if now_s % int(READ_EVERY_S) == self._reads_at[number]:
                age_s = now_s - written_s
                self._behind[number] = age_s if age_s > STALE_S else behind_s
            step = ladder.step()
            self.steps[step] += CAMERAS_A_LADDER
            if now_s >= self._due[number]:
                sent[step] += CAMERAS_A_LADDER * _sheets_of(step)
                interval_s = LIVE_INTERVAL_S if step == "live" else THRIFTY_INTERVAL_S
                # Begun at different seconds.
                self._due[number] = now_s + int(interval_s) - (now_s + number) % int(interval_s)
        return sent


def _sheets_of(step: DeliveryStep) -> int:
    """Deliveries of an interval: sheets of many faces fill up early."""
    return math.ceil(THRIFTY_INTERVAL_S * FESTIVAL.faces / 100) if step == "thrifty" else 1


def simulated(plan: Plan, work: dict[str, Work], *, most_s: int = 8 * 3600) -> Outcome:
    """An outage, from its begin until all of it is recorded and the live deliveries are again."""
    service = {
        "live": work["live"].seconds + SHEET_S,
        "thrifty": work["thrifty"].seconds + SHEET_S,
        "device": work["device"].seconds,
    }
    windows = {"live": LIVE_INTERVAL_S, "thrifty": THRIFTY_INTERVAL_S / _sheets_of("thrifty"), "device": 12.0}
    units = {kind: number * (1 + faces_units(FESTIVAL.faces)) for kind, number in windows.items()}
    records_left = int(plan.parameters["BacklogWritesPerSecond"])
    calls_per_s = float(plan.parameters["DetectFacesPerSecond"])
    capacity = float(plan.parameters["TableWritesPerSecond"]) or math.inf
    cameras = _Cameras(plan)
    live: deque[_Cohort] = deque()
    everything: deque[_Cohort] = deque()
    announced: dict[tuple[int, Kind], _Cohort] = {}
    recorded_live: defaultdict[int, float] = defaultdict(float)
    made: Counter[int] = Counter()
    written_s, behind_s, saved = -60, 0.0, BURST_S * capacity
    delivered = recorded = 0.0
    last_late_s = OUTAGE_S
    for now_s in range(-300, OUTAGE_S + most_s):
        up = now_s < 0 or now_s >= OUTAGE_S
        for kind, sent in cameras.deliveries(now_s, written_s, behind_s).items():
            live.append(_Cohort(sent_s=now_s, kind=kind, number=sent))
            announced[now_s, kind] = _Cohort(sent_s=now_s, kind=kind, number=sent)
            everything.append(announced[now_s, kind])
            delivered += sent
            made[now_s] += sent
        if now_s == OUTAGE_S - 1:
            at_end = Counter(cameras.steps)
        while live and live[0].sent_s < now_s - LIVE_RETENTION_S:
            live.popleft()
        saved = min(BURST_S * capacity, saved + capacity)
        if not up:
            continue
        running_s = now_s + 300 if now_s < 0 else now_s - OUTAGE_S
        ramp = FIRST_COPIES + COPIES_PER_S * running_s if now_s >= 0 else math.inf
        # The live queue, oldest first: what is stale is let go of, what is new is recorded.
        left = AT_ONCE * min(plan.copies["live"], ramp)
        budget = LIVE_SHARE * calls_per_s
        while live and left > 0:
            one = live[0]
            stale = now_s - one.sent_s > LIVE_S
            cost = work["stale"].seconds if stale else service[one.kind]
            number = min(one.number, left / cost)
            scored = number if stale or one.kind == "device" else min(number, budget)
            left -= number * cost
            if not stale:
                if one.kind != "device":
                    budget -= scored
                scored = min(scored, saved / units[one.kind])
                saved -= scored * units[one.kind]
                announced[one.sent_s, one.kind].number -= scored  # found to be recorded, which costs a look only
                recorded_live[one.sent_s] += scored
                recorded += scored
            one.number -= number
            if one.number <= 1e-6:
                live.popleft()
        # The queue of all deliveries, oldest first, beside it.
        left = AT_ONCE * min(plan.copies["backlog"], ramp)
        left -= recorded_live[now_s - DELAY_S] * work["recorded"].seconds
        budget = (1 - LIVE_SHARE) * calls_per_s
        pace = float(records_left) if records_left else math.inf
        while everything and left > 0 and everything[0].sent_s <= now_s - DELAY_S:
            one = everything[0]
            number = min(one.number, left / service[one.kind], pace / (2 * windows[one.kind]))
            number = min(number, saved / units[one.kind])
            if one.kind != "device":
                number = min(number, budget)
                budget -= number
            if number <= 1e-6 < one.number:
                break
            left -= number * service[one.kind]
            pace -= number * 2 * windows[one.kind]
            saved -= number * units[one.kind]
            recorded += number
            one.number -= number
            if one.number <= 1e-6:
                everything.popleft()
        if now_s % 60 == 0:
            waiting = sum(one.number for one in everything if one.sent_s <= now_s - DELAY_S)
            written_s, behind_s = now_s, waiting / calls_per_s
        if now_s >= OUTAGE_S + NEW_S and recorded_live[now_s - NEW_S] < 0.95 * made[now_s - NEW_S]:
            last_late_s = now_s
        if now_s > OUTAGE_S + 600 and (not everything or everything[0].sent_s >= OUTAGE_S):
            break
    waiting = sum(one.number for one in everything)
    return Outcome(
        live_again_s=last_late_s - OUTAGE_S,
        all_recorded_s=now_s - OUTAGE_S,
        lost=round(delivered - recorded - waiting),
        by_step=at_end,
        deliveries=delivered,
    )


def figures() -> Iterator[Figure]:
    """Measures, then simulates."""
    work = measured()
    for name, said in (
        ("live", "sheet of 2 s, scoring apart"),
        ("device", "file of 12 s, scored on the device"),
        ("recorded", "delivery that is recorded already"),
        ("stale", "delivery too old for the live queue"),
    ):
        yield Figure(name=f"function's own processor time: {said}", value=1000 * work[name].processor_s, unit="ms")
    outcome = simulated(plan_of(FESTIVAL, "live"), work)
    yield Figure(name="hour's outage at 4,000 cameras: deliveries until all is recorded", value=outcome.deliveries)
    yield Figure(
        name="hour's outage at 4,000 cameras: cameras that score themselves at its end", value=outcome.by_step["device"]
    )
    yield Figure(
        name="hour's outage at 4,000 cameras: live again after",
        value=outcome.live_again_s,
        unit="s",
        reach=30,
        direction="at most",
    )
    yield Figure(
        name="hour's outage at 4,000 cameras: everything recorded after",
        value=outcome.all_recorded_s / 3600,
        unit="h",
        reach=4,
        direction="at most",
    )
    yield Figure(
        name="hour's outage at 4,000 cameras: deliveries lost", value=outcome.lost, reach=0, direction="exactly"
    )
