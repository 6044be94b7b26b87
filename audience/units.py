"""What is compared of two cuts: screenings, or the people of one screening of each, along what the cuts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from audience.curve import StageWindows
from audience.cuts import Cut, SharedAxis
from audience.disclosure import bounded
from audience.intervals import wilson
from audience.tracks import Tracks

Floats = NDArray[np.float64]


def screenings(stages: Sequence[StageWindows], expression: str, axis: SharedAxis, cut: Cut) -> Floats:
    """The share of each screening of a cut along the shared axis.

    Args:
        stages: one a screening.
        expression: which.
        axis: what the cuts share.
        cut: which of them was screened.

    Returns:
        (screenings, cells), NaN where a screening has no figure.
    """
    rows = np.full((len(stages), len(axis)), np.nan)
    for row, windows in zip(rows, stages, strict=True):
        sums = CellSums.of(windows, expression, axis, cut)
        row[:] = sums.over / sums.scored
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSums:
    """What the figures of one screening are made of, cell by cell; (c,) each, NaN where there is no figure.

    Attributes:
        over: faces at or over the threshold.
        scored: faces scored; the same people count again in every window.
        spans: windows in which any were.
    """

    over: Floats
    scored: Floats
    spans: Floats

    @classmethod
    def of(cls, windows: StageWindows, expression: str, axis: SharedAxis, cut: Cut) -> Self:
        """The sums of one screening of a cut along an axis."""
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
        """(c,) each: share and band as they may be shown (`disclosure.bounded`).

        Args:
            min_faces: of the screening.
        """
        return bounded(self.over / self.scored, *self.band, faces=self.scored / self.spans, min_faces=min_faces)

    def share(self, inside: NDArray[np.bool_], min_faces: int, seconds: float) -> tuple[float, float, float]:
        """The share over some cells with its 95 % Wilson interval over the people present, as they may be shown; NaN
        without a figure.

        Args:
            inside: (c,) which cells.
            min_faces: of the screening.
            seconds: of figures in them.
        """
        sums = (np.nansum(values[inside]) for values in (self.over, self.scored, self.spans))
        over, scored, spans = (np.array([total]) for total in sums)
        if not scored[0]:
            return np.nan, np.nan, np.nan
        interval = wilson(over / spans, scored / spans)
        faces = scored / spans
        shown = bounded(over / scored, *interval, faces=faces, min_faces=min_faces, seconds=seconds)
        share, low, high = (float(values[0]) for values in shown)
        return share, low, high


def people(tracks: Tracks, windows: StageWindows, axis: SharedAxis, cut: Cut) -> Floats:
    """The mean confidence of each track of one screening along the shared axis.

    Args:
        tracks: of the screening.
        windows: the axis the tracks lie on.
        axis: what the cuts share.
        cut: which of them was screened.

    Returns:
        (tracks, cells), NaN where a track was not in view, and in cells of fewer tracks than a figure may rest on:
        windows that are shown may hold so few, since cameras that overlap are told apart window by window there, and
        faces may be lost.
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
