"""The whole way of the cloud without one: a camera's program, S3, EventBridge, SQS, ingest, Rekognition's stand-in,
DynamoDB and its stream, alerts, the public board, two servers of the pages behind a proxy, and the archive; over real
HTTP, and the functions that AWS would call are called with what their queues and the stream hold."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.proto.BackMsg_pb2 import BackMsg

from audience.alerts import AlertRule
from audience.board.snapshot import read_snapshot
from audience.reaction.curve import reaction_curve, stage_windows
from audience.sessions import MINUTE_MS
from audience.store import Store
from audience.stores import open_store
from audience.stores.dynamo import DynamoStore
from audience.time import from_ms, to_ms
from bench.viewing import drawn_again
from houselights.cli import run
from houselights.local_cloud import rollups
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.stack import Stack
from ingest_lambda import alert_handler, board_handler, rollup_handler
from sample_data.clip import SEATS, make_clip
from tests.builders import a_heartbeat
from tests.dashboard.logins import as_header, login_cookies
from tests.houselights.archives import opened
from tests.ticking import limit_s, ran, until
from tests.two_dashboards import COOKIE_SECRET, Pair, two_dashboards

SECONDS = 16
SESSION, STAGE, CAMERA = "premiere", "hall", "front"
REHEARSAL = "rehearsal"


@contextmanager
def ingesting(cloud: LocalCloud) -> Iterator[None]:
    """`houselights ingest` on the queue, asking Rekognition."""
    command = [sys.executable, "-m", "houselights", "ingest", "--local", cloud.queue_url, "--scorer", "rekognition"]
    with subprocess.Popen(
        command, env=os.environ | cloud.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
            assert process.poll() is None, "the ingest ended by itself"
        finally:
            process.terminate()


def look(cloud: LocalCloud, clip: Path, outbox: Path) -> None:
    """The camera's program from the first frame to the last."""
    environment = {
        "HOUSELIGHTS_SOURCE": f"file:{clip}",
        "HOUSELIGHTS_SESSION": SESSION,
        "HOUSELIGHTS_STAGE": STAGE,
        "HOUSELIGHTS_CAMERA": CAMERA,
        "HOUSELIGHTS_SCORING": "cloud",
        "HOUSELIGHTS_BUCKET": cloud.stack.bucket,
        "HOUSELIGHTS_OUTBOX": str(outbox),
        "HOUSELIGHTS_STATUS": "log",
    }
    done = ran([sys.executable, "-m", "edge_lambda"], env=os.environ | cloud.environment | environment)
    assert done.returncode == 0, done.stderr
    assert "state=finished" in done.stderr


def wait_until_taken(cloud: LocalCloud) -> None:
    """Until nothing is left in the bucket or the queue."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> list[int]:
        objects = cloud.client("s3").list_objects_v2(Bucket=cloud.stack.bucket)["KeyCount"]
        queue = cloud.client("sqs").get_queue_attributes(QueueUrl=cloud.queue_url, AttributeNames=names)["Attributes"]
        return [objects, *(int(queue[name]) for name in names)]

    until(lambda: not any(left()), moving=left, every_s=0.2)


def where_in_the_clip(
    start_ms: NDArray[np.int64], share: NDArray[np.float64], truth: Sequence[tuple[int, int]]
) -> tuple[int, float]:
    """The second of the clip that the first window is of, and how well the shares fit the truth from there on.

    The first window is the first whole second of the wall clock that the camera's program saw, so it is told by the
    curve; the first seconds of the clip are all that may be missing.
    """
    seconds = (start_ms - start_ms[0]) // 1000
    smiling = np.array([smiles / faces for faces, smiles in truth])
    fits = {
        lag: float(np.corrcoef(share[inside], smiling[seconds[inside] + lag])[0, 1])
        for lag in range(4)
        for inside in [seconds + lag < len(smiling)]
    }
    best = max(fits, key=lambda lag: fits[lag])
    return best, fits[best]


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Has the stream's function make the roll-ups; gives how many records each of its calls was given."""
    calls: list[int] = []

    def called(store: DynamoStore, keys: Iterable[tuple[str, str]], now_ms: Callable[[], int]) -> int:
        records = [{"dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in keys]
        monkeypatch.setenv("HOUSELIGHTS_STORE", store.url)
        rollup_handler.handler({"Records": records}, None)
        calls.append(len(records))
        return len(records)

    kept: list[Any] = [
        rollup_handler._store,
        *(alert_handler._store, alert_handler._topic, alert_handler._queue),
        *(board_handler._store, board_handler._objects, board_handler._queue, board_handler._write_page),
    ]
    monkeypatch.setattr(rollups, "renew", called)
    for one in kept:
        one.cache_clear()
    yield calls
    for one in kept:
        one.cache_clear()


def with_queues(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> str:
    """Adds what alerts use, and has all functions know where things are; returns the queue of notifications."""
    sqs, sns, name = cloud.client("sqs"), cloud.client("sns"), cloud.stack.name
    pager: str = sqs.create_queue(QueueName=f"{name}-pager")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=pager, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    watches = sqs.create_queue(QueueName=f"{name}-watches.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    topic = sns.create_topic(Name=f"{name}-alerts")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for variable, value in {
        **cloud.environment,
        "HOUSELIGHTS_WATCHES": watches,
        "HOUSELIGHTS_ALERT_TOPIC": topic,
    }.items():
        monkeypatch.setenv(variable, value)
    return pager


def taken(cloud: LocalCloud, queue_url: str) -> list[dict[str, Any]]:
    """The messages of a queue as its function gets them; they are then no longer in it."""
    sqs = cloud.client("sqs")
    found = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    for one in found:
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=one["ReceiptHandle"])
    return [{"body": one["Body"]} for one in found]


def notified(cloud: LocalCloud, store: Store, pager: str) -> str:
    """What the function of alert rules says of a camera that failed."""
    store.alerting.put(SESSION, AlertRule(rule_id="camera-1", what="camera", for_s=0))
    key = {"session_id": SESSION, "stage_id": STAGE, "camera_id": CAMERA}
    store.put_heartbeat(replace(a_heartbeat(), **key, at_ms=to_ms(datetime.now(UTC)), state="failed"))
    alert_handler.find(None, None)
    (message,) = taken(cloud, os.environ["HOUSELIGHTS_WATCHES"])
    stop = threading.Event()
    watching = threading.Thread(target=alert_handler.watch_session, args=(json.loads(message["body"])["session"], stop))
    watching.start()
    try:
        (sent, *_) = until(lambda: taken(cloud, pager))
    finally:
        stop.set()
        watching.join()
    return str(json.loads(sent["body"])["Subject"])


def public_board(cloud: LocalCloud) -> bytes:
    """The board of the festival, which has ended, as the queue has it made."""
    board_handler.find(None, None)
    messages = taken(cloud, os.environ["HOUSELIGHTS_BOARD_QUEUE"])
    assert {json.loads(one["body"])["session"] for one in messages} == {SESSION}
    board_handler.make({"Records": messages}, None)
    board_handler.find(None, None)
    assert not taken(cloud, os.environ["HOUSELIGHTS_BOARD_QUEUE"]), "what is final is not made again"
    made = cloud.client("s3").get_object(Bucket=os.environ["HOUSELIGHTS_BOARDS"], Key=f"live/{SESSION}/live.json")
    return bytes(made["Body"].read())


async def page_seen_twice(pair: Pair) -> list[str]:
    """What the session's page says to somebody who came by way of the proxy: at first, and to the same viewer once the
    server that showed it was killed."""
    own = login_cookies(pair.address, secret=COOKIE_SECRET, sub="otto")
    with httpx.Client(timeout=limit_s(), cookies=own) as visitor:
        for server in pair.servers:
            visitor.get(server)  # what a server loads at its first page may keep it from answering the proxy in time
        until(lambda: visitor.get(pair.address).is_success)
        served = visitor.cookies["houselights_server"]
    cookies = as_header({**own, "houselights_server": served})
    asked = BackMsg()
    asked.rerun_script.page_name = "session"
    asked.rerun_script.query_string = f"session={SESSION}"
    page, before, _ = await drawn_again(pair.address, cookies, asked)
    pair.kill(pair.servers[["one", "two"].index(served)])
    await page.wait_closed()
    again, after, _ = await drawn_again(pair.address, cookies, asked)
    await again.close()
    return [
        " ".join(" ".join(one.delta.new_element.html.body for one in told).replace("\xa0", " ").split())
        for told in (before, after)
    ]


def test_what_a_camera_sees_goes_through_the_cloud_to_pages_boards_alerts_and_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, functions: list[int]
) -> None:
    clip, archive = tmp_path / "clip.mp4", tmp_path / "archive"
    truth = make_clip(clip, created_at=datetime(2026, 5, 4, tzinfo=UTC), seconds=SECONDS)
    with running_cloud(Stack(name="whole-way")) as cloud:
        store_url, pager = cloud.store_url, with_queues(cloud, monkeypatch)
        prepare = ["prepare", "--stage", STAGE, "--camera", CAMERA, "--kind", "festival", "--store", store_url]
        assert run([*prepare, "--session", SESSION, "--title", "Premiere night"]) == 0
        with ingesting(cloud):
            look(cloud, clip, tmp_path / "outbox")
            wait_until_taken(cloud)

        asked = cloud.rekognition.counts()
        with open_store(store_url) as store:
            session, (stage,) = store.session(SESSION), store.stages(SESSION)
            table = store.windows(SESSION, STAGE)
            windows = stage_windows(session, stage, store.cameras(SESSION, STAGE), table)
            (seen,) = {one.scorer for one in store.faces(SESSION, STAGE)}
            assert seen == "rekognition-1"
            assert asked.calls <= SECONDS / 2 + 2, "a sheet of two seconds is one call"
            assert np.median(windows.faces[~np.isnan(windows.faces)]) == SEATS
            curve = reaction_curve(windows, "smile")
            there = ~np.isnan(curve.share)
            assert there.sum() >= SECONDS - 3
            # The clip has its loudest laugh at second 10, and before second 4 hardly anybody smiles.
            assert np.nanmax(curve.share) - np.nanmin(curve.share) > 0.4
            lag, fit = where_in_the_clip(windows.start_ms[there], curve.share[there], truth)
            assert fit > 0.9
            peak_ms = int(windows.start_ms[np.nanargmax(curve.share)] - windows.start_ms[there][0])
            assert abs(peak_ms / 1000 + lag + 0.5 - 10) < 2

            def rolled_up() -> bool:
                minutes = store.rollups(SESSION, STAGE, width_ms=MINUTE_MS)
                return int(minutes.faces.sum()) == int(table.faces.sum())

            until(rolled_up, moving=lambda: len(functions))
            (listed,) = store.session_page().sessions
            assert listed.overview is not None
            assert (listed.overview.faces, listed.overview.recorded) == (SEATS, True)
            assert CAMERA in notified(cloud, store, pager)
            last_ms = int(table.start_ms[-1]) + table.width_ms
            store.change_session(replace(store.session(SESSION), ended_at=from_ms(last_ms)))
            board = read_snapshot(public_board(cloud))
            (shown,) = board.stages
            assert (board.over, board.as_of_ms) == (True, last_ms)
            assert (shown.stage_id, shown.faces) == (STAGE, SEATS)

            # A browser of an earlier test may have left a loop running in this thread.
            with two_dashboards(tmp_path, store_url) as pair, ThreadPoolExecutor(1) as thread:
                seen_twice = thread.submit(asyncio.run, page_seen_twice(pair)).result()
            for said in seen_twice:
                for words in ("Premiere night", f"up to {SEATS} faces", "not feeling"):
                    assert words in said

            store.put_session(replace(session, session_id=REHEARSAL, title="Rehearsal"))
            export = ["export", "--archive", str(archive), "--store", store_url]
            for session_ids in ({SESSION, REHEARSAL}, {SESSION}):
                assert run(export) == 0
                rows = opened(archive).sql("SELECT session_id FROM sessions").fetchall()
                assert {session_id for (session_id,) in rows} == session_ids
                store.delete_session(REHEARSAL)
            ((faces,),) = opened(archive).sql("SELECT sum(faces) FROM windows").fetchall()
            assert faces == table.faces.sum()
