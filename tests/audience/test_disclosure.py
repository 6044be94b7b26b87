"""Figures over few faces are not shown, and cannot be worked out from what is."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.baseline import BASELINES, baseline
from audience.curve import reaction_curve, stage_windows
from audience.disclosure import MIN_FACES, default_min_faces, withheld
from audience.errors import InvalidValue
from audience.headline import headline
from audience.moments import moments
from audience.segment_table import segment_rows
from audience.smoothing import smoothed_curve
from audience.window_table import WindowTable
from tests.builders import BEGAN, a_head_count, a_session, a_stage, a_timeline, a_window, after

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
def test_five_faces_make_a_figure_unless_one_person_was_said_to_watch(audience_size, setting, most_faces, fewest):
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


def test_cameras_are_summed_before_few_faces_are_withheld():
    table = withheld(stage_of(a_window(smiling=1, of=3, camera_id="a"), a_window(smiling=2, of=3, camera_id="b")), 5)
    assert table.over.tolist() == [[3]]


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
    shown = narrow.scored[:, 0] >= min_faces if narrow.expressions else np.zeros(len(narrow), dtype=bool)
    assert shown.tolist() == [of >= min_faces for _, _, of in sorted(rows)] if narrow.expressions else True
    for start, *sums in zip(wide.start_ms, *(getattr(wide, column) for column in SUMS), strict=True):
        inside = shown & (narrow.start_ms - narrow.start_ms % wide.width_ms == start)
        for column, value in zip(SUMS, sums, strict=True):
            np.testing.assert_array_equal(getattr(narrow, column)[inside].sum(axis=0), value)


@given(WINDOWS)
def test_what_is_withheld_changes_no_figure_that_is_shown(rows):
    """Neither share nor level, nor their band, tells a withheld window of four smiles from one of none."""
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
        """Everything the page of a session says of one of the two audiences."""
        table = WindowTable.of(
            a_window(at, smiling=min(smiling[audience if faces < MIN_FACES else 0], faces), of=faces)
            for at, (faces, smiling, _, _) in enumerate(seconds)
        )
        windows = stage_windows(a_session(), stage, [], table)
        rows = segment_rows(windows, "smile", seed=1, against=against)
        curve = smoothed_curve(windows, "smile", 15)
        usual = baseline(windows, "smile", against)
        told = [headline(windows), rows, moments(windows, "smile", seed=1)]
        return repr([*told, *(line.tolist() for line in (curve.share, curve.level, curve.share_low, usual.share))])

    assert shown(0) == shown(1)
