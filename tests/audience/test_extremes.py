"""Figures of the strangest windows that a store may hold: no overflow, no warning, and nothing out of its range."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.board.board import board
from audience.board.liveliness import LIVELY, StageSums, liveliness, stage_sums
from audience.comparing.comparison import compare, screenings
from audience.comparing.cuts import SharedAxis, edits_by_title
from audience.reaction.baseline import BASELINES, baseline, change_against
from audience.reaction.curve import StageWindows, reaction_curve, smoothed_curve, stage_windows
from audience.reaction.headline import headline
from audience.reaction.moments import moments
from audience.reaction.segments import segment_rows
from audience.window_table import WindowTable
from audience.windows import Tally, WindowRecord
from tests.builders import a_session, a_stage, a_timeline, after_ms
from tests.examples import examples

SECONDS = 400
TIMELINE = a_timeline(("One", 0, 100), ("Two", 100, 250), ("Three", 250, 400))
# Just past its bounds is what rounding makes of a sum, and what the constructor therefore lets pass.
SLIGHTLY = 1e-9


@st.composite
def tallies(draw: st.DrawFn, faces: int) -> Tally:
    """Any that a record of so many faces may have."""
    total = draw(
        st.sampled_from([0.0, -0.0, -SLIGHTLY, 5e-324, 2.225e-311, 1e-160, faces, faces + SLIGHTLY])
        | st.floats(0, faces)
    )
    squares = draw(
        st.sampled_from([-SLIGHTLY, 0.0, 5e-324, 1e-310, total, total + SLIGHTLY])
        | st.floats(0, 1).map(lambda part: part * total)
    )
    over = draw(st.sampled_from([0, faces]) | st.integers(0, faces))
    return Tally(faces=faces, total=total, squares=min(max(squares, -SLIGHTLY), total + SLIGHTLY), over=over)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[tuple[int, dict[str, Tally]]], int]:
    """A few shapes of windows, and the seed that lays them along a stage."""
    shapes = []
    for _ in range(draw(st.integers(1, 4))):
        faces = draw(st.sampled_from([0, 5, 1_000_000]) | st.integers(0, 40))
        shapes.append((faces, {name: draw(tallies(faces)) for name in LIVELY} if faces else {}))
    return shapes, draw(st.integers(0, 99))


def windows_of(plan: tuple[list[tuple[int, dict[str, Tally]]], int], stage_id: str = "main") -> WindowTable:
    """A window a second of one shape or another; one in ten is missing."""
    shapes, seed = plan
    chance = random.Random(seed)
    records = []
    for second in range(SECONDS):
        faces, shown = chance.choice(shapes)
        if chance.random() < 0.9:
            records.append(
                WindowRecord(
                    session_id="talk-1",
                    stage_id=stage_id,
                    camera_id="cam-1",
                    start_ms=after_ms(second),
                    faces=faces,
                    expected=faces,
                    tallies=shown,
                    scorer="wild-1" if shown else "",
                )
            )
    return WindowTable.of(records)


def laid_out(plan) -> StageWindows:
    return stage_windows(a_session(), a_stage(timelines=[TIMELINE]), [], windows_of(plan))


def within(low: float, values: object, high: float) -> bool:
    """Whether all values there are lie in a range, rounding apart."""
    there = np.asarray(values, dtype=np.float64)
    there = there[~np.isnan(there)]
    return bool(((there >= low - SLIGHTLY) & (there <= high + SLIGHTLY)).all())


@given(plans())
@settings(max_examples=examples(30))
def test_a_curve_its_baselines_its_moments_and_its_segments_stay_within_0_and_1(plan) -> None:
    windows = laid_out(plan)
    for curve in (reaction_curve(windows, "smile"), smoothed_curve(windows, "smile", 15)):
        for values in (curve.share, curve.share_low, curve.share_high, curve.level):
            assert within(0, values, 1)
        there = ~np.isnan(curve.share)
        assert (curve.share_low[there] <= curve.share[there]).all()
        assert (curve.share[there] <= curve.share_high[there]).all()
        for choice in BASELINES:
            change = change_against(curve, baseline(windows, "smile", choice))
            assert within(-1, change.change, 1)
            assert (np.isnan(change.low) == np.isnan(change.change)).all()
    if "smile" in windows.expressions:
        moments(windows, "smile")
        for row in segment_rows(windows, "smile"):
            assert within(0, [row.share, row.share_low, row.share_high, row.level], 1)
    assert "nan" not in headline(windows, "smile")


def sums_of(plan, stage_id: str) -> StageSums:
    return stage_sums(a_stage(stage_id), [], windows_of(plan, stage_id))


@given(plans(), plans())
@settings(max_examples=examples(20))
def test_liveliness_and_the_board_stay_within_0_and_100(one, other) -> None:
    both = [sums_of(one, "a"), sums_of(other, "b")]
    figures = liveliness(both, after_ms(100), after_ms(SECONDS))
    for values in (figures.figure, figures.low, figures.high, figures.level, figures.mean):
        assert within(0, values, 1)
    assert not np.isinf(figures.k).any()
    for row in board(a_session(), both, after_ms(SECONDS)).rows:
        if row.figure is not None:
            assert within(0, [row.figure, row.low, row.high], 100)
            assert not f"{row.figure:.0f}".startswith("-")


@given(st.lists(plans(), min_size=4, max_size=6))
@settings(max_examples=examples(5))
def test_a_comparison_of_strange_audiences_has_an_interval_around_its_difference(audiences) -> None:
    axis = SharedAxis.of(edits_by_title(TIMELINE, TIMELINE), 10.0)
    half = len(audiences) // 2
    cuts = [
        screenings([laid_out(plan) for plan in some], "smile", axis, cut)
        for some, cut in ((audiences[:half], "A"), (audiences[half:], "B"))
    ]
    compared = compare(*cuts, axis, seed=1)
    there = ~np.isnan(compared.low)
    assert (compared.low[there] <= compared.difference[there] + SLIGHTLY).all()
    assert (compared.difference[there] <= compared.high[there] + SLIGHTLY).all()
    assert within(-1, compared.difference, 1)
