"""Two scorers on the same faces: figures that can be worked out by hand, and intervals that know of tracks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audience.agreement import LEAST_TRACKS, Agreement, agreement, cohens_kappa


def compared(first: list[int], second: list[int], track: list[int] | None = None, window: list[int] | None = None):
    count = len(first)
    return agreement(
        np.array(first, bool),
        np.array(second, bool),
        track=np.array(track if track is not None else range(count)),
        window=np.array(window if window is not None else range(count)),
    )


def people(count: int, seconds: int, *, apart: float, seed: int) -> Agreement:
    """People who smile throughout or not at all, and of some of whom the scorers say different things throughout."""
    generator = np.random.default_rng(seed)
    smiles = generator.random(count) < 0.5
    other = np.where(generator.random(count) < apart, ~smiles, smiles)
    track, window = np.repeat(np.arange(count), seconds), np.tile(np.arange(seconds), count)
    return agreement(smiles[track], other[track], track=track, window=window)


def test_kappa_is_that_of_the_book():
    # Two raters of 50 proposals; Wikipedia's example of Cohen's kappa, .4.
    assert cohens_kappa(20, 5, 10, 15) == pytest.approx(0.4)


def test_scorers_that_say_the_same_agree_in_all():
    found = compared([1, 0, 1, 0], [1, 0, 1, 0])
    assert (found.same, found.kappa.value, found.correlation.value, found.difference.value) == pytest.approx(
        (1, 1, 1, 0)
    )


def test_shares_are_compared_window_by_window():
    # Three windows of two faces; the second sees one smile more in the first of them.
    found = compared([0, 1, 0, 0, 1, 1], [1, 1, 0, 0, 1, 1], window=[0, 0, 1, 1, 2, 2])
    assert (found.windows, found.first, found.second) == pytest.approx((3, 0.5, 4 / 6))
    assert found.difference.value == pytest.approx((0.5 + 0 + 0) / 3)
    assert found.correlation.value == pytest.approx(np.corrcoef([0.5, 0, 1], [1, 0, 1])[0, 1])


def test_where_all_are_alike_there_is_nothing_to_correlate():
    found = compared([1, 1, 1], [1, 1, 1])
    assert math.isnan(found.correlation.value)
    assert math.isnan(found.kappa.value)
    assert found.same == 1


def test_few_tracks_get_no_interval():
    found = compared([1, 0, 1] * 30, [1, 1, 0] * 30, track=[0, 1, 2] * 30, window=[*range(90)])
    assert math.isnan(found.kappa.low)
    assert not math.isnan(people(LEAST_TRACKS, 3, apart=0.3, seed=1).kappa.low)


def test_many_seconds_of_the_same_people_narrow_no_interval():
    """What one bootstrapped over faces would get wrong: each person is one piece of evidence, however long in view."""
    brief, long = (people(60, seconds, apart=0.2, seed=3).kappa for seconds in (1, 40))
    assert long.high - long.low == pytest.approx(brief.high - brief.low, rel=0.15)


def test_the_interval_of_kappa_holds_the_truth():
    """40 rooms of 80 people of whom the scorers differ about one in five: kappa is .6."""
    found = [people(80, 5, apart=0.2, seed=seed).kappa for seed in range(40)]
    assert sum(one.low <= 0.6 <= one.high for one in found) >= 35
