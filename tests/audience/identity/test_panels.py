"""Households of a panel in a store: links, taps, what may be kept of faces, and forgetting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from audience.errors import AccessRefused, InvalidValue
from audience.identity.audit import AuditTrail, broken_at
from audience.identity.households import Household, Member, SeenMinute, Tap
from audience.identity.panels import MOST_TAPS, PANEL_KEPT
from audience.stores import open_identity
from tests.audience.identity.panel import Home, minute, seen, tap
from tests.builders import BEGAN, BEGAN_MS, after

NOON = after(600)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    clock = Clock(BEGAN)
    with open_identity(f"sqlite:///{tmp_path / 'houselights.db'}") as store:
        home = Home(store, clock)
        clock.now = NOON
        yield home


def wait(home: Home, until: timedelta) -> None:
    """Sets the clock to so long after noon."""
    assert isinstance(home.now, Clock)
    home.now.now = NOON + until


def test_a_link_opens_its_household_until_another_is_made_or_it_is_revoked(home: Home):
    first = home.panel.make_link(home.household)
    assert home.panel.opened_by(first) == home.household
    second = home.panel.make_link(home.household)
    assert home.panel.opened_by(second) == home.household
    assert home.panel.revoke_links(home.household) == 1
    for token in (first, second, "nonsense", "panel~x~y"):
        with pytest.raises(AccessRefused):
            home.panel.opened_by(token)


def test_a_tap_that_is_sent_twice_is_kept_once(home: Home):
    taps = [tap(0, "set on"), tap(1, "in", home.ann)]
    assert home.panel.take(home.household, taps) == 2
    assert home.panel.take(home.household, taps) == 0
    state = home.panel.state(home.household)
    assert (state.set_on, state.logged_in) == (True, {home.ann})


def test_what_was_tapped_too_long_ago_is_dropped(home: Home):
    assert home.panel.take(home.household, [tap(-90_000, "set on"), tap(0, "set off")]) == 1
    assert home.panel.state(home.household).set_on is False


def test_privacy_holds_until_it_is_ended_however_long_it_was_forgotten(home: Home):
    evening = timedelta(days=3)
    home.panel.take(home.household, [tap(0, "set on"), tap(1, "in", home.ann), tap(2, "privacy on")])
    wait(home, evening)
    state = home.panel.state(home.household)
    assert (state.set_on, state.logged_in, state.private) == (None, frozenset(), True)
    at_min = 3 * 24 * 60
    assert home.panel.record(minute(at_min, seen(home.ann))) is None
    wait(home, 2 * PANEL_KEPT)
    home.people.end_expired()
    assert home.panel.state(home.household).private
    home.panel.take(home.household, [tap(2 * PANEL_KEPT.total_seconds(), "privacy off")])
    assert not home.panel.state(home.household).private
    home.people.end_expired()
    assert [one.action for one in home.store.all(Tap)] == ["privacy off"]


def test_a_wish_for_privacy_that_waited_for_days_on_a_phone_still_counts(home: Home):
    wait(home, timedelta(days=3))
    home.panel.record(minute(2 * 24 * 60, seen(home.ann)))
    home.panel.take(home.household, [tap(0, "privacy on")])
    assert home.panel.state(home.household).private
    assert home.store.all(SeenMinute) == []


@pytest.mark.parametrize(
    "wrong",
    [tap(0, "in", "stranger"), tap(601, "set on"), tap(0, "set on", household_id="home-2")],
    ids=["no member", "future", "another household"],
)
def test_taps_that_cannot_be_are_refused_with_all_that_came_with_them(home: Home, wrong: Tap):
    with pytest.raises(InvalidValue):
        home.panel.take(home.household, [tap(0, "set on"), wrong])
    assert home.panel.state(home.household).set_on is None


def test_a_program_that_taps_all_day_is_stopped(home: Home):
    many = [tap(0, "set on", tap_id=f"t{number}") for number in range(MOST_TAPS)]
    home.panel.take(home.household, many)
    with pytest.raises(InvalidValue):
        home.panel.take(home.household, [tap(1, "set off")])
    home.panel.take(home.household, [tap(2, "privacy on")])
    assert home.panel.state(home.household).private


def test_a_camera_keeps_nobody_without_consent_and_no_smile_that_may_not_be_joined(home: Home):
    kept = home.panel.record(
        minute(
            0,
            seen(home.ann, seconds=10, smiling_s=4),
            seen(home.bea, seconds=10, smiling_s=4),
            seen("stranger", seconds=10),
            seen(seconds=5),
        )
    )
    assert kept is not None
    assert kept.seen == (seen(home.ann, seconds=10, smiling_s=4), seen(home.bea, seconds=10), seen(seconds=5))
    before_consent = home.panel.record(minute(-10, seen(home.ann)))
    assert before_consent is not None
    assert before_consent.seen == ()


def test_privacy_keeps_cameras_out_also_where_the_wish_arrives_late(home: Home):
    for number in range(4):
        assert home.panel.record(minute(number, seen(home.ann))) is not None
    home.panel.take(home.household, [tap(70, "privacy on"), tap(170, "privacy off")])
    assert [one.minute_ms for one in home.store.all(SeenMinute)] == [BEGAN_MS, BEGAN_MS + 180_000]
    assert home.panel.record(minute(2, seen(home.ann))) is None
    assert home.panel.presence(home.household, BEGAN_MS, BEGAN_MS + 240_000).private.tolist() == [
        False, True, True, False,
    ]  # fmt: skip


def test_presence_joins_what_was_tapped_the_evening_before_and_what_was_seen(home: Home):
    home.panel.take(home.household, [tap(-70_000, "set on"), tap(-70_000, "in", home.bea)])
    home.panel.record(minute(0, seen(home.ann, facing_s=30, smiling_s=6)))
    found = home.panel.presence(home.household, BEGAN_MS, BEGAN_MS + 60_000)
    by_person = {row.person_id: row for row in found.rows()}
    ann, bea = by_person[home.ann], by_person[home.bea]
    assert (ann.by_button, ann.in_room, ann.facing, ann.smiling) == (False, True, 0.5, 0.1)
    assert (bea.by_button, bea.in_room) == (True, False)


def test_whoever_withdraws_leaves_their_household_with_all_that_was_kept(home: Home):
    home.panel.set_up("panel", "home-1", alike=[(home.ann, home.bea)])
    home.panel.take(home.household, [tap(0, "set on"), tap(1, "in", home.ann), tap(2, "in", home.bea)])
    both = tuple(sorted((home.ann, home.bea)))
    home.panel.record(minute(0, seen(home.ann, seconds=9), seen(*both, seconds=9), seen(home.bea, seconds=5)))
    home.people.withdraw("panel", home.ann)
    assert [member.person_id for member in home.store.all(Member)] == [home.bea]
    assert home.store.all(Household)[0].alike == ()
    assert {one.person_id for one in home.store.all(Tap)} == {"", home.bea}
    assert [one.people for one in home.store.all(SeenMinute)[0].seen] == [(home.bea,)]


def test_whoever_asks_is_given_what_was_tapped_for_them_and_seen_of_them(home: Home):
    home.panel.take(home.household, [tap(0, "set on"), tap(1, "in", home.ann), tap(2, "in", home.bea)])
    home.panel.record(minute(0, seen(home.ann, seconds=9), seen(home.bea, seconds=5)))
    found = home.people.export("panel", home.ann)["household"]
    assert found["member"]["household_id"] == "home-1"
    assert [one["action"] for one in found["taps"]] == ["in"]
    assert [(one["minute_ms"], one["people"]) for one in found["seen"]] == [(BEGAN_MS, (home.ann,))]
    assert json.dumps(found)
    assert home.people.export("panel", home.bea)["household"]["taps"][0]["person_id"] == home.bea


def test_what_is_old_ends_with_expired_consents(home: Home):
    home.panel.take(home.household, [tap(0, "set on")])
    home.panel.record(minute(0, seen(home.ann)))
    wait(home, PANEL_KEPT - timedelta(days=1))
    home.people.end_expired()
    assert (len(home.store.all(Tap)), len(home.store.all(SeenMinute))) == (1, 1)
    wait(home, PANEL_KEPT + timedelta(days=1))
    home.people.end_expired()
    assert (home.store.all(Tap), home.store.all(SeenMinute)) == ([], [])


def test_a_person_belongs_to_one_household_and_has_to_be_on_the_roster(home: Home):
    other = home.panel.set_up("panel", "home-2")
    with pytest.raises(InvalidValue):
        home.panel.add_member(other, home.ann)
    with pytest.raises(InvalidValue):
        home.panel.add_member(other, "nobody")
    with pytest.raises(InvalidValue):
        home.panel.set_up("panel", "home-2", alike=[(home.ann, home.bea)])
    with pytest.raises(InvalidValue):
        home.panel.set_up("unknown", "home-3")


def test_what_is_done_with_households_is_in_the_trail(home: Home):
    home.panel.make_link(home.household)
    home.panel.revoke_links(home.household)
    entries = AuditTrail(home.store).entries()
    assert broken_at(entries) is None
    assert [entry.action for entry in entries if entry.subject_id == "home-1"] == [
        "household set up", "button page opened", "button page closed",
    ]  # fmt: skip
