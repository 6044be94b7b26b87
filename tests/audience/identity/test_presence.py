"""Who was there in each minute: the vote, gaps, look-alikes, and what agrees."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.identity.households import ACTIONS, AGES, LASTS_MS, SEXES, Guests, Tap, state_at
from audience.identity.presence import Agreement, agreement
from tests.audience.identity.panel import BEGAN_MS, MINUTE_MS, minute, presence, seen, tap

NAN = float("nan")
TWINS = [("ann", "bea")]


def column(values: np.ndarray) -> list[bool | None]:
    return [None if math.isnan(value) else bool(value) for value in values.ravel().tolist()]


@pytest.mark.parametrize(
    ("in_s", "out_s", "expected"),
    [(0, 30, True), (0, 29.9, False), (30, None, True), (31, None, False), (None, None, False), (-60, None, True)],
)
def test_a_minute_belongs_to_whoever_is_logged_in_for_half_of_it(in_s, out_s, expected):
    taps = [tap(-90, "set on")]
    taps += [tap(in_s, "in", "ann")] if in_s is not None else []
    taps += [tap(out_s, "out", "ann")] if out_s is not None else []
    assert column(presence("ann", taps=taps).by_button) == [expected]


@pytest.mark.parametrize(
    ("taps", "set_on", "by_button", "uncovered"),
    [
        ([], None, None, None),
        ([tap(0, "set on")], True, False, True),
        ([tap(0, "set off")], False, None, None),
        ([tap(0, "set on"), tap(1, "in", "ann")], True, True, False),
        ([tap(0, "set on"), tap(1, "guests", guests=[Guests(count=2)])], True, False, False),
        ([tap(-100, "set on"), tap(-90, "in", "ann"), tap(-80, "set off"), tap(-70, "set on")], True, False, True),
        ([tap(-LASTS_MS / 1000, "set on"), tap(-10, "in", "ann")], None, None, None),
        ([tap(0, "set on"), tap(0, "in", "ann"), tap(30, "privacy on"), tap(31, "privacy off")], None, None, None),
    ],
    ids=["no tap", "nobody logged in", "off", "logged in", "guests", "off logs out", "forgotten", "private"],
)
def test_the_set_what_was_tapped_and_who_is_missing(taps, set_on, by_button, uncovered):
    found = presence("ann", taps=taps)
    assert column(found.set_on) == [set_on]
    assert column(found.by_button) == [by_button]
    assert column(found.uncovered) == [uncovered]


def test_privacy_is_a_gap_in_every_column_and_never_an_absence():
    taps = [tap(0, "set on"), tap(0, "in", "ann"), tap(60, "privacy on"), tap(120, "privacy off")]
    minutes = [minute(number, seen("ann", facing_s=30)) for number in range(3)]
    rows = list(presence("ann", taps=taps, minutes=minutes, until_min=3).rows())
    assert [row.private for row in rows] == [False, True, False]
    assert [row.in_room for row in rows] == [True, None, True]
    hidden = rows[1]
    assert {hidden.set_on, hidden.by_button, hidden.by_face, hidden.in_room, hidden.facing, hidden.smiling} == {None}
    guests = presence("ann", taps=[tap(0, "privacy on"), *taps[:1], tap(1, "guests", guests=[Guests(count=1)])])
    assert np.isnan(guests.guest_count).all()


@pytest.mark.parametrize(
    ("found", "by_face", "in_room"),
    [
        ([], [False, False, False], [False, False, False]),
        ([seen("cem", seconds=30)], [False, False, True], [False, False, True]),
        ([seen("cem", seconds=29)], [False, False, False], [False, False, False]),
        ([seen("ann", "bea")], [None, None, False], [None, None, False]),
        ([seen("ann", "bea", at_once=2)], [None, None, False], [True, True, False]),
        ([seen("ann", "bea", at_once=2, seconds=20), seen("ann", "bea", seconds=40)], [None, None, False],
         [None, None, False]),
        ([seen(), seen("cem")], [False, False, True], [None, None, True]),
        ([seen("cem", at_once=2)], [False, False, True], [None, None, True]),
        ([seen("ann", "gone")], [False, False, False], [False, False, False]),
    ],
    ids=["nobody", "half", "less", "one of two", "both", "both too briefly", "a stranger", "twice the same", "left"],
)  # fmt: skip
def test_faces_say_who_was_there_and_no_more(found, by_face, in_room):
    result = presence("ann", "bea", "cem", minutes=[minute(0, *found)], alike=TWINS)
    assert column(result.by_face) == by_face
    assert column(result.in_room) == in_room
    assert result.unsure.ravel().tolist() == [one is None for one in in_room]


def test_a_guest_whom_somebody_typed_is_not_taken_for_a_member():
    taps = [tap(0, "set on"), tap(0, "guests", guests=[Guests(sex="male", ages="25 to 44", count=1)])]
    assert column(presence("ann", taps=taps, minutes=[minute(0, seen())]).in_room) == [False]
    assert column(presence("ann", taps=taps, minutes=[minute(0, seen(at_once=2))]).in_room) == [None]


@pytest.mark.parametrize(("looked_s", "expected"), [(60, False), (30, False), (29, None)])
def test_a_camera_that_hardly_looked_says_nothing(looked_s, expected):
    assert column(presence("ann", minutes=[minute(0, looked_s=looked_s)]).in_room) == [expected]
    assert column(presence("ann").in_room) == [None]


def test_facing_and_smiling_are_parts_of_the_time_in_view_and_smiles_need_their_own_consent():
    minutes = [minute(0, seen("ann", seconds=40, facing_s=30, smiling_s=10), seen("bea", seconds=40, smiling_s=10))]
    result = presence("ann", "bea", minutes=minutes, joins=["ann"])
    assert result.facing.ravel().tolist() == pytest.approx([0.75, NAN], nan_ok=True)
    assert result.smiling.ravel().tolist() == pytest.approx([0.25, NAN], nan_ok=True)


def test_an_empty_stretch_is_refused():
    with pytest.raises(InvalidValue):
        presence("ann", until_min=0)


def test_agreement_is_over_minutes_in_which_both_are_known():
    taps = [tap(0, "set on"), tap(0, "in", "ann"), tap(120, "out", "ann"), tap(240, "set off")]
    minutes = [minute(0, seen("ann")), minute(1), minute(2, seen("ann")), minute(3), minute(4, seen("ann"))]
    found = agreement([presence("ann", taps=taps, minutes=minutes, until_min=6)])
    assert found == Agreement(both=1, button_only=1, camera_only=1, neither=1)
    assert (found.minutes, found.share, found.kappa) == (4, 0.5, 0.0)


def test_kappa_is_that_of_the_book():
    # Two raters of 50 proposals; Wikipedia's example of Cohen's kappa, .4.
    assert Agreement(both=20, button_only=5, camera_only=10, neither=15).kappa == pytest.approx(0.4)
    assert math.isnan(Agreement(both=9, button_only=0, camera_only=0, neither=0).kappa)
    assert math.isnan(agreement([]).share)


PEOPLE = ["ann", "bea"]
guest_counts = st.lists(st.builds(Guests, sex=st.sampled_from(SEXES), ages=st.sampled_from(AGES), count=st.just(2)))


@st.composite
def tapped(draw) -> Tap:
    action = draw(st.sampled_from(ACTIONS))
    return tap(
        draw(st.integers(-90_000, 600)),
        action,
        draw(st.sampled_from(PEOPLE)) if action in ("in", "out") else "",
        draw(guest_counts)[:3] if action == "guests" else (),
        tap_id=f"t{draw(st.integers(0, 10**6))}",
    )


@given(st.lists(tapped(), max_size=12), st.randoms())
def test_minutes_are_what_the_state_was_second_by_second(taps, order):
    """Summed intervals and a replay of every second are two ways to the same minutes."""
    result = presence(*PEOPLE, taps=taps, until_min=3)
    order.shuffle(taps)
    for at in range(3):
        states = [state_at(taps, BEGAN_MS + at * MINUTE_MS + second * 1000) for second in range(60)]
        private = any(state.private for state in states)
        on = [state for state in states if state.set_on]
        known = sum(state.set_on is not None for state in states) >= 30
        assert bool(result.private[at]) == private
        assert column(result.set_on)[at] == (None if private or not known else len(on) >= 30)
        if result.set_on[at] != 1:
            assert np.isnan(result.by_button[at]).all()
            continue
        for place, person in enumerate(PEOPLE):
            assert result.by_button[at, place] == (sum(person in state.logged_in for state in on) >= 30)
        nobody = sum(not state.logged_in and not state.guests for state in on)
        assert result.uncovered[at] == (nobody >= 30)
        count = sum(guests.count for state in on for guests in state.guests)
        assert result.guest_count[at] == pytest.approx(count / 60)
