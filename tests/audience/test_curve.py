"""The reaction curve: one place for every window of the session, and a gap wherever there is no figure."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.reaction.curve import overall_share, reaction_curve, retimed, stage_windows, wilson
from audience.window_table import WindowTable
from tests.builders import (
    BEGAN_MS,
    a_camera,
    a_cue,
    a_face,
    a_head_count,
    a_session,
    a_stage,
    a_timeline,
    a_window,
    after,
    after_ms,
    faces,
)


def laid(*windows, stage=None, session=None, cameras=(), **options):
    """The windows on their session's axis; nothing is withheld unless `min_faces` says so."""
    return stage_windows(
        session or a_session(), stage or a_stage(), cameras, WindowTable.of(windows), **{"min_faces": 1, **options}
    )


def figures(values):
    """The values with None for NaN, which equals itself."""
    return [None if math.isnan(value) else round(value, 9) for value in values.tolist()]


# Gaps


def test_a_second_in_which_no_camera_recorded_is_a_gap_and_not_0():
    windows = laid(a_window(0, smiling=3, of=6), a_window(3, smiling=0, of=6))
    curve = reaction_curve(windows, "smile")
    assert figures(curve.share) == [0.5, None, None, 0]
    assert figures(curve.level) == [0.5, None, None, 0]
    assert figures(windows.faces) == [6, None, None, 6]
    assert figures(windows.coverage) == [1, None, None, 1]


def test_nobody_in_view_is_0_faces_and_no_share():
    windows = laid(a_window(0, of=0, expected=6), a_window(1, smiling=6, of=6))
    curve = reaction_curve(windows, "smile")
    assert figures(windows.faces) == [0, 6]
    assert figures(windows.coverage) == [0, 1]
    for values in (curve.share, curve.share_low, curve.share_high, curve.level):
        assert figures(values)[0] is None
        assert figures(values)[1] is not None


def test_an_expression_nobody_was_scored_for_is_a_gap_throughout():
    windows = laid(a_window(0, smiling=3, of=6), a_head_count(1, heads=6))
    assert figures(reaction_curve(windows, "fear").share) == [None, None]
    assert figures(reaction_curve(windows, "smile").share) == [0.5, None]
    assert windows.withheld.tolist() == [False, True]


def test_a_session_without_windows_is_an_empty_curve():
    windows = laid()
    assert len(windows.start_ms) == len(windows.segment) == len(windows.withheld) == 0
    assert windows.expressions == ()
    assert len(reaction_curve(windows, "smile").share) == 0
    assert math.isnan(overall_share(windows, "smile"))


# The axis


def test_the_axis_begins_with_the_session_even_where_the_camera_came_late():
    windows = laid(a_window(3, of=1))
    assert windows.session_s.tolist() == [0, 1, 2, 3]
    assert figures(windows.faces) == [None, None, None, 1]


def test_a_session_that_begins_within_a_second_has_its_first_window_just_before_its_start():
    windows = laid(a_window(0, of=1), session=a_session(started_at=after(0.4)))
    assert windows.session_s.tolist() == [-0.4]


def test_windows_before_the_session_began_are_shown_before_0():
    windows = laid(a_window(-2, of=1), a_window(1, of=1))
    assert windows.session_s.tolist() == [-2, -1, 0, 1]
    assert windows.start_ms.tolist() == [after_ms(second) for second in (-2, -1, 0, 1)]
    assert figures(windows.faces) == [1, None, None, 1]


def test_windows_that_all_lie_before_the_session_are_shown_too():
    windows = laid(a_window(-5, of=1), a_window(-4, of=1))
    assert windows.session_s.tolist() == [-5, -4]


class TestWindowsFarOutsideTheSession:
    def test_of_1970_are_left_out_and_counted_and_the_others_are_shown(self):
        windows = laid(a_window(start_ms=5000, of=1, camera_id="cam-2", scorer="another 1"), a_window(0, of=1))
        assert windows.session_s.tolist() == [0]
        assert (windows.outside, windows.table.scorers) == ({"cam-2": 1}, ("expression-net 1",))

    @pytest.mark.parametrize("at_s", [11 * 86_400, 4 * 86_400, -6 * 3600 - 1, 8 * 10**9])
    def test_make_no_axis_longer_than_a_session_is(self, at_s):
        windows = laid(a_window(at_s, of=1), a_window(0, of=1))
        assert (len(windows.start_ms), sum(windows.outside.values())) == (1, 1)

    def test_are_determined_by_its_end_if_it_has_one(self):
        session = a_session(ended_at=after(60))
        windows = laid(a_window(0, of=1), a_window(60 + 6 * 3600, of=1), session=session)
        assert (len(windows.start_ms), sum(windows.outside.values())) == (1, 1)

    def test_leave_an_empty_axis_where_there_are_no_others(self):
        windows = laid(a_window(start_ms=5000, of=1))
        assert (len(windows.start_ms), windows.outside) == (0, {"cam-1": 1})

    def test_of_any_width_make_no_longer_axis(self):
        windows = laid(a_window(0, of=1, width_ms=1), a_window(3 * 86_400, of=1, width_ms=1))
        assert (len(windows.start_ms), sum(windows.outside.values())) == (1, 1)


def test_a_festival_of_three_days_is_not_too_long():
    assert len(laid(a_window(0, of=1), a_window(3 * 86_400, of=1)).start_ms) == 3 * 86_400 + 1


@given(st.lists(st.integers(-50, 200), min_size=1, unique=True), st.integers(1, 20), st.integers(0, 3000))
def test_every_window_has_its_place_on_a_gapless_axis(seconds, spans, late_ms):
    session = a_session(started_at=after(late_ms / 1000))
    windows = laid(*(a_window(second, smiling=1, of=2) for second in seconds), session=session, width_ms=1000 * spans)
    assert (np.diff(windows.start_ms) == windows.width_ms).all()
    assert (windows.start_ms % windows.width_ms == 0).all()
    assert windows.start_ms[windows.place].tolist() == windows.table.start_ms.tolist()
    np.testing.assert_allclose(windows.session_s, (windows.start_ms - BEGAN_MS - late_ms) / 1000)
    assert (~np.isnan(windows.faces)).sum() == len(windows.table)
    assert windows.start_ms[0] <= BEGAN_MS + late_ms


# Figures


def test_the_share_is_of_the_faces_at_or_over_the_threshold_and_the_level_their_mean_confidence():
    curve = reaction_curve(laid(a_window(seen=faces(0.2, 0.5, 0.8, 0.9))), "smile")
    assert figures(curve.share) == [0.75]
    assert figures(curve.level) == [0.6]


def test_the_band_is_the_wilson_interval_over_tracks():
    curve = reaction_curve(laid(a_window(smiling=8, of=10)), "smile")
    assert (curve.share_low[0], curve.share_high[0]) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_figures_are_of_the_faces_that_were_scored_and_not_of_those_only_counted():
    seen = [a_window(seen=faces(0.2, 0.6), camera_id="left"), a_head_count(heads=6, camera_id="right")]
    windows = laid(*seen)
    curve = reaction_curve(windows, "smile")
    assert (figures(curve.share), figures(curve.level)) == ([0.5], [0.4])
    assert figures(windows.faces) == [8]


def test_a_wide_window_has_no_narrower_band_than_the_people_in_it_allow():
    """Ten people smiling for ten seconds are ten people, not a hundred."""
    wide = reaction_curve(laid(*(a_window(s, smiling=8, of=10) for s in range(10)), width_ms=10_000), "smile")
    assert (wide.share_low[0], wide.share_high[0]) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param([a_window(second, of=0) for second in range(1, 10)], id="seconds with nobody in view"),
        pytest.param([a_head_count(second, heads=10) for second in range(1, 10)], id="seconds of counting heads"),
        pytest.param([a_window(1, smiling=2, of=4)], id="a second that is withheld"),
        pytest.param([], id="seconds in which no camera looked"),
    ],
)
def test_seconds_without_a_figure_do_not_widen_the_band_of_a_wide_window(beside):
    wide = reaction_curve(laid(a_window(0, smiling=8, of=10), *beside, width_ms=10_000, min_faces=5), "smile")
    assert (wide.share_low[0], wide.share_high[0]) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_a_wide_window_is_the_sum_of_its_seconds():
    windows = laid(a_window(0, smiling=5, of=5), a_window(1, smiling=0, of=15), width_ms=2000)
    curve = reaction_curve(windows, "smile")
    assert figures(curve.share) == [0.25]
    assert figures(windows.faces) == [10]


def test_wide_windows_keep_a_gap_where_no_second_was_seen():
    windows = laid(a_window(0, of=1), a_window(25, of=1), width_ms=10_000)
    assert figures(windows.faces) == [1, None, 1]


@given(st.integers(0, 40), st.integers(1, 40))
def test_the_curve_of_one_second_is_the_share_with_its_interval(smiling, of):
    smiling = min(smiling, of)
    curve = reaction_curve(laid(a_window(smiling=smiling, of=of)), "smile")
    low, high = wilson(np.array([float(smiling)]), np.array([float(of)]))
    assert (curve.share[0], curve.share_low[0], curve.share_high[0]) == (smiling / of, low[0], high[0])


def test_the_overall_share_counts_faces_to_differ_from_second_once_and_no_withheld_one():
    windows = laid(
        a_window(0, smiling=15, of=30), a_window(1, smiling=0, of=30), a_window(2, smiling=4, of=4), min_faces=5
    )
    assert overall_share(windows, "smile") == 0.25
    assert math.isnan(overall_share(windows, "fear"))


# Coverage


def test_without_an_audience_size_coverage_is_of_the_faces_expected():
    assert figures(laid(a_window(of=6, expected=8)).coverage) == [0.75]


def test_faces_without_scores_lower_coverage():
    windows = laid(replace(a_window(of=6, expected=10), faces=8), a_head_count(1, heads=8, expected=10))
    assert figures(windows.coverage) == [0.6, 0.8]


def test_coverage_falls_when_one_of_two_cameras_goes_away_and_forgets_it_after_a_minute():
    lefts = [a_window(second, of=6, camera_id="left") for second in range(64)]
    windows = laid(*lefts, a_window(1, of=4, camera_id="right"))
    assert windows.coverage[:3].tolist() == [1, 1, 0.6]
    assert windows.coverage[60:62].tolist() == [0.6, 1]


def test_a_camera_that_sees_what_another_does_is_not_missed():
    cameras = (a_camera("left", overlaps=["right"]), a_camera("right"))
    windows = laid(
        a_window(0, of=6, camera_id="left"),
        a_window(0, of=4, camera_id="right"),
        a_window(1, of=6, camera_id="left"),
        cameras=cameras,
    )
    assert windows.coverage.tolist() == [1, 1]


def test_with_an_audience_size_coverage_is_of_the_audience():
    windows = laid(a_window(of=6, expected=8), stage=a_stage(audience_size=60))
    assert figures(windows.coverage) == [0.1]


def test_more_faces_than_the_audience_size_are_a_coverage_of_1():
    windows = laid(a_window(0, of=6), a_window(1, of=3), stage=a_stage(audience_size=5))
    assert figures(windows.coverage) == [1, 0.6]


def test_where_nobody_was_expected_there_is_no_coverage():
    windows = laid(a_window(of=0, expected=0))
    assert figures(windows.faces) == [0]
    assert figures(windows.coverage) == [None]


def test_coverage_of_a_wide_window_is_of_the_recorded_seconds():
    windows = laid(a_window(0, of=3), a_window(4, of=1), stage=a_stage(audience_size=4), width_ms=10_000)
    assert figures(windows.coverage) == [0.5]


# What was shown


def test_without_timeline_and_cues_nothing_is_known_of_what_was_shown():
    windows = laid(a_window(0, of=1))
    assert figures(windows.timeline_s) == [None]
    assert windows.segment.tolist() == [-1]
    assert windows.segment_title(-1) == ""


def test_without_cues_the_timeline_began_with_the_session():
    stage = a_stage(timelines=[a_timeline(("A", 0, 2), ("B", 2, 4))])
    windows = laid(a_window(-1, of=1), a_window(4, of=1), stage=stage)
    assert figures(windows.timeline_s) == [None, 0, 1, 2, 3, 4]
    assert [windows.segment_title(index) for index in windows.segment.tolist()] == ["", "A", "A", "B", "B", ""]


def test_a_window_that_begins_half_a_second_early_belongs_to_the_beginning():
    stage = a_stage(timelines=[a_timeline(("A", 0, 2))])
    windows = laid(a_window(2, of=1), stage=stage, session=a_session(started_at=after(0.4)))
    assert figures(windows.timeline_s) == [0, 0.6, 1.6]
    assert windows.segment.tolist() == [0, 0, -1]


def test_in_a_pause_nothing_was_shown_and_faces_are_counted_all_the_same():
    stage = a_stage(timelines=[a_timeline(("A", 0, 2), ("B", 2, 4))], cues=[a_cue(0, 0), a_cue(2, 2), a_cue(4, 2)])
    windows = laid(*(a_window(second, smiling=1, of=1) for second in range(6)), stage=stage)
    assert figures(windows.timeline_s) == [0, 1, None, None, 2, 3]
    assert windows.segment.tolist() == [0, 0, -1, -1, 1, 1]
    assert figures(reaction_curve(windows, "smile").share) == [1] * 6


def test_a_wide_window_belongs_to_the_segment_shown_in_its_middle():
    """The first ten seconds began when the film did not run yet: in their middle its first fifth of a second was on."""
    stage = a_stage(timelines=[a_timeline(("logo", 0, 3), ("scene", 3, 60))], cues=[a_cue(4.8, 0)])
    windows = laid(a_window(0, of=1), a_window(10, of=1), stage=stage, width_ms=10_000)
    assert figures(windows.timeline_s) == [0, 5.2]
    assert [windows.segment_title(index) for index in windows.segment.tolist()] == ["logo", "scene"]


def test_segments_are_those_of_the_first_timeline():
    stage = a_stage(timelines=[a_timeline(("slide 1", 0, 9)), a_timeline(("scene 1", 0, 9))])
    windows = laid(a_window(0, of=1), stage=stage)
    assert windows.segment_title(0) == "slide 1"


# Cameras


def test_cameras_watch_different_people_unless_they_overlap():
    seen = [a_window(smiling=6, of=6, camera_id="a"), a_window(smiling=0, of=4, camera_id="b")]
    apart = laid(*seen, cameras=[a_camera("a"), a_camera("b")])
    together = laid(*seen, cameras=[a_camera("a", overlaps=["b"]), a_camera("b")])
    assert (figures(apart.faces), figures(reaction_curve(apart, "smile").share)) == ([10], [0.6])
    assert (figures(together.faces), figures(reaction_curve(together, "smile").share)) == ([6], [1])


def test_two_close_views_both_count_beside_a_wide_one_that_sees_fewer():
    cameras = [a_camera("wide", overlaps=["left", "right"]), a_camera("left"), a_camera("right")]
    seen = {"wide": 6, "left": 7, "right": 5}
    windows = laid(*(a_window(of=of, camera_id=camera) for camera, of in seen.items()), cameras=cameras)
    assert figures(windows.faces) == [12]


# Few faces


def test_figures_over_fewer_than_five_faces_are_withheld_by_default():
    seen = [a_window(0, smiling=4, of=4), a_window(1, smiling=3, of=5), a_window(2, of=0)]
    windows = laid(*seen, min_faces=None)
    assert windows.min_faces == 5
    assert figures(reaction_curve(windows, "smile").share) == [None, 0.6, None]
    assert figures(windows.faces) == [4, 5, 0]
    assert windows.withheld.tolist() == [True, False, False]


def test_an_audience_of_one_has_a_curve():
    seen = [a_window(0, seen=[a_face(smile=0.9)])]
    assert figures(reaction_curve(laid(*seen, stage=a_stage(audience_size=1), min_faces=None), "smile").share) == [1]
    assert figures(reaction_curve(laid(*seen, stage=a_stage(audience_size=30), min_faces=None), "smile").share) == [
        None
    ]


# What was shown


def test_replacing_timelines_and_cues_keeps_the_figures():
    stage = a_stage(timelines=[a_timeline(("A", 0, 2), ("B", 2, 9))], cues=[a_cue(1, 0)])
    records = [a_window(at, smiling=3, of=6) for at in range(4)]
    again = retimed(laid(*records), stage)
    there = laid(*records, stage=stage)
    assert again.stage == there.stage
    np.testing.assert_array_equal(again.segment, there.segment)
    np.testing.assert_array_equal(again.timeline_s, there.timeline_s)
    np.testing.assert_array_equal(reaction_curve(again, "smile").share, reaction_curve(there, "smile").share)
