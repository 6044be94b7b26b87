"""Cut A against cut B: where they differ, how much, and whether by more than chance.

The units are what was sampled: screenings, or the people of one screening of each cut. Over screenings the answer is
about the cuts; over the people of two screenings it is about these two audiences, which differ in more than the cut
they saw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.cuts import SharedAxis
from audience.intervals import Z_95
from audience.permutation import LEAST_IN_A_CELL, Cluster, clusters

Floats = NDArray[np.float64]

LEAST_UNITS = 5  # of each cut: fewer leave open by more than a factor of two how far they spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two cuts along what they share; figures are NaN where there is not enough data.

    Attributes:
        axis: what they share; (c,) below are along its cells.
        units_a, units_b: how many of each have figures there, in cells in which some of the other have too.
        mean_a, mean_b: (c,) means over units.
        difference, low, high: (c,) A less B, and its 95 % interval cell by cell (Welch).
        clusters: runs of cells in which they differ, the surest first; only those with a p of at most .05 differ by
            more than chance.
        overall, overall_low, overall_high: the difference of the units' means over all that is shared, and its 95 %
            interval (Welch).
        effect, effect_low, effect_high: Cohen's d of it, corrected for few units, and its 95 % interval.
    """

    axis: SharedAxis
    units_a: int
    units_b: int
    mean_a: Floats
    mean_b: Floats
    difference: Floats
    low: Floats
    high: Floats
    clusters: tuple[Cluster, ...]
    overall: float
    overall_low: float
    overall_high: float
    effect: float
    effect_low: float
    effect_high: float

    @property
    def enough(self) -> bool:
        """Whether there are units enough to compare; else the page says "not enough data"."""
        return min(self.units_a, self.units_b) >= LEAST_UNITS


def compare(a: Floats, b: Floats, axis: SharedAxis, *, seed: int) -> Comparison:
    """Compares the units of two cuts.

    Args:
        a, b: (units, cells) each, NaN where a unit has no figure; from `audience.units.screenings` or `people`.
        axis: what the cuts share.
        seed: of the permutations.
    """
    in_both = ~np.isnan(_means(a) + _means(b))
    a, b = (units[~np.isnan(units[:, in_both]).all(axis=1)] for units in (a, b))
    if min(len(a), len(b)) < LEAST_UNITS:
        nothing = np.full(len(axis), np.nan)
        return Comparison(
            axis=axis,
            units_a=len(a),
            units_b=len(b),
            mean_a=nothing,
            mean_b=nothing,
            difference=nothing,
            low=nothing,
            high=nothing,
            clusters=(),
            overall=np.nan,
            overall_low=np.nan,
            overall_high=np.nan,
            effect=np.nan,
            effect_low=np.nan,
            effect_high=np.nan,
        )
    mean_a, mean_b = _means(a), _means(b)
    low, high = _welch(a, b)
    # A unit that saw only some cells must not differ for having seen these: each is taken less what is usual there,
    # which is half way between the groups, however many of either there are, and nowhere where one has none.
    usual = (mean_a + mean_b) / 2
    own_a, own_b = (np.nanmean(units - usual, axis=1, keepdims=True) for units in (a, b))
    overall_low, overall_high = _welch(own_a, own_b)
    effect, effect_low, effect_high = _effect(own_a[:, 0], own_b[:, 0])
    return Comparison(
        axis=axis,
        units_a=len(a),
        units_b=len(b),
        mean_a=mean_a,
        mean_b=mean_b,
        difference=mean_a - mean_b,
        low=low,
        high=high,
        clusters=clusters(a, b, axis.edit, seed=seed),
        overall=float(own_a.mean() - own_b.mean()),
        overall_low=float(overall_low[0]),
        overall_high=float(overall_high[0]),
        effect=effect,
        effect_low=effect_low,
        effect_high=effect_high,
    )


def _means(units: Floats) -> Floats:
    """(c,) means over units, NaN where none has a figure."""
    count = np.count_nonzero(~np.isnan(units), axis=0)
    means: Floats = np.nansum(units, axis=0) / np.where(count > 0, count, np.nan)
    return means


def _welch(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """(c,) each: the 95 % interval of the difference of means (B. L. Welch, Biometrika 34, 1947).

    NaN in cells of fewer than `LEAST_IN_A_CELL` units of either.
    """
    parts = []
    for units in (a, b):
        count = np.count_nonzero(~np.isnan(units), axis=0).astype(np.float64)
        count[count < LEAST_IN_A_CELL] = np.nan
        variance = np.nansum((units - _means(units)) ** 2, axis=0) / (count - 1)
        parts.append((count, variance / count))
    (n_a, error_a), (n_b, error_b) = parts
    total = error_a + error_b
    # Units that are all alike have no spread, and no degrees of freedom to tell from it.
    pooled = np.maximum(error_a**2 / (n_a - 1) + error_b**2 / (n_b - 1), 1e-300)
    freedom = np.maximum(total**2 / pooled, np.fmin(n_a, n_b) - 1)
    reach = special.stdtrit(freedom, 0.975) * np.sqrt(total)
    difference = _means(a) - _means(b)
    return difference - reach, difference + reach


def _effect(a: Floats, b: Floats) -> tuple[float, float, float]:
    """Cohen's d of two groups of figures and its 95 % interval; NaN where neither group has a spread.

    Measured in the mean of both groups' variances, so that it holds where they differ (D. G. Bonett, "Confidence
    intervals for standardized linear contrasts of means", Psychological Methods 13, 2008), and corrected for few units
    (L. V. Hedges and I. Olkin, "Statistical Methods for Meta-Analysis", 1985, chapter 5).
    """
    of_a, of_b = a.var(ddof=1), b.var(ddof=1)
    usual = (of_a + of_b) / 2
    if usual < 1e-24:
        return (np.nan,) * 3
    plain = (a.mean() - b.mean()) / np.sqrt(usual)
    each_a, each_b = of_a / (len(a) - 1), of_b / (len(b) - 1)
    of_spread = (of_a * each_a + of_b * each_b) / (8 * usual**2)
    reach = Z_95 * float(np.sqrt(plain**2 * of_spread + (each_a + each_b) / usual))
    freedom = (of_a + of_b) ** 2 / (of_a * each_a + of_b * each_b)
    effect = float(plain * (1 - 3 / (4 * freedom - 1)))
    return effect, effect - reach, effect + reach
