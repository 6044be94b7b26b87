"""Repaired timestamps (wrong values, restarts, jumps, pauses), compared with the true capture times."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lambda.recording.timestamp_repair import TimestampRepairer

MS = Fraction(1, 1000)
HOUR = 3_600_000


def packet(shown: int, decoded: int | None, *, key: bool = False) -> av.Packet:
    made = av.Packet(b"picture")
    made.pts, made.dts, made.time_base, made.is_keyframe = shown, decoded, MS, key
    return made


def mended(
    stamps: Sequence[int], *, decoded: Sequence[int] | None = None, stated: int | None = None, reorders: bool = False
) -> tuple[list[int], TimestampRepairer]:
    """The repaired timestamps, in decoding order, milliseconds."""
    clock = TimestampRepairer(time_base=MS, stated=stated, reorders=reorders)
    decoded = decoded or stamps
    packets = [packet(*both) for both in zip(stamps, decoded, strict=True)]
    return [int(one.pts) for one in clock.mended(packets)], clock


def reordered(shown: Sequence[int], b_frames: int) -> list[int]:
    """Places in presentation order, in the order of decoding: each run of B-frames after the picture it leads to."""
    order = [0]
    for start in range(1, len(shown), b_frames + 1):
        run = list(range(start, min(start + b_frames + 1, len(shown))))
        order += [run[-1], *run[:-1]]
    return order


def test_an_even_clock_is_left_alone() -> None:
    even = [40 * n for n in range(500)]
    found, clock = mended(even)
    assert (found, clock.steps, clock.wrong) == (even, [], 0)


@given(
    step=st.sampled_from([33, 40, 100, 500, 1000]),
    b_frames=st.sampled_from([0, 0, 2, 3]),
    begin=st.sampled_from([0, 1400, 100_000_000]),
    where=st.sets(st.integers(0, 149), min_size=1, max_size=5),
    by=st.lists(st.one_of(st.integers(60_000, 10 * HOUR), st.integers(-10 * HOUR, -60_000)), min_size=5, max_size=5),
    both=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_wrong_stamps_move_and_end_nothing(
    step: int, b_frames: int, begin: int, where: set[int], by: list[int], both: bool
) -> None:
    # Where pictures are reordered, two wrong stamps among the same few pictures may be told apart wrongly.
    where = {place for place in where if not b_frames or not any(0 < place - other < 40 for other in where)}
    shown = [begin + step * n for n in range(150)]
    order = reordered(shown, b_frames)
    true = [shown[place] for place in order]
    written, decoded = [*true], [begin + step * (n - b_frames) for n in range(150)]
    for place, off in zip(sorted(where), by, strict=False):
        # A first picture long before the second may be followed by a pause.
        off = abs(off) if place == 0 else off
        written[place] += off
        if both:
            decoded[place] += off
    found, clock = mended(written, decoded=decoded, reorders=b_frames > 0)
    wrong_at_begin = 0 in where
    origin = 0 if not wrong_at_begin else found[20] - true[20]
    errors = [abs(one - origin - right) for one, right in zip(found, true, strict=True)]
    assert max(error for place, error in enumerate(errors) if place not in where) == 0
    assert max(errors) <= step * max(2, 2 * b_frames + 1) * (
        1 + sum(abs(a - b) < 20 for a in where for b in where if a != b)
    )
    assert clock.steps == []


@given(
    at=st.integers(20, 130),
    by=st.one_of(st.integers(-10 * HOUR, -60_000), st.integers(7 * HOUR, 30 * HOUR)),
    b_frames=st.sampled_from([0, 2]),
)
@settings(max_examples=40, deadline=None)
def test_a_clock_set_for_good_is_followed_and_noted(at: int, by: int, b_frames: int) -> None:
    shown = [40 * n for n in range(150)]
    true = [shown[place] for place in reordered(shown[:at], b_frames)]
    true += [shown[at + place] for place in reordered(shown[at:], b_frames)]
    written = [stamp + (by if place >= at else 0) for place, stamp in enumerate(true)]
    found, clock = mended(written, reorders=b_frames > 0)
    assert max(abs(one - right) for one, right in zip(found, true, strict=True)) <= 80
    assert [(step.kind, abs(step.by - by) <= 80) for step in clock.steps] == [("restart" if by < 0 else "jump", True)]


@given(
    pauses=st.dictionaries(st.integers(1, 119), st.integers(1_500, HOUR), max_size=4),
    b_frames=st.sampled_from([0, 3]),
)
@settings(max_examples=40, deadline=None)
def test_a_camera_that_paused_leaves_a_gap(pauses: dict[int, int], b_frames: int) -> None:
    shown, now = [], 0
    for place in range(120):
        now += pauses.get(place, 40)
        shown.append(now)
    true = [shown[place] for place in reordered(shown, b_frames)]
    found, clock = mended(true, reorders=b_frames > 0)
    assert found == true
    assert {step.kind for step in clock.steps} <= {"pause"}


@given(gaps=st.lists(st.sampled_from([1, 16, 33, 40, 400, 900, 2_500]), min_size=30, max_size=300))
@settings(max_examples=40, deadline=None)
def test_a_variable_frame_rate_is_left_alone(gaps: list[int]) -> None:
    stamps = [sum(gaps[:place]) for place in range(len(gaps))]
    assert mended(stamps)[0] == stamps


@pytest.mark.parametrize("step_s", [10, 60, 600, 7200])
def test_a_time_lapse_is_left_alone(step_s: int) -> None:
    stamps = [1000 * step_s * n for n in range(200)]
    assert mended(stamps)[0] == stamps


def test_the_stated_length_tells_a_jump_from_a_pause() -> None:
    stamps = [40 * n + (HOUR if n >= 100 else 0) for n in range(200)]
    assert mended(stamps)[0] == stamps
    assert mended(stamps, stated=HOUR + 8000)[0] == stamps
    assert mended(stamps, stated=8000)[0] == [40 * n for n in range(200)]


@pytest.mark.parametrize("off", [HOUR, -HOUR, 10 * HOUR])
def test_a_block_of_wrong_stamps_keeps_its_own_steps(off: int) -> None:
    stamps = [40 * n + (off if 50 <= n < 100 else 0) for n in range(150)]
    found, clock = mended(stamps)
    assert found == [40 * n for n in range(150)]
    assert (clock.steps, clock.wrong) == ([], 50)
