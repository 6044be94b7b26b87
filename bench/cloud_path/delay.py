"""How long it takes from a face before the camera to its row in the table: live, every part a process of its own.

A clip plays at its own speed into `python -m edge_lambda`; sheets of two seconds go through the local S3, EventBridge
and SQS to `houselights ingest`, which asks the stand-in for Rekognition and writes to the local DynamoDB. Everything
shares the machine's cores, the stand-ins too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from audience.stores import open_store
from bench.cloud_path.one_clip import CAMERA, STAGE, set_up
from houselights.local_cloud.cloud import LocalCloud

SESSION: Final = "delay"
LOOK_EVERY_S: Final = 0.05
LATEST_S: Final = 20
"""Rows are looked for among the windows of so many seconds."""

INTERVAL_S: Final = 2


def delays_s(cloud: LocalCloud, clip: Path) -> list[float]:
    """Plays a clip once.

    Returns:
        For every face, the seconds from its capture until its row was there.
    """
    delays: list[float] = []
    seen: set[tuple[int, str]] = set()
    with tempfile.TemporaryDirectory() as folder, open_store(cloud.store_url) as store, running_ingest(cloud):
        set_up(store, SESSION)
        device = subprocess.Popen(
            [sys.executable, "-m", "edge_lambda"],
            env=os.environ
            | cloud.environment
            | {
                "HOUSELIGHTS_SOURCE": f"file:{clip}",
                "HOUSELIGHTS_SESSION": SESSION,
                "HOUSELIGHTS_STAGE": STAGE,
                "HOUSELIGHTS_CAMERA": CAMERA,
                "HOUSELIGHTS_BUCKET": cloud.stack.bucket,
                "HOUSELIGHTS_SCORING": "cloud",
                "HOUSELIGHTS_SHEET_INTERVAL_S": str(INTERVAL_S),
                "HOUSELIGHTS_OUTBOX": f"{folder}/outbox",
                "HOUSELIGHTS_STATUS": "none",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        ended_at: float | None = None
        while ended_at is None or time.time() - ended_at < INTERVAL_S * 3:
            now_ms = time.time_ns() // 1_000_000
            for part in store.faces(SESSION, STAGE, from_ms=now_ms - LATEST_S * 1000):
                if (part.start_ms, part.part) not in seen:
                    seen.add((part.start_ms, part.part))
                    delays += [(now_ms - face.at_ms) / 1000 for face in part.faces]
            if ended_at is None and device.poll() is not None:
                ended_at = time.time()
            time.sleep(LOOK_EVERY_S)
        assert device.stderr is not None
        if device.returncode:
            raise RuntimeError(f"the device ended with {device.returncode}: {device.stderr.read().decode()}")
        device.stderr.close()
    return delays


@contextmanager
def running_ingest(cloud: LocalCloud) -> Iterator[subprocess.Popen[bytes]]:
    """`houselights ingest` on the cloud's queue, asking its Rekognition."""
    ingest = start_ingest(cloud)
    try:
        yield ingest
    finally:
        ingest.terminate()
        ingest.wait()


def start_ingest(cloud: LocalCloud) -> subprocess.Popen[bytes]:
    """The same, to be ended by the caller."""
    command = [sys.executable, "-m", "houselights", "ingest", "--local", cloud.queue_url, "--scorer", "rekognition"]
    return subprocess.Popen(
        command, env=os.environ | cloud.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
