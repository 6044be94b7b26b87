"""The whole way of the cloud without one: a camera's program, S3, EventBridge, SQS, ingest, Rekognition's stand-in,
DynamoDB, and the page that shows it; every part a process or server of its own, over real HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, expect

from audience.reaction.curve import reaction_curve, stage_windows
from audience.stores import open_store
from houselights.cli import run
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from sample_data.clip import SEATS, make_clip
from tests.contracts.dynalite import running_dynalite
from tests.dashboard.conftest import SERVER, serving
from tests.ticking import ran, until

pytestmark = pytest.mark.browser

SECONDS = 16
SESSION, STAGE, CAMERA = "premiere", "hall", "front"


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


def test_what_a_camera_sees_goes_by_contact_sheets_through_the_cloud_to_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    truth = make_clip(clip, created_at=datetime(2026, 5, 4, tzinfo=UTC), seconds=SECONDS)
    with running_dynalite() as dynamodb, running_cloud(dynamodb_endpoint=dynamodb) as cloud:
        store_url = cloud.store_url
        prepare = ["prepare", "--session", SESSION, "--title", "Premiere night", "--stage", STAGE, "--camera", CAMERA]
        assert run([*prepare, "--store", store_url]) == 0
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

        with serving(SERVER, HOUSELIGHTS_STORE=store_url) as address:
            page = browser.new_page()
            page.goto(f"{address}/session?session={SESSION}")
            expect(page.locator("h1")).to_have_text("Premiere night")
            expect(page.get_by_text(f"up to {SEATS} faces").first).to_be_visible()
            expect(page.get_by_text("not feeling").first).to_be_visible()
            page.close()
