"""The smoothed curve: calmer, never wider awake than the data, gaps left as gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.reaction.curve import StageWindows, default_smoothing_s, reaction_curve, smoothed_curve, stage_windows
from audience.window_table import WindowTable
from tests.builders import a_session, a_stage, a_window


def laid_out(*counts: tuple[int, int] | None) -> StageWindows:
    """One window a second of (smiling, faces); None where no camera recorded."""
    table = WindowTable.of(
        a_window(second, smiling=count[0], of=count[1]) for second, count in enumerate(counts) if count is not None
    )
    return stage_windows(a_session(), a_stage(), [], table)


def test_each_figure_is_the_sum_of_the_windows_around_it() -> None:
    curve = smoothed_curve(laid_out((0, 30), (15, 30), (30, 60), (0, 30), (0, 30)), "smile", 3)
    assert curve.share == pytest.approx([15 / 60, 45 / 120, 45 / 120, 30 / 120, 0])


def test_a_stretch_of_one_window_changes_nothing() -> None:
    windows = laid_out((1, 10), (9, 10), (3, 10))
    assert np.array_equal(smoothed_curve(windows, "smile", 1).share, reaction_curve(windows, "smile").share)


def test_a_curve_says_what_its_band_allows_for_smoothed_or_not() -> None:
    windows = laid_out((2, 6), (3, 6), (1, 6))
    assert smoothed_curve(windows, "smile", 3).band_allows_for == ("people seen",)
    wider = replace(windows, intervals_allow_for=("people seen", "scorer's errors"))
    for over_s in (1, 3):
        assert smoothed_curve(wider, "smile", over_s).band_allows_for == wider.intervals_allow_for


def test_windows_without_a_figure_stay_without_one() -> None:
    curve = smoothed_curve(laid_out((5, 10), (0, 0), None, (3, 4), (5, 10)), "smile", 5)
    assert np.isnan(curve.share).tolist() == [False, True, True, True, False]
    assert np.isnan(curve.share_low).tolist() == [False, True, True, True, False]


def test_withheld_figures_do_not_flow_into_their_neighbours() -> None:
    curve = smoothed_curve(laid_out((5, 10), (4, 4), (5, 10)), "smile", 3)
    assert curve.share[0] == pytest.approx(0.5)


def test_smoothing_does_not_make_more_people_of_the_same_ones() -> None:
    windows = laid_out(*[(5, 10)] * 31)
    plain, smooth = reaction_curve(windows, "smile"), smoothed_curve(windows, "smile", 15)
    assert smooth.share_low == pytest.approx(plain.share_low)
    assert smooth.share_high == pytest.approx(plain.share_high)


@given(
    st.lists(st.none() | st.tuples(st.integers(0, 6), st.integers(6, 30)), min_size=1, max_size=40), st.floats(0, 90)
)
def test_the_share_lies_within_its_band(counts: list[tuple[int, int] | None], over_s: float) -> None:
    curve = smoothed_curve(laid_out(*counts), "smile", over_s)
    known = ~np.isnan(curve.share)
    assert (curve.share_low[known] <= curve.share[known] + 1e-12).all()
    assert (curve.share[known] <= curve.share_high[known] + 1e-12).all()


@pytest.mark.parametrize(("length_s", "over_s"), [(30, 5), (180, 15), (3600, 15), (10800, 60)])
def test_longer_sessions_are_smoothed_over_longer_stretches(length_s: float, over_s: float) -> None:
    assert default_smoothing_s(length_s) == over_s
