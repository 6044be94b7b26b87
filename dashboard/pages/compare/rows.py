"""The rows behind the chart of a comparison: one a cell of the axis, with the words its hover shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience.disclosure import interval_text, share_text
from audience.percents import percent, percent_text
from audience.time import clock_text
from dashboard.charts.thinning import thinned
from dashboard.lab.line_styles import MOST
from dashboard.pages.compare.film_axis import FilmAxis

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# All lines together: more could not be told apart, and hovering would be slow.
_MOST_POINTS = 48_000
_LEAST_A_LINE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is drawn as one line, along the cells of an axis.

    Attributes:
        name: what to call it.
        share, low, high: (c,) shares and their band, 0..1; NaN where there is none.
        count: (c,) how many screenings it is the mean of; None where it is one screening.
    """

    name: str
    share: Floats
    low: Floats
    high: Floats
    count: Ints | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The difference of two groups along the cells of an axis; -1..1, NaN where there is none.

    Attributes:
        higher, lower: names of the two; the figures are those of the first less those of the second.
        value, low, high: (c,) the difference with its band.
        clusters: first and last cell of each run in which they differ by more than chance.
        unit: what it is a difference of, as "share" or "mean confidence".
    """

    higher: str
    lower: str
    value: Floats
    low: Floats
    high: Floats
    clusters: tuple[tuple[int, int], ...]
    unit: str


def compare_rows(axis: FilmAxis, lines: Sequence[Line], difference: Difference | None) -> pd.DataFrame:
    """One row for every cell that is drawn.

    Args:
        axis: of the lines.
        lines: what is drawn.
        difference: of two of them; None where none is drawn.

    Returns:
        Columns at_ms (middle of the cell, milliseconds); line_0, low_0, band_0 and so on (percent; band is the height
        from low to the upper bound); d_value, d_low, d_band (points); and in words when, part, told_0 and so on,
        d_told. Missing figures are null.
    """
    drawn = _drawn(lines, len(axis.own))
    columns: dict[str, object] = {"at_ms": (axis.middle_s * 1000)[drawn]}
    for number, line in enumerate(lines):
        columns[f"line_{number}"] = np.round(100 * line.share, 2)[drawn]
        columns[f"low_{number}"] = np.round(100 * line.low, 2)[drawn]
        columns[f"band_{number}"] = np.round(100 * (line.high - line.low), 2)[drawn]
    if difference is not None:
        columns["d_value"] = np.round(100 * difference.value, 2)[drawn]
        columns["d_low"] = np.round(100 * difference.low, 2)[drawn]
        columns["d_band"] = np.round(100 * (difference.high - difference.low), 2)[drawn]
        columns["d_told"] = [_difference_told(difference, cell) for cell in drawn.tolist()]
    columns["when"] = [
        f"{clock_text(start)} to {clock_text(start + length)}"
        for start, length in zip(axis.own.start_a_s[drawn].tolist(), axis.own.length_s[drawn].tolist(), strict=True)
    ]
    columns["part"] = [axis.part(second) for second in axis.middle_s[drawn].tolist()]
    if len(lines) <= MOST:
        for number, line in enumerate(lines):
            columns[f"told_{number}"] = [_told(line, cell) for cell in drawn.tolist()]
    else:
        shares = np.array([line.share for line in lines])
        columns["told_0"] = [_all_told(lines, shares[:, cell]) for cell in drawn.tolist()]
    return pd.DataFrame(columns)


def _drawn(lines: Sequence[Line], cells: int) -> Ints:
    """Cells to draw: all of them, or the peaks, dips and edges of gaps of every line."""
    most = max(_LEAST_A_LINE, _MOST_POINTS // max(1, len(lines)))
    if cells <= most:
        return np.arange(cells)
    kept = [thinned(line.share, max(1, most // max(1, len(lines)))) for line in lines]
    return np.unique(np.concatenate(kept))


def _told(line: Line, cell: int) -> str:
    share = line.share[cell]
    if np.isnan(share):
        return f"{line.name}: no figure"
    figures = float(share), float(line.low[cell]), float(line.high[cell])
    words = f"{line.name}: {share_text(*figures)}"
    if interval := interval_text(*figures, unit=" %"):
        words += f" ({interval})"
    if line.count is None:
        return words
    return f"{words}, {line.count[cell]} screening{'' if line.count[cell] == 1 else 's'}"


def _all_told(lines: Sequence[Line], shares: Floats) -> str:
    """Of more lines than can be listed: the highest, the lowest, and the middle half."""
    known = np.flatnonzero(~np.isnan(shares))
    if not len(known):
        return "No figure"
    top, foot = known[shares[known].argmax()], known[shares[known].argmin()]
    quarter, three = np.quantile(shares[known], [0.25, 0.75])
    return (
        f"{len(known)} screenings: half of them {percent(quarter)} to {percent_text(three)}; highest "
        f"{percent_text(shares[top])} ({lines[top].name}), lowest {percent_text(shares[foot])} ({lines[foot].name})"
    )


def _difference_told(difference: Difference, cell: int) -> str:
    value = difference.value[cell]
    if np.isnan(value):
        return "No difference to tell"
    words = f"{difference.higher} less {difference.lower}: {percent(value):+d} points"
    if np.isnan(difference.low[cell]):
        return words
    return f"{words} ({percent(difference.low[cell]):+d} to {percent(difference.high[cell]):+d})"
