"""The null model: an audience of people who react independently of each other.

Each person shows an expression for a part `share` of the time and keeps their state for a while: on average once per
`persistence` it is drawn anew. This is a two-state Markov chain, and the moment generating function of the time it
spends in one state is known in closed form (P. J. Pedler, "Occupation times for two state Markov chains", Journal of
Applied Probability 8, 1971). For n people its logarithm is multiplied by n. The probability of a mean over all people
and the whole stretch follows by a saddlepoint approximation, also for rare expressions and few people (H. E. Daniels,
"Saddlepoint approximations in statistics", Annals of Mathematical Statistics 25, 1954), as a normal score (O. E.
Barndorff-Nielsen, "Inference on full or partial parameters based on the standardized signed log likelihood ratio",
Biometrika 73, 1986). Times are in units of the stretch: a `persistence` of 2 is twice its length.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Of = Literal["stretch", "turn"]
"""The mean over a stretch, or the difference of the means of two successive stretches."""

LONGEST_PERSISTENCE = 1e3
_SHORTEST_PERSISTENCE = 1e-3
_NEWTON_STEPS = 60
_FURTHEST_TILT = 3000.0
# Closer to the mean than this the formula is 0/0, and the plain z-score is as good.
_NEAR = 0.1
# At a mean of exactly 0 or 1 there is no score: the mean is moved inwards by 1/50 of a person, or by half of the
# expected share if that is less.
_OFF_THE_END = 0.02


def normal_scores(mean: Floats, people: Floats, share: Floats, persistence: float, of: Of = "stretch") -> Floats:
    """Standard normal scores of means under the null model.

    Args:
        mean: (k,) the share over a stretch, 0..1; of a turn, the difference of two, -1..1.
        people: (k,) number of people, over 0.
        share: (k,) part of the time that they show the expression, 0 < share < 1.
        persistence: how long they keep an expression, in stretches.
        of: the kind of mean.

    Returns:
        (k,), positive above the share.
    """
    low = 0.0 if of == "stretch" else -1.0
    off = np.minimum(_OFF_THE_END / people, np.minimum(share, 1 - share) / 2)
    mean = np.clip(mean, low + off, 1 - off)
    tilt, least, most = (np.full(mean.shape, start) for start in (0.0, -_FURTHEST_TILT, _FURTHEST_TILT))
    cumulant, centre, variance = _cumulants(tilt, share, persistence, of)
    plain = (mean - centre) / np.sqrt(variance / people)
    # Find the tilt whose expectation is the mean: Newton's method with bisection bounds.
    slope, settled, before = centre, np.zeros(mean.shape, dtype=bool), np.full(mean.shape, np.inf)
    for _ in range(_NEWTON_STEPS):
        short = mean - slope
        step = short / np.maximum(variance, 1e-12)
        # Converged values stay: further steps would be rounding errors.
        settled |= np.abs(step) < 1e-6 * (1 + np.abs(tilt))
        if settled.all():
            break
        least, most = np.where(short > 0, tilt, least), np.where(short < 0, tilt, most)
        reach = 20 + np.abs(tilt)
        moved = tilt + np.clip(step, -reach, reach)
        # Newton's steps may oscillate; then bisect.
        astray = (moved <= least) | (moved >= most)
        astray |= (np.abs(short) > before / 2) & (most - least < _FURTHEST_TILT)
        moved = np.where(astray, (least + most) / 2, moved)
        before = np.abs(short)
        tilt = np.where(settled, tilt, moved)
        cumulant, slope, variance = _cumulants(tilt, share, persistence, of)
    root = np.sign(tilt) * np.sqrt(np.maximum(2 * people * (tilt * mean - cumulant), 0))
    wald = tilt * np.sqrt(people * variance)
    near = np.abs(root) < _NEAR
    with np.errstate(divide="ignore", invalid="ignore"):
        scores: Floats = np.where(near, plain, root + np.log(np.abs(wald / root)) / np.where(near, 1, root))
    return scores


def variance_over(persistence: float) -> float:
    """Variance of a mean over a stretch, relative to a single window: 1 if people never change, 0 if they always do."""
    return float(2 * persistence * (1 + persistence * np.expm1(-1 / persistence)))


def variance_of_sum(weights: Floats, persistence: float) -> float:
    """Variance of a weighted sum of means over successive pieces of time, relative to a single window.

    Args:
        weights: (k,) weights of the pieces, which have equal lengths.
        persistence: how long people keep an expression, in pieces.
    """
    apart = np.abs(np.subtract.outer(np.arange(len(weights)), np.arange(len(weights))))
    alike = np.exp(-apart / persistence) * (2 * persistence * np.sinh(1 / (2 * persistence))) ** 2
    np.fill_diagonal(alike, variance_over(persistence))
    return float(weights @ alike @ weights)


def persistence_of_variance(variance: float) -> float:
    """The persistence, in stretches, for which means have this variance; the inverse of `variance_over`."""
    low, high = _SHORTEST_PERSISTENCE, LONGEST_PERSISTENCE
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if variance_over(middle) < variance else (low, middle)
    return high


def crossing_rate(persistence: float, of: Of = "stretch") -> float:
    """The average number of upward crossings of the mean per stretch.

    By Rice's formula (S. O. Rice, "Mathematical analysis of random noise", Bell System Technical Journal 24, 1945), a
    session of s stretches with rate r crosses z standard deviations upwards r s exp(-z²/2) times on average.
    """
    once, twice = np.exp(-1 / persistence), np.exp(-2 / persistence)
    if of == "stretch":
        moves, spread = 2 - 2 * once, variance_over(persistence)
    else:
        moves = 6 - 8 * once + 2 * twice
        spread = 4 * float(_cumulants(np.zeros(1), np.full(1, 0.5), persistence, "turn")[2][0])
    return float(np.sqrt(moves / spread) / (2 * np.pi))


def _cumulants(tilt: Floats, share: Floats, persistence: float, of: Of) -> tuple[Floats, Floats, Floats]:
    """(k,) each: the cumulant generating function of one person's mean at `tilt`, and its first two derivatives."""
    plain, showing, scale = _from_each_state(tilt, share, persistence)
    if of == "turn":
        # The chain is reversible: given the state at an instant, before and after have the same distribution.
        plain_before, showing_before, scale_before = _from_each_state(-tilt, share, persistence)
        plain, showing = _product(plain, plain_before), _product(showing, showing_before)
        scale = scale + scale_before
    value, first, second = ((1 - share) * one + share * other for one, other in zip(plain, showing, strict=True))
    return np.log(value) + scale, first / value, second / value - (first / value) ** 2


_Series = tuple[Floats, Floats, Floats]  # a function, its first and its second derivative


def _product(after: _Series, before: _Series) -> _Series:
    """The series of after(tilt) * before(-tilt)."""
    return (
        after[0] * before[0],
        after[1] * before[0] - after[0] * before[1],
        after[2] * before[0] - 2 * after[1] * before[1] + after[0] * before[2],
    )


def _from_each_state(tilt: Floats, share: Floats, persistence: float) -> tuple[_Series, _Series, Floats]:
    """The expectation of exp(tilt * part of the stretch spent showing it), by the state at the stretch's start.

    It is the exponential of a 2 x 2 matrix with half trace h and eigenvalues h ± √q.

    Returns:
        The series for the states "not showing" and "showing", both divided by exp(third value) against overflow.
    """
    half = (tilt - 1 / persistence) / 2
    square = np.maximum(half * half + share / persistence * tilt, 1e-12)
    square_1 = half + share / persistence
    root = np.sqrt(square)
    fading = np.exp(-2 * root)
    # cosh √q and sinh √q / √q, and their derivatives in q; near 0 the first term of their series.
    cosh = (1 + fading) / 2
    sinh = np.where(root > 1e-4, (1 - fading) / (2 * root), 1 - root)
    cosh_1 = sinh / 2
    sinh_1 = np.where(root > 1e-3, (cosh - sinh) / (2 * square), 1 / 6)
    cosh_2 = sinh_1 / 2
    sinh_2 = np.where(root > 3e-2, (cosh_1 - sinh_1) / (2 * square) - (cosh - sinh) / (2 * square**2), 1 / 60)

    def series(row: Floats, row_1: float) -> _Series:
        """e^h (cosh √q + row sinh √q / √q), where q has the second, and h the first derivative 1/2."""
        value = cosh + sinh * row
        first = (cosh_1 + sinh_1 * row) * square_1 + sinh * row_1
        second = (cosh_2 + sinh_2 * row) * square_1**2 + (cosh_1 + sinh_1 * row) / 2 + 2 * sinh_1 * square_1 * row_1
        return value, value / 2 + first, value / 4 + first + second

    return series(-half, -0.5), series(tilt - half, 0.5), half + root
