"""Somebody watches a film at home and is measured by their own browser: a real browser, a real server, a real store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from playwright.sync_api import Page, Request, expect

from audience.remote_audience import STAGE_ID
from audience.remote_figures import row_order
from audience.scorers import EXPRESSIONNET
from audience.stores import open_store
from dashboard import remote_data
from dashboard.pages.watch.models import can_measure
from dashboard.pages.watch.routes import watch_routes
from tests.axe import violations
from tests.builders import a_session
from tests.routes_server import serving
from tests.ticking import limit_s
from tests.videos import write_video

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not can_measure(), reason="npm was not on this machine when Houselights was installed"),
]

FILM_S = 40


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A film in a folder that the operator named."""
    (tmp_path / "films").mkdir()
    path = write_video(
        tmp_path / "films" / "test film.mp4", at_ms=[second * 500 for second in range(2 * FILM_S)], fps=2
    )
    monkeypatch.setenv("HOUSELIGHTS_VIDEOS", str(path.parent))
    return path


@pytest.fixture
def link(tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("HOUSELIGHTS_STORE", f"sqlite:///{tmp_path}/a.db")
    remote_data.recorder.cache_clear()
    with open_store(f"sqlite:///{tmp_path}/a.db") as store:
        store.put_session(a_session(title="Test screening"))
    audience = remote_data.open_audience("talk-1", valid_for=timedelta(days=1), film=film)
    with serving(watch_routes([])) as address:
        yield f"http://127.0.0.1:{address[1]}/watch/{audience.token}"


@pytest.fixture
def viewer(with_camera: Callable[..., Page]) -> Page:
    """A laptop whose camera sees somebody."""
    picture = np.full((480, 640, 3), 60, np.uint8)
    face = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    picture[:, 80:560] = cv2.resize(face, (480, 480), interpolation=cv2.INTER_AREA)
    return with_camera(cv2.imencode(".jpg", picture)[1].tobytes(), width=1280, height=800)


def rows_of(request: Request) -> list[tuple[int, list[float]]]:
    """The rows of a viewer that a request brings."""
    return json.loads(request.post_data or "{}").get("rows", []) if request.url.endswith("/figures") else []


def test_a_viewer_agrees_is_measured_with_the_film_and_takes_it_back_and_no_picture_ever_leaves(
    viewer: Page, link: str
) -> None:
    sent: list[Request] = []
    viewer.context.on("request", lambda one: sent.append(one))
    viewer.goto(link)
    expect(viewer.get_by_role("heading", name="Test screening")).to_be_visible()
    agree = viewer.get_by_role("button", name="Take part")
    for label in ("I agree", "I am 18", "I watch on my own account"):
        expect(agree).to_be_disabled()
        viewer.get_by_label(label).check()
    assert violations(viewer) == []
    agree.click()
    start = viewer.get_by_role("button", name="Start")
    expect(start).to_be_enabled(timeout=limit_s() * 1000)
    start.click()
    playing = viewer.locator("#film")
    playing.evaluate("film => { film.muted = true; return film.play(); }")
    recorder = remote_data.recorder()
    audience = remote_data.audiences().of_session("talk-1", remote_data.now())
    assert audience is not None

    with viewer.expect_request(lambda one: any(scores for _, scores in rows_of(one))):
        pass
    # Where the viewer goes in the film, its seconds go.
    with viewer.expect_request(lambda one: any(at >= 25 and scores for at, scores in rows_of(one))) as later:
        playing.evaluate("film => { film.currentTime = 25; }")
    order = row_order(EXPRESSIONNET)
    assert max(scores[order.index("happy")] for _, scores in rows_of(later.value) if scores) > 0.9  # she smiles
    assert recorder.count(audience).joined == 1
    assert violations(viewer) == []

    viewer.get_by_role("button", name="Stop and take back").click()
    expect(viewer.get_by_role("heading", name="taken back")).to_be_visible()
    assert recorder.count(audience).joined == 0
    recorder.write()
    with open_store(remote_data.store_url()) as store:
        assert len(store.windows("talk-1", STAGE_ID)) == 0  # of one viewer nothing was ever written

    # All that left the browser: small JSON by POST, in which there are numbers alone.
    posted = [one for one in sent if one.method != "GET"]
    assert {one.url.rsplit("/", 1)[1] for one in posted} == {"join", "figures", "withdraw"}
    for one in posted:
        body = one.post_data_buffer or b""
        assert len(body) < 20_000
        document = json.loads(body)
        assert set(document) <= {"notice", "consent", "adult", "home", "viewer", "rows"}
        for at, scores in document.get("rows", []):
            assert isinstance(at, int)
            assert all(isinstance(score, int | float) for score in scores)
    assert all(one.url.startswith(link.split("/watch/")[0]) or one.url.startswith("blob:") for one in sent)
