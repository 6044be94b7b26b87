"""The review of a stage: each figure is that of its own function, computed once, and silent where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audience.reaction import review
from audience.reaction.curve import reaction_curve, smoothed_curve
from audience.reaction.review import Review, review_of
from tests.builders import a_cue, a_progress, a_stage, a_timeline, an_exclusion
from tests.crowds import from_counts


def reviewed(expression: str = "smile", **given: object) -> Review:
    """Ten minutes of a talk, of which a peak and two segments."""
    stage = a_stage(timelines=[a_timeline(("Intro", 0, 300), ("Demo", 300, 600))], cues=[a_cue(0, 0)])
    smiling = np.full(600, 8)
    smiling[380:420] = 30
    windows = from_counts(smiling, np.full(600, 40), stage=stage)
    known = {"scorers": {}, "recordings": [], "heartbeats": [], "live": False} | given
    return review_of(windows, expression, **known)


def test_figures_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("segment_rows", "moments", "smoothed_curve", "baseline", "headline"):
        real = getattr(review, name)
        monkeypatch.setattr(review, name, lambda *a, _n=name, _r=real, **k: (calls.append(_n), _r(*a, **k))[1])
    one = reviewed()
    for _ in range(3):
        figures = (one.segments("whole talk"), one.moments, one.curve(15), one.baseline("whole talk"), one.headline)
        assert len(figures) == 5
    assert sorted(calls) == ["baseline", "headline", "moments", "segment_rows", "smoothed_curve"]
    assert one.segments("moving median") is not one.segments("whole talk")


def test_a_curve_of_no_smoothing_is_the_one_of_each_window() -> None:
    one = reviewed()
    np.testing.assert_array_equal(one.curve(0).share, reaction_curve(one.windows, "smile").share)
    np.testing.assert_array_equal(one.curve(15).share, smoothed_curve(one.windows, "smile", 15).share)


def test_moments_wait_until_no_more_records_come_in() -> None:
    assert reviewed().moments
    assert reviewed(live=True).moments == ()


def test_an_expression_that_was_not_scored_has_a_headline_and_segments_of_faces_and_no_curve() -> None:
    one = reviewed(expression="sad")
    assert "sad" in one.headline
    assert one.expression is None
    assert one.moments == ()
    assert [row.title for row in one.segments("whole talk")] == ["Intro", "Demo"]
    with pytest.raises(ValueError, match="head count"):
        one.curve(15)


def test_it_knows_the_recordings_of_its_own_stage_and_says_what_is_doubtful_of_them() -> None:
    doubtful = replace(a_progress(), start_certainty="doubtful", started_from="the file's date", remarks=("2 s lost",))
    one = reviewed(recordings=[doubtful, replace(doubtful, stage_id="elsewhere")])
    assert len(one.recordings) == 1
    assert len(one.recording_notes) == 2
    assert "the file's date" in one.recording_notes[0]


def test_it_says_that_times_are_a_guess() -> None:
    timeline = a_timeline(("Intro", 0, 10), ("Demo", 10, 60))
    for guessed in (False, True):
        segments = tuple(replace(segment, guessed=guessed) for segment in timeline.segments)
        stage = a_stage(timelines=[replace(timeline, segments=segments)])
        windows = from_counts(np.full(60, 8), np.full(60, 40), stage=stage)
        one = review_of(windows, scorers={}, recordings=[], heartbeats=[], live=False)
        assert [line[:5] for line in one.recording_notes] == (["Draft"] if guessed else [])
        assert one.windows.segment_title(0) == ("Intro (draft)" if guessed else "Intro")


def test_seconds_left_out_are_counted_where_a_camera_recorded() -> None:
    stage = a_stage(exclusions=[an_exclusion(10, 20), an_exclusion(55, 90)])
    windows = from_counts(np.full(60, 8), np.full(60, 40), stage=stage)
    one = review_of(windows, scorers={}, recordings=[], heartbeats=[], live=False)
    assert one.excluded_s == 15
    assert [one.second_of(note.from_at) for note in stage.exclusions] == [10, 55]
