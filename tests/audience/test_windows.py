"""Windows: what one camera saw in a stretch of time, as sums."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.faces import FACING_THRESHOLD
from audience.windows import Tally, WindowRecord, pack_tallies, tallies_of, unpack_tallies, window_start
from tests.builders import SCORER, THRESHOLDS, a_face, a_head_count, a_window, faces


@pytest.mark.parametrize(("at_ms", "start"), [(0, 0), (999, 0), (1000, 1000), (1999, 1000), (2000, 2000)])
def test_a_window_holds_its_start_and_not_its_end(at_ms, start):
    assert window_start(at_ms) == start


@given(st.integers(0, 10**13), st.integers(1, 10**6))
def test_an_instant_falls_into_one_window_which_is_aligned_to_the_epoch(at_ms, width_ms):
    start = window_start(at_ms, width_ms)
    assert start % width_ms == 0
    assert start <= at_ms < start + width_ms


@pytest.mark.parametrize(("start_ms", "width_ms"), [(1, 1000), (500, 1000), (1000, 0), (1000, -1000), (1000, 300)])
def test_a_window_that_is_not_aligned_to_its_width_is_refused(start_ms, width_ms):
    with pytest.raises(InvalidValue, match="not aligned"):
        a_window(start_ms=start_ms, width_ms=width_ms)


@pytest.mark.parametrize("start_ms", [-1000, 10**13, 10**20])
def test_a_window_is_in_the_years_that_stores_can_order(start_ms):
    with pytest.raises(InvalidValue, match="1970 to 2286"):
        a_window(start_ms=start_ms)


def test_each_track_counts_once():
    with pytest.raises(InvalidValue, match="more than one score"):
        tallies_of([a_face("t1", smile=0.9), a_face("t1", smile=0.1)], THRESHOLDS)


def test_a_tally_is_the_sum_over_the_faces():
    tally = tallies_of(faces(0.25, 0.5, 0.75), THRESHOLDS)["smile"]
    assert tally == Tally(faces=3, total=1.5, squares=0.875, over=2)


def test_a_confidence_at_the_threshold_shows_the_expression():
    assert tallies_of(faces(0.5), {"smile": 0.5})["smile"].over == 1
    assert tallies_of(faces(math.nextafter(0.5, 0)), {"smile": 0.5})["smile"].over == 0


def test_nobody_has_no_tallies():
    assert tallies_of([], THRESHOLDS) == {}


def test_where_only_heads_are_counted_there_are_no_tallies():
    assert tallies_of([a_face("t1", confidences={}), a_face("t2", confidences={})], {}) == {}


def test_each_measure_is_summed_over_the_faces_that_have_it():
    covered = replace(a_face("t3", confidences={"facing": 0.9}), unscored="covered")
    seen = [a_face("t1", smile=0.9), a_face("t2", confidences={"smile": 0.2, "facing": 0.6}), covered]
    found = tallies_of(seen, {**THRESHOLDS, "facing": FACING_THRESHOLD})
    assert (found["smile"].faces, found["smile"].over) == (2, 1)
    assert (found["facing"].faces, found["facing"].over) == (2, 2)


def test_an_expression_without_a_threshold_is_named():
    with pytest.raises(InvalidValue, match="no threshold for 'sad'"):
        tallies_of([a_face(confidences={"sad": 0.5})], {"smile": 0.5})


def test_tallies_are_packed_in_the_order_of_their_codes_whatever_order_they_are_given_in():
    one, other = Tally(faces=2, total=1, squares=1, over=1), Tally(faces=2, total=2, squares=2, over=2)
    packed = pack_tallies({"fear": other, "smile": one})
    assert packed == pack_tallies({"smile": one, "fear": other})
    found, _ = unpack_tallies([packed], np.array([2]))
    assert found["over"].tolist() == [1, 2]


def a_record(tallies: dict[str, Tally]) -> WindowRecord:
    """A window of two faces."""
    return WindowRecord(
        session_id="talk-1",
        stage_id="main",
        camera_id="cam-1",
        start_ms=0,
        faces=2,
        expected=2,
        tallies=tallies,
        scorer=SCORER,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"over": 3},
        {"over": -1},
        {"total": 2.5},
        {"total": -0.5, "squares": 0},
        {"total": math.nan},
        {"squares": 1.5},
        {"squares": -1},
        {"squares": math.nan},
        {"estimate": 1.0},
        {"estimate": 2.5, "variance": 0.1},
        {"estimate": 1.0, "variance": 1.1},
        {"estimate": math.nan, "variance": 0.1},
        {"estimate": 1.0, "variance": -0.1},
    ],
)
def test_a_tally_that_cannot_come_from_its_faces_is_refused(changes):
    with pytest.raises(InvalidValue):
        Tally(**{"faces": 2, "total": 1, "squares": 1, "over": 1, **changes})


def test_a_measure_cannot_have_more_faces_than_its_window():
    with pytest.raises(InvalidValue, match="smile cannot be measured on 3 of 2 faces"):
        a_record({"smile": Tally(faces=3, total=1, squares=1, over=1)})


def test_an_unknown_expression_is_refused():
    with pytest.raises(InvalidValue, match="'joy'"):
        a_record({"joy": Tally(faces=2, total=1, squares=1, over=1)})


def test_a_window_cannot_expect_fewer_faces_than_it_has():
    with pytest.raises(InvalidValue, match="2 faces cannot expect 1"):
        a_head_count(heads=2, expected=1)
    with pytest.raises(InvalidValue, match="-1 faces"):
        a_head_count(heads=-1, expected=0)


@pytest.mark.parametrize("field", ["session_id", "stage_id", "camera_id", "part"])
def test_the_key_of_a_window_is_plain(field):
    with pytest.raises(InvalidValue, match="not allowed"):
        a_window(**{field: "a#b"})
