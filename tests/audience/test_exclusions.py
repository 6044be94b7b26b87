"""Exclusions: excluded windows are in no figure, and keep their number of faces."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.exclusions import Annotation, Exclusion, excluded_windows, included_faces
from audience.reaction.curve import StageWindows, overall_share, reaction_curve, smoothed_curve, stage_windows
from audience.reaction.headline import headline
from audience.window_table import WindowTable
from tests.builders import BEGAN, a_session, a_stage, a_window, after, after_ms, an_exclusion, window_faces


def laid_out(*exclusions: Exclusion, seconds: int = 20, width_ms: int | None = None) -> StageWindows:
    """Thirty faces; nobody smiles before second 10, everybody from there on."""
    table = WindowTable.of(a_window(second, smiling=30 * (second >= 10), of=30) for second in range(seconds))
    return stage_windows(a_session(), a_stage(exclusions=exclusions), [], table, width_ms=width_ms)


def test_an_excluded_window_keeps_its_faces_and_loses_its_figures():
    windows = laid_out(an_exclusion(10, 20))
    assert windows.excluded.tolist() == [False] * 10 + [True] * 10
    assert windows.faces.tolist() == [30.0] * 20
    assert np.isnan(reaction_curve(windows, "smile").share).tolist() == windows.excluded.tolist()
    assert overall_share(windows, "smile") == 0


def test_an_excluded_window_is_not_called_one_of_few_faces():
    assert not laid_out(an_exclusion(0, 20)).withheld.any()


def test_a_window_that_is_excluded_in_part_is_left_out_whole():
    assert np.flatnonzero(laid_out(an_exclusion(3.9, 5.1)).excluded).tolist() == [3, 4, 5]
    assert np.flatnonzero(laid_out(an_exclusion(3, 5)).excluded).tolist() == [3, 4]


def test_a_wider_window_is_the_sum_of_what_was_not_excluded():
    windows = laid_out(an_exclusion(5, 10), width_ms=20_000)
    (share,) = [value for value in reaction_curve(windows, "smile").share.tolist() if value == value]
    assert share == pytest.approx(10 / 15)
    assert windows.excluded.any()


def test_excluded_windows_do_not_affect_their_neighbours():
    assert smoothed_curve(laid_out(an_exclusion(10, 20)), "smile", 9).share[9] == 0


def test_the_headline_is_of_the_rest_and_where_all_is_excluded_says_there_is_no_figure():
    assert headline(laid_out(an_exclusion(10, 20))) == "Hardly any face smiled."
    assert headline(laid_out(an_exclusion(0, 20))).startswith("There is no figure")


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(1, 8)), max_size=4))
def test_exclusions_may_overlap_and_stand_in_any_order(spans: list[tuple[int, int]]):
    exclusions = [an_exclusion(start, start + length) for start, length in spans]
    starts = np.array([after_ms(second) for second in range(20)])
    expected = [any(start <= second < start + length for start, length in spans) for second in range(20)]
    assert excluded_windows(starts, 1000, exclusions).tolist() == expected


def test_faces_of_excluded_windows_are_left_out():
    faces = [window_faces(second) for second in range(4)]
    assert included_faces(faces, 1000, [an_exclusion(1, 2.5)]) == [faces[0], faces[3]]
    assert included_faces(faces, 1000, []) == faces


def test_an_exclusion_must_end_after_it_begins_and_carry_a_name():
    with pytest.raises(InvalidValue, match="later end"):
        an_exclusion(5, 5)
    with pytest.raises(InvalidValue, match="name of the person"):
        Exclusion(title="Projector failed", from_at=BEGAN, until_at=after(1), by=" ")
    with pytest.raises(InvalidValue, match="text of a note"):
        Annotation(title="", at=BEGAN, by="Ada")
    with pytest.raises(InvalidValue, match="zone"):
        Annotation(title="Door slammed", at=(BEGAN + timedelta(0)).replace(tzinfo=None), by="Ada")
