"""Comparison of cut A with cut B: where they differ, by how much, and with what significance.

The units are screenings, or the people of one screening of each cut. With screenings the result generalises to the
cuts; with the people of two screenings it concerns these two audiences only, which may differ in more than the cut.
This module also averages several screenings into one curve, and summarises one screening as a table row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.comparing.cuts import Cut, SharedAxis
from audience.comparing.permutation import LEAST_IN_A_CELL, Cluster, clusters
from audience.comparing.tracks import Tracks
from audience.disclosure import bounded
from audience.reaction.curve import Z_95, StageWindows, wilson
from audience.reaction.segments import LEAST_S, mean_known

Floats = NDArray[np.float64]

LEAST_UNITS = 5  # of each cut: with fewer, the standard deviation is uncertain by more than a factor of two


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The comparison of two cuts along their shared axis; figures are NaN where there is not enough data.

    Attributes:
        axis: the shared axis; arrays (c,) have one value per cell.
        units_a, units_b: units of each cut with figures in cells where the other cut has figures too.
        mean_a, mean_b: (c,) means over units.
        difference, low, high: (c,) A less B, and its 95 % interval in each cell (Welch).
        clusters: runs of cells in which they differ, smallest p first; those with p ≤ .05 are significant.
        overall, overall_low, overall_high: the difference of the units' means over the whole axis, and its 95 %
            interval (Welch).
        effect, effect_low, effect_high: its Cohen's d, corrected for few units, and the 95 % interval.
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
        """Whether there are enough units to compare."""
        return min(self.units_a, self.units_b) >= LEAST_UNITS


def compare(a: Floats, b: Floats, axis: SharedAxis, *, seed: int) -> Comparison:
    """Compares the units of two cuts.

    Args:
        a, b: (units, cells) each, NaN where a unit has no figure; results of `screenings` or `people`.
        axis: the shared axis.
        seed: seed of the permutations.
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
    # A unit that saw only some cells must not differ because of these cells. So each value is taken less the mean of
    # the two groups' means in its cell.
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
    """(c,) means over units; NaN where no unit has a figure."""
    count = np.count_nonzero(~np.isnan(units), axis=0)
    means: Floats = np.nansum(units, axis=0) / np.where(count > 0, count, np.nan)
    return means


def _welch(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """(c,) each: the 95 % interval of the difference of means (B. L. Welch, Biometrika 34, 1947).

    NaN in cells where either group has fewer than `LEAST_IN_A_CELL` units.
    """
    parts = []
    for units in (a, b):
        count = np.count_nonzero(~np.isnan(units), axis=0).astype(np.float64)
        count[count < LEAST_IN_A_CELL] = np.nan
        variance = np.nansum((units - _means(units)) ** 2, axis=0) / (count - 1)
        parts.append((count, variance / count))
    (n_a, error_a), (n_b, error_b) = parts
    total = error_a + error_b
    # Identical units have no variance, and the degrees of freedom are undefined.
    pooled = np.maximum(error_a**2 / (n_a - 1) + error_b**2 / (n_b - 1), 1e-300)
    freedom = np.maximum(total**2 / pooled, np.fmin(n_a, n_b) - 1)
    reach = special.stdtrit(freedom, 0.975) * np.sqrt(total)
    difference = _means(a) - _means(b)
    return difference - reach, difference + reach


def _effect(a: Floats, b: Floats) -> tuple[float, float, float]:
    """Cohen's d of two groups and its 95 % interval; NaN if neither group varies.

    Standardised by the mean of both variances, so that these may differ (D. G. Bonett, "Confidence intervals for
    standardized linear contrasts of means", Psychological Methods 13, 2008), and corrected for few units (L. V. Hedges
    and I. Olkin, "Statistical Methods for Meta-Analysis", 1985, chapter 5).
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


def screenings(stages: Sequence[StageWindows], expression: str, axis: SharedAxis, cut: Cut) -> Floats:
    """The share of each screening along the shared axis.

    Args:
        stages: one per screening.
        expression: the expression.
        axis: the shared axis.
        cut: the cut that was screened.

    Returns:
        (screenings, cells); NaN where a screening has no figure.
    """
    rows = np.full((len(stages), len(axis)), np.nan)
    for row, windows in zip(rows, stages, strict=True):
        sums = CellSums.of(windows, expression, axis, cut)
        row[:] = sums.over / sums.scored
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSums:
    """Sums behind the figures of one screening, by cell; (c,) each, NaN where there is no figure.

    Attributes:
        over: faces at or over the threshold.
        scored: faces scored, summed over windows.
        spans: windows in which any face was scored.
    """

    over: Floats
    scored: Floats
    spans: Floats

    @classmethod
    def of(cls, windows: StageWindows, expression: str, axis: SharedAxis, cut: Cut) -> Self:
        """Sums one screening of a cut along an axis."""
        table = windows.table
        if expression not in windows.expressions:
            nothing = np.full(len(axis), np.nan)
            return cls(over=nothing, scored=nothing, spans=nothing)
        column = table.expressions.index(expression)
        cell = axis.of_windows(windows, cut)[windows.place]
        over, scored, spans = (
            np.bincount(cell[cell >= 0], weights=values[cell >= 0, column], minlength=len(axis)).astype(np.float64)
            for values in (table.over, table.scored, table.scored_spans)
        )
        over[scored == 0], spans[scored == 0], scored[scored == 0] = np.nan, np.nan, np.nan
        return cls(over=over, scored=scored, spans=spans)

    @property
    def band(self) -> tuple[Floats, Floats]:
        """(c,) each: the 95 % Wilson interval of the share, over the people present."""
        return wilson(self.over / self.spans, self.scored / self.spans)

    def line(self, min_faces: int) -> tuple[Floats, Floats, Floats]:
        """(c,) each: share and band, clipped for small rooms (`disclosure.bounded`).

        Args:
            min_faces: of the screening.
        """
        return bounded(self.over / self.scored, *self.band, faces=self.scored / self.spans, min_faces=min_faces)

    def share(self, inside: NDArray[np.bool_], min_faces: int, seconds: float) -> tuple[float, float, float]:
        """The share over some cells and its 95 % Wilson interval over the people present; NaN without a figure.

        Both are clipped for small rooms (`disclosure.bounded`).

        Args:
            inside: mask (c,) of cells.
            min_faces: of the screening.
            seconds: length of the figures in these cells.
        """
        sums = (np.nansum(values[inside]) for values in (self.over, self.scored, self.spans))
        over, scored, spans = (np.array([total]) for total in sums)
        if not scored[0]:
            return np.nan, np.nan, np.nan
        interval = wilson(over / spans, scored / spans)
        faces = scored / spans
        clipped = bounded(over / scored, *interval, faces=faces, min_faces=min_faces, seconds=seconds)
        share, low, high = (float(values[0]) for values in clipped)
        return share, low, high


def people(tracks: Tracks, windows: StageWindows, axis: SharedAxis, cut: Cut) -> Floats:
    """The mean confidence of each track of one screening along the shared axis.

    Args:
        tracks: of the screening.
        windows: the windows of the tracks.
        axis: the shared axis.
        cut: the cut that was screened.

    Returns:
        (tracks, cells); NaN where a track was not in view, and in cells with fewer tracks than `min_faces`. Shown
        windows may have so few, because overlapping cameras are chosen window by window, and faces may expire.
    """
    cell = axis.of_windows(windows, cut)[tracks.place]
    shared = cell >= 0
    track = tracks.track[shared]
    at = track * len(axis) + cell[shared]
    size = tracks.count * len(axis)
    count = np.bincount(at, minlength=size)
    total = np.bincount(at, weights=tracks.confidence[shared], minlength=size)
    rows: Floats = (total / np.where(count > 0, count, np.nan)).reshape(tracks.count, len(axis))
    rows[:, np.count_nonzero(~np.isnan(rows), axis=0) < windows.min_faces] = np.nan
    return rows[np.unique(track)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCurve:
    """The mean of a group of screenings; (c,) each.

    Attributes:
        count: screenings with a figure.
        mean: their mean share; NaN if there is none.
        low, high: its 95 % interval (Student's t over screenings), within 0..1; NaN if fewer than `LEAST_UNITS` have a
            figure.
    """

    count: NDArray[np.int64]
    mean: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, screenings: Floats) -> Self:
        """Averages shares (screenings, c), with NaN where a screening has no figure; c is 1 for means over time."""
        count, mean, low, high = mean_over(screenings)
        return cls(count=count, mean=mean, low=np.maximum(low, 0), high=np.minimum(high, 1))


def mean_over(screenings: Floats) -> tuple[NDArray[np.int64], Floats, Floats, Floats]:
    """The mean over screenings of figures (screenings, c), with its 95 % interval by Student's t.

    Returns:
        (c,) each: number of screenings with a figure, mean, lower and upper bound; NaN bounds if fewer than
        `LEAST_UNITS` have a figure.
    """
    known = ~np.isnan(screenings)
    count = np.count_nonzero(known, axis=0)
    n = np.where(count > 0, count, np.nan)
    mean = np.where(known, screenings, 0).sum(axis=0) / n
    squares = np.where(known, (screenings - mean) ** 2, 0).sum(axis=0)
    n = np.where(count >= LEAST_UNITS, n, np.nan)
    reach = special.stdtrit(n - 1, 0.975) * np.sqrt(squares / (n - 1) / n)
    return count, mean, mean - reach, mean + reach


Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRow:
    """One screening over some cells of an axis; figures are NaN where there is not enough data.

    Attributes:
        share, share_low, share_high: share over the windows in the cells, and the 95 % Wilson interval over the people
            present.
        faces: mean number of faces in view while a camera recorded; NaN if none did.
        coverage: mean coverage; NaN if unknown.
        figures_s: seconds of windows that have a figure.
        highest: the highest share of a cell; descriptive, without significance.
        highest_s: start of that cell, seconds of A.
        shares: (c,) share of each cell of the axis, selected or not; NaN where there is no figure.
    """

    share: float
    share_low: float
    share_high: float
    faces: float
    coverage: float
    figures_s: float
    highest: float
    highest_s: float
    shares: Floats

    @property
    def enough(self) -> bool:
        """Whether there is enough data for a share."""
        return not np.isnan(self.share)


def screening_row(windows: StageWindows, expression: str, axis: SharedAxis, cut: Cut, inside: Bools) -> ScreeningRow:
    """Computes the row of one screening.

    Args:
        windows: of the screening.
        expression: the expression.
        axis: the axis of the table.
        cut: the cut that was screened.
        inside: mask (c,) of the selected cells.
    """
    sums = CellSums.of(windows, expression, axis, cut)
    shares, _, _ = sums.line(windows.min_faces)
    selected = np.append(inside, False)[axis.of_windows(windows, cut)]
    figures_s = float(np.nansum(sums.spans[inside])) * windows.table.record_width_ms / 1000
    enough = figures_s >= LEAST_S
    share, low, high = sums.share(inside, windows.min_faces, figures_s) if enough else (np.nan,) * 3
    selected_shares = np.where(inside, shares, np.nan)
    top = int(np.nanargmax(selected_shares)) if enough else 0
    return ScreeningRow(
        share=share,
        share_low=low,
        share_high=high,
        faces=mean_known(windows.faces[selected]),
        coverage=mean_known(windows.coverage[selected]),
        figures_s=figures_s,
        highest=float(shares[top]) if enough else np.nan,
        highest_s=float(axis.start_a_s[top]) if enough else np.nan,
        shares=shares,
    )


def on_session_clock(windows: StageWindows) -> StageWindows:
    """Replaces the timeline by the session's own clock, for stages without cues."""
    return replace(windows, timeline_s=np.where(windows.session_s >= 0, windows.session_s, np.nan))
