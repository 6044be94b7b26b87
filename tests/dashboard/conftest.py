"""A store to look at, the pages in a test of their own, and the pages in a real browser."""

from __future__ import annotations

import functools
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from audience.privacy import decide
from audience.sessions import Session, Stage
from audience.store import Store
from audience.stores import open_store
from audience.windows import WindowRecord
from dashboard import data
from tests.browser import ARGUMENTS, browser_path
from tests.builders import (
    BEGAN,
    a_camera,
    a_cue,
    a_head_count,
    a_scorer,
    a_session,
    a_stage,
    a_timeline,
    a_window,
    after,
)
from tests.ticking import exit_code, limit_s, until

APP = Path(__file__).parents[2] / "dashboard" / "pages" / "navigation.py"
SERVER = APP.parents[1] / "app.py"
NASTY = '<img src=x onerror="alert(1)"> **Bold** [link](https://example.org) $x$ :red[red] <b>title</b>'
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def put(store: Store, session: Session, *stages: tuple[Stage, list[WindowRecord]]) -> None:
    """A session with its stages, one camera each."""
    store.put_session(session)
    for stage, windows in stages:
        store.put_stage(session.session_id, stage)
        store.put_camera(session.session_id, stage.stage_id, a_camera())
        store.put_windows(windows)


def windows_of(session_id: str, stage_id: str = "main", *, faces: int = 40, until: int = 300) -> list[WindowRecord]:
    """One window a second: a quarter of the faces smile, and four in five from 2:00 to 2:30; a gap at 3:20."""
    return [
        a_window(
            at,
            smiling=0 if 200 <= at < 220 else faces * (4 if 120 <= at < 150 else 1) // (5 if 120 <= at < 150 else 4),
            of=0 if 200 <= at < 220 else faces,
            session_id=session_id,
            stage_id=stage_id,
        )
        for at in range(until)
    ]


def fill(store: Store) -> None:
    """A talk, a festival with a tiny stage, a head count, a session that is still empty, and a title full of markup."""
    slides = a_timeline(("Welcome", 0, 100), ("Live demo", 100, 200), ("Thanks", 200, 290))
    store.put_scorer(a_scorer())
    put(
        store,
        replace(a_session("talk-1", title="Why bridges hum", ended_at=after(300)), simulated=True),
        (a_stage(title="Hall", audience_size=50, timelines=[slides], cues=[a_cue(10, 0)]), windows_of("talk-1")),
    )
    put(
        store,
        replace(a_session("fest-1", title="Riverside", ended_at=after(300)), kind="festival"),
        (a_stage("big", title="Main stage"), windows_of("fest-1", "big")),
        (a_stage("small", title="Workshop"), windows_of("fest-1", "small", faces=3)),
    )
    decision = decide("workplace", "DE")
    heads = a_session("heads-1", title="Town hall", setting="workplace", country="DE", mode=decision.mode)
    put(
        store,
        replace(heads, mode_reason=decision.reason, ended_at=after(300)),
        (a_stage(), [replace(a_head_count(at, heads=30), session_id="heads-1") for at in range(300)]),
    )
    put(store, a_session("empty-1", title="Tomorrow", started_at=BEGAN + timedelta(days=1)), (a_stage(), []))
    put(store, a_session("nasty-1", title=NASTY, ended_at=after(300)), (a_stage(title=NASTY), windows_of("nasty-1")))


@pytest.fixture(scope="session", autouse=True)
def _packages_are_searched_once() -> Iterator[None]:
    """Each run of AppTest reads the metadata of all installed packages, in search of components: half of its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests)
        )
        yield


@pytest.fixture
def store_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store the pages look into; empty at first."""
    url = f"sqlite:///{tmp_path / 'houselights.db'}"
    monkeypatch.setenv("HOUSELIGHTS_STORE", url)
    return url


@pytest.fixture(scope="session")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a filled store that nobody changes."""
    file = tmp_path_factory.mktemp("filled") / "houselights.db"
    with open_store(f"sqlite:///{file}") as store:
        fill(store)
    return file


@pytest.fixture
def filled(store_url: str, filled_once: Path) -> str:
    """The store the pages look into, filled."""
    shutil.copy(filled_once, store_url.removeprefix("sqlite:///"))
    return store_url


class Pages:
    """The dashboard without a browser; every page is opened anew, by its address."""

    def sessions(self, **query: str) -> AppTest:
        """The list."""
        return self._opened(None, query)

    def session(self, session_id: str, **query: str) -> AppTest:
        """One session's page."""
        return self._opened("session", {"session": session_id, **query})

    def timeline(self, session_id: str, **query: str) -> AppTest:
        """The page that edits what was shown."""
        return self._opened("timeline", {"session": session_id, **query})

    def compare(self, **query: str | list[str]) -> AppTest:
        """Many sessions side by side."""
        return self._opened("compare", query)

    def scenes(self, **query: str | list[str]) -> AppTest:
        """Scenes against expressions, synchrony, norms."""
        return self._opened("scenes", query)

    def board(self, **query: str | list[str]) -> AppTest:
        """A festival's stages."""
        return self._opened("board", query)

    def planner(self, **query: str | list[str]) -> AppTest:
        """How many screenings a comparison needs."""
        return self._opened("planner", query)

    def panel(self, **query: str) -> AppTest:
        """Households of a panel."""
        return self._opened("panel", query)

    def bring(self, **query: str) -> AppTest:
        """The page that brings a recording."""
        return self._opened("bring", query)

    def operate(self, **query: str) -> AppTest:
        """The operator's page."""
        return self._opened("operate", query)

    def _opened(self, page: str | None, query: Mapping[str, str | list[str]]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=limit_s())
        for name, value in query.items():
            app.query_params[name] = value
        if page is not None:
            # Before its first run `AppTest.switch_page` knows a page by the name of its file, which is page.py of all.
            app._page_hash = calc_hash(page)
        app.run()
        assert [error.message for error in app.exception] == []
        return app


@pytest.fixture
def pages() -> Pages:
    """The dashboard without a browser."""
    return Pages()


def file_of(session_id: str) -> data.SessionFile:
    """A session as pages read it."""
    with data.reader() as reader:
        return reader.file(session_id)


def text_of(app: AppTest) -> str:
    """The HTML a page wrote itself, stylesheet aside."""
    bodies = [element.proto.body for element in app.get("html")]
    return "\n".join(body for body in bodies if not body.startswith("<style"))


@contextmanager
def serving(server: Path, **environment: str) -> Iterator[str]:
    """The address of a server that runs as long as the context lasts, as `streamlit run` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(server), "--server.port", str(port)]
    with subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            until(lambda: _answers(f"http://127.0.0.1:{port}/_stcore/health", process))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            exit_code(process)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, filled_once: Path) -> Iterator[str]:
    """The address of a dashboard that shows a filled store."""
    file = tmp_path_factory.mktemp("served") / "houselights.db"
    shutil.copy(filled_once, file)
    with serving(SERVER, HOUSELIGHTS_STORE=f"sqlite:///{file}") as address:
        yield address


def _answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    assert server.poll() is None, "the dashboard ended before it served"
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> Iterator[dict[tuple[int, int], BrowserContext]]:
    """Browser windows by size, kept so that the dashboard's own scripts are loaded once."""
    contexts: dict[tuple[int, int], BrowserContext] = {}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def opened(
    browser: Browser, contexts: dict[tuple[int, int], BrowserContext], served: str
) -> Iterator[Callable[..., Page]]:
    """Opens a page of the dashboard in a window of some size, and waits until it is drawn."""
    pages = []

    def at(path: str = "", *, width: int = 1440, height: int = 900) -> Page:
        if (width, height) not in contexts:
            contexts[width, height] = browser.new_context(
                viewport={"width": width, "height": height}, timezone_id="Europe/London"
            )
        page = contexts[width, height].new_page()
        pages.append(page)
        page.goto(f"{served}/{path}")
        page.wait_for_selector(READY)
        return page

    yield at
    for page in pages:
        page.close()


@pytest.fixture
def with_camera(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens a window of a browser of its own, whose camera shows one picture for good."""
    launched = []

    def opened(jpeg: bytes, *, width: int, height: int) -> Page:
        film = tmp_path / "camera.mjpeg"
        film.write_bytes(jpeg * 5)
        own = browser.browser_type.launch(
            executable_path=browser_path(),
            args=[
                *ARGUMENTS,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={film}",
            ],
        )
        launched.append(own)
        page = own.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(limit_s() * 1000)
        return page

    yield opened
    for own in launched:
        own.close()
