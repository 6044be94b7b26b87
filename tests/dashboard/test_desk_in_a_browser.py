"""The welcome desk at two windows: a card comes by itself, and is gone everywhere once one desk has used it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from audience.identity.records import Roster
from audience.identity.store import IdentityStore
from audience.stores import open_identity
from dashboard.access.identity import VARIABLE
from dashboard.pages.desk.routes import DESK, desk_routes
from tests.audience.identity.conftest import Desk
from tests.axe import violations
from tests.routes_server import Answer, serving

pytestmark = pytest.mark.browser


class Door:
    """The door of the members' evening."""

    def __init__(self, store: IdentityStore) -> None:
        self.desk = Desk(store, now=datetime.now(UTC))
        self.roster: Roster = self.desk.roster("welcome desk", "members", stages=("evening/gate",))

    def comes_in(self, name: str, seed: int) -> None:
        person = self.desk.member(self.roster, name, seed, keeps_photo=True)
        self.desk.people().check_in(self.roster.roster_id, person.person_id)
        sighting = self.desk.sighting(self.roster, person.person_id)
        self.desk.store.put(replace(sighting, at_ms=round(datetime.now(UTC).timestamp() * 1000)))


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    monkeypatch.setenv("HOUSELIGHTS_STORE", url)
    with open_identity(url) as store:
        yield Door(store)


@pytest.fixture
def windows(browser: Browser, door: Door) -> Iterator[tuple[Page, Page]]:
    with serving(desk_routes([])) as (host, port):
        pages = browser.new_page(), browser.new_page()
        for page in pages:
            page.clock.install()
            page.goto(f"http://{host}:{port}{DESK}/members")
            expect(page.get_by_role("status")).to_contain_text("Watching")
        yield pages
        for page in pages:
            page.close()


def test_a_card_comes_to_both_desks_and_is_gone_from_both_once_used(windows: tuple[Page, Page], door: Door) -> None:
    one, other = windows
    for page in windows:
        expect(page.locator("#nobody")).to_be_visible()
    one.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    door.comes_in("Grace <b>Hopper</b>", 1)
    for page in windows:
        expect(page.locator("article h2")).to_have_text("Grace <b>Hopper</b>")
    assert violations(other) == []
    one.keyboard.press("Enter")  # before anybody can have read it
    expect(one.get_by_role("button", name="Welcomed")).to_be_enabled()
    one.clock.run_for(1001)
    one.keyboard.press("Enter")
    for page in windows:
        expect(page.locator("article")).to_have_count(0)
    assert door.desk.people().known_faces(door.roster) == []


def test_not_this_person_takes_the_card_away_and_the_member_is_still_expected(
    windows: tuple[Page, Page], door: Door
) -> None:
    one, other = windows
    door.comes_in("Alan", 2)
    expect(other.locator("article h2")).to_have_text("Alan")
    other.clock.fast_forward(1001)
    other.keyboard.press("n")
    expect(one.locator("article")).to_have_count(0)
    assert len(door.desk.people().known_faces(door.roster)) == 1


def test_a_desk_that_was_refused_shows_no_card_and_tries_again(
    windows: tuple[Page, Page], door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = windows
    door.comes_in("Grace", 1)
    expect(one.locator("article")).to_have_count(1)
    access = tmp_path / "access.toml"
    access.write_text('address = "http://localhost:8501"\ncontact = "Ada"\n')
    monkeypatch.setenv(VARIABLE, str(access))
    expect(one.get_by_role("status")).to_contain_text("lost")
    expect(one.locator("article")).to_have_count(0)
    with one.expect_response(lambda answer: answer.status == 404):
        pass  # from here on the browser itself does not try again
    monkeypatch.delenv(VARIABLE)
    one.clock.fast_forward(5000)
    expect(one.get_by_role("status")).to_contain_text("Watching")


def test_who_has_no_duty_at_the_desk_is_shown_nothing(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = tmp_path / "access.toml"
    access.write_text('address = "http://localhost:8501"\ncontact = "Ada"\n')
    monkeypatch.setenv(VARIABLE, str(access))
    door.comes_in("Grace", 1)
    with serving(desk_routes([])) as address:
        assert Answer(address, f"{DESK}/members/events").status == 404
        assert Answer(address, f"{DESK}/members/s-1/welcomed", "POST").status == 404


def test_another_roster_has_no_desk(door: Door) -> None:
    door.desk.roster("register", "others")
    with serving(desk_routes([])) as address:
        assert Answer(address, f"{DESK}/others/events").status == 404
        assert Answer(address, f"{DESK}/nobody/events").status == 404
