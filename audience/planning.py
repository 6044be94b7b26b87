"""How many faces, or screenings, a comparison needs before it is worth making."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import special

from audience.errors import InvalidValue
from audience.export import Cell, Column, ExportTable, table_of_rows

LEVEL = 0.05

_RISES = 10**9  # parts of the rise to 1 that are told apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared, and what of it is alike.

    Attributes:
        share: the usual share, 0..1.
        power: the probability with which a difference that is there is to be found.
        faces_a_screening: how many people sit together; 1 where each is sampled alone.
        alike_together: correlation between people of one screening, who laugh because others do (0..1).
        looks: how many independent-looking seconds of each face are averaged; 1 for a single window.
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
        """How many times as many faces it takes as of single looks at people who sat alone.

        1 + (m - 1) c for m faces of a screening (L. Kish, "Survey Sampling", 1965), times (1 + (r - 1) d) / r for r
        looks at a face (P. J. Diggle et al., "Analysis of Longitudinal Data", 2nd edition 2002, section 2.4), where c
        and d are the two correlations.
        """
        together = 1 + (self.faces_a_screening - 1) * self.alike_together
        return together * (1 + (self.looks - 1) * self.alike_over_time) / self.looks

    def faces(self, difference: float) -> int:
        """Faces of each cut with which a difference is found.

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
        """Screenings of each cut with which a difference is found; see `faces`."""
        return math.ceil(self.faces(difference) / self.faces_a_screening)

    def difference(self, faces: int) -> float:
        """The smallest rise of the share that so many faces of each cut find; NaN where not even a rise to 1 would be.

        Raises:
            InvalidValue: there are no faces.
        """
        if faces < 1:
            raise InvalidValue(f"{faces} faces find nothing: give 1 or more")
        # The larger a rise, the fewer faces it takes: from one on they are enough.
        rises = range(1, _RISES + 1)
        found = bisect_left(rises, True, key=lambda part: self._faces((1 - self.share) * part / _RISES) <= faces)
        return (1 - self.share) * rises[found] / _RISES if found < _RISES else math.nan

    def _faces(self, difference: float) -> float:
        one, other = self.share, self.share + difference
        mean = (one + other) / 2
        chance = special.ndtri(1 - LEVEL / 2) * math.sqrt(2 * mean * (1 - mean))
        found = special.ndtri(self.power) * math.sqrt(one * (1 - one) + other * (1 - other))
        return float((chance + found) ** 2 / difference**2 * self.design_effect)


_PLANNED = (
    Column(name="share", unit="0..1", meaning="The usual share."),
    Column(name="difference", unit="-1..1", meaning="The other cut's share less the usual one."),
    Column(name="power", unit="0..1", meaning="Probability with which a difference that is there is found."),
    Column(name="faces", unit="faces", meaning="Faces of each cut that takes."),
    Column(name="screenings", unit="screenings", meaning="Screenings of each cut that takes."),
    Column(name="faces_a_screening", unit="faces", meaning="People who sit together."),
    Column(name="alike_together", unit="0..1", meaning="Correlation between people of one screening."),
    Column(name="looks", unit="s", meaning="Seconds of each face that are averaged."),
    Column(name="alike_over_time", unit="0..1", meaning="Correlation between two of these seconds of one face."),
)


def plan_table(plan: Plan, differences: Sequence[float], powers: Sequence[float]) -> ExportTable:
    """One row a difference and power; those that lead past 0 or 1 have none.

    Args:
        plan: what is compared; its own power does not matter.
        differences: from the usual share, as `Plan.faces` takes them.
        powers: which.
    """
    rows: list[list[Cell]] = []
    for difference in differences:
        for power in powers:
            own = replace(plan, power=power)
            if 0 <= plan.share + difference <= 1:
                row: list[Cell] = [plan.share, difference, power, own.faces(difference), own.screenings(difference)]
                rows.append([*row, plan.faces_a_screening, plan.alike_together, plan.looks, plan.alike_over_time])
    return table_of_rows("plan", _PLANNED, rows)
