"""The cluster permutation test of two groups of curves (E. Maris and R. Oostenveld, "Nonparametric statistical testing
of EEG- and MEG-data", Journal of Neuroscience Methods 164, 2007)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_IN_A_CELL = 3  # units of either group, for a cell to count

_PERMUTATIONS = 1999
_AT_ONCE = 2_000_000  # cells of permutations held in memory, a dozen numbers each
_LEVEL = 0.05  # at which single cells are strung together; the p of the clusters does not depend on its being right


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A run of cells in which two groups differ the same way.

    The test says that the groups differ; where exactly a run begins and ends it does not say.

    Attributes:
        first, last: its cells.
        difference: the mean over them of the first group's mean less the second's.
        p_value: the part of permutations whose largest cluster is as large, this dealing counted among them.
    """

    first: int
    last: int
    difference: float
    p_value: float


def clusters(a: Floats, b: Floats, group: Ints, *, seed: int) -> tuple[Cluster, ...]:
    """The clusters in which two groups of units differ, the surest first.

    In each cell the groups are compared by Student's t, cells at or beyond its 5 % are strung together into runs, and
    a run counts by its sum of t. Then the units are dealt to the groups anew, and the largest run of each dealing is
    what a run has to exceed. So the whole axis is one test, and at most one time in twenty anything at all is found
    between groups of one kind.

    Args:
        a, b: (units, cells) each, NaN where a unit has no figure.
        group: (cells,) runs never cross from one number to another.
        seed: of the permutations.

    Returns:
        All clusters there are, those that chance would bring among them; none where no cell has enough units.
    """
    units = np.concatenate([a, b])
    in_a = np.zeros((1, len(units)))
    in_a[0, : len(a)] = 1
    sums = _Sums.of(units)
    threshold = float(special.stdtrit(len(units) - 2, 1 - _LEVEL / 2))
    found = _runs(sums.t(in_a), group, threshold)
    if not len(found.mass):
        return ()

    rng = np.random.default_rng(seed)
    largest = np.zeros(_PERMUTATIONS)
    step = max(1, _AT_ONCE // a.shape[1])
    for first in range(0, _PERMUTATIONS, step):
        some = min(step, _PERMUTATIONS - first)
        dealt = _runs(sums.t(rng.permuted(np.repeat(in_a, some, axis=0), axis=1)), group, threshold)
        np.maximum.at(largest, first + dealt.row, np.abs(dealt.mass))
    difference = sums.differences(in_a)[0]
    # Rounding must not make a dealing that repeats this one a little smaller than it.
    exceeded = [np.count_nonzero(largest >= abs(mass) * (1 - 1e-9)) for mass in found.mass]
    return tuple(
        Cluster(
            first=int(found.first[run]),
            last=int(found.last[run]),
            difference=float(difference[found.first[run] : found.last[run] + 1].mean()),
            p_value=(1 + exceeded[run]) / (1 + _PERMUTATIONS),
        )
        for run in np.argsort(-np.abs(found.mass), kind="stable")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Units by what sums over any group of them need; (units, cells) each, 0 where a unit has no figure."""

    known: Floats
    values: Floats
    squares: Floats

    @classmethod
    def of(cls, units: Floats) -> Self:
        known = ~np.isnan(units)
        usual = np.where(known, units, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        # Less what is usual in a cell, squares lose no digits.
        values = np.where(known, units - usual, 0)
        return cls(known=known.astype(np.float64), values=values, squares=values * values)

    def differences(self, in_a: Floats) -> Floats:
        """(d, cells) the mean of group A less that of the others, for each dealing (d, units) of 1 and 0."""
        n_a, n = in_a @ self.known, self.known.sum(axis=0)
        total_a, total = in_a @ self.values, self.values.sum(axis=0)
        differences: Floats = total_a / np.maximum(n_a, 1) - (total - total_a) / np.maximum(n - n_a, 1)
        return differences

    def t(self, in_a: Floats) -> Floats:
        """(d, cells) Student's t of each dealing; 0 where a group has fewer than `LEAST_IN_A_CELL` figures."""
        n_a, n = in_a @ self.known, self.known.sum(axis=0)
        n_b = n - n_a
        enough = np.minimum(n_a, n_b) >= LEAST_IN_A_CELL
        n_a, n_b = np.maximum(n_a, 1), np.maximum(n_b, 1)
        total_a, total = in_a @ self.values, self.values.sum(axis=0)
        within = self.squares.sum(axis=0) - total_a**2 / n_a - (total - total_a) ** 2 / n_b
        spread = np.sqrt(np.maximum(within, 1e-12) / np.maximum(n - 2, 1) * (1 / n_a + 1 / n_b))
        return np.where(enough, (total_a / n_a - (total - total_a) / n_b) / spread, 0.0)


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
