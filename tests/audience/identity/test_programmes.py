"""Reach and average audience of a programme, in one household and over a panel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audience.errors import InvalidValue
from audience.identity.households import Guests
from audience.identity.programmes import (
    LEAST_HOUSEHOLDS,
    ProgrammeFigures,
    panel_figures,
    programme_figures,
    ratio_band,
    shown_seconds,
)
from audience.timelines import Segment
from tests.audience.identity.panel import a_household, members, minute, presence, seen, tap
from tests.builders import BEGAN_MS, a_cue

NEWS = Segment(title="News", start_s=0, end_s=600)
ALL = np.full(10, 60.0)
ON = tap(0, "set on")


def test_a_programme_is_shown_by_the_stages_cues_with_its_breaks():
    starts = BEGAN_MS + 60_000 * np.arange(14)
    cues = [a_cue(90, 0), a_cue(150, 60), a_cue(270, 60)]  # begins at 1:30, two minutes' break after a minute
    shown = shown_seconds(starts, cues, NEWS)
    assert shown.tolist() == [0, 30, 30, 0, 30, 60, 60, 60, 60, 60, 60, 60, 60, 30]


def test_average_audience_is_person_minutes_over_length_and_reach_counts_who_watched():
    taps = [ON, tap(0, "in", "ann"), tap(120, "in", "bea"), tap(300, "out", "bea")]
    found = programme_figures(presence("ann", "bea", "cem", taps=taps, until_min=10), ALL, "button")
    assert found.minutes.tolist() == [10, 3, 0]
    assert found.average_audience == pytest.approx(1.3)
    assert (found.reach, found.counted, found.length_min) == (2, 3, 10)


@pytest.mark.parametrize(("least", "reach"), [(1, 2), (3, 2), (4, 1), (10, 1), (11, 0)])
def test_reach_needs_its_least_minutes(least, reach):
    taps = [ON, tap(0, "in", "ann"), tap(120, "in", "bea"), tap(300, "out", "bea")]
    whole = presence("ann", "bea", taps=taps, until_min=10)
    assert programme_figures(whole, ALL, "button", least_minutes=least).reach == reach


def test_an_unlit_set_has_no_audience_whoever_is_in_the_room():
    faces = [minute(number, seen("ann")) for number in range(10)]
    whole = presence("ann", taps=[ON, tap(300, "set off")], minutes=faces, until_min=10)
    assert programme_figures(whole, ALL, "camera").minutes.tolist() == [5]
    assert programme_figures(whole, ALL, "button").average_audience == 0


def test_private_minutes_are_left_out_and_too_many_leave_no_figure():
    private = [ON, tap(0, "in", "ann"), tap(240, "privacy on")]
    some = programme_figures(presence("ann", taps=[*private, tap(480, "privacy off")], until_min=10), ALL, "button")
    assert (some.minutes.tolist(), some.watched.tolist(), some.known.tolist()) == ([6], [1], [0.6])
    most = programme_figures(presence("ann", taps=private, until_min=10), ALL, "button")
    assert most.counted == 0
    assert math.isnan(most.average_audience)


def test_guests_count_on_their_own_and_unlit_minutes_have_none():
    taps = [ON, tap(0, "guests", guests=[Guests(count=2)]), tap(300, "set off")]
    found = programme_figures(presence("ann", taps=taps, until_min=10), ALL, "button")
    assert (found.guests, found.uncovered_min) == (1.0, 0)
    assert programme_figures(presence("ann", taps=[ON], until_min=10), ALL, "button").uncovered_min == 10


def test_nobody_is_reached_by_no_minutes():
    with pytest.raises(InvalidValue):
        programme_figures(presence("ann"), np.array([60.0]), "button", least_minutes=0)


def figures(*watched: float) -> ProgrammeFigures:
    parts = np.array(watched)
    return ProgrammeFigures(
        household=a_household(),
        members=tuple(members(*(f"p{number}" for number in range(len(watched))))),
        length_min=10,
        known=np.ones(len(watched)),
        minutes=10 * np.nan_to_num(parts),
        watched=parts,
        reached=np.where(np.isnan(parts), np.nan, parts > 0.1),
        guests=0.5,
        uncovered_min=0,
    )


def test_a_panel_is_its_households_together():
    nan = float("nan")
    found = panel_figures([figures(1, 0.5), figures(0), figures(nan), figures(0.5, nan)])
    assert (found.households, found.members, found.of_households, found.of_members) == (3, 4, 4, 6)
    assert found.rating.value == pytest.approx(2 / 4)
    assert found.reach.value == pytest.approx(3 / 4)
    assert (found.average_audience, found.guests) == (2, 2)
    assert math.isnan(found.rating.low)
    assert found.is_small
    assert math.isnan(panel_figures([]).rating.value)


def test_few_households_have_no_band_and_more_have_one():
    few = panel_figures([figures(1, 0)] * (LEAST_HOUSEHOLDS - 1))
    enough = panel_figures([figures(1, 0), figures(0)] * LEAST_HOUSEHOLDS)
    assert math.isnan(few.rating.low)
    assert enough.rating.low < enough.rating.value < enough.rating.high


def test_people_who_watch_together_tell_less_than_people_who_do_not():
    together = ratio_band(np.array([4.0, 0] * 10), np.full(20, 4.0))
    apart = ratio_band(np.array([2.0, 2, 1, 3] * 5), np.full(20, 4.0))
    assert together.value == apart.value == 0.5
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_a_band_is_clopper_and_pearsons_of_as_many_people_as_households_are_worth():
    """Worked out by hand after Korn and Graubard: 20 households of 4, of whom 2, 2, 1 and 3 watched."""
    parts, wholes = np.array([2.0, 2, 1, 3] * 5), np.full(20, 4.0)
    variance = 10 * 20 / 19 / 80**2  # ten households are off by one
    worth = 0.25 / variance * (stats.t.ppf(0.975, 79) / stats.t.ppf(0.975, 19)) ** 2
    expected = stats.beta.ppf([0.025, 0.975], [worth / 2, worth / 2 + 1], [worth / 2 + 1, worth / 2])
    band = ratio_band(parts, wholes)
    assert (band.low, band.high) == pytest.approx(tuple(expected), abs=1e-9)


@pytest.mark.parametrize(("watched", "low", "high"), [(0.0, 0.0, 0.3085), (1.0, 0.6915, 1.0)])
def test_nobody_and_everybody_have_bands_of_as_many_people_as_households(watched, low, high):
    band = ratio_band(np.full(10, 3 * watched), np.full(10, 3.0))
    assert (band.low, band.high) == pytest.approx((low, high), abs=1e-4)  # Clopper and Pearson's of 0 and 10 of 10


@given(st.lists(st.tuples(st.integers(1, 6), st.floats(0, 1)), min_size=LEAST_HOUSEHOLDS, max_size=40))
def test_a_band_holds_its_figure_and_stays_a_share(households):
    wholes = np.array([float(size) for size, _ in households])
    band = ratio_band(wholes * [share for _, share in households], wholes)
    assert 0 <= band.low <= band.value <= band.high <= 1
