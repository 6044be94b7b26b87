"""A session beside others of its kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audience.comparing.earlier import StageSummary, comparable, mean_along
from audience.reaction.curve import StageWindows, stage_windows
from audience.window_table import WindowTable
from tests.builders import a_cue, a_session, a_stage, a_timeline, a_window


def given_with(
    smiling: list[int], *, of: int = 10, name: str = "earlier", scorer: str = "s 1", **stage
) -> StageWindows:
    """One window a second."""
    records = [a_window(at, smiling=k, of=of, scorer=scorer) for at, k in enumerate(smiling)]
    return stage_windows(a_session(name, title=name), a_stage(**stage), [], WindowTable.of(records))


SLIDES = a_timeline(("Welcome", 0, 10), ("Demo", 10, 30), ("Thanks", 30, 40))
NOW = given_with([5] * 40, timelines=[SLIDES])


def test_the_whole_of_a_session_is_one_share_with_its_faces() -> None:
    whole = StageSummary.of(given_with([2] * 30 + [8] * 30, audience_size=20), "smile")
    assert (whole.share, whole.faces, whole.coverage) == pytest.approx((0.5, 10, 0.5))
    assert whole.low < 0.5 < whole.high


@pytest.mark.parametrize("smiling", [[], [0] * 5])
def test_a_session_with_too_little_in_it_has_no_share(smiling: list[int]) -> None:
    whole = StageSummary.of(given_with(smiling), "smile")
    assert np.isnan(whole.share)
    assert np.isnan(whole.faces) == (not smiling)


def test_segments_of_the_same_title_are_aligned_wherever_they_were() -> None:
    """Thanks came first then, the welcome last and began late, and there was no demo."""
    slides = a_timeline(("Thanks", 0, 10), ("Film", 10, 30), ("Welcome", 30, 50))
    earlier = given_with([0] * 5 + [3] * 10 + [27] * 20 + [6] * 20, of=30, timelines=[slides], cues=[a_cue(5, 0)])
    along = mean_along(NOW, [earlier], "smile", 1)
    assert along[:10] == pytest.approx([0.2] * 10)
    assert np.isnan(along[10:30]).all()
    assert along[30:] == pytest.approx([0.1] * 10)


def test_each_session_counts_once_and_only_where_it_has_a_figure() -> None:
    one, other = given_with([2] * 40, timelines=[SLIDES]), given_with([6] * 20, of=20, timelines=[SLIDES])
    along = mean_along(NOW, [one, other], "smile", 1)
    assert along[:20] == pytest.approx([0.25] * 20)
    assert along[20:] == pytest.approx([0.2] * 20)


def test_without_timelines_seconds_are_aligned_with_seconds() -> None:
    along = mean_along(given_with([5] * 4), [given_with([3, 6, 9], of=30)], "smile", 1)
    assert along[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert np.isnan(along[3])


def test_sessions_of_which_only_one_has_a_timeline_are_not_aligned() -> None:
    assert np.isnan(mean_along(NOW, [given_with([5] * 40)], "smile", 1)).all()
    assert np.isnan(mean_along(given_with([5] * 40), [NOW], "smile", 1)).all()
    strange = given_with([5] * 40, timelines=[a_timeline(("Another talk", 0, 40))])
    assert np.isnan(mean_along(NOW, [strange], "smile", 1)).all()


def test_windows_with_different_fractions_of_a_second_are_aligned() -> None:
    earlier = given_with([3] * 40, timelines=[SLIDES], cues=[a_cue(0.4, 0)])
    assert mean_along(NOW, [earlier], "smile", 1)[1:39] == pytest.approx([0.3] * 38)


def test_another_scorers_figures_are_refused_with_the_reason() -> None:
    other = given_with([5] * 10, name="Rehearsal", scorer="rekognition 1")
    mine = replace(NOW, table=replace(NOW.table, scorers=("s 1",)))
    can, refused = comparable(mine, [other, mine])
    assert can == [mine]
    assert refused[0].startswith("“Rehearsal” is left out: these sessions were scored by rekognition 1 and s 1")
