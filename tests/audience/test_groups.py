"""Groups of screenings, and a screening in a row of a table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audience.comparing.comparison import CellSums, GroupCurve, on_session_clock, screening_row
from audience.comparing.cuts import Edit, SharedAxis
from audience.reaction.curve import wilson
from tests.builders import a_cue, a_stage, a_timeline, an_exclusion
from tests.crowds import from_counts

NAN = float("nan")


def test_a_group_is_the_mean_of_its_screenings_with_students_interval():
    shares = np.array([[0.0, 0.2], [0.1, NAN], [0.2, 0.4], [0.3, 0.4], [0.9, 0.5]])
    group = GroupCurve.of(shares)
    assert group.count.tolist() == [5, 4]
    assert group.mean.tolist() == pytest.approx([0.3, 0.375])
    reach = stats.t.ppf(0.975, 4) * shares[:, 0].std(ddof=1) / np.sqrt(5)
    assert 0.3 - reach < 0 == group.low[0], "a share is never below 0"
    assert group.high[0] == pytest.approx(0.3 + reach)
    assert np.isnan([group.low[1], group.high[1]]).all(), "four screenings have no band"


def test_a_group_without_a_figure_has_none():
    group = GroupCurve.of(np.full((4, 1), NAN))
    assert group.count.tolist() == [0]
    assert np.isnan([group.mean, group.low, group.high]).all()
    assert len(GroupCurve.of(np.empty((0, 3))).mean) == 3


def test_the_interval_of_a_group_holds_its_true_mean_in_95_of_100_draws():
    rng = np.random.default_rng(5)
    group = GroupCurve.of(rng.normal(0.4, 0.05, (8, 2000)))
    held = ((group.low < 0.4) & (group.high > 0.4)).mean()
    assert 0.93 < held < 0.97


def the_film(shares, *, faces=10, exclusions=(), cues=(), timelines=True):
    film = [a_timeline(("Film", 0, 1000))] if timelines else []
    stage = a_stage(audience_size=20, timelines=film, exclusions=exclusions, cues=cues)
    return from_counts(np.array(shares), np.full(len(shares), faces), stage=stage)


AXIS = SharedAxis.of([Edit(start_a_s=0, start_b_s=0, length_s=30)])
ALL = np.ones(len(AXIS), dtype=bool)


def test_the_band_of_a_cell_rests_on_the_people_present():
    sums = CellSums.of(the_film([2] * 10 + [5] * 10), "smile", AXIS, "A")
    low, high = sums.band
    expected = wilson(np.array([2.0, 5.0]), np.array([10.0, 10.0]))
    assert (low[[0, 2]].tolist(), high[[0, 2]].tolist()) == (
        pytest.approx(expected[0].tolist()),
        pytest.approx(expected[1].tolist()),
    )
    assert np.isnan(low[4:]).all()


def test_a_row_covers_the_selected_cells():
    windows = the_film([2] * 15 + [8] * 5 + [4] * 10)
    row = screening_row(windows, "smile", AXIS, "A", ALL)
    assert (row.share, row.faces, row.coverage, row.figures_s) == (pytest.approx(110 / 300), 10, 0.5, 30)
    assert (row.highest, row.highest_s) == (0.8, 15)
    assert row.shares.tolist() == [0.2, 0.2, 0.2, 0.8, 0.4, 0.4]
    early = screening_row(windows, "smile", AXIS, "A", AXIS.start_a_s < 15)
    assert (early.share, early.highest_s) == (pytest.approx(0.2), 0)
    assert early.shares.tolist() == row.shares.tolist()


def test_faces_of_other_cells_and_of_what_is_on_no_cell_count_not():
    stage = a_stage(timelines=[a_timeline(("Film", 0, 1000))])
    faces = np.array([10] * 15 + [30] * 15 + [90] * 15)
    windows = from_counts(faces // 2, faces, stage=stage)
    assert screening_row(windows, "smile", AXIS, "A", ALL).faces == 20
    assert screening_row(windows, "smile", AXIS, "A", AXIS.start_a_s < 15).faces == 10


def test_under_ten_seconds_of_figures_there_is_not_enough_data():
    windows = the_film([2] * 30, exclusions=[an_exclusion(9, 30)])
    row = screening_row(windows, "smile", AXIS, "A", ALL)
    assert not row.enough
    assert np.isnan([row.share, row.highest, row.highest_s]).all()
    assert row.faces == 10
    assert not screening_row(windows, "fear", AXIS, "A", ALL).enough
    assert not screening_row(windows, "smile", AXIS, "A", ~ALL).enough


def test_a_screening_begins_where_its_cue_says_and_else_with_the_session():
    late = screening_row(the_film([0] * 7 + [30] * 23, faces=30, cues=[a_cue(7, 0)]), "smile", AXIS, "A", ALL)
    assert late.share == 1
    untold = the_film([0] * 7 + [30] * 23, faces=30, timelines=False)
    assert np.isnan(untold.timeline_s).all()
    assert screening_row(on_session_clock(untold), "smile", AXIS, "A", ALL).share == pytest.approx(23 / 30)
