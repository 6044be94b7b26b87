"""A household's button page: its routes over HTTP, and in a real browser on two devices."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from audience.identity import panels
from audience.identity.households import MOST_GUESTS, Guests, Tap
from audience.stores import open_identity
from dashboard.access.addresses import READING, address_of
from dashboard.pages.household.routes import MOST_AT_ONCE, household_routes
from tests.audience.identity.panel import Home
from tests.routes_server import Answer, serving
from tests.ticking import limit_s, until

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
A_TAP = {"id": "t", "tapped_ms": 1, "action": "set on"}
TABLET = {"viewport": {"width": 1024, "height": 768}, "has_touch": True}


def clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class Living:
    """A household whose page is served."""

    home: Home
    token: str
    host: tuple[str, int]

    @property
    def path(self) -> str:
        return f"/household/{self.token}"

    @property
    def url(self) -> str:
        return f"http://{self.host[0]}:{self.host[1]}{self.path}"

    def state(self) -> tuple[bool | None, set[str], int, bool]:
        state = self.home.panel.state(self.home.household)
        guests = sum(guests.count for guests in state.guests)
        return state.set_on, set(state.logged_in), guests, state.private

    def post(self, body: bytes) -> tuple[int, dict]:
        connection = http.client.HTTPConnection(*self.host, timeout=limit_s())
        connection.request("POST", f"{self.path}/taps", body)
        response = connection.getresponse()
        found = response.status, json.loads(response.read())
        connection.close()
        return found


@pytest.fixture
def living(store_url: str) -> Iterator[Living]:
    with open_identity(store_url) as store, serving(household_routes([])) as host:
        home = Home(store, clock)
        yield Living(home, home.panel.make_link(home.household), host)


def sent(living: Living, *taps: dict, sent_ms: float = 1000.0) -> tuple[int, dict]:
    filled = [{"id": f"t{number}", "tapped_ms": 1000.0, **tap} for number, tap in enumerate(taps)]
    return living.post(json.dumps({"sent_ms": sent_ms, "taps": filled}).encode())


def test_a_household_is_told_its_own_names_and_nobody_else_anything(living: Living):
    document = json.loads(Answer(living.host, f"{living.path}/state.json").body)
    assert [member["name"] for member in document["members"]] == ["Ann", "Bea"]
    living.home.panel.revoke_links(living.home.household)
    for path in ("state.json", f"faces/{living.home.ann}"):
        answer = Answer(living.host, f"{living.path}/{path}")
        assert answer.status == 404
        assert b"Ann" not in answer.body


def test_a_phone_whose_clock_is_wrong_is_believed_how_long_ago_it_was(living: Living):
    before_ms = clock().timestamp() * 1000
    status, _ = sent(living, {"action": "set on", "tapped_ms": 100.0}, sent_ms=60_100.0)
    (tap,) = living.home.store.all(Tap)
    assert status == 200
    assert before_ms - 60_001 <= tap.at_ms <= clock().timestamp() * 1000 - 59_999


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"sent_ms": 1, "taps": [{"id": "t1", "tapped_ms": NaN, "action": "set on"}]}',
        json.dumps({"sent_ms": 1, "taps": [A_TAP] * (MOST_AT_ONCE + 1)}).encode(),
    ],
)
def test_taps_that_are_none_are_refused_in_one_line(living: Living, body: bytes):
    status, said = living.post(body)
    assert (status, set(said)) == (422, {"problem"})
    assert living.home.store.all(Tap) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "explode"},
        {"action": "set on", "id": "#"},
        {"action": "set on", "tapped_ms": None},
        {"action": "guests", "guests": [{"sex": "male", "ages": "", "count": MOST_GUESTS + 1}]},
    ],
)
def test_a_wish_for_privacy_is_taken_whatever_is_sent_with_it(living: Living, wrong: dict):
    status, said = sent(living, wrong, {"action": "privacy on"})
    assert (status, [refused["tap"] for refused in said["refused"]]) == (200, [0])
    assert living.state() == (None, set(), 0, True)


def test_a_wish_for_privacy_is_taken_where_a_program_has_tapped_all_day(living: Living, monkeypatch):
    monkeypatch.setattr(panels, "MOST_TAPS", 1)
    status, said = sent(living, {"action": "set on"}, {"action": "privacy on"}, {"action": "set off"})
    assert (status, [refused["tap"] for refused in said["refused"]]) == (200, [2])
    assert living.state() == (True, set(), 0, True)


def test_taps_for_somebody_who_withdrew_are_dropped_and_the_others_kept(living: Living):
    living.home.people.withdraw("panel", living.home.bea)
    status, _ = sent(living, {"action": "in", "person_id": living.home.bea}, {"action": "set on"})
    assert status == 200
    assert living.state() == (True, set(), 0, False)


def test_a_photo_is_shown_to_its_own_household_where_it_may_be_kept(living: Living):
    eve = living.home.add("Eve", keeps_photo=True)
    living.home.store.seal(eve, {"photo": b"a jpeg"})
    assert Answer(living.host, f"{living.path}/faces/{eve}").body == b"a jpeg"
    assert Answer(living.host, f"{living.path}/faces/{living.home.ann}").status == 404
    other = living.home.panel.set_up("panel", "home-2")
    token = living.home.panel.make_link(other)
    assert Answer(living.host, f"/household/{token}/faces/{eve}").status == 404


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/household/panel~l~s", READING),
        ("/household/panel~l~s/state.json", READING),
        ("/household/panel~l~s/faces/p-1", READING),
        ("/household/panel~l~s/taps", ("POST",)),
        ("/household", None),
        ("/household/a/b", None),
        ("/household/a/taps/b", None),
    ],
)
def test_the_server_answers_these_addresses_without_a_login_and_no_others(path: str, methods: tuple[str, ...] | None):
    address = address_of(path)
    assert (address and address.methods) == methods
    assert address is None or address.whom == "everybody"


@pytest.fixture
def devices(browser: Browser, living: Living) -> Iterator[tuple[Page, Page]]:
    """A phone and a tablet with the page; nothing may go wrong in their consoles."""
    wrong: list[str] = []
    contexts = [browser.new_context(**size) for size in (PHONE, TABLET)]
    pages = []
    for context in contexts:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(living.url)
        expect(page.get_by_role("button", name="Ann")).to_be_visible()
        pages.append(page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()
    assert wrong == []


def pressed(page: Page, name: str) -> None:
    expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")


@pytest.mark.browser
def test_one_tap_logs_in_turns_the_set_on_and_is_seen_on_the_other_device(living: Living, devices):
    phone, tablet = devices
    phone.get_by_role("button", name="Ann").tap()
    pressed(phone, "Ann")
    pressed(tablet, "Ann")
    assert living.state() == (True, {living.home.ann}, 0, False)
    tablet.get_by_role("button", name="Ann").tap()
    expect(phone.get_by_role("button", name="Ann")).to_have_attribute("aria-pressed", "false")
    assert living.state() == (True, set(), 0, False)


@pytest.mark.browser
def test_guests_are_counted_with_what_somebody_types_and_leave_with_the_set(living: Living, devices):
    phone, tablet = devices
    for _ in range(2):
        phone.get_by_role("button", name="Add a guest").tap()
        phone.get_by_text("Woman or girl", exact=True).tap()
        phone.get_by_text("25 to 44", exact=True).tap()
        phone.get_by_role("button", name="Add", exact=True).tap()
    expect(tablet.get_by_role("button", name="2 × Woman or girl, 25 to 44")).to_be_visible()
    guests = living.home.panel.state(living.home.household).guests
    assert guests == (Guests(sex="female", ages="25 to 44", count=2),)
    tablet.get_by_role("button", name="2 × Woman or girl").tap()
    expect(phone.get_by_role("button", name=re.compile("^Woman or girl, 25 to 44"))).to_be_visible()
    phone.get_by_role("button", name="TV is on").tap()
    expect(tablet.get_by_role("button", name=re.compile("Woman or girl"))).to_have_count(0)
    assert living.state() == (False, set(), 0, False)


@pytest.mark.browser
def test_no_more_guests_can_be_added_than_are_taken(living: Living, devices):
    crowd = [{"sex": "", "ages": "", "count": MOST_GUESTS - 1}]
    sent(living, {"action": "set on"}, {"action": "guests", "guests": crowd})
    phone, _ = devices
    expect(phone.get_by_role("button", name="19 × Guest")).to_be_visible()
    phone.get_by_role("button", name="Add a guest").tap()
    phone.get_by_role("button", name="Add", exact=True).tap()
    expect(phone.get_by_role("button", name="Add a guest")).to_be_disabled()
    until(lambda: living.state() == (True, set(), MOST_GUESTS, False))


@pytest.mark.browser
def test_a_waiting_tap_that_nobody_understands_takes_no_other_with_it(living: Living, devices):
    phone, _ = devices
    waiting = [{"id": "#", "action": "explode"}, {"id": "t2", "action": "privacy on"}]
    phone.evaluate(
        """(taps) => localStorage.setItem(`houselights-taps ${location.pathname}`,
            JSON.stringify(taps.map((one) => ({ tapped_ms: Date.now(), ...one }))))""",
        waiting,
    )
    phone.reload()
    pressed(phone, "Privacy")
    until(lambda: living.state()[3])
    assert phone.evaluate("localStorage.length") == 0


@pytest.mark.browser
def test_privacy_is_one_tap_and_shown_everywhere(living: Living, devices):
    phone, tablet = devices
    phone.get_by_role("button", name="Privacy").tap()
    pressed(tablet, "Privacy")
    assert living.state()[3] is True


@pytest.mark.browser
def test_without_a_connection_taps_wait_on_the_device_also_when_the_page_is_closed(living: Living, devices):
    phone, _ = devices
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Ann").tap()
    pressed(phone, "Ann")
    expect(phone.get_by_role("status")).to_contain_text("2 taps wait here")
    assert living.state()[0] is None
    again = phone.context.new_page()
    phone.close()
    phone.context.set_offline(False)
    again.goto(living.url)
    until(lambda: living.state() == (True, {living.home.ann}, 0, False))
    pressed(again, "Ann")
    assert again.evaluate("localStorage.length") == 0


@pytest.mark.browser
def test_a_revoked_link_shows_nothing_of_the_household(living: Living, devices):
    phone, _ = devices
    living.home.panel.revoke_links(living.home.household)
    expect(phone.get_by_role("status")).to_contain_text("not valid any more")
    expect(phone.get_by_role("button", name="Ann")).to_be_hidden()


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, {"viewport": {"width": 320, "height": 640}}, TABLET])
def test_targets_are_large_and_nothing_is_wider_than_the_screen(browser: Browser, living: Living, size: dict):
    living.home.add("Maximiliane-Antoinette von und zu Hohenstein")
    with browser.new_context(**size) as context:
        page = context.new_page()
        page.goto(living.url)
        expect(page.get_by_role("button", name="Ann")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == size["viewport"]["width"]
        boxes = [one.bounding_box() for one in page.get_by_role("button").all()]
        assert all(box and box["height"] >= 48 and box["width"] >= 48 for box in boxes)
