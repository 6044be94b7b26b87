"""Figures over few faces are not shown, and cannot be worked out from what is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.disclosure import (
    MIN_FACES,
    SMALL_ROOM,
    bounded,
    default_min_faces,
    interval_text,
    is_bounded,
    share_text,
    shown_cells,
    withheld,
)
from audience.errors import InvalidValue
from audience.reaction.baseline import BASELINES, baseline
from audience.reaction.curve import reaction_curve, smoothed_curve, stage_windows
from audience.reaction.headline import headline
from audience.reaction.moments import moments
from audience.reaction.segments import segment_rows
from audience.sessions import Camera
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from tests.builders import BEGAN, a_camera, a_head_count, a_session, a_stage, a_timeline, a_window, after

SUMS = ("scored", "total", "squares", "over")


def stage_of(*windows) -> WindowTable:
    return WindowTable.of(windows).over_cameras()


@pytest.mark.parametrize(
    ("audience_size", "setting", "most_faces", "fewest"),
    [
        (1, "event", 1, 1),
        (1, "event", 4, 1),
        (2, "event", 1, 5),
        (300, "home", 1, 5),
        (None, "home", 1, 1),
        (None, "home", 0, 1),
        (None, "home", 2, 5),
        (None, "cinema", 1, 5),
        (None, "event", 300, 5),
    ],
)
def test_five_faces_make_a_figure_unless_the_audience_size_is_one(audience_size, setting, most_faces, fewest):
    assert default_min_faces(audience_size, setting, most_faces) == fewest
    assert MIN_FACES == 5


def test_a_window_of_four_faces_shows_how_many_there_were_and_nothing_else():
    table = withheld(stage_of(a_window(0, smiling=3, of=4), a_window(1, smiling=3, of=5)), 5)
    assert table.faces.tolist() == [4, 5]
    for column in (*SUMS, "scored_spans"):
        values = getattr(table, column)[:, 0]
        assert values[0] == 0
        assert values[1] > 0


def test_four_faces_are_not_shown_because_others_were_only_counted():
    """Six people in view, but the figure is over the two of them that were scored."""
    table = withheld(stage_of(a_window(smiling=1, of=2, camera_id="left"), a_head_count(heads=4, camera_id="right")), 5)
    assert table.faces.tolist() == [6]
    assert table.scored.tolist() == table.over.tolist() == [[0]]


def test_ten_windows_of_three_faces_are_no_thirty_faces():
    with pytest.raises(InvalidValue, match="before windows are widened"):
        withheld(stage_of(*(a_window(second, smiling=1, of=3) for second in range(10))).widened(10_000), 5)


WINDOWS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), st.integers(0, 9)), unique_by=lambda row: row[0])


@given(WINDOWS, st.integers(1, 8), st.integers(1, 30), st.integers(0, 5))
def test_wide_sums_are_sums_of_windows_that_are_shown(rows, min_faces, spans, late):
    """So taking shown windows from a wide one leaves only shown windows, at every width and whatever the start."""
    records = [a_window(second, smiling=min(smiling, of), of=of) for second, smiling, of in rows]
    session = a_session(started_at=after(late))
    seen = [
        stage_windows(session, a_stage(), [], WindowTable.of(records), width_ms=width_ms, min_faces=min_faces)
        for width_ms in (1000, 1000 * spans)
    ]
    narrow, wide = (windows.table for windows in seen)
    assert not (narrow.scored[narrow.faces < min_faces]).any()
    for start, *sums in zip(wide.start_ms, *(getattr(wide, column) for column in SUMS), strict=True):
        inside = narrow.start_ms - narrow.start_ms % wide.width_ms == start
        for column, value in zip(SUMS, sums, strict=True):
            np.testing.assert_array_equal(getattr(narrow, column)[inside].sum(axis=0), value)


# Who comes and goes


def counted_faces(*stretches: tuple[int, int], from_s: int = 0, camera_id: str = "cam-1") -> list[WindowRecord]:
    """One record a second of stretches of (faces, seconds); half of the faces smile."""
    faces = [of for of, seconds in stretches for _ in range(seconds)]
    return [
        a_window(from_s + at, smiling=of // 2, of=of, camera_id=camera_id, expected=max(of, 1))
        for at, of in enumerate(faces)
    ]


def shown_numbers(records: Sequence[WindowRecord], cameras: Sequence[Camera] = (), **options) -> list[int]:
    """Over how many faces the figure of each second is; 0 where there is none."""
    session = a_session(started_at=options.pop("started_at", BEGAN))
    windows = stage_windows(session, a_stage(), cameras, WindowTable.of(records), **options)
    numbers = np.zeros(len(windows.start_ms), dtype=np.int64)
    if windows.expressions:
        numbers[windows.place] = windows.table.scored[:, 0]
    return numbers.tolist()


def test_a_small_room_has_figures_at_one_number_of_faces_only():
    assert shown_numbers(counted_faces((6, 60), (7, 60))) == [6] * 60 + [0] * 60
    assert shown_numbers(counted_faces((7, 60), (6, 60))) == [7] * 60 + [0] * 60
    assert shown_numbers(counted_faces((6, 60), (7, 60), (6, 60))) == [6] * 60 + [0] * 60 + [6] * 60
    assert shown_numbers(counted_faces((20, 60), (21, 60))) == [20] * 60 + [0] * 60


def with_a_mask(second: int, *, of: int, masked: int = 1) -> WindowRecord:
    """A window in which some of the faces have no scores."""
    record = a_window(second, smiling=of // 2, of=of - masked, expected=of)
    return replace(record, faces=of)


def test_a_person_in_a_mask_takes_no_figure_of_a_small_room_away_unless_they_put_it_on_meanwhile():
    throughout = [with_a_mask(second, of=8) for second in range(60)]
    assert shown_numbers(throughout) == [7] * 60
    meanwhile = counted_faces((8, 60)) + [with_a_mask(second, of=8) for second in range(60, 120)]
    assert shown_numbers(meanwhile) == [8] * 60 + [0] * 60


def test_who_comes_into_a_large_room_takes_no_figure_away():
    assert shown_numbers(counted_faces((30, 60), (31, 60))) == [30] * 60 + [31] * 60
    assert shown_numbers(counted_faces((8, 60), (30, 60))) == [8] * 60 + [30] * 60


def test_a_room_that_was_just_larger_first_shows_no_smaller_number():
    assert shown_numbers(counted_faces((22, 60), (20, 60))) == [22] * 60 + [0] * 60


def test_people_who_are_still_coming_in_are_not_the_usual_number():
    records = counted_faces((5, 40), (6, 40), (8, 120), from_s=-80)
    assert shown_numbers(records)[-120:] == [8] * 120


def test_a_second_in_which_somebody_is_missed_has_no_figure_and_the_others_keep_theirs():
    records = counted_faces(*[(12, 9), (11, 1)] * 12)
    assert shown_numbers(records) == ([12] * 9 + [0]) * 12


def test_a_latecomer_is_not_to_be_had_where_faces_are_missed_at_times():
    """Where one of seven is missed, six are summed as before they came: but other six."""
    for seen, missed in ((3, 1), (1, 2)):
        comes = counted_faces((6, 120), *[(7, seen), (6, missed)] * 30)
        assert not any(shown_numbers(comes)[120:])


def test_four_people_and_a_mistake_of_the_detector_make_no_figure():
    assert not any(shown_numbers(counted_faces(*[(4, 5), (5, 1)] * 20)))


@given(st.lists(st.tuples(st.integers(0, 26), st.integers(1, 70)), min_size=1, max_size=8), st.integers(1, 300))
def test_an_export_of_a_running_session_and_a_later_one_show_the_same_number(stretches, until):
    """Once it was seen for half a minute; two numbers apart by less than five are never shown of a small room."""
    records = counted_faces(*stretches)
    earlier, later = (
        {number for number in shown_numbers(some) if 0 < number <= SMALL_ROOM} for some in (records[:until], records)
    )
    assert len(earlier) <= 1
    assert len(later) <= 1
    if max((shown_numbers(records[:until]).count(number) for number in earlier), default=0) > 60:
        assert earlier == later
    assert all(abs(one - other) >= MIN_FACES for one in later for other in set(shown_numbers(records)) - {0, one})


# Cameras, parts and late records


def test_no_camera_with_fewer_than_five_faces_is_in_a_figure():
    few = counted_faces((3, 60), camera_id="b")
    assert shown_numbers(counted_faces((3, 60), camera_id="a") + few) == [0] * 60
    assert shown_numbers(counted_faces((6, 60), camera_id="a") + few) == [6] * 60


def test_a_part_with_fewer_than_five_faces_is_in_no_figure():
    records = [a_window(at, smiling=3, of=30) for at in range(60)] + [a_window(at, of=1, part="1") for at in range(60)]
    assert shown_numbers(records) == [30] * 60


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 50)), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 50)), min_size=1, max_size=6),
    st.integers(0, 60),
)
def test_a_camera_that_is_added_changes_a_figure_by_nobody_or_by_five_faces_and_more(ours, theirs, late):
    first = counted_faces(*ours)
    before = shown_numbers(first)
    after_it = shown_numbers(first + counted_faces(*theirs, from_s=late, camera_id="cam-2"))
    changes = np.array(after_it[: len(before)]) - before
    assert set(changes[changes != 0] >= MIN_FACES) <= {True}


def test_cameras_of_a_small_room_that_overlap_have_no_figure_and_of_a_large_one_the_fuller_counts():
    cameras = [a_camera("a", overlaps=["b"]), a_camera("b")]
    for of, shown in ((6, 0), (30, 30)):
        records = counted_faces((of, 60), camera_id="a") + counted_faces((of - 1, 60), camera_id="b")
        assert shown_numbers(records, cameras) == [shown] * 60


def test_where_single_faces_may_be_shown_nothing_is_withheld():
    records = counted_faces((1, 60), (3, 60), (2, 60))
    assert shown_numbers(records, min_faces=1) == [1] * 60 + [3] * 60 + [2] * 60
    with pytest.raises(InvalidValue, match="before windows are widened"):
        shown_cells(WindowTable.of(records).widened(10_000), 1)


# None and all of a few


@pytest.mark.parametrize(
    ("smiling", "of", "shares", "text"),
    [
        (0, 6, (0.2, 0, 0.2), "under 1 in 5"),
        (1, 6, (0.2, 0, 0.2), "under 1 in 5"),
        (6, 6, (0.8, 0.8, 1), "over 4 in 5"),
        (3, 6, None, "50 %"),
        (1, 5, None, "20 %"),
        (0, 30, None, "0 %"),
    ],
)
def test_of_few_faces_nearly_none_and_nearly_all_become_a_range(smiling, of, shares, text):
    windows = stage_windows(
        a_session(), a_stage(), [], WindowTable.of(a_window(at, smiling=smiling, of=of) for at in range(60))
    )
    for curve in (reaction_curve(windows, "smile"), smoothed_curve(windows, "smile", 15)):
        figures = tuple(float(line[30]) for line in (curve.share, curve.share_low, curve.share_high))
        assert share_text(*figures) == text
        assert np.isnan(curve.level[30]) == (shares is not None)
        if shares is not None:
            assert figures == pytest.approx(shares)
            assert interval_text(*figures) == ""
        else:
            assert figures[0] == smiling / of


def test_over_a_minute_and_more_five_percent_are_near_enough_to_none():
    shares = np.array([0.04, 0.12, 0.97])
    options = bounded(shares, shares - 0.01, shares + 0.01, faces=np.full(3, 6.0), min_faces=5, seconds=60)
    assert is_bounded(*options).tolist() == [True, False, True]
    assert [share_text(*one) for one in zip(*options, strict=True)] == ["under 5 %", "12 %", "over 95 %"]


def test_shares_of_an_audience_of_one_are_exact():
    shares = np.array([0.0, 1.0])
    assert bounded(shares, shares, shares, faces=np.ones(2), min_faces=1)[0].tolist() == [0, 1]


# Nothing that is withheld is in a figure


@given(WINDOWS)
def test_what_is_withheld_changes_no_figure_that_is_shown(rows):
    """Share, level and band are the same for a withheld window of four smiles and one of none."""
    stretch = timedelta(seconds=60)
    curves = []
    for smiles in (True, False):
        records = [
            a_window(second, smiling=min(smiling, of) if of >= MIN_FACES else of * smiles, of=of)
            for second, smiling, of in rows
        ]
        windows = stage_windows(
            a_session(ended_at=BEGAN + stretch), a_stage(audience_size=9), [], WindowTable.of(records), width_ms=7000
        )
        curves.append(reaction_curve(windows, "smile"))
    for name in ("share", "share_low", "share_high", "level"):
        np.testing.assert_array_equal(getattr(curves[0], name), getattr(curves[1], name))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12), st.tuples(st.integers(0, 12), st.integers(0, 12)), st.integers(1, 30), st.booleans()
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(BASELINES),
)
def test_nothing_a_page_shows_depends_on_what_few_faces_showed(stretches, against):
    """Segments partition a talk whose share is shown: one that is withheld might be had by taking the others away.

    Two audiences that differ in nothing but what the faces of small windows showed look the same on every page.
    Each stretch is (faces, (smiling in the one audience, in the other), seconds, whether a new segment begins).
    """
    seconds = [stretch for stretch in stretches for _ in range(stretch[2])]
    starts = [at for at, (before, after_) in enumerate(pairwise([None, *seconds])) if before != after_ and after_[3]]
    slides = a_timeline(*((f"Slide {at}", at, end) for at, end in pairwise([*starts, len(seconds)])))
    stage = a_stage(timelines=[slides] if starts else [])

    def shown(audience: int) -> str:
        """All figures of a session's page for one of the two audiences."""
        table = WindowTable.of(
            a_window(at, smiling=min(smiling[audience if faces < MIN_FACES else 0], faces), of=faces)
            for at, (faces, smiling, _, _) in enumerate(seconds)
        )
        windows = stage_windows(a_session(), stage, [], table)
        rows = segment_rows(windows, "smile", against=against)
        curve = smoothed_curve(windows, "smile", 15)
        usual = baseline(windows, "smile", against)
        options = [headline(windows), rows, moments(windows, "smile")]
        return repr([*options, *(line.tolist() for line in (curve.share, curve.level, curve.share_low, usual.share))])

    assert shown(0) == shown(1)
