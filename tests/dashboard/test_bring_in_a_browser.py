"""A recording chosen in a real browser: sent, cut, left alone and found scored."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from audience.incoming import FRONT, PART, TAIL, IncomingRecordings
from audience.stores import recordings_folder
from tests.dashboard.conftest import READY, SERVER, serving
from tests.portraits import people_video
from tests.ticking import limit_s

pytestmark = pytest.mark.browser


def test_a_recording_is_scored_though_its_sending_is_cut_and_the_page_is_left(browser: Browser, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'houselights.db'}"
    talk = people_video(tmp_path / "talk.mp4", [1, 1, 2, 2])
    padding = FRONT + TAIL + 3 * PART
    with talk.open("ab") as file:  # players skip a box of this name
        file.write((padding + 8).to_bytes(4, "big") + b"free" + bytes(padding))
    sent = []

    def cut(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.append(route.request.headers["content-range"])
            if len(sent) == 3:
                route.abort("connectionreset")
                return
        route.continue_()

    with serving(SERVER, HOUSELIGHTS_STORE=url) as address:
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(limit_s() * 1000)
        page.route("**/incoming/*", cut)
        page.goto(f"{address}/bring")
        page.wait_for_selector(READY)
        page.get_by_role("combobox", name="Kind of place").click()
        page.get_by_role("option", name="Event").click()
        page.wait_for_selector(".drop:not(.shut)")
        page.locator(".drop input").set_input_files(talk)
        page.wait_for_selector(".sends li")
        page.get_by_role("link", name="Sessions").first.click()
        expect(page.locator("h1")).to_have_text("Sessions", timeout=limit_s() * 1000)
        page.get_by_role("link", name="Score a recording").first.click()
        page.get_by_text("recorded ").first.wait_for()
        page.get_by_role("link", name="Open the session").click()
        expect(page.locator("h1")).to_have_text("talk", timeout=limit_s() * 1000)
        page.context.close()
    (one,) = IncomingRecordings(recordings_folder(url)).all()
    assert one.path.read_bytes() == talk.read_bytes()
    assert sent[2] in sent[3:], "the part that was cut is sent again"
    assert len(sent) == len(set(sent)) + 1, "and no other"
