"""Baselines: what a reaction is compared with, and how sure the difference is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.reaction.baseline import BASELINES, baseline, change_against, moving_median
from audience.reaction.curve import StageWindows, reaction_curve, stage_windows, wilson
from audience.window_table import WindowTable
from tests.builders import a_cue, a_session, a_stage, an_exclusion
from tests.crowds import from_counts

numbers = st.lists(st.one_of(st.just(math.nan), st.floats(0, 1)), min_size=1, max_size=60)


def half_then_all(*, cues=(), exclusions=()) -> StageWindows:
    """Ten faces: five smile for 100 s, then all of them for 300 s."""
    return from_counts(
        np.repeat([5, 10], [100, 300]), np.full(400, 10), stage=a_stage(cues=cues, exclusions=exclusions)
    )


def test_the_whole_talk_is_one_share_with_the_interval_of_the_people_present():
    made = baseline(half_then_all(), "smile", "whole talk")
    assert made.share == pytest.approx(np.full(400, 0.875))
    low, high = wilson(np.array([8.75]), np.array([10.0]))
    assert made.share_low == pytest.approx(np.full(400, low[0]))
    assert made.share_high == pytest.approx(np.full(400, high[0]))


def test_the_moving_median_follows_what_lasts_and_not_what_passes():
    smiling = np.repeat([2, 9, 2, 8], [400, 40, 400, 400])
    made = baseline(from_counts(smiling, np.full(1240, 10)), "smile", "moving median")
    assert made.share[[0, 420, 600, 1200]] == pytest.approx([0.2, 0.2, 0.2, 0.8])


def test_the_pre_roll_is_the_time_before_the_first_cue():
    assert baseline(half_then_all(cues=[a_cue(100, 0)]), "smile", "pre-roll").share[300] == 0.5
    # A window in which it begins is no longer before it.
    later = baseline(half_then_all(cues=[a_cue(101.5, 0)]), "smile", "pre-roll")
    assert later.share[300] == pytest.approx((100 * 5 + 10) / 1010)


def test_the_pre_roll_may_be_the_first_seconds():
    assert baseline(half_then_all(), "smile", "pre-roll", pre_roll_s=60).share[399] == 0.5
    assert baseline(half_then_all(), "smile", "pre-roll", pre_roll_s=200).share[399] == 0.75


def test_a_baseline_over_too_little_is_not_enough_data():
    assert np.isnan(baseline(half_then_all(), "smile", "pre-roll").share).all(), "nothing came before"
    assert np.isnan(baseline(half_then_all(), "smile", "pre-roll", pre_roll_s=9).share).all()
    excluded = half_then_all(cues=[a_cue(100, 0)], exclusions=[an_exclusion(0, 95)])
    assert np.isnan(baseline(excluded, "smile", "pre-roll").share).all()


@pytest.mark.parametrize("choice", BASELINES)
def test_an_expression_nobody_was_scored_for_has_no_baseline(choice):
    assert np.isnan(baseline(half_then_all(), "fear", choice).share).all()
    nothing = stage_windows(a_session(), a_stage(), [], WindowTable.of([]))
    assert len(baseline(nothing, "smile", choice).share) == 0


def test_what_cannot_be_a_baseline_is_refused():
    with pytest.raises(InvalidValue, match="whole talk, moving median, pre-roll"):
        baseline(half_then_all(), "smile", "yesterday")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="0 s"):
        baseline(half_then_all(), "smile", "pre-roll", pre_roll_s=0)


def test_the_change_is_the_difference_with_newcombes_interval():
    """56/70 against 48/80: the example of the paper, whose method 10 gives .0524 to .3339."""
    curve = reaction_curve(from_counts(np.full(20, 56), np.full(20, 70)), "smile")
    other = baseline(from_counts(np.full(20, 48), np.full(20, 80)), "smile", "whole talk")
    change = change_against(curve, other)
    assert change.change == pytest.approx(np.full(20, 0.2))
    assert (change.low[0], change.high[0]) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(numbers, st.integers(0, 9))
def test_the_moving_median_is_that_of_what_there_is_around(values: list[float], reach: int):
    series = np.array(values)
    medians = moving_median(series, reach)
    if np.isnan(series).all():
        assert np.isnan(medians).all()
        return
    for place in range(len(series)):
        around = series[max(0, place - reach) : place + reach + 1]
        if not np.isnan(around).all():
            assert medians[place] == pytest.approx(np.nanmedian(around))
