"""How alike the people of one screening are: what a plan needs to know of its audiences, told from earlier ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audience.comparison import LEAST_UNITS
from audience.curve import StageWindows
from audience.cuts import SharedAxis, edits_by_title
from audience.units import CellSums

Floats = NDArray[np.float64]


def alike_together(stages: Sequence[StageWindows], expression: str) -> float:
    """The correlation between people of one screening, told from screenings of one cut.

    Args:
        stages: one a screening; those of the cut that most of them showed count.
        expression: which.

    Returns:
        0..1; NaN where fewer than `LEAST_UNITS` screenings of one cut have figures.
    """
    timelines = Counter(windows.stage.timelines[0] for windows in stages if windows.stage.timelines)
    if not timelines:
        return float("nan")
    timeline, _ = timelines.most_common(1)[0]
    alike = [windows for windows in stages if windows.stage.timelines and windows.stage.timelines[0] == timeline]
    # Cells of one window: in each, every face is looked at once.
    axis = SharedAxis.of(edits_by_title(timeline, timeline), alike[0].width_ms / 1000)
    sums = [CellSums.of(windows, expression, axis, "A") for windows in alike]
    return intraclass(np.array([one.over for one in sums]), np.array([one.scored for one in sums]))


def intraclass(over: Floats, scored: Floats) -> float:
    """The intraclass correlation of yes and no within groups, by analysis of variance.

    The estimator of M. S. Ridout, C. G. B. Demétrio and D. Firth, "Estimating intraclass correlation for binary data"
    (Biometrics 55, 1999, section 2.1), with the sums of its numerator and denominator over all cells.

    Args:
        over: (groups, c) members that say yes, cell by cell; NaN where a group has none.
        scored: (groups, c) members of each.

    Returns:
        0..1, 0 where groups differ less than chance lets them; NaN where no cell has `LEAST_UNITS` groups.
    """
    known = scored > 0
    members, yes = (np.where(known, values, 0.0) for values in (scored, over))
    # Of groups of one nobody can be alike.
    enough = (known.sum(axis=0) >= LEAST_UNITS) & (members.sum(axis=0) > known.sum(axis=0))
    members, yes = members[:, enough], yes[:, enough]
    groups, total = known[:, enough].sum(axis=0), members.sum(axis=0)
    share = yes / np.where(members > 0, members, np.nan)
    between = np.nansum(members * (share - yes.sum(axis=0) / total) ** 2, axis=0) / (groups - 1)
    within = np.nansum(members * share * (1 - share), axis=0) / (total - groups)
    typical = (total - (members**2).sum(axis=0) / total) / (groups - 1)
    spread = float((between + (typical - 1) * within).sum())
    return max(0.0, float((between - within).sum()) / spread) if spread > 0 else float("nan")
