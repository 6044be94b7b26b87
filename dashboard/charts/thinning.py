"""Fewer points than a screen has pixels, without losing a peak, a dip or the edge of a gap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEAST_OF_A_LINE = 60


def thinned(values: Floats, most: int) -> Ints:
    """Which points to draw, in order.

    The points are cut into equal stretches, and of each the lowest and the highest are kept. The first and last point
    before and after every gap are kept too, with one point of the gap, so that a line still breaks where it did.

    Args:
        values: (n,) NaN where there is a gap.
        most: about how many points to keep; the edges of gaps come on top. Up to so many points, all are kept.

    Returns:
        Indices, rising, at most about `most` and three for every gap.
    """
    n = len(values)
    if n <= most:
        return np.arange(n)
    stretch = -(-2 * n // most)
    padded = np.full(-(-n // stretch) * stretch, np.nan)
    padded[:n] = values
    table = padded.reshape(-1, stretch)
    first = np.arange(len(table)) * stretch
    # A stretch that is all gap keeps any one of its points: its first.
    highest = first + np.where(np.isnan(table), -np.inf, table).argmax(axis=1)
    lowest = first + np.where(np.isnan(table), np.inf, table).argmin(axis=1)
    gap = np.isnan(values)
    turns = np.flatnonzero(gap[1:] != gap[:-1])
    return np.unique(np.concatenate([[0, n - 1], highest, lowest, turns, turns + 1]))


def thinned_together(lines: Floats, most: int) -> Ints:
    """Which points to draw of lines that share an axis: those that `thinned` keeps of any of them.

    Args:
        lines: (l, n) NaN where there is a gap.
        most: about how many points to keep of each where there is one line; of l lines an l-th of it, 60 at least.
    """
    if not len(lines):
        return np.arange(lines.shape[1])
    each = max(_LEAST_OF_A_LINE, most // len(lines))
    if lines.shape[1] <= most:
        return np.arange(lines.shape[1])
    return np.unique(np.concatenate([thinned(line, each) for line in lines]))
