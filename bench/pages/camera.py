"""A phone as a camera: how long after a picture is sent its face count stands on the page Operate, in a browser."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from audience.session_setup import SessionSetup, prepare_session
from audience.stores import open_store
from bench.figures import Figure
from dashboard import camera_links_data
from tests.browser import ARGUMENTS, HOW_TO, browser_path
from tests.dashboard.conftest import READY, SERVER
from tests.dashboard.conftest import serving as pages_served
from tests.phone_pictures import picture, sent

_SETUP: Final = SessionSetup(session_id="talk", setting="event", country="US")
_CHANGES: Final = 30
_PICTURES_EACH: Final = 5
_WITHIN_MS: Final = 60_000


class _Phone:
    """Sends a picture a second, in the middle of the server's seconds, as the phone's page does."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = address, token
        self._pictures = {faces: picture(faces) for faces in range(1, 6)}
        self._over = threading.Event()
        self.faces = 1
        self.first_s: dict[int, float] = {}
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        due_s = time.monotonic()
        while not self._over.wait(max(0.0, due_s - time.monotonic())):
            faces, began_s = self.faces, time.monotonic()
            self.first_s.setdefault(faces, began_s)
            _, answer = sent(self._address, self._token, self._pictures[faces])
            shift_ms = (500 - int(answer.get("phase_ms", 500)) + 1500) % 1000 - 500
            due_s = began_s + 1 + max(-0.25, min(0.25, shift_ms / 1000))

    def show(self, faces: int) -> None:
        """Films so many faces from its next picture on."""
        self.first_s.pop(faces, None)
        self.faces = faces

    def close(self) -> None:
        self._over.set()
        self._thread.join()


def figures() -> Iterator[Figure]:
    """The figures of this part."""
    path = browser_path()
    if path is None:
        pytest.fail(HOW_TO)
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        url = f"sqlite:///{Path(name) / 'houselights.db'}"
        patch.setenv("HOUSELIGHTS_STORE", url)
        with open_store(url) as store:
            prepare_session(store, _SETUP, None, datetime.now(UTC), device=False)
        token = camera_links_data.make_link("talk", "main", "cam-1")
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        with pages_served(SERVER, HOUSELIGHTS_STORE=url) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            phone = _Phone(address, token)
            try:
                page.goto(f"{address}/operate?session=talk&part=Phone+camera")
                page.wait_for_selector(READY, timeout=_WITHIN_MS)
                page.wait_for_selector('[data-phone="1"]', timeout=_WITHIN_MS)
                took_s = []
                for change in range(_CHANGES):
                    phone.show(2 + change % 4)
                    page.wait_for_selector(f'[data-phone="{phone.faces}"]', timeout=_WITHIN_MS)
                    took_s.append(time.monotonic() - phone.first_s[phone.faces])
                    page.wait_for_timeout(1000 * (_PICTURES_EACH - 3) + 137 * (change % 7))
            finally:
                phone.close()
        browser.close()
        with open_store(url) as store:
            starts_ms = np.unique(store.windows("talk", "main").start_ms)
    yield Figure(
        name="phone camera: picture → face count on Operate, p95",
        value=float(np.percentile(took_s, 95)),
        unit="s",
        reach=3,
        direction="at most",
    )
    yield Figure(name="the same, median", value=float(np.median(took_s)), unit="s")
    seconds = (int(starts_ms[-1]) - int(starts_ms[0])) / 1000 + 1
    yield Figure(name="phone camera: seconds with a window", value=100 * len(starts_ms) / seconds, unit="%")
