"""The Wilson interval: known values, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.reaction.curve import wilson

WHOLE = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def bounds(count, n):
    low, high = wilson(np.array([float(count)]), np.array([float(n)]))
    return float(low[0]), float(high[0])


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        # R: prop.test(x, n, correct = FALSE).
        (8, 10, 0.4901625, 0.9433178),
        (0, 10, 0.0, 0.2775328),
        (10, 10, 0.7224672, 1.0),
        (5, 10, 0.2365931, 0.7634069),
        (1, 1, 0.2065493, 1.0),
        (50, 100, 0.4038315, 0.5961685),
    ],
)
def test_the_interval_has_the_values_of_the_tables(count, n, low, high):
    assert bounds(count, n) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_has_the_values_newcombe_printed(count, n, low, high):
    """R. G. Newcombe, Statistics in Medicine 17, 1998, p. 861, method 3."""
    assert bounds(count, n) == pytest.approx((low, high), abs=5.1e-5)


def test_of_nobody_there_is_no_interval():
    low, high = wilson(np.array([0.0, 1.0]), np.array([0.0, 2.0]))
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    assert np.isfinite(low[1])


def test_of_no_windows_there_are_no_intervals():
    low, high = wilson(np.array([]), np.array([]))
    assert low.shape == high.shape == (0,)


@given(WHOLE)
def test_the_share_lies_within_its_interval_and_the_interval_within_0_and_1(of):
    count, n = of
    low, high = bounds(count, n)
    assert 0 <= low <= count / n <= high <= 1


@given(WHOLE)
def test_what_is_not_so_has_the_mirrored_interval(of):
    count, n = of
    low, high = bounds(count, n)
    assert bounds(n - count, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(WHOLE, st.integers(2, 50))
def test_more_people_make_a_narrower_interval(of, times):
    count, n = of
    few, many = bounds(count, n), bounds(count * times, n * times)
    assert many[1] - many[0] < few[1] - few[0]


@given(st.floats(0, 1), st.floats(0.01, 5000))
def test_an_effective_number_need_not_be_whole(share, n):
    low, high = bounds(share * n, n)
    assert 0 <= low <= high <= 1
    assert low - 1e-9 <= share <= high + 1e-9
