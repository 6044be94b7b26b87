"""Fewer points, the same picture."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.thinning import thinned

VALUES = st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=300)


def test_few_points_are_all_kept() -> None:
    assert thinned(np.arange(100.0), 100).tolist() == list(range(100))


def test_many_points_become_few() -> None:
    assert len(thinned(np.sin(np.arange(100_000.0)), 2000)) <= 2002


@given(VALUES, st.integers(2, 60))
def test_the_highest_and_the_lowest_point_are_kept(values: list[float], most: int) -> None:
    array = np.array(values)
    kept = array[thinned(array, most)]
    known = array[~np.isnan(array)]
    if len(known):
        assert np.nanmax(kept) == known.max()
        assert np.nanmin(kept) == known.min()


@given(VALUES, st.integers(2, 60))
def test_every_gap_stays_a_gap_and_no_new_one_opens(values: list[float], most: int) -> None:
    array = np.array(values)
    kept = array[thinned(array, most)]
    assert _stretches(kept) == _stretches(array)


@given(VALUES, st.integers(2, 60))
def test_points_stay_in_order_and_the_ends_stay(values: list[float], most: int) -> None:
    kept = thinned(np.array(values), most)
    assert (np.diff(kept) > 0).all()
    assert (kept[0], kept[-1]) == (0, len(values) - 1)


def _stretches(values: np.ndarray) -> list[bool]:
    """Whether there is a figure, each change once."""
    known = ~np.isnan(values)
    return [bool(known[0]), *known[1:][known[1:] != known[:-1]].tolist()]
