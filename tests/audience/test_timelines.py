"""Wall clock and timeline, pinned together by cues."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.timelines import (
    LONGEST_NOTES,
    MOST_NOTES,
    Cue,
    Segment,
    Timeline,
    paused,
    restarted,
    start_cues,
    timeline_seconds,
    with_timeline,
)
from tests.builders import a_cue, a_timeline, after, after_ms


def position(cues, *seconds):
    """Where the timeline stood, at seconds after the session began."""
    return timeline_seconds(np.array([after_ms(second) for second in seconds], dtype=np.int64), cues).tolist()


def nothing(values):
    return [math.isnan(value) for value in values]


def test_a_talk_that_begins_late_shows_nothing_before_it_begins():
    cues = [a_cue(90, 0)]
    assert nothing(position(cues, 0, 89.999, 90)) == [True, True, False]
    assert position(cues, 90, 91.5, 3690) == [0, 1.5, 3600]


def test_a_recording_may_begin_in_the_middle_of_a_film():
    assert position([a_cue(0, 600)], 0, 1) == [600, 601]


def test_a_pause_is_two_cues_at_the_same_second():
    cues = [a_cue(0, 0), a_cue(60, 60), a_cue(100, 60)]
    assert position(cues, 59, 100, 101) == [59, 60, 61]
    assert nothing(position(cues, 59.999, 60, 80, 99.999, 100)) == [False, True, True, True, False]


def test_the_cue_that_begins_a_pause_may_be_left_out():
    """Where the timeline would run past the second at which the next cue stands, it had stopped there."""
    cues = [a_cue(0, 0), a_cue(100, 60)]
    assert position(cues, 59, 100) == [59, 60]
    assert nothing(position(cues, 59.999, 60, 99)) == [False, True, True]


def test_an_intermission_skips_nothing_of_the_film():
    cues = [a_cue(0, 0), a_cue(3000, 3000), a_cue(4200, 3000)]
    assert position(cues, 2999, 4200, 4201) == [2999, 3000, 3001]
    assert nothing(position(cues, 3000, 3600, 4199)) == [True] * 3


def test_a_restart_shows_the_same_seconds_twice():
    """Of two cues at the same instant the second applies from then on; the first is the second that was reached."""
    cues = [a_cue(0, 0), a_cue(120, 120), a_cue(120, 0)]
    assert position(cues, 0, 119, 120, 130) == [0, 119, 0, 10]


def test_going_back_shows_a_part_again():
    cues = [a_cue(0, 0), a_cue(100, 100), a_cue(100, 40)]
    assert position(cues, 50, 99, 100, 110) == [50, 99, 40, 50]


def test_going_back_without_saying_how_far_it_had_come_is_read_as_going_back_when_it_stood_later():
    assert position([a_cue(0, 500), a_cue(60, 100)], 59, 60) == [559, 100]


def test_a_jump_forward_leaves_a_part_out():
    cues = [a_cue(0, 0), a_cue(60, 300)]
    assert position(cues, 59, 60, 61) == [59, 300, 301]


def test_without_cues_nothing_is_known():
    assert nothing(position([], 0, 10)) == [True, True]


def test_of_no_instants_there_are_no_positions():
    assert position([a_cue(0, 0)]) == []


def test_a_late_start_and_a_running_start_are_pinned():
    assert start_cues(after(0), 12.5) == (a_cue(12.5, 0),)
    assert start_cues(after(0), -600) == (a_cue(0, 600),)


def test_a_pause_delays_everything_after_it():
    cues = paused(start_cues(after(0), 10), 60, 600)
    assert position(cues, 10, 69, 670, 671) == [0, 59, 60, 61]
    assert nothing(position(cues, 70, 300, 669)) == [True] * 3


def test_pauses_may_be_added_in_any_order():
    started = start_cues(after(0))
    assert paused(paused(started, 60, 600), 90, 5) == paused(paused(started, 90, 5), 60, 600)


def test_two_pauses_at_the_same_second_are_one_as_long_as_both():
    cues = paused(paused(start_cues(after(0)), 60, 100), 60, 20)
    assert position(cues, 59, 180, 181) == [59, 60, 61]
    assert nothing(position(cues, 60, 159, 160, 179)) == [True] * 4


def test_a_restart_goes_back_and_what_follows_comes_later():
    cues = restarted(paused(start_cues(after(0)), 90, 5), 60)
    assert position(cues, 59, 60, 100, 149, 155) == [59, 0, 40, 89, 90]
    assert nothing(position(cues, 150, 154)) == [True] * 2
    assert position(restarted(start_cues(after(0)), 60, 20), 59, 60, 61) == [59, 20, 21]


def test_a_restart_after_a_pause_begins_when_the_pause_ends():
    cues = restarted(paused(start_cues(after(0)), 60, 100), 60)
    assert position(cues, 59, 160, 161) == [59, 0, 1]
    assert nothing(position(cues, 60, 159)) == [True] * 2


def test_what_was_shown_twice_is_paused_the_second_time():
    cues = paused(restarted(start_cues(after(0)), 60), 30, 10)
    assert position(cues, 30, 89, 100) == [30, 29, 30]


@pytest.mark.parametrize("for_s", [0, -1, math.nan, math.inf])
def test_a_pause_has_a_length(for_s):
    with pytest.raises(InvalidValue, match="a pause of"):
        paused(start_cues(after(0)), 60, for_s)


@pytest.mark.parametrize(("at_s", "from_s"), [(60, 60), (60, 61), (0, 0), (60, -1), (math.nan, 0)])
def test_a_restart_must_go_back(at_s, from_s):
    with pytest.raises(InvalidValue, match="cannot restart"):
        restarted(start_cues(after(0)), at_s, from_s)


@pytest.mark.parametrize(
    "cues",
    [(), start_cues(after(0), -100), (a_cue(0, 0), a_cue(50, 100))],
    ids=["no cue", "before the first", "left out"],
)
def test_a_pause_needs_a_second_that_was_reached(cues):
    with pytest.raises(InvalidValue, match="never reached 60 s"):
        paused(cues, 60, 5)


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 90)), max_size=5), st.integers(0, 500))
def test_however_often_it_was_paused_every_second_was_shown_once(pauses, second):
    cues = start_cues(after(0))
    for at_s, for_s in pauses:
        cues = paused(cues, at_s, for_s)
    shown = position(cues, *range(500 + 90 * 5))
    assert shown.count(second) == 1


@pytest.mark.parametrize("second", [-1, -0.001, math.nan, math.inf])
def test_a_cue_stands_at_a_second_there_is(second):
    with pytest.raises(InvalidValue, match="cue stands at"):
        a_cue(0, second)


def test_a_cue_needs_a_zone():
    with pytest.raises(InvalidValue, match="no zone"):
        Cue(at=after(0).replace(tzinfo=None), timeline_s=0)


CUES = st.lists(
    st.builds(a_cue, st.integers(0, 600), st.integers(0, 600).map(float)),
    max_size=8,
    unique_by=lambda cue: cue.at,
)
SECONDS = st.lists(st.floats(-100, 1000), min_size=1, max_size=40)


@given(CUES, SECONDS, st.randoms())
def test_the_order_in_which_cues_are_given_does_not_matter(cues, seconds, random):
    shuffled = random.sample(cues, len(cues))
    np.testing.assert_array_equal(position(cues, *seconds), position(shuffled, *seconds))


@given(CUES, SECONDS)
def test_the_timeline_is_known_only_from_the_first_cue_on_and_never_negative(cues, seconds):
    first = min((cue.at for cue in cues), default=None)
    for second, at in zip(seconds, position(cues, *seconds), strict=True):
        if first is None or after_ms(second) < first.timestamp() * 1000:
            assert math.isnan(at)
        assert math.isnan(at) or at >= 0


@given(CUES, st.floats(0, 1000), st.floats(0, 5))
def test_between_two_cues_the_timeline_runs_at_real_speed(cues, second, step):
    here, there = position(cues, second, second + step)
    between = [cue for cue in cues if after_ms(second) < cue.at.timestamp() * 1000 <= after_ms(second + step)]
    if not between and not math.isnan(here) and not math.isnan(there):
        assert there - here == pytest.approx((after_ms(second + step) - after_ms(second)) / 1000)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(-1, 5), (5, 5), (6, 5), (math.nan, 5), (0, math.nan), (0, math.inf), (math.inf, math.inf)]
)
def test_a_segment_begins_at_0_or_later_and_ends_after_it_begins(start_s, end_s):
    with pytest.raises(InvalidValue, match="'Opening'"):
        Segment(title="Opening", start_s=start_s, end_s=end_s)


def test_segments_that_overlap_are_refused_by_name():
    with pytest.raises(InvalidValue, match=r"'B' begins at 9 s, before 'A' ends at 10 s"):
        a_timeline(("A", 0, 10), ("B", 9, 20))


def test_segments_out_of_order_are_refused_by_name():
    with pytest.raises(InvalidValue, match=r"'A' begins at 0 s, before 'B'"):
        a_timeline(("B", 10, 20), ("A", 0, 10))


def test_a_segment_holds_its_first_second_and_not_its_last():
    timeline = a_timeline(("A", 0, 10), ("B", 10, 20), ("C", 30, 40))
    at = np.array([0, 9.999, 10, 19.999, 20, 29.999, 30, 40, -0.001, math.nan, 1e9])
    assert timeline.segment_indices(at).tolist() == [0, 0, 1, 1, -1, -1, 2, -1, -1, -1, -1]


def test_a_timeline_without_segments_has_none_anywhere():
    assert Timeline(title="", segments=()).segment_indices(np.array([0.0, math.nan])).tolist() == [-1, -1]


@given(
    st.lists(st.floats(0, 1000, allow_subnormal=False), min_size=2, max_size=12, unique=True),
    st.lists(st.floats(-10, 1010), max_size=30),
)
def test_the_segment_found_is_the_one_that_holds_the_second(edges, seconds):
    edges = sorted(edges)
    timeline = a_timeline(*(("s", start, end) for start, end in zip(edges[::2], edges[1::2], strict=False)))
    for second, index in zip(seconds, timeline.segment_indices(np.array(seconds)), strict=True):
        holding = [place for place, part in enumerate(timeline.segments) if part.start_s <= second < part.end_s]
        assert [index] == (holding or [-1])


def test_a_timeline_takes_the_place_of_one_of_its_title_or_comes_last():
    slides, scenes, other = a_timeline(("A", 0, 1)), a_timeline(title="scenes"), a_timeline(("B", 0, 1))
    assert with_timeline((), slides) == (slides,)
    assert with_timeline((slides,), scenes) == (slides, scenes)
    assert with_timeline((slides, scenes), other) == (other, scenes)


def a_segment(start_s: float = 0.0, **fields: object) -> Segment:
    return Segment(title="A", start_s=start_s, end_s=start_s + 1, **fields)  # type: ignore[arg-type]


def test_notes_keep_their_lines_and_are_bounded():
    assert a_segment(notes="Say hello.\nThen wait.").notes == "Say hello.\nThen wait."
    for notes in ("x" * (LONGEST_NOTES + 1), "bell \a"):
        with pytest.raises(InvalidValue, match="notes of segment 'A'"):
            a_segment(notes=notes)
    full = [a_segment(start_s, notes="x" * LONGEST_NOTES) for start_s in range(MOST_NOTES // LONGEST_NOTES + 1)]
    Timeline(title="T", segments=tuple(full[:-1]))
    with pytest.raises(InvalidValue, match="notes of 'T'"):
        Timeline(title="T", segments=tuple(full))


def test_a_timeline_is_a_draft_while_any_of_its_times_is_a_guess():
    assert Timeline(title="T", segments=(a_segment(), a_segment(1, guessed=True))).is_draft
    assert not Timeline(title="T", segments=(a_segment(),)).is_draft
