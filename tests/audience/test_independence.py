"""The null model: normal scores against simulated people."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from audience.reaction.independence import (
    crossing_rate,
    normal_scores,
    persistence_of_variance,
    variance_of_sum,
    variance_over,
)

LENGTH = 15


def drawn(people: int, share: float, lasts: float, stretches: int, *, seed: int) -> np.ndarray:
    """(stretches,) mean share of people over 15 windows, each with a new state once in `lasts` windows on average."""
    rng = np.random.default_rng(seed)
    showing = rng.random((stretches, people)) < share
    total = np.zeros(stretches)
    for _ in range(LENGTH):
        anew = rng.random(showing.shape) < 1 / lasts
        showing = np.where(anew, rng.random(showing.shape) < share, showing)
        total += showing.mean(axis=1)
    return total / LENGTH


@pytest.mark.parametrize(("people", "share", "lasts"), [(24, 0.2, 4), (6, 0.03, 4), (24, 0.01, 10), (12, 0.5, 60)])
def test_a_score_is_passed_no_more_often_than_a_normal_one(people, share, lasts):
    mean = drawn(people, share, lasts, 40_000, seed=people)
    some = np.full(len(mean), 1.0)
    scores = normal_scores(mean, people * some, share * some, lasts / LENGTH)
    for height in (2.5, 3.0):
        expected = float(special.ndtr(-height))
        beyond = float((scores >= height).mean())
        assert beyond <= 1.15 * expected + 3 * np.sqrt(expected / len(mean))
        assert beyond >= 0.3 * expected, "and not much more seldom either"


def test_scores_of_turns_are_symmetric():
    mean = np.linspace(-1, 1, 41)
    some = np.ones(41)
    for share in (0.01, 0.3):
        scores = normal_scores(mean, 9 * some, share * some, 0.5, "turn")
        assert scores == pytest.approx(-scores[::-1], abs=1e-6)
        assert (np.diff(scores) > 0).all()
        assert np.sign(scores) == pytest.approx(np.sign(mean))


@pytest.mark.parametrize("of", ["stretch", "turn"])
@pytest.mark.parametrize("persistence", [0.02, 0.3, 4.0, 100.0])
def test_faces_to_differ_from_more_scores_higher_from_end_to_end(of, persistence):
    for people, share in ((2, 1e-4), (5, 0.03), (300, 0.5)):
        mean = np.arange(0 if of == "stretch" else -people, people + 1) / people
        scores = normal_scores(mean, np.full(len(mean), people), np.full(len(mean), share), persistence, of)
        assert np.isfinite(scores).all()
        assert (np.diff(scores) > 0).all()
        assert (np.sign(scores) == np.sign(mean - (share if of == "stretch" else 0)))[np.abs(scores) > 0.5].all()


def test_how_long_people_keep_it_follows_from_the_variance_and_back():
    for persistence in (0.01, 0.3, 2.0, 50.0):
        assert persistence_of_variance(variance_over(persistence)) == pytest.approx(persistence, rel=0.01)
    # By hand: the mean of 15 independent windows has a fifteenth of the variance.
    assert variance_over(0.5 / 15) == pytest.approx(1 / 15, rel=0.05)


def test_a_line_passes_its_mean_as_often_as_one_that_was_drawn():
    rng = np.random.default_rng(1)
    lasts = 20
    values = np.zeros((400, 2000))
    values[:, 0] = rng.normal(size=400)
    fade = np.exp(-1 / lasts)
    for at in range(1, values.shape[1]):
        values[:, at] = fade * values[:, at - 1] + np.sqrt(1 - fade**2) * rng.normal(size=400)
    sums = np.cumsum(values, axis=1)
    stretch = 60
    means = sums[:, stretch:] - sums[:, :-stretch]
    upwards = ((means[:, :-1] < 0) & (means[:, 1:] >= 0)).sum() / means[:, 1:].size * stretch
    assert crossing_rate(lasts / stretch) == pytest.approx(upwards, rel=0.05)


@pytest.mark.parametrize("persistence", [0.05, 0.7, 30.0])
def test_a_sum_over_pieces_varies_as_the_mean_over_all_of_them(persistence):
    assert variance_of_sum(np.full(8, 1 / 8), persistence) == pytest.approx(variance_over(persistence / 8))
    assert variance_of_sum(np.array([1.0, 0, -1]), persistence) < 2 * variance_over(persistence)
