"""The pages of people, of the desk and of searches, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from audience.identity.audit import AuditEntry
from audience.identity.records import Roster, WatchEntry
from audience.identity.sealed import Profile
from audience.identity.searches import Searches
from audience.stores import has_identity, open_identity
from sample_data.pretend_people import DESK, MEMBERS, SEARCH, load_pretend_people
from tests.audience.identity.conftest import QUALITY, Desk, vector
from tests.dashboard.conftest import NASTY, Pages, text_of


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    with open_identity(store_url) as store:
        yield Desk(store, now=datetime.now(UTC))


@pytest.fixture
def pretend(desk: Desk) -> Desk:
    load_pretend_people(desk.people("demonstration"), desk.now)
    return desk


def press(app: AppTest, label: str) -> AppTest:
    (found,) = [one for one in app.button if one.label == label]
    return found.click().run()


def test_where_nobody_enrolled_the_pages_say_so_and_no_store_of_people_is_made(pages: Pages, store_url: str) -> None:
    for page in ("people", "desk", "search"):
        app = pages._opened(page, {})
        assert not app.exception
    assert not has_identity(store_url)


def test_a_refused_roster_is_refused_with_the_article_before_anything_is_set_up(pages: Pages, store_url: str) -> None:
    app = pages._opened("people", {})
    app.selectbox(key="roster-purpose").select("register")
    app.selectbox(key="roster-setting").select("workplace").run()
    assert "annex III" in text_of(app)
    assert not [one for one in app.button if one.label == "Set up roster"]


def test_a_roster_is_set_up_once_every_condition_is_met(pages: Pages, store_url: str) -> None:
    app = pages._opened("people", {})
    app.text_input(key="roster-title").input("Members")
    app.text_input(key="roster-stages").input("evening-*/gate")
    app.selectbox(key="roster-purpose").select("welcome desk")
    app.selectbox(key="roster-setting").select("event")
    app.selectbox(key="roster-country").select("CH").run()
    press(app, "Set up roster")
    assert "consent" in text_of(app)
    with open_identity(store_url) as store:
        assert store.all(Roster) == []
    for box in app.checkbox:
        box.check()
    app.run()
    press(app, "Set up roster")
    with open_identity(store_url) as store:
        (roster,) = store.all(Roster)
        assert (roster.roster_id, roster.purpose, roster.stages) == ("members", "welcome desk", ("evening-*/gate",))


def test_people_are_listed_by_name_and_withdrawn_with_a_receipt(pages: Pages, desk: Desk) -> None:
    roster = desk.roster("welcome desk")
    person = desk.member(roster, NASTY)
    app = pages._opened("people", {})
    assert "&lt;img src=x" in text_of(app)
    assert "<img src=x" not in text_of(app)
    (found,) = [one for one in app.button if one.key == f"withdraw-{person.person_id}"]
    found.click().run()
    assert "erased" in text_of(app)
    assert desk.people().people(roster.roster_id) == []


def test_a_link_to_join_is_shown_once_and_can_be_revoked(pages: Pages, desk: Desk) -> None:
    desk.roster("welcome desk")
    app = pages._opened("people", {})
    (make,) = [one for one in app.button if one.key == "make-link"]
    make.click().run()
    assert "/join/" in app.code[0].value
    press(app, "Revoke")
    assert not app.code
    assert [one.action for one in desk.store.all(AuditEntry)][-2:] == ["join link made", "join link revoked"]


def test_the_trail_of_people_shows_nothing_of_searches(pages: Pages, desk: Desk) -> None:
    desk.roster("welcome desk")
    desk.roster("search", "missing-1", law="a law")
    desk.people().end_roster("missing-1")
    desk.roster("search", "missing-2", law="a law")
    shown = text_of(pages._opened("people", {}))
    assert "roster set up" in shown
    assert "missing" not in shown


def test_the_demo_searches_with_four_parts_and_nobody_can_play_two(pages: Pages, pretend: Desk) -> None:
    searches = {
        part: Searches(pretend.store, actor=f"pretend {part}", now=lambda: datetime.now(UTC))
        for part in ("requester", "approver", "first confirmer", "second confirmer")
    }
    entry = searches["requester"].request(
        SEARCH,
        Profile(name="In a red coat"),
        vector(1),
        recogniser="pretend-0",
        photos=[QUALITY],
        photo=b"",
        basis="missing person",
        reference="12/26",
        stages=["demo-*/gate"],
        adult=True,
    )
    app = pages._opened("search", {})
    app.segmented_control(key="search-part").set_value("approve").run()
    assert "In a red coat" in text_of(app)
    press(app, "Approve")
    (running,) = pretend.store.all(WatchEntry, SEARCH)
    assert running.runs(datetime.now(UTC))
    press(app, "Renew for 24 hours")
    (renewed,) = pretend.store.all(WatchEntry, SEARCH)
    assert renewed.expires_at > running.expires_at  # type: ignore[operator]
    (roster,) = [one for one in pretend.store.all(Roster) if one.roster_id == SEARCH]
    searches["approver"].record(pretend.sighting(roster, entry.entry_id))
    app.segmented_control(key="search-part").set_value("First look").run()
    press(app, "The same person")
    assert not [one for one in app.button if one.label == "The same person"]  # said already
    app.segmented_control(key="search-part").set_value("Second look").run()
    press(app, "The same person")
    (state,) = searches["requester"].sightings(running)
    assert state.state == "confirmed"
    assert "confirmed by two people: pretend first confirmer, pretend second confirmer" in text_of(app)
    assert {one.by for one in state.confirmations} == {"pretend first confirmer", "pretend second confirmer"}


def test_a_real_search_cannot_be_asked_for_on_a_laptop(pages: Pages, desk: Desk) -> None:
    desk.roster("search", "missing", law="a law")
    app = pages._opened("search", {})
    assert not app.segmented_control
    assert not [one for one in app.button if "search" in one.label]


def test_the_demo_has_members_whose_names_say_that_they_are_pretend(pretend: Desk) -> None:
    people = pretend.people()
    names = {people.profile(one.person_id).name for one in people.people(DESK)}  # type: ignore[union-attr]
    assert names == {member.name for member in MEMBERS}
    assert all("pretend" in name for name in names)
    load_pretend_people(people, pretend.now)  # a second demo
    assert len(people.people(DESK)) == len(MEMBERS)
