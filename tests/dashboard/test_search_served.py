"""A search on a served installation: four accounts, two of them looking at the same time in windows of their own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from audience.identity.records import Confirmation, WatchEntry
from audience.stores import open_identity, open_store
from tests.audience.identity.conftest import Desk
from tests.audience.identity.test_searches import requested
from tests.dashboard.test_access_served import PROVIDER, READY, Served, free_port, running, signed_in

pytestmark = pytest.mark.browser

DUTIES = {"ada": "request", "bob": "approve", "cyd": "confirm", "dan": "confirm", "eva": ""}
ACCESS = 'address = "http://127.0.0.1:{port}"\ncontact = "Ada"\n'
RULE = '[[people]]\nemail = "{name}@example.org"\nrole = "{role}"\nduties = [{duties}]\n'


@dataclass
class Installation:
    """A served installation with a search that waits for approval."""

    served: Served
    url: str
    entry: WatchEntry


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("search")
    port, provider = free_port(), free_port()
    url = f"sqlite:///{folder / 'houselights.db'}"
    open_store(url).close()
    with open_identity(url) as store:
        desk = Desk(store, now=datetime.now(UTC))
        roster = desk.roster("search", "missing", law="a law", stages=("fair-1/*",))
        entry = requested(desk, roster, photo=b"")
    rules = [
        RULE.format(name=name, role="viewer" if duty else "admin", duties=f'"{duty}"' if duty else "")
        for name, duty in DUTIES.items()
    ]
    (folder / "access.toml").write_text(ACCESS.format(port=port) + "".join(rules))
    (folder / ".streamlit").mkdir()
    text = PROVIDER.format(port=port, provider=provider, cookie=secrets.token_hex(32))
    (folder / ".streamlit" / "secrets.toml").write_text(text)
    users = [
        word
        for name in DUTIES
        for word in (
            "--user-claims",
            json.dumps({"sub": name, "email": f"{name}@example.org", "email_verified": True}),
        )
    ]
    pages = ["houselights", "dashboard", "--access", "access.toml", "--port", str(port), "--store", url]
    with (
        running("oidc_provider_mock", "--port", str(provider), *users, port=provider, folder=folder),
        running(*pages, port=port, folder=folder),
    ):
        yield Installation(Served(port, {}), url, entry)


@pytest.fixture
def windows(browser: Browser) -> Iterator[list[BrowserContext]]:
    contexts: list[BrowserContext] = []
    yield contexts
    for context in contexts:
        context.close()


def at_search(browser: Browser, windows: list[BrowserContext], installation: Installation, name: str) -> Page:
    """The Search page in a window of somebody who has just signed in."""
    windows.append(browser.new_context(viewport={"width": 390, "height": 844}))
    page = signed_in(windows[-1], installation.served, name)
    page.goto(f"{installation.served.address}/search")
    page.wait_for_selector(READY)
    return page


def test_four_people_ask_approve_and_confirm_and_nobody_takes_two_parts(
    browser: Browser, windows: list[BrowserContext], installation: Installation, tmp_path: Path
) -> None:
    bob = at_search(browser, windows, installation, "bob")
    expect(bob.get_by_text("asked for by ada@example.org")).to_be_visible()
    bob.get_by_role("button", name="Approve").last.click()
    expect(bob.get_by_text("approved by bob@example.org")).to_be_visible()

    with open_identity(installation.url) as store:
        desk = Desk(store, now=datetime.now(UTC))
        (roster,) = desk.people().rosters()
        assert desk.searches("camera").record(desk.sighting(roster, installation.entry.entry_id), None)

    cyd, dan = (at_search(browser, windows, installation, name) for name in ("cyd", "dan"))
    for page in (cyd, dan):
        expect(page.get_by_role("button", name="The same person")).to_be_visible()
    cyd.get_by_role("button", name="The same person").click()
    expect(cyd.get_by_text("Nothing waits for you")).to_be_visible()
    expect(dan.get_by_role("button", name="The same person")).to_be_visible()
    assert "cyd" not in dan.content()  # what others said is not shown to whoever looks
    dan.get_by_role("button", name="The same person").click()
    expect(dan.get_by_text("confirmed by two people")).to_be_visible()
    with open_identity(installation.url) as store:
        assert {one.by for one in store.all(Confirmation)} == {"cyd@example.org", "dan@example.org"}


def test_an_admin_without_a_duty_sees_no_search(
    browser: Browser, windows: list[BrowserContext], installation: Installation
) -> None:
    eva = at_search(browser, windows, installation, "eva")
    expect(eva.get_by_text("not part of what is open to you")).to_be_visible()
    assert "red coat" not in eva.content()
    expect(eva.get_by_role("link", name="Search")).to_have_count(0)
