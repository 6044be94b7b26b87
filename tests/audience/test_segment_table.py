"""The segment table: shares that can be checked by hand, and intervals that hold what they promise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from audience.reaction.baseline import BASELINES
from audience.reaction.curve import overall_share, wilson
from audience.reaction.segments import SPARKLINE_POINTS, segment_rows
from tests.builders import a_cue, a_stage, a_timeline, an_exclusion
from tests.crowds import crowds, from_counts, wandering

THREE = a_timeline(("Opening", 0, 100), ("Demo", 100, 300), ("Close", 300, 400))


def told(*, stage=None, smiling=None, faces=None):
    """Thirty faces; 6 smile in the opening, 24 in the demo, none at the close."""
    smiling = np.repeat([6, 24, 0], [100, 200, 100]) if smiling is None else smiling
    faces = np.full(400, 30) if faces is None else faces
    stage = stage or a_stage(timelines=[THREE], audience_size=60)
    return segment_rows(from_counts(smiling, faces, stage=stage), "smile")


def test_each_segment_has_its_share_its_change_and_how_many_faces_it_rests_on():
    rows = told()
    assert [row.title for row in rows] == ["Opening", "Demo", "Close"]
    assert [row.share for row in rows] == pytest.approx([0.2, 0.8, 0])
    assert [row.change for row in rows] == pytest.approx([0.2 - 0.45, 0.8 - 0.45, -0.45])
    assert [row.faces for row in rows] == [30, 30, 30]
    assert [row.coverage for row in rows] == [0.5, 0.5, 0.5]
    assert [row.figures_s for row in rows] == [100, 200, 100]
    low, high = wilson(np.array([6.0]), np.array([30.0]))
    assert (rows[0].share_low, rows[0].share_high) == pytest.approx((low[0], high[0]))


def test_the_changes_weighted_by_their_faces_cancel():
    smiling, faces = crowds(np.full((400, 1), 0.3), np.array([60]), lasts_s=np.array([4.0]), seed=1)
    windows = from_counts(smiling[:, 0], faces[:, 0], stage=a_stage(timelines=[THREE]))
    rows = segment_rows(windows, "smile")
    scored = [faces[int(row.start_s) : int(row.end_s), 0].sum() for row in rows]
    assert np.average([row.share for row in rows], weights=scored) == pytest.approx(overall_share(windows, "smile"))
    assert np.average([row.change for row in rows], weights=scored) == pytest.approx(0, abs=1e-12)


def test_the_interval_of_a_change_holds_the_true_one_in_most_sessions():
    """95 of 100 are promised; the true change is that of the shares people's faces were drawn from."""
    true = np.repeat([0.2, 0.35, 0.2], [100, 200, 100])[:, None]
    smiling, faces = crowds(np.repeat(true, 300, axis=1), np.full(300, 60), lasts_s=np.full(300, 4.0), seed=7)
    held, apart = [], 0
    for i in range(300):
        rows = told(smiling=smiling[:, i], faces=faces[:, i], stage=a_stage(timelines=[THREE]))
        held.append(
            [
                row.change_low <= change <= row.change_high
                for row, change in zip(rows, (-0.075, 0.075, -0.075), strict=True)
            ]
        )
        apart += sum(row.change_low > 0 or row.change_high < 0 for row in rows)
    assert (np.mean(held, axis=0) >= 0.9).all()
    assert apart >= 450, "an interval that holds anything says nothing"


MIXED = (120, 120, 300, 300, 600, 600)


def held_nothing(
    *,
    lasts_s: float,
    every_s: float = 0.0,
    irregular: bool = False,
    people: int = 46,
    lengths: Sequence[int] = MIXED,
) -> float:
    """Part of the intervals of 60 sessions that hold 0 where nothing but the share itself wanders."""
    edges = np.cumsum([0, *lengths])
    titles = [(f"s{i}", float(begin), float(end)) for i, (begin, end) in enumerate(pairwise(edges))]
    stage = a_stage(timelines=[a_timeline(*titles)], cues=[a_cue(0, 0)])
    share = wandering(
        np.full(60, 0.2), int(edges[-1]), every_s=np.full(60, every_s), swing=0.3, irregular=irregular, seed=3
    )
    smiling, faces = crowds(share, np.full(60, people), lasts_s=np.full(60, lasts_s), seed=3)
    rows = [
        row for i in range(60) for row in segment_rows(from_counts(smiling[:, i], faces[:, i], stage=stage), "smile")
    ]
    assert not any(math.isnan(row.change_low) for row in rows)
    return float(np.mean([row.change_low <= 0 <= row.change_high for row in rows]))


@pytest.mark.parametrize("lasts_s", [3.0, 20.0, 60.0])
def test_the_interval_of_a_change_holds_however_long_people_keep_a_face(lasts_s):
    assert held_nothing(lasts_s=lasts_s) >= 0.92


@pytest.mark.parametrize(("every_s", "irregular"), [(600.0, False), (600.0, True), (2400.0, False)])
def test_the_interval_of_a_change_holds_where_the_share_drifts(every_s, irregular):
    assert held_nothing(lasts_s=4.0, every_s=every_s, irregular=irregular) >= 0.92


@pytest.mark.parametrize("lengths", [(60,) * 15, (120,) * 5, (1200, 1200)], ids=["a minute", "two minutes", "halves"])
def test_a_drift_is_not_taken_for_what_was_shown_however_long_segments_are(lengths):
    assert held_nothing(lasts_s=4.0, every_s=1200.0, lengths=lengths) >= 0.92


def test_steps_between_segments_are_distinguished_from_a_drift():
    true = np.repeat([0.15, 0.35, 0.2, 0.3, 0.15], 300)[:, None]
    slides = a_stage(timelines=[a_timeline(*[(str(i), 300.0 * i, 300.0 * i + 300) for i in range(5)])])
    smiling, faces = crowds(np.repeat(true, 20, axis=1), np.full(20, 60), lasts_s=np.full(20, 4.0), seed=2)
    told = [
        [row.change_low > 0 for row in segment_rows(from_counts(smiling[:, i], faces[:, i], stage=slides), "smile")]
        for i in range(20)
    ]
    assert np.mean(told, axis=0)[[1, 3]].min() >= 0.8
    assert np.mean(told, axis=0)[[0, 2, 4]].max() == 0


def test_a_laugh_within_a_segment_makes_its_range_wider():
    smiling, faces = crowds(np.full((600, 1), 0.2), np.array([60]), lasts_s=np.array([4.0]), seed=1)
    halves = a_stage(timelines=[a_timeline(("First", 0, 300), ("Second", 300, 600))])

    def ranges(smiling):
        rows = segment_rows(from_counts(smiling, faces[:, 0], stage=halves), "smile")
        return [row.change_high - row.change_low for row in rows]

    laughing = smiling[:, 0].copy()
    laughing[100:140] = faces[100:140, 0]
    assert ranges(laughing)[0] > 3 * ranges(smiling[:, 0])[0]


def test_a_segment_with_too_little_says_so_and_keeps_its_faces():
    excluded = a_stage(timelines=[THREE], exclusions=[an_exclusion(305, 400)])
    row = told(stage=excluded)[2]
    assert not row.enough
    assert math.isnan(row.share)
    assert math.isnan(row.change)
    assert row.sparkline == ()
    assert row.faces == 30


def test_a_segment_of_few_blocks_has_a_change_and_no_interval():
    stage = a_stage(timelines=[a_timeline(("Short", 0, 40), ("Long", 40, 300), ("Close", 300, 400))])
    short, long, _ = told(stage=stage)
    assert short.enough
    assert not math.isnan(short.change)
    assert math.isnan(short.change_low)
    assert not math.isnan(long.change_low)


def test_a_segment_that_was_never_shown_has_no_figures():
    stage = a_stage(timelines=[THREE], cues=[a_cue(250, 0)])
    rows = told(stage=stage)
    assert [row.enough for row in rows] == [True, True, False]
    assert math.isnan(rows[2].faces)


def test_one_segment_over_everything_does_not_differ_from_the_talk():
    (row,) = told(stage=a_stage(timelines=[a_timeline(("All", 0, 400))]))
    assert row.change == row.change_low == row.change_high == 0


def test_a_sparkline_runs_from_the_beginning_to_the_end_with_its_gaps():
    faces = np.full(400, 10)
    faces[100:208] = 3
    demo = told(faces=faces, smiling=np.minimum(np.arange(400) // 40, faces))[1]
    assert len(demo.sparkline) == SPARKLINE_POINTS
    assert np.isnan(demo.sparkline).tolist() == [True] * 12 + [False] * 12
    assert demo.sparkline[-1] == pytest.approx(0.7)


def test_a_stage_without_a_timeline_has_no_segments():
    assert told(stage=a_stage()) == ()


def test_changes_against_the_pre_roll_are_from_the_time_before_anything_was_shown():
    smiling = np.repeat([3, 6, 24, 0], [100, 100, 200, 100])
    stage = a_stage(timelines=[THREE], cues=[a_cue(100, 0)])
    rows = segment_rows(from_counts(smiling, np.full(500, 30), stage=stage), "smile", against="pre-roll")
    assert [row.change for row in rows] == pytest.approx([0.1, 0.7, -0.1])
    assert all(row.change_low <= row.change <= row.change_high for row in rows)


def test_changes_against_a_pre_roll_that_is_too_short_are_not_made_up():
    smiling = np.repeat([3, 6, 24, 0], [30, 100, 200, 100])
    stage = a_stage(timelines=[THREE], cues=[a_cue(30, 0)])
    few_blocks = segment_rows(from_counts(smiling, np.full(430, 30), stage=stage), "smile", against="pre-roll")
    assert [row.change for row in few_blocks] == pytest.approx([0.1, 0.7, -0.1])
    assert all(math.isnan(row.change_low) for row in few_blocks)
    none = segment_rows(
        from_counts(smiling, np.full(430, 30), stage=a_stage(timelines=[THREE])), "smile", against="pre-roll"
    )
    assert none[0].enough
    assert math.isnan(none[0].change)


def test_against_the_moving_median_what_grows_slowly_is_no_change():
    """The share grows from .1 to .7 in half an hour, and is .2 above that for a minute and a half in the middle."""
    share = np.linspace(0.1, 0.7, 1800)
    share[900:990] += 0.2
    faces = np.full(1800, 1000)
    slides = a_timeline(("First", 0, 600), ("Middle", 900, 990), ("Last", 1200, 1800))
    windows = from_counts(np.round(1000 * share), faces, stage=a_stage(timelines=[slides]))
    against = {choice: segment_rows(windows, "smile", against=choice) for choice in BASELINES[:2]}
    assert [row.change for row in against["whole talk"]] == pytest.approx([-0.2, 0.21, 0.19], abs=0.03)
    assert [row.change for row in against["moving median"]] == pytest.approx([0, 0.2, 0], abs=0.04)
    middle = against["moving median"][1]
    assert middle.change_low > 0.1
    assert middle.change_low <= middle.change <= middle.change_high
