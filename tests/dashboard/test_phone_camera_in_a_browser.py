"""A phone's page in a real browser with a pretend camera: one tap starts it, and nothing is stored on the phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from audience.session_setup import SessionSetup, prepare_session
from audience.stores import open_store
from dashboard import camera_links_data as links
from dashboard.pages.camera import routes
from dashboard.pages.camera.routes import camera_routes
from dashboard.phone_process import phones
from tests.axe import violations
from tests.phone_pictures import picture
from tests.routes_server import serving
from tests.ticking import limit_s

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(with_camera: Callable[..., Page]) -> Page:
    """A phone whose camera sees three people."""
    return with_camera(picture(3), width=390, height=844)


def test_a_phone_counts_from_one_tap_through_a_lost_network_to_the_end_of_its_link(phone: Page, store_url: str):
    links._sessions.clear()
    routes.senders.cache_clear()
    phones.cache_clear()
    with open_store(store_url) as store:
        setup = SessionSetup(session_id="talk", setting="event", country="US", title="Why bridges hum")
        prepare_session(store, setup, None, datetime.now(UTC), device=False)
    token, slowly = links.make_link("talk", "main", "cam-1"), limit_s() * 1000
    sent = list[str]()
    phone.on("request", lambda request: sent.append(request.url) if "/picture" in request.url else None)
    with serving(camera_routes([])) as (host, port), phones().running():
        phone.goto(f"http://{host}:{port}/camera/{token}")
        expect(phone.get_by_role("heading")).to_have_text("Why bridges hum", timeout=slowly)
        start = phone.get_by_role("button", name="Start")
        expect(start).to_be_visible(timeout=slowly)
        phone.evaluate(
            """() => { for (let n = 0; n < 40; n++) dispatchEvent(new DeviceMotionEvent("devicemotion",
                { accelerationIncludingGravity: { x: 3, y: 9, z: 1 } })); }"""
        )
        expect(phone.locator("#hints")).to_contain_text("tilted", timeout=slowly)
        assert sent == [], "nothing leaves the phone before the tap"
        start.click()
        expect(phone.locator("#faces")).to_have_text("3 faces", timeout=slowly)
        assert violations(phone) == []
        phone.context.set_offline(True)
        expect(phone.locator("#state.bad")).to_contain_text("No connection since", timeout=slowly)
        phone.context.set_offline(False)
        expect(phone.locator("#state.good")).to_be_visible(timeout=slowly)
        stored = phone.evaluate(
            """async () => [localStorage.length, sessionStorage.length, document.cookie.length,
                (await caches.keys()).length, (await indexedDB.databases()).length,
                (await navigator.serviceWorker.getRegistrations()).length]"""
        )
        assert stored == [0] * 6
        links.end_links("talk", "main", "cam-1")
        expect(phone.locator("#state")).to_contain_text("ended", timeout=slowly)
        assert phone.evaluate("document.querySelector('video').srcObject") is None, "the camera is let go"
    with open_store(store_url) as store:
        assert 3 in store.windows("talk", "main").faces.tolist()


def test_a_page_without_https_says_why_it_has_no_camera(browser: Browser, store_url: str):
    """Another origin than localhost over http: browsers show no camera there at all."""
    with open_store(store_url) as store:
        prepare_session(store, SessionSetup(session_id="talk"), None, datetime.now(UTC), device=False)
    links._sessions.clear()
    token = links.make_link("talk", "main", "cam-1")
    with serving(camera_routes([])) as (host, port):
        context = browser.new_context()
        context.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
        page = context.new_page()
        page.goto(f"http://{host}:{port}/camera/{token}")
        expect(page.locator("#state.bad")).to_contain_text("https", timeout=limit_s() * 1000)
        context.close()
