"""Records of the same window add up: over cameras, over parts, over time, in any order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.faces import CODES, EXPRESSIONS, FACING_THRESHOLD
from audience.window_table import WindowTable
from audience.windows import Tally, WindowRecord, pack_tallies, tallies_of
from tests.builders import BEGAN_MS, a_face, a_head_count, a_window, after_ms, faces

SUMS = ("faces", "expected", "scored", "total", "squares", "over")
CAMERAS = ("left", "middle", "right")
# Eighths add up without rounding, so that sums can be compared exactly.
CONFIDENCES = st.integers(0, 8).map(lambda eighths: eighths / 8)


@st.composite
def records(draw):
    """Windows of up to three cameras over half a minute, some of them only counting heads."""
    keys = draw(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(CAMERAS)), unique=True, min_size=1, max_size=25))
    return [
        a_head_count(second, heads=draw(st.integers(0, 4)), camera_id=camera)
        if draw(st.booleans())
        else a_window(
            second,
            seen=faces(*draw(st.lists(CONFIDENCES, max_size=6))),
            camera_id=camera,
            expected=6 + draw(st.integers(0, 3)),
        )
        for second, camera in keys
    ]


def same(one: WindowTable, other: WindowTable) -> bool:
    """Whether two tables hold the same rows."""
    return (one.width_ms, one.expressions, one.scorers) == (other.width_ms, other.expressions, other.scorers) and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("start_ms", "camera", "spans", "scored_spans", *SUMS)
    )


def by_start(table: WindowTable, column: str) -> dict[int, object]:
    """A column summed by the start of its rows, by hand."""
    sums: dict[int, object] = defaultdict(int)
    for start, value in zip(table.start_ms.tolist(), getattr(table, column), strict=True):
        sums[start] = sums[start] + value
    return {start: np.asarray(value).tolist() for start, value in sums.items()}


@given(records(), st.sampled_from([1000, 2000, 3000, 10_000, 60_000]))
def test_cameras_then_time_is_time_then_cameras(windows, width_ms):
    table = WindowTable.of(windows)
    stage, each = table.over_cameras().widened(width_ms), table.widened(width_ms)
    for column in SUMS:
        assert by_start(stage, column) == by_start(each, column)


@given(records(), st.randoms())
def test_the_order_of_records_does_not_matter(windows, random):
    table, shuffled = WindowTable.of(windows), WindowTable.of(random.sample(windows, len(windows)))
    assert same(table, shuffled)
    assert same(table.over_cameras(), shuffled.over_cameras())
    assert (np.diff(table.start_ms) >= 0).all()


@given(st.lists(st.tuples(CONFIDENCES, st.sampled_from("abc")), min_size=1, max_size=12), st.integers(0, 5))
def test_a_window_may_come_in_any_parts(scored, unseen):
    seen = [(a_face(f"t{index}", smile=smile), part) for index, (smile, part) in enumerate(scored)]
    whole = WindowTable.of([a_window(seen=[face for face, _ in seen], expected=len(seen) + unseen)])
    parts = sorted({part for _, part in seen})
    records = []
    for part in parts:
        own = [face for face, chosen in seen if chosen == part]
        records.append(a_window(seen=own, part=part, expected=len(own) + (unseen if part == parts[0] else 0)))
    assert same(WindowTable.of(records).over_cameras(), whole.over_cameras())


@given(records(), st.integers(1, 5), st.integers(1, 5))
def test_widening_in_two_steps_is_widening_in_one(windows, first, second):
    table = WindowTable.of(windows).over_cameras()
    assert same(table.widened(1000 * first).widened(1000 * first * second), table.widened(1000 * first * second))


@given(records())
def test_summing_over_cameras_twice_changes_nothing(windows):
    table = WindowTable.of(windows).over_cameras()
    assert same(table.over_cameras(), table)


def test_wide_windows_are_aligned_to_the_epoch_and_half_open():
    windows = [a_window(second, of=1, smiling=1) for second in range(-1, 11)]
    wide = WindowTable.of(windows).widened(10_000)
    assert wide.start_ms.tolist() == [after_ms(-10), after_ms(0), after_ms(10)]
    assert wide.faces.tolist() == wide.spans.tolist() == [1, 10, 1]
    assert wide.width_ms == 10_000
    assert wide.record_width_ms == 1000


@pytest.mark.parametrize("width_ms", [1500, 500, 999, 0, -1000])
def test_a_width_that_is_no_multiple_is_refused(width_ms):
    with pytest.raises(InvalidValue, match=f"1000 ms cannot be summed into {width_ms} ms"):
        WindowTable.of([a_window(of=1)]).widened(width_ms)


def test_records_of_different_widths_do_not_make_one_table():
    with pytest.raises(InvalidValue, match="windows of 1000 ms, 2000 ms"):
        WindowTable.of([a_window(0), a_window(start_ms=BEGAN_MS, width_ms=2000)])


def test_cameras_cannot_be_summed_once_windows_were_widened():
    with pytest.raises(InvalidValue, match="before windows are widened"):
        WindowTable.of([a_window(of=1)]).widened(2000).over_cameras()


def test_a_camera_that_only_counts_heads_adds_faces_and_no_scores():
    table = WindowTable.of([a_window(smiling=2, of=3, camera_id="left"), a_head_count(heads=4, camera_id="right")])
    stage = table.over_cameras()
    assert stage.faces.tolist() == [7]
    assert stage.scored.tolist() == [[3]]
    assert stage.over.tolist() == [[2]]
    assert stage.scorers == ("expression-net 1",)


def test_windows_of_a_head_count_differ_from_windows_in_which_nobody_smiled():
    table = WindowTable.of([a_head_count(0, heads=4), a_window(1, smiling=0, of=4), a_window(2, of=0)]).over_cameras()
    assert table.faces.tolist() == [4, 4, 0]
    assert table.scored.tolist() == [[0], [4], [0]]
    wide = table.widened(60_000)
    assert wide.spans.tolist() == [3]
    assert wide.scored_spans.tolist() == [[1]]


def test_only_scored_expressions_appear_in_a_fixed_order():
    seen = [a_face(confidences={"sad": 0.2, "smile": 0.9})]
    table = WindowTable.of([a_window(seen=seen), a_window(1, seen=[a_face(confidences={"happy": 0.7})])])
    assert table.expressions == ("smile", "happy", "sad")
    assert table.scored.tolist() == [[1, 0, 1], [0, 1, 0]]


def test_no_records_make_an_empty_table():
    table = WindowTable.of([])
    assert len(table) == len(table.over_cameras([frozenset({"left", "right"})])) == len(table.widened(60_000)) == 0
    assert table.measures == table.expressions == table.cameras == ()


@pytest.mark.parametrize(
    "tallies", [b"\x00" * 20, b"\x00" * 22, b"\xff" * 21, b"\x82" + b"\x00" * 40, b"\x82" + b"\xff" * 41]
)
def test_damaged_tallies_are_one_clear_error(tallies):
    with pytest.raises(InvalidValue, match="tallies of a window are damaged"):
        WindowTable.of_rows([(BEGAN_MS, "left", 1000, 2, 2, tallies, "")])


def test_the_packed_form_of_a_tally_never_changes():
    sums = bytes.fromhex("000000000000f83f000000000000f23f000000000000f03f000000000000d03f")
    packed = b"\x82" + bytes([CODES["sad"]]) + bytes.fromhex("0300000001000000") + sums
    tally = Tally(faces=3, total=1.5, squares=1.125, over=1, estimate=1.0, variance=0.25)
    assert packed == pack_tallies({"sad": tally})
    table = WindowTable.of_rows([(BEGAN_MS, "left", 1000, 4, 4, packed, "")])
    assert (table.measures, table.faces[0], table.scored[0, 0], table.over[0, 0]) == (("sad",), 4, 3, 1)
    assert [table.total[0, 0], table.squares[0, 0], table.estimate[0, 0], table.variance[0, 0]] == [1.5, 1.125, 1, 0.25]


def test_a_tally_of_an_earlier_version_is_of_all_faces_and_has_no_estimate():
    packed = bytes([CODES["sad"]]) + bytes.fromhex("01000000000000000000f83f000000000000f23f")
    table = WindowTable.of_rows([(BEGAN_MS, "left", 1000, 2, 3, packed, "")])
    assert (table.expressions, table.over[0, 0], table.total[0, 0], table.squares[0, 0]) == (("sad",), 1, 1.5, 1.125)
    assert table.scored.tolist() == [[2]]
    assert np.isnan(table.estimate).all()


def test_tallies_of_both_versions_stand_side_by_side():
    old = bytes([CODES["smile"]]) + bytes.fromhex("01000000000000000000f83f000000000000f23f")
    new = pack_tallies({"smile": Tally(faces=1, total=0.5, squares=0.25, over=0, estimate=0.25, variance=0.1)})
    rows = [(BEGAN_MS + 1000 * at, "left", 1000, 2, 2, packed, "x") for at, packed in enumerate([new, b"", old, new])]
    table = WindowTable.of_rows(rows)
    assert table.scored[:, 0].tolist() == [1, 0, 2, 1]
    assert table.over[:, 0].tolist() == [0, 0, 1, 0]
    assert table.covered.tolist() == [1, 0, 2, 1]
    assert np.isnan(table.estimate[:, 0]).tolist() == [False, False, True, False]


def test_estimates_add_up_and_a_sum_has_one_only_if_all_its_parts_do():
    def window(at: int, camera: str, estimate: float | None) -> WindowRecord:
        tally = Tally(
            faces=4, total=1, squares=1, over=1, estimate=estimate, variance=None if estimate is None else 0.5
        )
        return replace(a_window(at, of=4, camera_id=camera), tallies={"smile": tally})

    stage = WindowTable.of(
        [window(0, "a", 1.5), window(0, "b", 2.0), window(1, "a", 1.5), window(1, "b", None), a_window(2, of=0)]
    ).over_cameras()
    np.testing.assert_array_equal(stage.estimate[:, 0], [3.5, np.nan, 0])
    np.testing.assert_array_equal(stage.variance[:, 0], [1.0, np.nan, 0])
    assert stage.without_figures(np.array([[False], [True], [False]])).estimate[:, 0].tolist() == [3.5, 0, 0]


def test_facing_is_a_measure_and_no_expression():
    seen = [a_face(confidences={"facing": 0.7}), a_face("t2", confidences={"facing": 0.2, "contempt": 0.1})]
    thresholds = {"contempt": 0.5, "facing": FACING_THRESHOLD}
    table = WindowTable.of([replace(a_window(of=2), tallies=tallies_of(seen, thresholds))])
    assert table.measures == ("contempt", "facing")
    assert table.expressions == ("contempt",)
    assert "facing" not in EXPRESSIONS
    assert table.scored.tolist() == [[1, 2]]
    assert table.covered.tolist() == [1]


# Cameras that overlap


def seen_by(**heads: int) -> WindowTable:
    """One window in which each camera counted so many heads."""
    return WindowTable.of([a_head_count(heads=count, camera_id=camera) for camera, count in heads.items()])


def groups(*names: str) -> list[frozenset[str]]:
    """Overlaps, each written as its cameras' ids of one letter."""
    return [frozenset(name) for name in names]


@pytest.mark.parametrize(
    ("heads", "overlaps", "counted"),
    [
        ({"a": 10, "b": 7}, [], 17),
        ({"a": 10, "b": 7}, ["ab"], 10),
        ({"a": 7, "b": 10}, ["ab"], 10),
        ({"a": 7, "b": 7}, ["ab"], 7),
        ({"a": 10, "b": 7, "c": 5}, ["ab"], 15),
        ({"a": 10, "b": 7, "c": 5}, ["abc"], 10),
        ({"a": 4, "b": 7, "c": 5, "d": 6}, ["ab", "cd"], 13),
        # One wide view over two halves: the halves do not overlap each other.
        ({"a": 10, "b": 7, "c": 5}, ["ab", "ac"], 10),
        ({"a": 6, "b": 7, "c": 5}, ["ab", "ac"], 12),
        # A row of cameras, each overlapping the next.
        ({"a": 10, "b": 9, "c": 8}, ["ab", "bc"], 18),
        ({"a": 8, "b": 9, "c": 10}, ["ab", "bc"], 18),
        ({"a": 8, "b": 10, "c": 9}, ["ab", "bc"], 10),
        # Declared of a camera that is not there, or alone.
        ({"a": 10, "b": 7}, ["az", "b"], 17),
        ({"a": 0, "b": 0}, ["ab"], 0),
    ],
)
def test_of_cameras_that_overlap_only_the_one_with_more_faces_counts(heads, overlaps, counted):
    assert seen_by(**heads).over_cameras(groups(*overlaps)).faces.tolist() == [counted]


def test_which_camera_counts_is_decided_window_by_window():
    table = WindowTable.of(
        [
            a_head_count(second, heads=heads, camera_id=camera)
            for second, camera, heads in [(0, "a", 5), (0, "b", 3), (1, "a", 2), (1, "b", 4), (2, "b", 1)]
        ]
    )
    assert table.over_cameras(groups("ab")).faces.tolist() == [5, 4, 1]


def test_a_camera_in_several_parts_is_compared_by_all_of_them():
    table = WindowTable.of(
        [
            a_head_count(heads=4, camera_id="a", part="0"),
            a_head_count(heads=4, camera_id="a", part="1"),
            a_head_count(heads=5, camera_id="b"),
        ]
    )
    assert table.over_cameras(groups("ab")).faces.tolist() == [8]


@given(records(), st.lists(st.frozensets(st.sampled_from(CAMERAS)), max_size=3))
def test_overlaps_never_count_anybody_twice_and_never_leave_a_window_out(windows, overlaps):
    table = WindowTable.of(windows)
    stage, apart = table.over_cameras(overlaps), table.over_cameras()
    assert stage.start_ms.tolist() == apart.start_ms.tolist()
    assert (stage.faces <= apart.faces).all()
    most = [max(table.faces[table.start_ms == start]) for start in stage.start_ms]
    assert (stage.faces >= most).all()
    if any(len(group) == len(CAMERAS) for group in overlaps):
        assert stage.faces.tolist() == most


@given(records(), st.integers(0, 31))
def test_a_table_is_the_same_in_two_parts_as_in_one(windows, second):
    whole = WindowTable.of(windows)
    parts = [
        WindowTable.of(one for one in windows if (one.start_ms < after_ms(second)) == early) for early in (True, False)
    ]
    joined = parts[0].followed_by(parts[1])
    assert (joined.cameras, joined.measures, joined.scorers) == (whole.cameras, whole.measures, whole.scorers)
    for name in ("start_ms", "camera", "scorer", "covered", "estimate", "variance", "spans", "scored_spans", *SUMS):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))


def test_windows_of_another_width_cannot_follow():
    with pytest.raises(InvalidValue, match="use one width"):
        WindowTable.of([a_window(0)]).followed_by(WindowTable.of([a_window(2, width_ms=2000)]))
