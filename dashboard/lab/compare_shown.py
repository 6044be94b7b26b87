"""All that the Compare page shows of a choice, for its chart and for what is taken away of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audience.comparison import Comparison
from audience.screening_table import ScreeningRow
from dashboard.charts.theme import Palette
from dashboard.lab.compare_chart import Options, compare_chart
from dashboard.lab.compare_groups import Pair
from dashboard.lab.compare_rows import Difference, Line
from dashboard.lab.compare_words import Unit
from dashboard.lab.laying import Laid
from dashboard.wording import share_of

CHART_HEIGHT, WITH_DIFFERENCE = 400, 510


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is on the screen.

    Attributes:
        laid: the screenings on their axis.
        rows: a row of the table for each.
        lines: what is drawn.
        marked: names of the screenings that stand out.
        stretch: from when to when is looked at, seconds of the axis.
        step: length of a cell, seconds.
        unit: what was sampled.
        pair: which groups are compared; None where none are.
        comparison: of them; None where there is none.
    """

    laid: Laid
    rows: Sequence[ScreeningRow]
    lines: Sequence[Line]
    marked: Sequence[str]
    stretch: tuple[float, float]
    step: int
    unit: Unit
    pair: Pair | None
    comparison: Comparison | None

    @property
    def name(self) -> str:
        """What the lines show."""
        return share_of(self.laid.expression, self.step)

    @property
    def difference(self) -> Difference | None:
        """Of the pair; None where there is none to draw."""
        if self.pair is None or self.comparison is None:
            return None
        what = "share" if self.unit == "screenings" else "mean confidence"
        return self.laid.difference(self.comparison, self.pair[0].name, self.pair[1].name, what)

    @property
    def height(self) -> int:
        """Of the chart, pixels."""
        return CHART_HEIGHT if self.difference is None else WITH_DIFFERENCE

    def chart(self, palette: Palette) -> Options:
        """The chart in some colours."""
        return compare_chart(
            self.laid.axis,
            self.lines,
            self.difference,
            marked=self.marked,
            stretch=self.stretch,
            name=self.name,
            palette=palette,
            height=self.height,
        )
