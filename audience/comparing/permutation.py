"""The cluster test of two groups of curves (E. Maris and R. Oostenveld, "Nonparametric statistical testing of EEG- and
MEG-data", Journal of Neuroscience Methods 164, 2007), for groups that may differ in spread.

In each cell the groups are compared by a t whose variance allows for a spread of each group's own: how many times as
wide the one group spreads as the other is told from all cells together, and the spread in a cell from both groups.
Dealt to groups anew, units tell exactly what chance does where both groups are of one kind, and in large groups also
where they spread differently, because the statistic is studentised (A. Janssen, "Studentized permutation tests for
non-i.i.d. hypotheses and the generalized Behrens-Fisher problem", Statistics and Probability Letters 36, 1997; E. Chung
and J. P. Romano, "Exact and asymptotically robust permutation tests", Annals of Statistics 41, 2013). Of few units it
does not hold well enough. There curves are drawn that have each group's own spreads and correlations, and no difference
(a parametric bootstrap, after K. Krishnamoorthy, F. Lu and T. Mathew, "A parametric bootstrap approach for ANOVA with
unequal variances", Computational Statistics and Data Analysis 51, 2007). Of groups of one size that is enough: what is
skewed, or told wrong, in both cancels. Of groups of two sizes it is not. There how much levels spread, which decides
how long runs are, is drawn too, from what few units leave open (a generalised p-value: K.-W. Tsui and S. Weerahandi,
JASA 84, 1989), and dealing has to say so as well, because it alone knows of shares whose distribution is skewed.
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

_DRAWS = 1999  # of dealings, and of curves
_FEW = 20  # units of a group, for fewer than which dealing anew is not enough
_AT_ONCE = 2_000_000  # cells held in memory, a dozen numbers each
_LEVEL = 0.05  # at which single cells are strung together; the p of the clusters does not depend on its being right
# A cell in which hardly anybody differs from anybody is given this part of the usual variance, so that not all that is
# found hangs on it (V. G. Tusher, R. Tibshirani and G. Chu, PNAS 98, 2001, add such a constant to each spread).
_LEAST_VARIANCE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A run of cells in which two groups differ the same way.

    The test says that the groups differ; where exactly a run begins and ends it does not say.

    Attributes:
        first, last: its cells.
        difference: the mean over them of the first group's mean less the second's.
        p_value: the part of what chance gives whose largest cluster is as large.
    """

    first: int
    last: int
    difference: float
    p_value: float


def clusters(a: Floats, b: Floats, group: Ints, *, seed: int) -> tuple[Cluster, ...]:
    """The clusters in which two groups of units differ, the surest first.

    Cells at which t is at or beyond its 5 % are strung together into runs, and a run counts by its sum of t. The
    largest run of each draw of chance is what a run has to exceed. So the whole axis is one test, and at most one time
    in twenty anything at all is found between groups that differ in nothing but spread.

    Args:
        a, b: (units, cells) each, NaN where a unit has no figure.
        group: (cells,) runs never cross from one number to another.
        seed: of the permutations.

    Returns:
        All clusters there are, those that chance would bring among them; none where no cell has enough units.
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
        """(draws,) the largest run of each."""
        sizes = np.zeros(draws)
        step = max(1, _AT_ONCE // (a.shape[1] * (1 + in_a.size // 12)))
        for first in range(0, draws, step):
            drawn = _runs(of(first, min(first + step, draws)).t(), group, threshold)
            np.maximum.at(sizes, first + drawn.row, np.abs(drawn.mass))
        return sizes

    rng = np.random.default_rng(seed)
    few, of_two_sizes = min(len(a), len(b)) < _FEW, len(a) != len(b)
    by_chance = []
    if not few or of_two_sizes:
        dealings = _dealings(len(a), len(b))
        if dealings is None:
            by_dealing = np.append(
                np.inf,
                largest(_DRAWS, lambda first, end: sums.groups(rng.permuted(np.repeat(in_a, end - first, 0), axis=1))),
            )
        else:
            by_dealing = largest(len(dealings), lambda first, end: sums.groups(dealings[first:end]))
        by_chance.append(by_dealing)
    # This dealing is one of them; of groups that were drawn it is counted as one.
    if few:
        of_a, of_b = _Likeness.of(a), _Likeness.of(b)
        drawn = largest(
            _DRAWS,
            lambda first, end: _Groups(
                *of_a.drawn(end - first, rng, levels=of_two_sizes), *of_b.drawn(end - first, rng, levels=of_two_sizes)
            ),
        )
        by_chance.append(np.append(np.inf, drawn))
    # Rounding must not make a dealing that repeats this one a little smaller than it.
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


def _dealings(units_a: int, units_b: int) -> Floats | None:
    """All ways of dealing units to two groups of these sizes, (d, units) of 1 for the first; None where they are more
    than would be drawn."""
    units = units_a + units_b
    if math.comb(units, units_a) > _DRAWS + 1:
        return None
    chosen = np.array(list(itertools.combinations(range(units), units_a)))
    dealings = np.zeros((len(chosen), units))
    dealings[np.arange(len(chosen))[:, None], chosen] = 1
    return dealings


@dataclass(frozen=True, slots=True)
class _Groups:
    """Two groups in each cell, for each of several draws: how many figures (1 or d, cells), their mean, and the sum of
    their squared distances from it (d, cells)."""

    count_a: Floats
    mean_a: Floats
    squares_a: Floats
    count_b: Floats
    mean_b: Floats
    squares_b: Floats

    def t(self) -> Floats:
        """(d, cells) the studentised difference; 0 where a group has fewer than `LEAST_IN_A_CELL` figures."""
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
    """(d, 1) the weighted sum of each row of (d, cells), and not nothing."""
    sums: Floats = np.einsum("dc,dc->d", values, np.broadcast_to(weight, values.shape))[:, None]
    return np.maximum(sums, 1e-12)


def _centred(units: Floats) -> tuple[Floats, Floats]:
    """1 where a unit has a figure, and its figures less the mean of their cell; 0 where it has none."""
    known = ~np.isnan(units)
    mean = np.where(known, units, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return known.astype(np.float64), np.where(known, units - mean, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Likeness:
    """What a group's curves are like; (units, cells) each, 0 where a curve has no figure.

    Attributes:
        known: 1 where a curve has a figure.
        off: how far each lies from their mean, so that its square is its part of their variance.
        level: what is the same of that all along.
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

    def drawn(self, draws: int, rng: np.random.Generator, *, levels: bool) -> tuple[Floats, Floats, Floats]:
        """Groups of as many curves with the same variances and correlations, around 0: counts, means and squares.

        Few curves leave open how much levels spread, and how alike cells are hangs on it. The squares of a large group
        are as good as known, and so is that; they are not drawn.

        Args:
            draws: how many.
            rng: to draw with.
            levels: whether how much levels spread is drawn as well, from what it may be.
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
    """Units by what sums over any group of them need; (units, cells) each, 0 where a unit has no figure."""

    known: Floats
    values: Floats
    squares: Floats

    @classmethod
    def of(cls, units: Floats) -> Self:
        known, values = _centred(units)  # so that squares lose no digits
        return cls(known=known, values=values, squares=values * values)

    def groups(self, in_a: Floats) -> _Groups:
        """The groups of each dealing (d, units) of 1 for the first group and 0."""
        # Where nobody has a gap, dealings have the same counts.
        dealt = in_a if (self.known == 0).any() else in_a[:1]
        count_a, total_a, squares_a = dealt @ self.known, in_a @ self.values, in_a @ self.squares
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
    """Runs of cells beyond the threshold; (r,) each: in which dealing, from which cell to which, and the sum of t."""

    row: Ints
    first: Ints
    last: Ints
    mass: Floats


def _runs(t: Floats, group: Ints, threshold: float) -> _Runs:
    """The runs of each row of t (d, cells)."""
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
