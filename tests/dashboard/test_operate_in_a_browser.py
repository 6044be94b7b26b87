"""The operator's evening, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as NotShown

from audience.sessions import Camera
from audience.store import Store
from audience.stores import open_store
from audience.time import to_ms
from edge_lambda.preview.page import PreviewPage
from tests.builders import a_heartbeat, a_session, a_stage
from tests.dashboard.conftest import READY, SERVER, serving
from tests.ticking import until

pytestmark = pytest.mark.browser


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'houselights.db'}"


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The operator's page of an empty store, as an operator's laptop shows it."""
    with serving(SERVER, HOUSELIGHTS_STORE=url) as address:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/London")
        page = context.new_page()
        page.goto(f"{address}/operate?refresh=Every+2+s")
        page.wait_for_selector(READY)
        yield page
        context.close()


class SimulatedCamera:
    """A camera that says how it is every half second, through the store."""

    def __init__(self, store: Store, session_id: str, preview_port: int) -> None:
        self._store, self._stop = store, threading.Event()
        self._beat = replace(
            a_heartbeat(session_id), brightness=0.5, sharpness=0.6, preview_port=preview_port, preview_blurred=True
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def goes_dark(self) -> None:
        self._beat = replace(self._beat, brightness=0.01)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            now_ms = to_ms(datetime.now(UTC))
            self._store.put_heartbeat(replace(self._beat, at_ms=now_ms, last_window_ms=now_ms - 1000))
            self._stop.wait(0.5)


def choose(page: Page, label: str, *typed: str) -> None:
    """Searches a list for something, and takes the first that is found."""
    field = page.get_by_role("combobox", name=label)
    field.click()
    for text in typed:
        field.press_sequentially(text)
        expect(page.get_by_role("option").first).to_contain_text(text, ignore_case=True)
    page.get_by_role("option").first.click()


def session_in(page: Page) -> str:
    """The session that the address names."""
    return parse_qs(urlsplit(page.url).query).get("session", [""])[0]


def test_a_country_is_searched_by_any_of_its_names_and_what_it_leads_to_is_said(page: Page, url: str) -> None:
    page.get_by_role("button", name="New session").click()
    page.get_by_label("Title").fill("All hands")
    outcome = page.locator(".hl-outcome")
    choose(page, "Kind of place", "workplace")
    expect(outcome).to_contain_text("no country was given")
    for searched, said in (
        ("Holland", "Netherlands is in the EU"),
        ("USA", "United States is outside the EU"),
        ("Deutschland", "Germany is in the EU"),
    ):
        choose(page, "Country", searched)
        expect(outcome).to_contain_text(said)
    page.get_by_role("button", name="Set up session").click()
    expect(page.locator("h1")).to_have_text("All hands")
    with open_store(url) as store:
        session = store.session("all-hands")
    assert (session.country, session.mode) == ("DE", "head count")


def test_a_link_opens_its_session_and_the_browser_goes_back_and_forward_between_two(page: Page, url: str) -> None:
    with open_store(url) as store:
        for session_id, title in (("one", "The first"), ("two", "The second")):
            store.put_session(a_session(session_id, title=title))
    address = page.url.partition("?")[0]
    page.goto(f"{address}?session=two")
    expect(page.locator("h1")).to_have_text("The second")
    choose(page, "Session", "The first")
    expect(page.locator("h1")).to_have_text("The first")
    assert session_in(page) == "one"
    page.go_back()
    expect(page.locator("h1")).to_have_text("The second")
    assert session_in(page) == "two"
    page.go_forward()
    expect(page.locator("h1")).to_have_text("The first")
    page.reload()
    expect(page.locator("h1")).to_have_text("The first")
    page.goto(f"{address}?session=three")
    expect(page.get_by_text("There is no session “three”")).to_be_visible()
    assert session_in(page) == "three"


def test_of_thirty_stages_a_camera_is_found_by_its_device_and_a_stage_opens_to_its_cameras(
    page: Page, url: str
) -> None:
    with open_store(url) as store:
        store.put_session(replace(a_session("fest-1", title="Riverside"), kind="festival"))
        for number in range(1, 31):
            store.put_stage("fest-1", a_stage(f"stage-{number}", title=f"Stage {number}"))
            for camera in ("cam-1", "cam-2"):
                store.put_camera("fest-1", f"stage-{number}", Camera(camera_id=camera, delivered_by=f"pi-{number}"))
        beat = replace(a_heartbeat("fest-1", "stage-29"), step="thrifty", scorer="expressionnet-2")
        store.put_heartbeat(replace(beat, at_ms=to_ms(datetime.now(UTC)) - 3_600_000))
    page.goto(f"{page.url.partition('?')[0]}?session=fest-1&refresh=Off")
    rows = page.locator(".table tbody tr:not(.detail)")
    expect(rows).to_have_count(25)
    page.get_by_role("button", name="Next", exact=True).click()
    expect(rows).to_have_count(5)
    page.get_by_role("button", name="1 dead").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Stage 29")
    page.get_by_role("button", name="1 dead").click()
    page.get_by_label("Order").select_option("Most urgent first")
    expect(rows.first).to_contain_text("Stage 29")

    search = page.get_by_role("searchbox", name="Find a stage, camera or device")
    search.fill("pi-17")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("found: cam-1, cam-2")
    search.fill("stage 29")
    expect(rows).to_have_count(1)
    unfold = page.get_by_role("button", name="Cameras of Stage 29")
    unfold.press("Enter")
    cameras = page.get_by_role("list", name="Cameras of Stage 29").get_by_role("listitem")
    expect(cameras).to_have_count(2)
    expect(cameras.first).to_contain_text("delivers every 12 s")
    expect(cameras.first).to_contain_text("expressionnet-2")
    expect(unfold).to_have_attribute("aria-expanded", "true")
    expect(unfold).to_be_focused()
    unfold.press("Enter")
    expect(cameras).to_have_count(0)


def open_part(page: Page, name: str, shown: Locator) -> None:
    """Opens a part of the page; clicks again, as people do, where a click is lost because the page is being redrawn."""

    def is_open() -> bool:
        page.get_by_role("tab", name=name).click()
        with suppress(NotShown):
            shown.wait_for(state="visible", timeout=5_000)
            return True
        return False

    until(is_open)


def test_an_evening_from_setting_up_to_the_end(page: Page, url: str) -> None:
    # A session is set up, and its camera has a line to start it with.
    page.get_by_role("button", name="New session").click()
    page.get_by_label("Title").fill("Why bridges hum")
    choose(page, "Kind of place", "event")
    outcome = page.locator(".hl-outcome")
    expect(outcome).to_contain_text("Expressions are measured")
    page.get_by_role("button", name="Set up session").click()
    expect(page.locator("h1")).to_have_text("Why bridges hum")
    expect(outcome).to_be_hidden()
    assert session_in(page) == "why-bridges-hum"
    row = page.locator(".table tbody tr")
    expect(row).to_contain_text("expected")
    open_part(page, "Set up", page.locator("code").first)
    command = "houselights watch webcam:0 --session why-bridges-hum --stage main --camera cam-1"
    expect(page.locator("code").first).to_contain_text(command)
    expect(page.get_by_alt_text("The line above as a QR code")).to_be_visible()

    # A rule of this evening: at once, not after a minute.
    held = page.get_by_label("For, seconds")
    open_part(page, "Alert rules", held)
    held.fill("0")
    held.press("Tab")
    page.get_by_role("button", name="Add rule").click()
    expect(page.get_by_text("dark or blurred at once")).to_be_visible()

    with open_store(url) as store, PreviewPage() as preview:
        preview.show(np.full((90, 160, 3), 120, np.uint8))
        camera = SimulatedCamera(store, "why-bridges-hum", int(preview.url.rsplit(":", 1)[1].strip("/")))
        try:
            expect(row).to_contain_text("ok")

            # What it sees, on request.
            open_part(page, "Preview", page.get_by_text("Show what it sees"))
            page.get_by_text("Show what it sees").click()
            picture = page.get_by_alt_text("What the camera sees now")
            expect(picture).to_be_visible()
            expect(picture).to_have_js_property("naturalWidth", 160)

            # It goes dark; the alert is there before anybody asks, and somebody has seen it.
            camera.goes_dark()
            alert = page.locator(".alert.on")
            expect(alert).to_contain_text("Camera cam-1 of Main is dark")
            expect(row).to_contain_text("dark cam-1")
            alert.get_by_role("button").click()
            name = page.get_by_label("Your name")
            name.press_sequentially("Ada Lovelace", delay=350)  # for as long as the page is drawn anew twice
            expect(name).to_have_value("Ada Lovelace")
            name.press("Tab")
            page.get_by_role("button", name="Acknowledge").click()
            expect(page.locator(".alert.seen")).to_contain_text("seen by Ada Lovelace at")
            expect(page.get_by_role("dialog")).to_have_count(0)

            # The talk begins, pauses by mistake, and ends with the session.
            open_part(page, "Run", page.get_by_role("button", name="Talk starts now"))
            row.get_by_role("button", name="Start the talk on Main now").click()
            expect(page.get_by_text("Main: talk running · 0:0")).to_be_visible()
            expect(row).to_contain_text("running 0:")
            row.get_by_role("button", name="Pause").click()
            expect(page.get_by_text("Main: talk paused since")).to_be_visible()
            page.get_by_role("button", name="Undo").click()
            expect(page.get_by_text("Main: talk running")).to_be_visible()
            page.get_by_role("button", name="End session").click()
            question = page.get_by_role("dialog")
            expect(question).to_contain_text("Why bridges hum")
            page.get_by_role("button", name="End session for all").click()
            expect(question).to_have_count(0)
            expect(page.get_by_text("Still running: cam-1")).to_be_visible()
        finally:
            camera.close()
        expect(page.locator(".alert.seen")).to_have_count(0)
        session = store.session("why-bridges-hum")
        assert session.ended_at is not None
        (alert_kept,) = store.alerting.book("why-bridges-hum").alerts
        assert alert_kept.ended_ms is not None
