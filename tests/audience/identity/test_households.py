"""Records of households: what is refused, and in which order they lie."""

from __future__ import annotations

import pytest

from audience.errors import InvalidValue
from audience.identity.households import (
    MOST_GUESTS,
    Guests,
    Household,
    HouseholdState,
    Member,
    Seen,
    SeenMinute,
    Tap,
    days_between,
    state_at,
)
from tests.audience.identity.panel import a_household, minute, seen, tap
from tests.builders import BEGAN, BEGAN_MS


def member(**other) -> Member:
    return Member(roster_id="panel", household_id="home-1", person_id="ann", **other)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Household(roster_id="panel", household_id="home 1", set_up_at=BEGAN, set_up_by="ada"),
        lambda: a_household(("ann", "ann")),
        lambda: member(sex="unknown"),
        lambda: member(born=49),
        lambda: Guests(count=0),
        lambda: Guests(ages="old", count=1),
        lambda: tap(0, "in"),
        lambda: tap(0, "set on", "ann"),
        lambda: tap(0, "asleep"),
        lambda: tap(0, "set on", guests=[Guests(count=1)]),
        lambda: tap(0, "guests", guests=[Guests(count=MOST_GUESTS), Guests(sex="male", count=1)]),
        lambda: tap(1e18, "set on"),
        lambda: seen("bea", "ann"),
        lambda: seen("ann", at_once=0),
        lambda: seen("ann", seconds=61),
        lambda: Seen(people=("ann",), seconds=10, in_view_s=11),
        lambda: seen("ann", seconds=10, facing_s=11),
        lambda: seen("ann", "bea", smiling_s=1),
        lambda: seen(smiling_s=1),
        lambda: minute(0, seen("ann"), looked_s=30),
        lambda: minute(0, seen("ann", seconds=1), seen("ann", seconds=2)),
        lambda: SeenMinute(roster_id="panel", household_id="home-1", minute_ms=BEGAN_MS + 1, looked_s=60),
    ],
)
def test_what_cannot_be_is_refused(build):
    with pytest.raises(InvalidValue):
        build()


def test_records_of_a_day_lie_together_in_the_order_of_time():
    keys = [minute(number).key for number in (0, 1, 60, 61)]
    assert keys == sorted(keys)
    assert {key[:3] for key in keys} == {("panel", "home-1", "2026-05-04")}
    assert tap(0, "set on").key[:3] == ("panel", "home-1", "2026-05-04")
    assert days_between(BEGAN_MS, BEGAN_MS + 86_400_000) == ["2026-05-04", "2026-05-05"]


def test_an_age_is_that_of_the_typed_year():
    assert member(sex="female", born=1985).description(BEGAN) == "female, 41"
    assert member().description(BEGAN) == ""


def test_whoever_looks_like_two_others_could_be_all_three():
    triplets = a_household(("ann", "bea"), ("ann", "cem"))
    assert triplets.could_be("ann") == ("ann", "bea", "cem")
    assert triplets.could_be("bea") == ("ann", "bea")
    assert triplets.could_be("dan") == ("dan",)


def test_privacy_keeps_everybody_logged_in_and_the_sets_end_logs_all_out():
    taps: list[Tap] = [tap(0, "set on"), tap(1, "in", "ann"), tap(2, "guests", guests=[Guests(count=1)])]
    private = state_at([*taps, tap(3, "privacy on")], BEGAN_MS + 10_000)
    assert (private.private, private.logged_in) == (True, frozenset({"ann"}))
    off = state_at([*taps, tap(3, "privacy on"), tap(4, "set off")], BEGAN_MS + 10_000)
    assert off == HouseholdState(set_on=False, private=True)
    assert state_at(taps, BEGAN_MS + 500) == HouseholdState(set_on=True)
