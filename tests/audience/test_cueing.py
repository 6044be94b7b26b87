"""Start, pause and resume at a button: the timeline runs and stops with what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.timelines import is_paused, paused_now, position_s, resumed_now, start_cues
from tests.builders import a_cue, after


def test_a_pause_lasts_until_somebody_ends_it_and_resumes_at_its_second() -> None:
    cues = paused_now(start_cues(after(0)), after(100))
    assert position_s(cues, after(99)) == 99
    assert position_s(cues, after(100.1)) is None
    assert is_paused(cues, after(100_000))
    cues = resumed_now(cues, after(400))
    assert position_s(cues, after(250)) is None
    assert position_s(cues, after(410)) == 110
    assert not is_paused(cues, after(410))


@given(lengths=st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=6))
def test_after_any_pauses_it_has_come_as_far_as_it_ran(lengths) -> None:
    cues, now, ran = start_cues(after(0)), 0, 0
    for runs_s, stands_s in lengths:
        now, ran = now + runs_s, ran + runs_s
        cues = paused_now(cues, after(now))
        now += stands_s
        cues = resumed_now(cues, after(now))
    assert position_s(cues, after(now + 7)) == ran + 7


def test_a_planned_intermission_can_be_ended_early() -> None:
    planned = (a_cue(0, 0), a_cue(3600, 1800))
    assert position_s(resumed_now(planned, after(2000)), after(2010)) == 1810


def test_only_a_running_timeline_can_be_paused_and_only_a_paused_one_resumed() -> None:
    with pytest.raises(InvalidValue, match="begin it first"):
        paused_now((), after(0))
    with pytest.raises(InvalidValue, match="begin it first"):
        paused_now(paused_now(start_cues(after(0)), after(10)), after(20))
    with pytest.raises(InvalidValue, match="nothing is paused now"):
        resumed_now(start_cues(after(0)), after(10))
    with pytest.raises(InvalidValue, match="nothing is paused now"):
        resumed_now(start_cues(after(50)), after(10))
