"""A screening in a row of a table, over any stretch of what was shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audience.curve import StageWindows
from audience.cuts import Cut, SharedAxis
from audience.segment_table import LEAST_S, mean_known
from audience.units import CellSums

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRow:
    """One screening over some cells of an axis; figures are NaN where there is not enough data for them.

    Attributes:
        share, share_low, share_high: share over the windows in the cells, and the 95 % Wilson interval over the people
            present.
        faces: mean number of faces in view while a camera looked; NaN where none did.
        coverage: mean coverage; NaN where none is known.
        figures_s: seconds of windows that have a figure.
        highest: the highest share of a cell; it describes the curve and claims no significance.
        highest_s: where that cell begins, seconds of A.
        shares: (c,) share of each cell of the axis, inside or not, NaN where there is no figure.
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
        """Whether there is a share; else the table says "not enough data"."""
        return not np.isnan(self.share)


def screening_row(windows: StageWindows, expression: str, axis: SharedAxis, cut: Cut, inside: Bools) -> ScreeningRow:
    """The row of one screening.

    Args:
        windows: of the screening.
        expression: which.
        axis: what the rows of a table share.
        cut: which cut was screened.
        inside: (c,) cells of the axis to look at.
    """
    sums = CellSums.of(windows, expression, axis, cut)
    shares, _, _ = sums.line(windows.min_faces)
    seen = np.append(inside, False)[axis.of_windows(windows, cut)]
    figures_s = float(np.nansum(sums.spans[inside])) * windows.table.record_width_ms / 1000
    enough = figures_s >= LEAST_S
    share, low, high = sums.share(inside, windows.min_faces, figures_s) if enough else (np.nan,) * 3
    looked_at = np.where(inside, shares, np.nan)
    top = int(np.nanargmax(looked_at)) if enough else 0
    return ScreeningRow(
        share=share,
        share_low=low,
        share_high=high,
        faces=mean_known(windows.faces[seen]),
        coverage=mean_known(windows.coverage[seen]),
        figures_s=figures_s,
        highest=float(shares[top]) if enough else np.nan,
        highest_s=float(axis.start_a_s[top]) if enough else np.nan,
        shares=shares,
    )


def on_its_own_clock(windows: StageWindows) -> StageWindows:
    """The windows as if what was shown began with the session, for stages of which nobody said when it did."""
    return replace(windows, timeline_s=np.where(windows.session_s >= 0, windows.session_s, np.nan))
