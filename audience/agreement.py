"""How far two scorers agree on the same faces: second by second, face by face, with intervals that respect tracks.

Faces of one track are alike, so they are no independent evidence. Intervals come from a bootstrap that draws whole
tracks, with replacement, and works every figure out anew from their faces (A. C. Davison and D. V. Hinkley, "Bootstrap
Methods and their Application", Cambridge University Press 1997, section 3.8; C. A. Field and A. H. Welsh,
"Bootstrapping clustered data", Journal of the Royal Statistical Society B 69, 2007). A person whose track broke in two
counts as two, so that the intervals are rather too narrow where tracks break often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Counts = Floats | float

LEAST_TRACKS: Final = 10
"""With fewer tracks no interval is given: a bootstrap of so few is too narrow."""

_DRAWS: Final = 1_000
_SEED: Final = 1  # the same faces give the same interval
_AT_ONCE: Final = 2_000_000  # weights in memory at once
_ENDS: Final = (2.5, 97.5)  # percentiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval; NaN where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The agreement of two scorers on one expression, over the faces that both scored.

    Attributes:
        faces, tracks, windows: how many.
        first, second: share of the faces that show the expression by each scorer, 0..1.
        same: share of the faces of which both say the same, 0..1.
        kappa: Cohen's kappa of the single faces, -1..1.
        correlation: Pearson's correlation of the shares of windows, -1..1.
        difference: mean over windows of the second's share less the first's, -1..1.
    """

    faces: int
    tracks: int
    windows: int
    first: float
    second: float
    same: float
    kappa: Estimate
    correlation: Estimate
    difference: Estimate


def cohens_kappa(both: Counts, first_only: Counts, second_only: Counts, neither: Counts) -> Floats:
    """Cohen's kappa, (share - chance) / (1 - chance), of counts by what each of two raters says.

    Chance is the share at which both would agree if one knew nothing of the other (Cohen, Educational and
    Psychological Measurement 20, 1960).

    Args:
        both, first_only, second_only, neither: counts of one shape.

    Returns:
        Kappa in that shape; NaN where both say the same of everything, or there is nothing.
    """
    counts = np.array([both, first_only, second_only, neither], dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        both_part, first_part, second_part, neither_part = counts / counts.sum(axis=0)
        share = both_part + neither_part
        first, second = both_part + first_part, both_part + second_part
        chance = first * second + (1 - first) * (1 - second)
        return np.asarray(np.where(chance < 1, (share - chance) / (1 - chance), np.nan), dtype=np.float64)


def agreement(first: Bools, second: Bools, *, track: Ints, window: Ints) -> Agreement:
    """Compares two scorers on the same faces.

    Args:
        first, second: (n,) whether a face shows the expression, by each scorer; one face at least.
        track, window: (n,) numbers of its track and its window.

    Returns:
        The agreement. Correlation is NaN where there are fewer than three windows, or a scorer gives all the same
        share; intervals are NaN where there are fewer than `LEAST_TRACKS` tracks.
    """
    tracks, of_track = np.unique(track, return_inverse=True)
    windows, in_window = np.unique(window, return_inverse=True)
    # For each track: its faces by what the scorers say of them, and its faces and verdicts in each window.
    cells = np.zeros((len(tracks), 4))
    np.add.at(cells, (of_track, 2 * (~first).astype(int) + (~second).astype(int)), 1.0)
    faces, shown, shown_second = (np.zeros((len(tracks), len(windows))) for _ in range(3))
    np.add.at(faces, (of_track, in_window), 1.0)
    np.add.at(shown, (of_track, in_window), first.astype(float))
    np.add.at(shown_second, (of_track, in_window), second.astype(float))

    def figures(weights: Floats) -> Floats:
        """Kappa, correlation and difference (3 x draws) under the weights (draws x tracks) of the tracks."""
        counts = weights @ cells
        with np.errstate(invalid="ignore", divide="ignore"):
            each = weights @ faces
            one, other = (weights @ shown) / each, (weights @ shown_second) / each
        return np.stack([cohens_kappa(*counts.T), _correlations(one, other), _means(other - one)])

    value = figures(np.ones((1, len(tracks))))[:, 0]
    low = high = np.full(3, np.nan)
    if len(tracks) >= LEAST_TRACKS:
        low, high = _interval(_drawn(figures, len(tracks), len(windows)))
    kappa, correlation, difference = (
        Estimate(value=float(value[place]), low=float(low[place]), high=float(high[place])) for place in range(3)
    )
    return Agreement(
        faces=len(first),
        tracks=len(tracks),
        windows=len(windows),
        first=float(first.mean()),
        second=float(second.mean()),
        same=float((first == second).mean()),
        kappa=kappa,
        correlation=correlation,
        difference=difference,
    )


def _drawn(figures: Callable[[Floats], Floats], tracks: int, windows: int) -> Floats:
    """The figures of every draw of whole tracks: 3 x draws."""
    generator = np.random.default_rng(_SEED)
    rows = max(1, _AT_ONCE // max(tracks, windows))
    parts = [
        figures(generator.multinomial(tracks, np.full(tracks, 1 / tracks), size=min(rows, _DRAWS - done)).astype(float))
        for done in range(0, _DRAWS, rows)
    ]
    return np.concatenate(parts, axis=1)


def _interval(drawn: Floats) -> tuple[Floats, Floats]:
    """The ends of the middle 95 % of each row; NaN where half of the draws have no figure."""
    ends = np.full((2, len(drawn)), np.nan)
    for row, values in enumerate(drawn):
        known = values[np.isfinite(values)]
        if 2 * len(known) > len(values):
            ends[:, row] = np.percentile(known, _ENDS)
    return ends[0], ends[1]


def _correlations(one: Floats, other: Floats) -> Floats:
    """Pearson's correlation of each row over the columns that both have."""
    known = np.isfinite(one) & np.isfinite(other)
    count = known.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = (np.where(known, values, 0.0) for values in (one, other))
        a, b = (np.where(known, values - values.sum(axis=1, keepdims=True) / count, 0.0) for values in (a, b))
        spread = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
        return np.where((count[:, 0] >= 3) & (spread > 1e-12), (a * b).sum(axis=1) / spread, np.nan)


def _means(values: Floats) -> Floats:
    """The mean of each row over the columns that have a value."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1), dtype=np.float64)
