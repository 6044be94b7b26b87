"""Sample sizes: how many faces, or screenings, a comparison needs.

The correlation between people of one screening is estimated from earlier screenings.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.comparing.comparison import LEAST_UNITS, CellSums
from audience.comparing.cuts import SharedAxis, edits_by_title
from audience.errors import InvalidValue
from audience.reaction.curve import StageWindows

Floats = NDArray[np.float64]

LEVEL = 0.05

_RISES = 10**9  # resolution of the search for the smallest difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The assumptions of a sample size calculation.

    Attributes:
        share: the usual share, 0..1.
        power: probability of detecting an existing difference.
        faces_a_screening: people per screening; 1 if each is sampled alone.
        alike_together: correlation between people of one screening, who laugh because others do (0..1).
        looks: seconds of each face that are averaged; 1 for a single window.
        alike_over_time: correlation between two of these seconds of one face (0..1).
    """

    share: float
    power: float = 0.8
    faces_a_screening: int = 1
    alike_together: float = 0.0
    looks: int = 1
    alike_over_time: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InvalidValue(f"a usual share of {self.share:g} is not allowed: give one between 0 and 1")
        if not LEVEL < self.power < 1:
            raise InvalidValue(f"a power of {self.power:g} is not allowed: give one such as 0.8")
        if self.faces_a_screening < 1 or self.looks < 1:
            raise InvalidValue(
                f"{self.faces_a_screening} faces a screening and {self.looks} looks are not allowed: give 1 or more"
            )
        for alike in (self.alike_together, self.alike_over_time):
            if not 0 <= alike <= 1:
                raise InvalidValue(f"a correlation of {alike:g} is not allowed: give one from 0 to 1")

    @property
    def design_effect(self) -> float:
        """The design effect: the factor on the number of faces, relative to independent people and single windows.

        1 + (m - 1) c for m faces of a screening (L. Kish, "Survey Sampling", 1965), times (1 + (r - 1) d) / r for r
        looks at a face (P. J. Diggle et al., "Analysis of Longitudinal Data", 2nd edition 2002, section 2.4), where c
        and d are the two correlations.
        """
        together = 1 + (self.faces_a_screening - 1) * self.alike_together
        return together * (1 + (self.looks - 1) * self.alike_over_time) / self.looks

    def faces(self, difference: float) -> int:
        """The number of faces of each cut that detects a difference.

        The normal formula for two proportions (J. L. Fleiss, B. Levin and M. C. Paik, "Statistical Methods for Rates
        and Proportions", 3rd edition 2003, formula 4.14) times the design effect:

            n = (z₁ √(2 p̄ q̄) + z₂ √(p₁q₁ + p₂q₂))² / (p₁ - p₂)²

        with z₁ = 1.96 (5 %, two-sided) and z₂ of the power.

        Args:
            difference: from the usual share to the other, such as 0.1; negative for a lower one.

        Raises:
            InvalidValue: there is no difference, or it leads past 0 or 1.
        """
        other = self.share + difference
        if not difference or not 0 <= other <= 1:
            raise InvalidValue(
                f"a difference of {difference:g} from a share of {self.share:g} is not allowed: give one that leads to "
                "another share from 0 to 1"
            )
        return math.ceil(self._faces(difference) - 1e-9)

    def screenings(self, difference: float) -> int:
        """The number of screenings of each cut that detects a difference; see `faces`."""
        return math.ceil(self.faces(difference) / self.faces_a_screening)

    def difference(self, faces: int) -> float:
        """The smallest rise of the share that this many faces of each cut detect; NaN if even a rise to 1 is too small.

        Raises:
            InvalidValue: `faces` is under 1.
        """
        if faces < 1:
            raise InvalidValue(f"{faces} faces are not allowed: give 1 or more")
        # The number of faces falls with the rise, so bisect.
        rises = range(1, _RISES + 1)
        found = bisect_left(rises, True, key=lambda part: self._faces((1 - self.share) * part / _RISES) <= faces)
        return (1 - self.share) * rises[found] / _RISES if found < _RISES else math.nan

    def _faces(self, difference: float) -> float:
        one, other = self.share, self.share + difference
        mean = (one + other) / 2
        chance = special.ndtri(1 - LEVEL / 2) * math.sqrt(2 * mean * (1 - mean))
        found = special.ndtri(self.power) * math.sqrt(one * (1 - one) + other * (1 - other))
        return float((chance + found) ** 2 / difference**2 * self.design_effect)


def alike_together(stages: Sequence[StageWindows], expression: str) -> float:
    """Estimates the correlation between people of one screening, from screenings of one cut.

    Args:
        stages: one per screening; only those of the most frequent cut are used.
        expression: the expression.

    Returns:
        0..1; NaN if fewer than `LEAST_UNITS` screenings of one cut have figures.
    """
    timelines = Counter(windows.stage.timelines[0] for windows in stages if windows.stage.timelines)
    if not timelines:
        return float("nan")
    timeline, _ = timelines.most_common(1)[0]
    alike = [windows for windows in stages if windows.stage.timelines and windows.stage.timelines[0] == timeline]
    # Cells of one window: each face is scored once in each.
    axis = SharedAxis.of(edits_by_title(timeline, timeline), alike[0].width_ms / 1000)
    sums = [CellSums.of(windows, expression, axis, "A") for windows in alike]
    return intraclass(np.array([one.over for one in sums]), np.array([one.scored for one in sums]))


def intraclass(over: Floats, scored: Floats) -> float:
    """The intraclass correlation of binary data, by analysis of variance.

    The estimator of M. S. Ridout, C. G. B. Demétrio and D. Firth, "Estimating intraclass correlation for binary data"
    (Biometrics 55, 1999, section 2.1), with the sums of its numerator and denominator over all cells.

    Args:
        over: (groups, c) members with the value 1; NaN where a group has no members.
        scored: (groups, c) members.

    Returns:
        0..1, 0 if groups differ less than by chance; NaN if no cell has `LEAST_UNITS` groups.
    """
    known = scored > 0
    members, yes = (np.where(known, values, 0.0) for values in (scored, over))
    # Groups of one member have no correlation.
    enough = (known.sum(axis=0) >= LEAST_UNITS) & (members.sum(axis=0) > known.sum(axis=0))
    members, yes = members[:, enough], yes[:, enough]
    groups, total = known[:, enough].sum(axis=0), members.sum(axis=0)
    share = yes / np.where(members > 0, members, np.nan)
    between = np.nansum(members * (share - yes.sum(axis=0) / total) ** 2, axis=0) / (groups - 1)
    within = np.nansum(members * share * (1 - share), axis=0) / (total - groups)
    typical = (total - (members**2).sum(axis=0) / total) / (groups - 1)
    spread = float((between + (typical - 1) * within).sum())
    return max(0.0, float((between - within).sum()) / spread) if spread > 0 else float("nan")
