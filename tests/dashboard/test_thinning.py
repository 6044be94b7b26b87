"""Fewer points, the same picture."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.thinning import thinned


@st.composite
def curves(draw: st.DrawFn) -> np.ndarray:
    """A long, restless curve with some gaps in it."""
    values = np.random.default_rng(draw(st.integers(0, 2**32))).random(draw(st.integers(1, 400)))
    for start, length in draw(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), max_size=5)):
        values[start : start + length] = np.nan
    return values


def test_few_points_are_all_kept() -> None:
    assert thinned(np.arange(100.0), 100).tolist() == list(range(100))


def test_many_points_become_few() -> None:
    assert len(thinned(np.sin(np.arange(100_000.0)), 2000)) <= 2002


@given(curves(), st.integers(2, 60))
def test_the_highest_and_the_lowest_point_are_kept(values: np.ndarray, most: int) -> None:
    kept = values[thinned(values, most)]
    known = values[~np.isnan(values)]
    if len(known):
        assert np.nanmax(kept) == known.max()
        assert np.nanmin(kept) == known.min()


@given(curves(), st.integers(2, 60))
def test_every_gap_stays_a_gap_and_no_new_one_opens(values: np.ndarray, most: int) -> None:
    assert _stretches(values[thinned(values, most)]) == _stretches(values)


@given(curves(), st.integers(2, 60))
def test_a_gap_begins_and_ends_where_it_did(values: np.ndarray, most: int) -> None:
    gap = np.isnan(values)
    edges = np.flatnonzero(gap[1:] != gap[:-1])
    assert set(edges) | set(edges + 1) <= set(thinned(values, most))


@given(curves(), st.integers(2, 60))
def test_points_stay_in_order_and_the_ends_stay(values: np.ndarray, most: int) -> None:
    kept = thinned(values, most)
    assert (np.diff(kept) > 0).all()
    assert (kept[0], kept[-1]) == (0, len(values) - 1)


def _stretches(values: np.ndarray) -> list[bool]:
    """Whether there is a figure, each change once."""
    known = ~np.isnan(values)
    return [bool(known[0]), *known[1:][known[1:] != known[:-1]].tolist()]
