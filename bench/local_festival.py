"""A festival of 4,000 cameras through the local cloud, with doubled, late and broken deliveries and killed processes.

Ten minutes of windows as cameras score them themselves: written by the device's own code into outboxes, uploaded over
HTTP, announced by the emulated S3, EventBridge and SQS, and recorded by `houselights ingest` in several processes,
which are killed in the midst of their work. Afterwards each window of each camera must be in the store once, with its
own sums; the minutes and ten minutes must be those of the windows; the dead letters must be what was broken.

The store is SQLite: the emulated DynamoDB takes 2 ms of a processor to write a window and 3 to read it, and there are
2.4 million. `tests/local_cloud/test_festival.py` sends a small festival into a DynamoDB.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import boto3
import numpy as np
from numpy.typing import NDArray

from audience.deliveries.delivery import Delivery, content_id, key_of, read_key
from audience.deliveries.window_file import read_window_file
from audience.faces import FACING, FACING_THRESHOLD, Box, FaceRecord, WindowFaces
from audience.rollups import TEN_MINUTES_MS, rolled_up
from audience.sessions import MINUTE_MS, Camera, Session, Stage
from audience.store import ScorerRecord, Store
from audience.stores import open_store
from audience.time import from_ms, to_ms
from audience.window_table import WindowTable
from audience.windows import DEFAULT_WIDTH_MS, WindowRecord, tallies_of
from bench.figures import Figure
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.s3_bucket import S3Bucket, upload_client
from edge_lambda.delivery.uploader import Uploader
from edge_lambda.delivery.windows import WindowFileBuilder
from edge_lambda.pipeline import ScoredWindow
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.stack import Stack

SESSION: Final = "festival"
THRESHOLDS: Final = {"smile": 0.5, "happy": 0.5, "surprised": 0.5, "calm": 0.5, "sad": 0.5, "angry": 0.5}
SCORER: Final = ScorerRecord(name="made-up 1", thresholds=THRESHOLDS, experimental=frozenset(), model_sha256="ab" * 32)
MEASURES: Final = (*THRESHOLDS, FACING)

FEW_FACES, MANY_FACES = 6, 31
"""The most faces that a camera sees, and one in `EACH_LARGE`, of whose figures roll-ups hold some."""
EACH_LARGE: Final = 20
PLACES: Final = 211
"""Different windows that are made; each camera has them in an order of its own."""

LATEST_MIN: Final = 4
"""How many minutes late a delivery is at most."""
KINDS: Final = ("cut", "no JSON", "another's checksum", "another camera's", "unknown camera")
"""What is wrong with broken deliveries."""

OUTBOXES: Final = 4
MOST_WAITING: Final = 30
"""Messages from which on the cameras wait: they are no faster than the content that they stand for."""
VISIBLE_AGAIN_S: Final = 45
LOOK_S: Final = 0.05
"""How often somebody is looked for to be killed, when that is due, seconds."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is sent, and what goes wrong.

    Attributes:
        stages, cameras: how many stages, and cameras of each.
        minutes: of content.
        started_ms: when the content begins, at a whole minute, milliseconds since the epoch.
        workers: processes that ingest.
        kills: how many of them are killed.
        twice, late, broken: parts of the deliveries that are sent twice, sent minutes late, and joined by a broken one.
        seed: of all chance.
    """

    stages: int = 200
    cameras: int = 20
    minutes: int = 10
    started_ms: int
    workers: int = 2
    kills: int = 20
    twice: float = 0.05
    late: float = 0.05
    broken: float = 0.02
    seed: int = 1

    @property
    def deliveries(self) -> int:
        """Of a minute each, without those that are sent twice or broken."""
        return self.stages * self.cameras * self.minutes

    @property
    def windows(self) -> int:
        """One each second of each camera."""
        return 60 * self.deliveries


@dataclass(slots=True, kw_only=True)
class Sent:
    """What the cameras sent.

    Attributes:
        uploads: objects put into the bucket.
        twice, late: deliveries that were.
        broken: keys of those that were broken, by what was wrong with them.
    """

    uploads: int = 0
    twice: int = 0
    late: int = 0
    broken: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was in the store, the dead letters and the bucket afterwards.

    Attributes:
        sent: what the cameras sent.
        missing, doubled, wrong: windows that are not there, there more than once, and with other sums.
        strange: windows that no camera sent.
        unfounded: dead letters of deliveries that were not broken.
        unnoticed: broken deliveries without a dead letter.
        reasonless: dead letters without a reason of one line.
        left: objects in the bucket that were neither recorded nor broken.
        kills: processes killed while they held messages.
        seconds: from the first delivery until nothing waited.
    """

    sent: Sent
    missing: int
    doubled: int
    wrong: int
    strange: int
    unfounded: int
    unnoticed: int
    reasonless: int
    left: int
    kills: int
    seconds: float

    @property
    def faults(self) -> dict[str, int]:
        """What should not be, by name; empty when every window is there once and nothing else is."""
        names = ("missing", "doubled", "wrong", "strange", "unfounded", "unnoticed", "reasonless", "left")
        return {name: count for name in names if (count := getattr(self, name))}


def stage_name(stage: int) -> str:
    """The id of a stage."""
    return f"stage-{stage:03d}"


def camera_name(stage: int, camera: int) -> str:
    """The id of a camera, which is unique in a festival, as a device's is."""
    return f"cam-{stage:03d}-{camera:02d}"


@cache
def scenes(most_faces: int) -> tuple[ScoredWindow, ...]:
    """Different windows of up to so many faces, as a device scored them; at the epoch, of nobody."""
    chance = random.Random(most_faces)
    made = []
    for _ in range(PLACES):
        faces = tuple(
            FaceRecord(
                track_id=f"t{number}",
                at_ms=chance.randrange(DEFAULT_WIDTH_MS),
                box=Box(left=round(chance.random(), 3), top=0.25, width=0.05, height=0.08),
                quality=round(chance.random(), 3),
                confidences={name: round(chance.random(), 4) for name in MEASURES},
            )
            for number in range(chance.randint(0, most_faces))
        )
        tallies = tallies_of(faces, THRESHOLDS | {FACING: FACING_THRESHOLD})
        if "smile" in tallies:
            smile = tallies["smile"]
            tallies["smile"] = replace(smile, estimate=round(0.9 * smile.over, 3), variance=0.04)
        key: dict[str, Any] = {"session_id": SESSION, "stage_id": "main", "camera_id": "cam", "start_ms": 0}
        key["scorer"] = SCORER.name
        expected = len(faces) + chance.randrange(3)
        record = WindowRecord(**key, faces=len(faces), expected=expected, tallies=tallies)
        made.append(ScoredWindow(record=record, faces=WindowFaces(**key, part="0", faces=faces), frames=1))
    return tuple(made)


def most_faces(camera: int) -> int:
    """The most faces that a camera sees."""
    return FEW_FACES if camera % EACH_LARGE else MANY_FACES


def scene_of(stage: int, camera: int, second: int) -> int:
    """Which of the `scenes` a camera has in a second."""
    return (stage * 37 + camera * 11 + second * (1 + (stage + camera) % 7)) % PLACES


def window(trial: Trial, stage: int, camera: int, second: int) -> ScoredWindow:
    """What a camera scored in a second."""
    scene = scenes(most_faces(camera))[scene_of(stage, camera, second)]
    start_ms = trial.started_ms + 1000 * second
    key: dict[str, Any] = {
        "stage_id": stage_name(stage),
        "camera_id": camera_name(stage, camera),
        "start_ms": start_ms,
    }
    faces = tuple(replace(face, at_ms=start_ms + face.at_ms) for face in scene.faces.faces)
    return replace(scene, record=replace(scene.record, **key), faces=replace(scene.faces, **key, faces=faces))


def broken(delivery: Delivery, kind: str, chance: random.Random) -> Delivery:
    """A delivery of about the same that must not be recorded, under a key that no good one has.

    Args:
        delivery: a good one.
        kind: one of `KINDS`.
        chance: where it is cut.
    """
    file = read_window_file(delivery.data)
    changed = tuple(replace(one, expected=one.expected + 1) for one in file.windows)
    other = replace(file, windows=changed).delivery()
    key = read_key(other.key)
    if kind == "cut":
        return replace(other, data=other.data[: chance.randrange(1, len(other.data))])
    if kind == "another's checksum":
        return replace(other, data=delivery.data)
    data, camera_id = other.data, key.camera_id
    if kind == "no JSON":
        data = other.data[:-2]
    elif kind == "another camera's":
        camera_id = key.camera_id[:-2] + ("01" if key.camera_id.endswith("00") else "00")
    else:
        camera_id = f"{key.camera_id}-unknown"
        windows = tuple(replace(one, camera_id=camera_id) for one in changed)
        faces = tuple(replace(one, camera_id=camera_id) for one in file.faces)
        data = replace(file, windows=windows, faces=faces).delivery().data
    own = {"session_id": key.session_id, "stage_id": key.stage_id, "camera_id": camera_id}
    return replace(other, key=key_of("windows", **own, start_ms=key.start_ms, content=content_id(data)), data=data)


def to_send(trial: Trial, sent: Sent) -> Iterator[tuple[int, Delivery]]:
    """What the cameras send, in its order, with the number of the stage.

    Args:
        trial: what is sent.
        sent: filled with what was sent.
    """
    chance = random.Random(trial.seed)
    cameras = [(stage, camera) for stage in range(trial.stages) for camera in range(trial.cameras)]
    builders = {one: WindowFileBuilder(SCORER, interval_s=60) for one in cameras}
    held: dict[int, list[tuple[int, Delivery]]] = {}
    for minute in range(trial.minutes + LATEST_MIN + 1):
        now = held.pop(minute, [])
        chance.shuffle(now)
        chance.shuffle(cameras)
        for stage, camera in cameras if minute < trial.minutes else ():
            seconds = range(60 * minute, 60 * minute + 60)
            (delivery,) = [
                ready
                for second in seconds
                for ready in builders[stage, camera].add(window(trial, stage, camera, second))
            ]
            if chance.random() < trial.broken:
                kind = KINDS[len(sent.broken) % len(KINDS)]
                bad = broken(delivery, kind, chance)
                sent.broken[bad.key] = kind
                yield stage, bad
            if chance.random() < trial.late:
                sent.late += 1
                held.setdefault(minute + chance.randint(1, LATEST_MIN), []).append((stage, delivery))
            else:
                yield stage, delivery
            if chance.random() < trial.twice:
                sent.twice += 1
                if chance.random() < 0.5:
                    yield stage, delivery
                else:
                    held.setdefault(minute + chance.randint(1, LATEST_MIN), []).append((stage, delivery))
            if now:
                yield now.pop()
        yield from now


def run_cameras(trial: Trial, bucket: str, queue_url: str, environment: dict[str, str], results: Connection) -> None:
    """Sends everything; a process of its own. Sends how many deliveries were made so far, and `Sent` at the end."""
    os.environ.update(environment)
    aws = boto3.Session()
    sent = Sent()
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        sqs = exits.enter_context(closing(aws.client("sqs")))
        uploaders = []
        for number in range(OUTBOXES):
            outbox = exits.enter_context(closing(Outbox(folder / str(number))))
            put = S3Bucket(bucket, lambda: upload_client(aws), now=lambda: datetime.now(UTC), session_id=SESSION)
            uploader = Uploader(outbox, exits.enter_context(closing(put)))
            uploader.start()
            uploaders.append((outbox, uploader))
        for stage, delivery in to_send(trial, sent):
            outbox, _ = uploaders[stage % OUTBOXES]
            outbox.put(delivery)
            sent.uploads += 1
            results.send(sent.uploads)
            if sent.uploads % 20 == 0:
                while _waiting(sqs, queue_url) > MOST_WAITING or outbox.status().waiting > MOST_WAITING:
                    time.sleep(0.2)
        for outbox, uploader in uploaders:
            while outbox.status().waiting:
                time.sleep(0.1)
            uploader.stop()
    results.send(sent)


def _waiting(sqs: Any, queue_url: str, *kinds: str) -> int:
    """Messages of a queue: those that wait, or of some kinds. Counted at one moment, as they go from kind to kind."""
    names = [f"ApproximateNumberOfMessages{kind}" for kind in kinds or ("",)]
    found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


class Workers:
    """Processes that ingest, of which one is killed now and then."""

    def __init__(self, number: int, command: Sequence[str], environment: dict[str, str]) -> None:
        self._command, self._environment = command, environment
        self._processes = [self._start() for _ in range(number)]
        self.kills = 0

    def kill(self) -> None:
        """Kills the one that has run for longest, and starts another."""
        process = self._processes.pop(0)
        assert process.poll() is None, f"a process ended by itself with {process.returncode}"
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.kills += 1
        self._processes.append(self._start())

    def close(self) -> None:
        """Ends all."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(self._command, env=os.environ | self._environment, **quiet)  # type: ignore[call-overload,no-any-return]


def set_up(store: Store, trial: Trial) -> None:
    """Sets the festival up, its cameras as `houselights cameras add` does."""
    store.put_session(Session(session_id=SESSION, kind="festival", started_at=from_ms(trial.started_ms)))
    for stage in range(trial.stages):
        store.put_stage(SESSION, Stage(stage_id=stage_name(stage)))
        for camera in range(trial.cameras):
            name = camera_name(stage, camera)
            store.put_camera(SESSION, stage_name(stage), Camera(camera_id=name, delivered_by=name))


def went_through(cloud: LocalCloud, trial: Trial, store_url: str) -> Outcome:
    """Sends a festival through a cloud, kills, waits until nothing is left, and reads back.

    Args:
        cloud: a running local cloud, whose messages are handed out again soon.
        trial: what is sent.
        store_url: where it is recorded; not set up yet.
    """
    sqs = cloud.client("sqs")
    # `houselights ingest` takes from the queue of all deliveries alone, and the emulation counts all messages of a
    # queue with each that is sent to it.
    cloud.client("events").remove_targets(Rule=cloud.stack.rule, Ids=["live"])
    ingest = [sys.executable, "-m", "houselights", "ingest", "--local", cloud.queue_url, "--scorer", "rekognition"]
    with open_store(store_url) as store, ExitStack() as exits:
        set_up(store, trial)
        workers: Workers | None = None
        results, send = multiprocessing.Pipe(duplex=False)
        cameras = multiprocessing.get_context("spawn").Process(
            target=run_cameras, args=(trial, cloud.stack.bucket, cloud.queue_url, cloud.environment, send)
        )
        cameras.start()
        send.close()
        exits.callback(cameras.join)
        exits.callback(cameras.kill)
        sent: Sent | None = None
        reached, began = 0, time.monotonic()
        while sent is None or workers is None or _waiting(sqs, cloud.queue_url, "", "NotVisible", "Delayed"):
            is_due = workers is not None and workers.kills < trial.kills * min(1.0, reached / trial.deliveries)
            if sent is not None:
                time.sleep(LOOK_S)
            elif results.poll(LOOK_S if is_due else 10 * LOOK_S):
                news = results.recv()
                sent, reached = (news, trial.deliveries) if isinstance(news, Sent) else (None, news)
            if workers is None and reached:
                workers = Workers(trial.workers, [*ingest, "--store", store_url], cloud.environment)
                exits.callback(workers.close)
            elif workers is not None and is_due and _waiting(sqs, cloud.queue_url, "NotVisible"):
                workers.kill()
        seconds = time.monotonic() - began
        kills = workers.kills
        windows = Counter[str]()
        for stage in range(trial.stages):
            windows.update(_compared(store, trial, stage))
        letters = dead_letters(cloud)
        keys = _keys(cloud)
    return Outcome(
        sent=sent,
        missing=windows["missing"],
        doubled=windows["doubled"],
        wrong=windows["wrong"],
        strange=windows["strange"],
        unfounded=len(letters.keys() - sent.broken.keys()),
        unnoticed=len(sent.broken.keys() - letters.keys()),
        reasonless=sum(not reason or len(reason.splitlines()) > 1 for reason in letters.values()),
        left=len(keys - sent.broken.keys()),
        kills=kills,
        seconds=seconds,
    )


def dead_letters(cloud: LocalCloud) -> dict[str, str]:
    """The reasons of the dead letters, by the key of their delivery; takes them out."""
    found: dict[str, str] = {}
    sqs = cloud.client("sqs")
    while messages := sqs.receive_message(
        QueueUrl=cloud.dead_letters_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages", []):
        for message in messages:
            reason = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue", "")
            found[json.loads(message["Body"])["detail"]["object"]["key"]] = reason
            sqs.delete_message(QueueUrl=cloud.dead_letters_url, ReceiptHandle=message["ReceiptHandle"])
    return found


def _keys(cloud: LocalCloud) -> set[str]:
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=cloud.stack.bucket)
    return {one["Key"] for page in pages for one in page.get("Contents", ())}


def _compared(store: Store, trial: Trial, stage: int) -> dict[str, int]:
    """What differs in a stage from what its cameras sent: how many windows of each kind of fault."""
    table = store.windows(SESSION, stage_name(stage))
    seconds = 60 * trial.minutes
    names = [camera_name(stage, camera) for camera in range(trial.cameras)]
    camera_of_row = np.array([names.index(one) if one in names else -1 for one in table.cameras])
    camera = camera_of_row[table.camera] if len(table) else np.zeros(0, dtype=np.int64)
    second = (table.start_ms - trial.started_ms) // 1000
    known = (camera >= 0) & (second >= 0) & (second < seconds)
    cells, counts = np.unique(camera[known] * seconds + second[known], return_counts=True)
    wrong = 0
    for number in range(trial.cameras):
        own = table.rows(known & (camera == number))
        of = own.start_ms - trial.started_ms
        places = np.array([scene_of(stage, number, int(at)) for at in of // 1000], dtype=np.int64)
        should = _should_be(most_faces(number))[places] if len(own) else np.zeros((0, _columns(own).shape[1]))
        wrong += int((~np.isclose(_columns(own), should, rtol=0, atol=2e-6, equal_nan=True)).any(axis=1).sum())
    return {
        "missing": trial.cameras * seconds - len(cells),
        "doubled": int((counts - 1).sum()),
        "wrong": wrong,
        "strange": int((~known).sum()),
    }


def _columns(table: WindowTable) -> Floats:
    """All numbers of windows, one row each, with a column for each measure in the order of `MEASURES`."""
    counts = [table.faces, table.expected]
    per_measure = []
    for name in MEASURES:
        place = table.measures.index(name) if name in table.measures else None
        for column in (table.scored, table.total, table.squares, table.over, table.estimate, table.variance):
            per_measure.append(np.zeros(len(table)) if place is None else column[:, place])
    return np.column_stack([*counts, *per_measure]).astype(np.float64)


@cache
def _should_be(faces: int) -> Floats:
    """The numbers of each of the `scenes`."""
    return np.vstack([_columns(WindowTable.of([scene.record])) for scene in scenes(faces)])


def wrong_rollups(store: Store, trial: Trial) -> int:
    """How many minutes and ten minutes of the stages are not those of their windows."""
    wrong = 0
    for stage_id in map(stage_name, range(trial.stages)):
        minutes = rolled_up(store.windows(SESSION, stage_id), store.cameras(SESSION, stage_id))
        assert minutes is not None
        wrong += _rows_differ(store.rollups(SESSION, stage_id, width_ms=MINUTE_MS), minutes)
        tens = store.rollups(SESSION, stage_id, width_ms=TEN_MINUTES_MS)
        wrong += _rows_differ(tens, minutes.widened(TEN_MINUTES_MS))
    return wrong


def _rows_differ(are: WindowTable, should: WindowTable) -> int:
    if are.start_ms.tolist() != should.start_ms.tolist():
        return len(set(are.start_ms.tolist()) ^ set(should.start_ms.tolist()))
    same = np.isclose(_columns(are), _columns(should), rtol=1e-9, atol=1e-6, equal_nan=True).all(axis=1)
    return int((~(same & (are.spans == should.spans))).sum())


def whole_minute_before(now: datetime, minutes: int) -> int:
    """The start of a whole minute so long ago, milliseconds since the epoch."""
    at_ms = to_ms(now - timedelta(minutes=minutes))
    return at_ms - at_ms % MINUTE_MS


def run() -> Iterator[Figure]:
    """The whole festival."""
    trial = Trial(started_ms=whole_minute_before(datetime.now(UTC), 12))
    stack = Stack(name="festival", visible_again_s=VISIBLE_AGAIN_S)
    with tempfile.TemporaryDirectory() as folder, running_cloud(stack) as cloud:
        url = f"sqlite:///{folder}/festival.db"
        outcome = went_through(cloud, trial, url)
        with open_store(url) as store:
            rollups = wrong_rollups(store, trial)
    yield from _as_figures(trial, outcome, rollups)


def _as_figures(trial: Trial, outcome: Outcome, rollups: int) -> Iterator[Figure]:
    """The figures of a trial, of which some roll-ups were wrong."""
    cameras = f"{trial.stages * trial.cameras:,} cameras for {trial.minutes} min through the local stack"
    none: Callable[[str, float], Figure] = lambda name, value: Figure(  # noqa: E731
        name=f"{cameras}: {name}", value=value, reach=0, direction="exactly"
    )
    yield Figure(name=f"{cameras}: windows", value=trial.windows)
    yield none("windows missing", outcome.missing)
    yield none("windows doubled", outcome.doubled)
    yield none("windows with other sums", outcome.wrong)
    yield none("windows that nobody sent", outcome.strange)
    yield none("minutes and ten minutes that are not those of their windows", rollups)
    yield Figure(name=f"{cameras}: broken deliveries", value=len(outcome.sent.broken))
    yield none("broken ones without a dead letter", outcome.unnoticed)
    yield none("dead letters of others, or without a reason", outcome.unfounded + outcome.reasonless)
    yield none("deliveries left in the bucket", outcome.left)
    yield Figure(name=f"{cameras}: deliveries sent twice", value=outcome.sent.twice)
    yield Figure(name=f"{cameras}: deliveries sent late", value=outcome.sent.late)
    yield Figure(name=f"{cameras}: processes killed at work", value=outcome.kills)
    yield Figure(name=f"{cameras}: deliveries", value=outcome.sent.uploads / outcome.seconds, unit="1/s")
    yield Figure(name=f"{cameras}: time", value=outcome.seconds / 60, unit="min")
