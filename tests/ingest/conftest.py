"""Fixtures for ingest tests: a bucket, queues and a table of an emulated AWS, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import boto3
import pytest

from audience.deliveries.delivery import Delivery
from audience.deliveries.sheet import Sheet
from audience.privacy import Mode
from audience.store import Store
from audience.stores import open_store
from audience.stores.dynamo_client import client_for
from audience.stores.dynamo_table import create_table
from houselights.local_cloud.moto_server import running_moto
from ingest_lambda.bucket import BucketDeliveries, quick_client
from ingest_lambda.dead_letters import DeadLetterQueue
from ingest_lambda.handler import process_event
from ingest_lambda.ingest import Ingest, Keep
from ingest_lambda.scoring import SheetScorer
from ingest_lambda.worker import Reporter, Worker
from tests.builders import a_camera, a_session, a_stage, after_ms
from tests.local_aws import REGION, use_local_aws

NOW_MS = after_ms(60)


class MadeUpScorer:
    """Scores by the place of a tile, finds no face on the given tiles, and counts its calls."""

    name = "made-up-1"
    expressions: tuple[str, ...] = ("smile", "fear")
    thresholds: Mapping[str, float] = {"smile": 0.5, "fear": 0.5}
    experimental = frozenset({"fear"})
    model_sha256 = ""

    def __init__(self, *without_a_face: int) -> None:
        self.without_a_face = set(without_a_face)
        self.sheets: list[Sheet] = []
        self.fails: list[Exception] = []

    def score(self, sheet: Sheet) -> list[Mapping[str, float] | None]:
        self.sheets.append(sheet)
        if self.fails:
            raise self.fails.pop(0)
        return [
            None if tile.place in self.without_a_face else {"smile": (tile.place % 4) / 3, "fear": 0.1}
            for tile in sheet.manifest.tiles
        ]


def set_up(
    store: Store, session_id: str = "talk-1", *, mode: Mode = "expressions", cameras: tuple[str, ...] = ("cam-1",)
) -> None:
    """A session with its stage and cameras, as `houselights prepare` leaves it."""
    store.put_session(a_session(session_id, mode=mode))
    store.put_stage(session_id, a_stage())
    for camera in cameras:
        store.put_camera(session_id, "main", a_camera(camera))


@dataclass(slots=True)
class RecordingReporter:
    """A reporter that keeps its calls."""

    lines: list[tuple[Any, ...]] = field(default_factory=list)

    def recorded(self, result: Any, *, delivery: str, delay_ms: int, clock_error_ms: int | None) -> None:
        self.lines.append(("recorded", result, delay_ms, clock_error_ms))

    def status(self, heartbeat: Any, *, clock_error_ms: int | None) -> None:
        self.lines.append(("status", heartbeat, clock_error_ms))

    def duplicate(self, key: str) -> None:
        self.lines.append(("duplicate", key))

    def refused(self, what: str, problem: Exception) -> None:
        self.lines.append(("refused", what, problem))

    def postponed(self, problem: Exception | None) -> None:
        self.lines.append(("postponed", problem))

    def failed(self, problem: Exception) -> None:
        self.lines.append(("failed", problem))

    @property
    def kinds(self) -> list[str]:
        return [line[0] for line in self.lines]


@dataclass(slots=True)
class Cloud:
    """A bucket, a queue with dead letters, and a table, all empty, of one emulated AWS."""

    address: str
    bucket: str
    queue_url: str
    dead_letters_url: str
    store_url: str
    session: boto3.Session

    def put(self, delivery: Delivery, *, sent_ms: int | None = None, key: str = "") -> str:
        """Puts a delivery as a device does; returns its key."""
        self.session.client("s3").put_object(
            Bucket=self.bucket,
            Key=key or delivery.key,
            Body=delivery.data,
            Metadata={} if sent_ms is None else {"sent-ms": str(sent_ms)},
        )
        return key or delivery.key

    def keys(self) -> list[str]:
        """What is in the bucket."""
        listed = self.session.client("s3").list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [one["Key"] for one in listed]

    def dead_letters(self) -> list[tuple[str, str]]:
        """Body and reason of all refused messages; removes them from the queue."""
        sqs, found = self.session.client("sqs"), []
        while True:
            answer = sqs.receive_message(
                QueueUrl=self.dead_letters_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                found.append((message["Body"], message["MessageAttributes"]["reason"]["StringValue"]))
                sqs.delete_message(QueueUrl=self.dead_letters_url, ReceiptHandle=message["ReceiptHandle"])

    def created(self, key: str) -> str:
        """The message about a new object, as EventBridge sends it."""
        return json.dumps(
            {
                "version": "0",
                "id": str(uuid4()),
                "detail-type": "Object Created",
                "source": "aws.s3",
                "account": "123456789012",
                "time": "2026-05-04T19:30:05Z",
                "region": REGION,
                "resources": [f"arn:aws:s3:::{self.bucket}"],
                "detail": {
                    "version": "0",
                    "bucket": {"name": self.bucket},
                    "object": {"key": key, "size": 3, "etag": "e", "sequencer": "617f08299329d189"},
                    "request-id": "N4N7GDK58NMKJ12R",
                    "requester": "123456789012",
                    "source-ip-address": "1.2.3.4",
                    "reason": "PutObject",
                },
            }
        )

    def worker(self, store: Store, scorer: SheetScorer, reporter: Reporter, *, keep_deliveries: bool = False) -> Worker:
        """A worker as the function makes it, with a clock that stands."""
        return Worker(
            ingest=Ingest(store, scorer, Keep()),
            deliveries=BucketDeliveries(quick_client(self.session, "s3")),
            dead_letters=DeadLetterQueue(quick_client(self.session, "sqs"), self.dead_letters_url),
            reporter=reporter,
            keep_deliveries=keep_deliveries,
            now_ms=lambda: NOW_MS,
        )


def sqs_event(*bodies: str) -> dict[str, Any]:
    """Messages as SQS hands them to a function; their ids are m0, m1, …"""
    return {
        "Records": [
            {
                "messageId": f"m{index}",
                "receiptHandle": f"r{index}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:deliveries",
                "awsRegion": REGION,
            }
            for index, body in enumerate(bodies)
        ]
    }


def failures(worker: Worker, *bodies: str) -> list[str]:
    """Processes the messages, and returns the ids of those to be retried."""
    response = process_event(sqs_event(*bodies), worker)
    return [one["itemIdentifier"] for one in response["batchItemFailures"]]


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a stand-in for AWS."""
    with running_moto() as address:
        yield address


@pytest.fixture
def cloud(moto: str, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    use_local_aws(monkeypatch, moto)
    session = boto3.Session()
    name = f"houselights-{uuid4().hex}"
    session.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    sqs = session.client("sqs")
    create_table(client_for(REGION, moto, local=True), name)
    return Cloud(
        address=moto,
        bucket=name,
        queue_url=sqs.create_queue(QueueName=name)["QueueUrl"],
        dead_letters_url=sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"],
        store_url=f"dynamodb://{name}?region={REGION}&endpoint={moto}",
        session=session,
    )


@pytest.fixture
def store(cloud: Cloud) -> Iterator[Store]:
    """The table, with a session that is set up."""
    with open_store(cloud.store_url) as opened:
        set_up(opened)
        yield opened


@pytest.fixture
def reporter() -> RecordingReporter:
    return RecordingReporter()


@pytest.fixture
def scorer() -> MadeUpScorer:
    return MadeUpScorer()


@pytest.fixture
def worker(cloud: Cloud, store: Store, scorer: MadeUpScorer, reporter: RecordingReporter) -> Worker:
    return cloud.worker(store, scorer, reporter)
