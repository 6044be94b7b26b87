"""Which three things of a session are said first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from audience.reaction.curve import StageWindows, stage_windows
from audience.reaction.findings import findings
from audience.reaction.moments import moments
from audience.reaction.segments import SegmentRow, segment_rows
from audience.window_table import WindowTable
from tests.builders import a_camera, a_cue, a_session, a_stage, a_timeline, a_window, after
from tests.crowds import crowds, from_counts

PARTS = [(f"Part {number}", 60 * number, 60 * number + 60) for number in range(10)]


def a_talk(*, loud: range = range(0), quiet: range = range(0)) -> StageWindows:
    """Ten parts of a minute in which 40 % of 50 faces smile, 90 % in the loud seconds and none in the quiet ones."""
    random = np.random.default_rng(3)
    shares = [0.9 if at in loud else 0.0 if at in quiet else 0.4 for at in range(600)]
    records = [a_window(at, smiling=int(random.binomial(50, share)), of=50) for at, share in enumerate(shares)]
    stage = a_stage(timelines=[a_timeline(*PARTS)], cues=[a_cue(0, 0)])
    return stage_windows(a_session(ended_at=after(600)), stage, [a_camera()], WindowTable.of(records))


def found(windows: StageWindows):
    return findings(windows, "smile", moments(windows, "smile"), segment_rows(windows, "smile"))


def a_row(index: int, change: float, reach: float) -> SegmentRow:
    (row,) = segment_rows(a_talk(), "smile")[index : index + 1]
    return replace(row, change=change, change_low=change - reach, change_high=change + reach)


def test_the_biggest_peak_comes_first_with_its_segment_and_its_share() -> None:
    first = found(a_talk(loud=range(130, 155)))[0]
    assert (first.kind, first.segment, first.moment) == ("peak", 2, 1)
    assert int(first.figure.removesuffix(" %")) > 80
    assert "Part 2" in first.sentence


def test_three_at_most_and_each_of_another_segment_where_there_are_as_many() -> None:
    told = found(a_talk(loud=range(125, 150), quiet=range(400, 425)))
    assert len(told) <= 3
    assert [one.kind for one in told][:1] == ["peak"]
    assert {one.segment for one in told} >= {2, 6}


def test_a_part_is_named_only_beyond_chance_for_as_many_parts_as_there_are() -> None:
    """A change of 5 points whose interval reaches to half a point holds alone, and not as the best of ten."""
    windows = a_talk()
    alone = [a_row(0, 0.05, 0.045), a_row(1, 0.0, 0.045)]
    of_ten = [*alone, *(a_row(place, 0.0, 0.045) for place in range(2, 10))]
    assert [one.kind for one in findings(windows, "smile", (), [a_row(0, 0.2, 0.045), *of_ten[1:]])] == [
        "strongest part"
    ]
    assert findings(windows, "smile", (), of_ten) == ()
    assert [one.segment for one in findings(windows, "smile", (), [a_row(3, -0.2, 0.04), *of_ten])] == [3]


def test_of_sessions_in_which_nothing_happens_few_have_a_finding() -> None:
    sessions = 60
    true = np.full((600, sessions), 0.3)
    counts = crowds(true, np.full(sessions, 40), lasts_s=np.full(sessions, 6.0), seed=5)
    stage = a_stage(timelines=[a_timeline(*PARTS)], cues=[a_cue(0, 0)])
    told = [found(from_counts(*(count[:, one] for count in counts), stage=stage)) for one in range(sessions)]
    assert sum(map(bool, told)) <= 0.15 * sessions
