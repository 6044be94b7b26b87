"""The reaction curve over a moving stretch of time: calmer to read, with its band still that of the people present."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audience.curve import ReactionCurve, StageWindows, reaction_curve, shown_curve
from audience.intervals import wilson

Floats = NDArray[np.float64]


def default_smoothing_s(length_s: float) -> float:
    """The stretch to smooth over where nobody chose: 5 s for a clip, 15 s for a talk, 60 s for more than an hour."""
    if length_s < 180:
        return 5.0
    return 15.0 if length_s <= 3600 else 60.0


def smoothed_curve(windows: StageWindows, expression: str, over_s: float) -> ReactionCurve:
    """The curve of one expression, each figure summed over the windows around it.

    A window without a figure stays without one: gaps keep their edges. Where figures are withheld or nobody was in
    view, nothing is added to a neighbour's sum either.

    The same people are counted again in every window of the stretch, so the interval's n is not the sum but the mean
    number of faces at once (as in `reaction_curve` for windows summed over time): smoothing does not narrow the band.

    Args:
        windows: the stage's windows.
        expression: which.
        over_s: length of the stretch, centred on each window, rounded to an odd number of windows; at most one
            window's width changes nothing.
    """
    reach = round((over_s * 1000 / windows.width_ms - 1) / 2)
    curve = reaction_curve(windows, expression)
    if reach < 1 or expression not in windows.expressions:
        return curve
    table = windows.table
    column = table.expressions.index(expression)
    columns = (
        table.scored[:, column],
        table.over[:, column],
        table.total[:, column],
        table.scored_spans[:, column],
    )
    scored, over, total, spans = (_moving_sum(_placed(windows, values), reach) for values in columns)
    known = ~np.isnan(curve.share)
    scored, spans = np.where(known, scored, np.nan), np.where(known, spans, np.nan)
    low, high = wilson(over / spans, scored / spans)
    smooth = replace(curve, share=over / scored, share_low=low, share_high=high, level=total / scored)
    return shown_curve(smooth, scored / spans, windows)


def _placed(windows: StageWindows, values: NDArray[np.int64] | Floats) -> Floats:
    axis = np.zeros(len(windows.start_ms))
    axis[windows.place] = values
    return axis


def _moving_sum(values: Floats, reach: int) -> Floats:
    """Sum over the `reach` places on either side and the place itself; fewer at the ends."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values))
    first, after = np.maximum(place - reach, 0), np.minimum(place + reach + 1, len(values))
    moving: Floats = sums[after] - sums[first]
    return moving
