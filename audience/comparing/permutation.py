"""Cluster-based permutation test of two groups of curves (E. Maris and R. Oostenveld, "Nonparametric statistical
testing of EEG- and MEG-data", Journal of Neuroscience Methods 164, 2007), for groups that may differ in spread.

In each cell the groups are compared by a t statistic that allows unequal variances: the ratio of the two variances is
estimated from all cells together, and the variance in a cell from both groups. Permuting the units between groups gives
an exact test if both groups have the same distribution, and an asymptotically valid one if their variances differ,
because the statistic is studentised (A. Janssen, "Studentized permutation tests for non-i.i.d. hypotheses and the
generalized Behrens-Fisher problem", Statistics and Probability Letters 36, 1997; E. Chung and J. P. Romano, "Exact and
asymptotically robust permutation tests", Annals of Statistics 41, 2013). For few units that is not good enough. Then
curves are simulated with each group's variances and correlations, and no difference (a parametric bootstrap, after K.
Krishnamoorthy, F. Lu and T. Mathew, "A parametric bootstrap approach for ANOVA with unequal variances", Computational
Statistics and Data Analysis 51, 2007). For groups of equal sizes that is enough: skewness and estimation errors cancel.
For unequal sizes, the variance of the curves' levels, which determines the lengths of runs, is simulated too, from its
uncertainty (a generalised p-value: K.-W. Tsui and S. Weerahandi, JASA 84, 1989), and the permutation test must agree,
because only it accounts for skewed shares.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

LEAST_IN_A_CELL = 3  # units of either group, for a cell to count

_DRAWS = 1999  # permutations, and bootstrap samples
_FEW = 20  # with fewer units in a group, permutation alone is not enough
_AT_ONCE = 2_000_000  # cells in memory at once, a dozen numbers each
_LEVEL = 0.05  # cell-level threshold that forms clusters; the clusters' p does not depend on its calibration
# A floor for a cell's variance, as a part of the mean variance, so that nearly constant cells do not dominate (V. G.
# Tusher, R. Tibshirani and G. Chu, PNAS 98, 2001, add such a constant to each spread).
_LEAST_VARIANCE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A run of cells in which two groups differ with the same sign.

    The test shows that the groups differ, but not exactly where a run begins and ends.

    Attributes:
        first, last: index of its first and last cell.
        difference: mean over its cells of the first group's mean less the second's.
        p_value: fraction of null samples whose largest cluster is at least as large.
    """

    first: int
    last: int
    difference: float
    p_value: float


def clusters(a: Floats, b: Floats, group: Ints, *, seed: int) -> tuple[Cluster, ...]:
    """Finds the clusters in which two groups of units differ, smallest p first.

    Successive cells with |t| at or over the 5 % threshold form a run, whose size is its sum of t. A run is compared
    with the largest run of each null sample. So the whole axis is one test, with a family-wise error rate of 5 %, also
    if the groups differ in variance.

    Args:
        a, b: (units, cells) each, NaN where a unit has no figure.
        group: (cells,) group number of each cell; runs never cross groups.
        seed: seed of the permutations.

    Returns:
        All clusters, also those that are not significant; none if no cell has enough units.
    """
    sums = _Sums.of(np.concatenate([a, b]))
    in_a = np.zeros((1, len(a) + len(b)))
    in_a[0, : len(a)] = 1
    threshold = float(special.stdtrit(in_a.size - 2, 1 - _LEVEL / 2))
    groups = sums.groups(in_a)
    found = _runs(groups.t(), group, threshold)
    if not len(found.mass):
        return ()

    def largest(draws: int, of: Callable[[int, int], _Groups]) -> Floats:
        """(draws,) the size of each sample's largest run."""
        sizes = np.zeros(draws)
        step = max(1, _AT_ONCE // (a.shape[1] * (1 + in_a.size // 12)))
        for first in range(0, draws, step):
            bootstrapped = _runs(of(first, min(first + step, draws)).t(), group, threshold)
            np.maximum.at(sizes, first + bootstrapped.row, np.abs(bootstrapped.mass))
        return sizes

    rng = np.random.default_rng(seed)
    few, of_two_sizes = min(len(a), len(b)) < _FEW, len(a) != len(b)
    by_chance = []
    if not few or of_two_sizes:
        assignments = _assignments(len(a), len(b))
        if assignments is None:
            by_permutation = np.append(
                np.inf,
                largest(_DRAWS, lambda first, end: sums.groups(rng.permuted(np.repeat(in_a, end - first, 0), axis=1))),
            )
        else:
            by_permutation = largest(len(assignments), lambda first, end: sums.groups(assignments[first:end]))
        by_chance.append(by_permutation)
    # The observed data count as one of the samples: a permutation includes them, a bootstrap gets an infinite one.
    if few:
        of_a, of_b = _GroupModel.of(a), _GroupModel.of(b)
        bootstrapped = largest(
            _DRAWS,
            lambda first, end: _Groups(
                *of_a.bootstrapped(end - first, rng, levels=of_two_sizes),
                *of_b.bootstrapped(end - first, rng, levels=of_two_sizes),
            ),
        )
        by_chance.append(np.append(np.inf, bootstrapped))
    # The tolerance keeps rounding from ranking an equal permutation below the observed data.
    p_values = [max(float((sizes >= abs(mass) * (1 - 1e-9)).mean()) for sizes in by_chance) for mass in found.mass]
    difference = (groups.mean_a - groups.mean_b)[0]
    return tuple(
        Cluster(
            first=int(found.first[run]),
            last=int(found.last[run]),
            difference=float(difference[found.first[run] : found.last[run] + 1].mean()),
            p_value=p_values[run],
        )
        for run in np.argsort(-np.abs(found.mass), kind="stable")
    )


def _assignments(units_a: int, units_b: int) -> Floats | None:
    """All assignments of units to two groups, (d, units) with 1 for the first; None if over `_DRAWS`."""
    units = units_a + units_b
    if math.comb(units, units_a) > _DRAWS + 1:
        return None
    chosen = np.array(list(itertools.combinations(range(units), units_a)))
    assignments = np.zeros((len(chosen), units))
    assignments[np.arange(len(chosen))[:, None], chosen] = 1
    return assignments


@dataclass(frozen=True, slots=True)
class _Groups:
    """Two groups in each cell, for d samples: count (1 or d, cells), mean and squared deviations (d, cells)."""

    count_a: Floats
    mean_a: Floats
    squares_a: Floats
    count_b: Floats
    mean_b: Floats
    squares_b: Floats

    def t(self) -> Floats:
        """(d, cells) t statistics; 0 where a group has fewer than `LEAST_IN_A_CELL` figures."""
        enough = np.minimum(self.count_a, self.count_b) >= LEAST_IN_A_CELL
        count_a, count_b = np.maximum(self.count_a, 2), np.maximum(self.count_b, 2)
        wider = _over_cells(self.squares_a, enough / (count_a - 1)) / _over_cells(
            self.squares_b, enough / (count_b - 1)
        )
        variance = self.squares_a / wider
        variance += self.squares_b
        variance /= count_a + count_b - 2
        cells = np.maximum(enough.sum(axis=1, keepdims=True), 1)
        np.maximum(variance, _LEAST_VARIANCE / cells * _over_cells(variance, enough), out=variance)
        variance *= wider / count_a + 1 / count_b
        t: Floats = (self.mean_a - self.mean_b) / np.sqrt(variance, out=variance)
        return np.where(enough, t, 0.0)


def _over_cells(values: Floats, weight: Floats | Bools) -> Floats:
    """(d, 1) the weighted sum of each row of (d, cells), at least 1e-12."""
    sums: Floats = np.einsum("dc,dc->d", values, np.broadcast_to(weight, values.shape))[:, None]
    return np.maximum(sums, 1e-12)


def _centred(units: Floats) -> tuple[Floats, Floats]:
    """A mask of known figures (1 or 0), and the figures less the mean of their cell (0 where unknown)."""
    known = ~np.isnan(units)
    mean = np.where(known, units, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return known.astype(np.float64), np.where(known, units - mean, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _GroupModel:
    """The null model of a group of curves; (units, cells) each, 0 where a curve has no figure.

    Attributes:
        known: 1 where a curve has a figure.
        off: deviations from the mean, scaled so that their squares add up to the variance.
        level: the mean deviation of each curve.
    """

    known: Floats
    off: Floats
    level: Floats

    @classmethod
    def of(cls, units: Floats) -> Self:
        known, off = _centred(units)
        off /= np.sqrt(np.maximum(known.sum(axis=0) - 1, 1))
        level = off.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1) * known
        return cls(known=known, off=off, level=level)

    def bootstrapped(self, draws: int, rng: np.random.Generator, *, levels: bool) -> tuple[Floats, Floats, Floats]:
        """Simulates groups of curves with the same variances and correlations, and mean 0: counts, means and squares.

        With few curves the variance of levels is uncertain, and the correlation of cells depends on it. For a large
        group the squares are taken as known.

        Args:
            draws: number of samples.
            rng: random generator.
            levels: whether to simulate the uncertainty of the levels' variance too.
        """
        units, count = len(self.off), self.known.sum(axis=0, keepdims=True)
        some = np.maximum(count, 1)
        if units >= _FEW:
            means = rng.standard_normal((draws, units)) @ self.off / np.sqrt(some)
            squares = (self.off**2).sum(axis=0, keepdims=True) * (some - 1)
            return count, means, np.repeat(squares, draws, axis=0)
        of_curves = rng.standard_normal((draws * units, units))
        curves = of_curves @ self.off
        if levels:
            wider = np.repeat(np.sqrt((units - 1) / rng.chisquare(units - 1, draws)), units)[:, None]
            curves += ((wider - 1) * of_curves) @ self.level
        curves = curves.reshape(draws, units, -1) * self.known
        means = curves.sum(axis=1) / some
        squares = np.einsum("duc,duc->dc", curves, curves) - means**2 * some
        return count, means, np.maximum(squares, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Units in the form that sums over groups need; (units, cells) each, 0 where a unit has no figure."""

    known: Floats
    values: Floats
    squares: Floats

    @classmethod
    def of(cls, units: Floats) -> Self:
        known, values = _centred(units)  # centred, to keep precision in the squares
        return cls(known=known, values=values, squares=values * values)

    def groups(self, in_a: Floats) -> _Groups:
        """The groups of each assignment (d, units), with 1 for the first group and 0 for the second."""
        # Without gaps all assignments have the same counts.
        assigned = in_a if (self.known == 0).any() else in_a[:1]
        count_a, total_a, squares_a = assigned @ self.known, in_a @ self.values, in_a @ self.squares
        count_b = self.known.sum(axis=0) - count_a
        total_b, squares_b = self.values.sum(axis=0) - total_a, self.squares.sum(axis=0) - squares_a
        for total, count, squares in ((total_a, count_a, squares_a), (total_b, count_b, squares_b)):
            some = np.maximum(count, 1)
            squares -= total * total / some
            np.maximum(squares, 0, out=squares)
            total /= some
        return _Groups(count_a, total_a, squares_a, count_b, total_b, squares_b)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    """Runs of cells over the threshold; (r,) each: sample, first cell, last cell, and the sum of t."""

    row: Ints
    first: Ints
    last: Ints
    mass: Floats


def _runs(t: Floats, group: Ints, threshold: float) -> _Runs:
    """Finds the runs in each row of t (d, cells)."""
    side = np.where(np.abs(t) >= threshold, np.sign(t), 0).astype(np.int8)
    begins = side != 0
    begins[:, 1:] &= (side[:, 1:] != side[:, :-1]) | (group[1:] != group[:-1])
    ends = side != 0
    ends[:, :-1] &= (side[:, 1:] != side[:, :-1]) | (group[1:] != group[:-1])
    row, first = np.nonzero(begins)
    _, last = np.nonzero(ends)
    beyond = np.where(side != 0, t, 0.0).ravel()
    at = row * t.shape[1] + first
    mass = np.add.reduceat(beyond, at) if len(at) else np.zeros(0)
    return _Runs(row=row, first=first, last=last, mass=mass)
