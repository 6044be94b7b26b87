"""How soon a long session's picture stands, and how soon a click is where it leads: in a real browser."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from unittest import mock

import boto3
import cv2
import numpy as np
import skimage.data
from playwright.sync_api import Browser, Page, sync_playwright

from audience.recording_files import fingerprint
from audience.store import RecordingProgress
from audience.stores import open_store
from audience.stores.dynamo_table import create_table
from audience.time import to_ms
from bench.figures import Figure
from bench.review_parts.long_session import BEGAN, CAMERAS, SESSION, STAGE, put_long_session
from bench.speed import repeat
from sample_data.generate import SCORER
from tests.browser import browser_path
from tests.contracts.dynalite import running_dynalite
from tests.dashboard.conftest import SERVER, serving
from tests.videos import write_video

RUNS: Final = 5
CLICKS: Final = 20
_GOLDEN: Final = (5**0.5 - 1) / 2
_OTHER: Final = "one-minute"
_RECORDED: Final = "twenty-minutes"
_RECORDED_S: Final = 1200
_CLIP_S: Final = 20
# A machine that is at other work is slow, and that is a figure; no picture at all is none.
_PATIENCE_MS: Final = 180_000
_TABLE: Final = "bench-review"
_REGION: Final = "eu-west-1"
# The player says so once its curve is drawn. Looked at with every frame of the browser: waiting for a selector looks
# after 0, 20, 50, 100, 100 ms and then twice a second, and would be late by up to half a second itself.
_PICTURE: Final = """() => [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')]
    .some(part => part.shadowRoot?.querySelector('.plot[data-curve]'))"""

_LISTEN: Final = """root => {
    window.took = [];
    const [plot, video] = ['.plot', 'video'].map(name => root.querySelector(name));
    plot.addEventListener('pointerdown', () => {
        const began = performance.now();
        video.addEventListener('seeked', () => window.took.push(performance.now() - began), { once: true });
    }, true);
}"""


def pictures_from_sqlite() -> list[Figure]:
    """The picture of three hours of four cameras, from SQLite."""
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/bench.db"
        _fill(url)
        return _pictures(url, "SQLite", reach_s=1.5)


def pictures_from_dynamodb() -> list[Figure]:
    """The same from DynamoDB; dynalite, which stands in for it, shares the machine's cores."""
    keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    with running_dynalite() as endpoint, mock.patch.dict(os.environ, keys):
        create_table(boto3.client("dynamodb", region_name=_REGION, endpoint_url=endpoint), _TABLE)
        url = f"dynamodb://{_TABLE}?region={_REGION}&endpoint={endpoint}"
        _fill(url)
        return _pictures(url, "DynamoDB (dynalite)", reach_s=2.5)


def seeks() -> list[Figure]:
    """From the click on the curve until the recording shows that second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/bench.db"
        _put_recording(url, folder)
        with serving(SERVER, HOUSELIGHTS_STORE=url, HOUSELIGHTS_VIDEOS=name) as address, _browser() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            _seconds_to_picture(page, address, _RECORDED)
            page.locator("video").evaluate(
                "video => new Promise(done => { const look = () => video.readyState >= 2 ? done() : setTimeout(look);"
                " look(); })"
            )
            page.locator(".player").evaluate(_LISTEN)
            box = page.locator(".plot").bounding_box()
            assert box is not None
            for click in range(CLICKS):
                # Back and forth along all of it, near and far from key frames, wherever the picture has its edges.
                part = (0.05 + 0.9 * (click * _GOLDEN % 1)) * box["width"]
                page.mouse.click(box["x"] + part, box["y"] + box["height"] / 2)
                page.wait_for_function(f"() => window.took.length > {click}")
            took: list[float] = page.evaluate("window.took")
    return [
        Figure(
            name=f"click on the curve until the recording shows that second, median of {CLICKS}",
            value=statistics.median(took),
            unit="ms",
            reach=100,
            direction="at most",
        ),
        Figure(
            name=f"click on the curve until the recording shows it, slowest of {CLICKS}", value=max(took), unit="ms"
        ),
    ]


def _pictures(url: str, store: str, *, reach_s: float) -> list[Figure]:
    """Each opened by a server that has not read the session yet, but has shown another page."""
    first, later = [], []
    with _browser() as browser:
        for _ in range(RUNS):
            with serving(SERVER, HOUSELIGHTS_STORE=url) as address:
                with _page(browser) as page:
                    _seconds_to_picture(page, address, _OTHER)
                with _page(browser) as page:
                    first.append(_seconds_to_picture(page, address, SESSION))
            with serving(SERVER, HOUSELIGHTS_STORE=url) as address, _page(browser) as page:
                _seconds_to_picture(page, address, _OTHER)
                later.append(_seconds_to_picture(page, address, SESSION))
    return [
        Figure(
            name=f"picture of 3 hours, 4 cameras, from {store}, median of {RUNS}",
            value=statistics.median(later),
            unit="s",
            reach=reach_s,
            direction="at most",
        ),
        Figure(
            name=f"the same in a browser that has yet to fetch the dashboard's scripts, from {store}",
            value=statistics.median(first),
            unit="s",
        ),
    ]


def _seconds_to_picture(page: Page, address: str, session_id: str) -> float:
    began_s = time.perf_counter()
    page.goto(f"{address}/session?session={session_id}", wait_until="commit")
    page.wait_for_function(_PICTURE, timeout=_PATIENCE_MS)
    return time.perf_counter() - began_s


@contextmanager
def _page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has fetched nothing yet; closed, lest it looks for its server for ever."""
    with browser.new_context() as context:
        yield context.new_page()


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path())
        yield browser
        browser.close()


def _fill(url: str) -> None:
    with open_store(url) as store:
        put_long_session(store, session_id=_OTHER, length_s=60)
        put_long_session(store)


def _put_recording(url: str, folder: Path) -> None:
    """Twenty minutes of 1280x720 pixels, 25 a second, with a key frame every two seconds as cameras write them."""
    photo = cv2.cvtColor(cv2.resize(skimage.data.astronaut(), (1280, 720)), cv2.COLOR_RGB2BGR)
    clip, recording = folder / "clip.mp4", folder / "recording.mp4"
    write_video(
        clip,
        at_ms=range(0, _CLIP_S * 1000, 40),
        size=(1280, 720),
        fps=25,
        key_every=50,
        codec_options={"crf": "30"},
        picture=lambda number: np.roll(photo, 4 * number, axis=1),
    )
    repeat(clip, recording, seconds=_CLIP_S, times=_RECORDED_S // _CLIP_S)
    with recording.open("rb") as file:
        known_by = fingerprint(file)
    progress = RecordingProgress(
        session_id=_RECORDED,
        stage_id=STAGE,
        camera_id=CAMERAS[0],
        fingerprint=known_by,
        started_ms=to_ms(BEGAN),
        every_s=1.0,
        detector="none",
        scorer=SCORER.name,
        done_s=float(_RECORDED_S),
        finished=True,
        frames=0,
        faces=0,
        tracks=0,
    )
    with open_store(url) as store:
        put_long_session(store, session_id=_RECORDED, length_s=_RECORDED_S)
        store.put_windows([], progress=progress)
