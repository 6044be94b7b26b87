"""What chance does in an audience of which everybody goes their own way.

Such a person shows an expression a part `share` of the time, and keeps what they show for a while: until, once in
`keeps` on average, it is drawn anew. That is a Markov chain of two states, and how much of a stretch of time it spends
in one of them has a moment generating function in closed form (P. J. Pedler, "Occupation times for two state Markov
chains", Journal of Applied Probability 8, 1971). Of n such people its logarithm counts n times, and from it follows how
likely a mean over all of them and all of the stretch is, however rare the expression is and however few they are (H. E.
Daniels, "Saddlepoint approximations in statistics", Annals of Mathematical Statistics 25, 1954), as a normal score
(O. E. Barndorff-Nielsen, "Inference on full or partial parameters based on the standardized signed log likelihood
ratio", Biometrika 73, 1986). Times are in stretches: `keeps` of 2 is twice as long as the stretch that is looked at.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Of = Literal["stretch", "turn"]
"""The mean over a stretch, or that of a stretch less that of the one right before it."""

LONGEST_KEEPS = 1e3
_SHORTEST_KEEPS = 1e-3
_NEWTON_STEPS = 60
_FURTHEST_TILT = 3000.0
# Nearer to the mean than this a normal score is 0/0, and the plain standardised figure is as good.
_NEAR = 0.1
# A mean at which everybody, or nobody, shows it all along lies at the end of the scale, where there is no score: a
# fiftieth of a person off it is looked up instead, or half of what is expected where that is nearer.
_OFF_THE_END = 0.02


def normal_scores(mean: Floats, people: Floats, share: Floats, keeps: float, of: Of = "stretch") -> Floats:
    """How far means lie from what such people do, as standard normal scores.

    Args:
        mean: (k,) the share over a stretch, 0..1, or of a turn the difference of two, -1..1.
        people: (k,) how many, over 0.
        share: (k,) part of the time they show the expression, within 0..1 and neither.
        keeps: how long they keep what they show, in stretches.
        of: what the means are.

    Returns:
        (k,) positive above the share.
    """
    low = 0.0 if of == "stretch" else -1.0
    off = np.minimum(_OFF_THE_END / people, np.minimum(share, 1 - share) / 2)
    mean = np.clip(mean, low + off, 1 - off)
    tilt, least, most = (np.full(mean.shape, start) for start in (0.0, -_FURTHEST_TILT, _FURTHEST_TILT))
    cumulant, centre, variance = _cumulants(tilt, share, keeps, of)
    plain = (mean - centre) / np.sqrt(variance / people)
    # The tilt at which the mean is what is expected, by Newton's method between bounds that close in on it.
    slope, settled, before = centre, np.zeros(mean.shape, dtype=bool), np.full(mean.shape, np.inf)
    for _ in range(_NEWTON_STEPS):
        short = mean - slope
        step = short / np.maximum(variance, 1e-12)
        # Who is there stays there: between its bounds there is soon nothing left but rounding.
        settled |= np.abs(step) < 1e-6 * (1 + np.abs(tilt))
        if settled.all():
            break
        least, most = np.where(short > 0, tilt, least), np.where(short < 0, tilt, most)
        reach = 20 + np.abs(tilt)
        moved = tilt + np.clip(step, -reach, reach)
        # Newton's steps may go to and fro for ever; the middle of the bounds does not.
        astray = (moved <= least) | (moved >= most)
        astray |= (np.abs(short) > before / 2) & (most - least < _FURTHEST_TILT)
        moved = np.where(astray, (least + most) / 2, moved)
        before = np.abs(short)
        tilt = np.where(settled, tilt, moved)
        cumulant, slope, variance = _cumulants(tilt, share, keeps, of)
    root = np.sign(tilt) * np.sqrt(np.maximum(2 * people * (tilt * mean - cumulant), 0))
    wald = tilt * np.sqrt(people * variance)
    near = np.abs(root) < _NEAR
    with np.errstate(divide="ignore", invalid="ignore"):
        scores: Floats = np.where(near, plain, root + np.log(np.abs(wald / root)) / np.where(near, 1, root))
    return scores


def variance_over(keeps: float) -> float:
    """The variance of a mean over a stretch, in that of a single look: 1 if they never change, 0 if they always do."""
    return float(2 * keeps * (1 + keeps * np.expm1(-1 / keeps)))


def variance_of_sum(weights: Floats, keeps: float) -> float:
    """The variance of a weighted sum of means over pieces of time that follow each other, in that of a single look.

    Args:
        weights: (k,) of the pieces, each as long as the other.
        keeps: how long people keep what they show, in pieces.
    """
    apart = np.abs(np.subtract.outer(np.arange(len(weights)), np.arange(len(weights))))
    alike = np.exp(-apart / keeps) * (2 * keeps * np.sinh(1 / (2 * keeps))) ** 2
    np.fill_diagonal(alike, variance_over(keeps))
    return float(weights @ alike @ weights)


def keeps_of(variance: float) -> float:
    """How long people keep what they show, in stretches, whose means have this variance; the other way of
    `variance_over`."""
    low, high = _SHORTEST_KEEPS, LONGEST_KEEPS
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if variance_over(middle) < variance else (low, middle)
    return high


def looks(keeps: float, of: Of = "stretch") -> float:
    """How many times a stretch, on average, what is measured along a session passes its mean upwards.

    After S. O. Rice, "Mathematical analysis of random noise", Bell System Technical Journal 24, 1945: with r of these a
    session of s stretches passes z spreads upwards r s exp(-z²/2) times on average.
    """
    once, twice = np.exp(-1 / keeps), np.exp(-2 / keeps)
    if of == "stretch":
        moves, spread = 2 - 2 * once, variance_over(keeps)
    else:
        moves = 6 - 8 * once + 2 * twice
        spread = 4 * float(_cumulants(np.zeros(1), np.full(1, 0.5), keeps, "turn")[2][0])
    return float(np.sqrt(moves / spread) / (2 * np.pi))


def _cumulants(tilt: Floats, share: Floats, keeps: float, of: Of) -> tuple[Floats, Floats, Floats]:
    """(k,) each: the cumulant generating function of one person's mean at `tilt`, and its first two derivatives."""
    plain, showing, scale = _from_each_state(tilt, share, keeps)
    if of == "turn":
        # Seen backwards such a person is the same: before and after an instant are alike, given the state in it.
        plain_before, showing_before, scale_before = _from_each_state(-tilt, share, keeps)
        plain, showing = _product(plain, plain_before), _product(showing, showing_before)
        scale = scale + scale_before
    value, first, second = ((1 - share) * one + share * other for one, other in zip(plain, showing, strict=True))
    return np.log(value) + scale, first / value, second / value - (first / value) ** 2


_Series = tuple[Floats, Floats, Floats]  # a function, its first and its second derivative


def _product(after: _Series, before: _Series) -> _Series:
    """The series of after(tilt) before(-tilt)."""
    return (
        after[0] * before[0],
        after[1] * before[0] - after[0] * before[1],
        after[2] * before[0] - 2 * after[1] * before[1] + after[0] * before[2],
    )


def _from_each_state(tilt: Floats, share: Floats, keeps: float) -> tuple[_Series, _Series, Floats]:
    """The expectation of exp(tilt part), part of a stretch that is, of who begins it plain, and who begins it showing.

    It is the exponential of a matrix of two rows, whose half trace is h and whose eigenvalues are h ± √q.

    Returns:
        Both as series, divided by the exponential of what comes third, which would be out of range.
    """
    half = (tilt - 1 / keeps) / 2
    square = np.maximum(half * half + share / keeps * tilt, 1e-12)
    square_1 = half + share / keeps
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
