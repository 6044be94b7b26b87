"""What the Compare page shows of a selection, and its files: lines, difference, where groups differ, and the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from altair import LayerChart

from audience.comparing.comparison import Comparison, ScreeningRow
from audience.disclosure import exact_share
from audience.export.tables import STAGE_KEY, Cell, Column, ExportTable, joined, notes_table, table_of_rows
from audience.language import language, using
from audience.time import instant_text
from dashboard.charts.compare import compare_chart
from dashboard.charts.theme import LIGHT, Palette
from dashboard.download import Chosen, DownloadBundle, Picture
from dashboard.pages.compare.groups import Pair
from dashboard.pages.compare.model import AlignedScreenings
from dashboard.pages.compare.rows import Difference, Line, compare_figures
from dashboard.pages.compare.text import Unit, found
from dashboard.pages.screening_data import scorers
from dashboard.wording import share_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareView:
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

    laid: AlignedScreenings
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
        return self.laid.difference(self.comparison, self.pair[0].name, self.pair[1].name, self.unit)

    def chart(self, palette: Palette) -> LayerChart:
        """The chart in some colours."""
        figures = compare_figures(
            self.laid.axis, self.lines, self.difference, marked=self.marked, stretch=self.stretch, name=self.name
        )
        return compare_chart(figures, palette)


PAGE = "compare"
TABLES = ("lines", "differences", "stretches", "screenings", "notes")
PICTURES = ("lines",)

_WIDTH = 1200
_FROM = Column(name="from_s", unit="s", meaning="Where the step begins, seconds of what was shown (of the first cut).")
_UNTIL = Column(name="until_s", unit="s", meaning="Where it ends.")
_A = Column(name="a", unit="", meaning="The group that is compared.")
_B = Column(name="b", unit="", meaning="The group it is compared with.")
_LINES = (
    Column(name="line", unit="", meaning="What is drawn: a screening, or a group of them."),
    _FROM,
    _UNTIL,
    Column(name="segment", unit="", meaning="Title of the slide, scene or song shown then."),
    Column(name="share", unit="0..1", meaning="Share of the faces; of a group the mean of its screenings."),
    Column(
        name="share_low",
        unit="0..1",
        meaning="Lower end of the 95 % interval: Wilson over people for a screening, Student over screenings for a "
        "group, empty under five.",
    ),
    Column(name="share_high", unit="0..1", meaning="Upper end of that interval."),
    Column(name="screenings", unit="screenings", meaning="How many have a figure there."),
)
_DIFFERENCES = (
    _A,
    _B,
    _FROM,
    _UNTIL,
    Column(name="mean_a", unit="0..1", meaning="Mean over the units of a: shares of screenings, confidence of people."),
    Column(name="mean_b", unit="0..1", meaning="Mean over the units of b."),
    Column(name="difference", unit="-1..1", meaning="Mean of a minus mean of b."),
    Column(name="difference_low", unit="-1..1", meaning="Lower end of its 95 % interval (Welch)."),
    Column(name="difference_high", unit="-1..1", meaning="Upper end of its 95 % interval (Welch)."),
)
_STRETCHES = (
    _A,
    _B,
    _FROM,
    _UNTIL,
    Column(name="difference", unit="-1..1", meaning="Mean difference over the time range."),
    Column(name="p_value", unit="0..1", meaning="Share of permutations with a range as large (cluster test)."),
)
_SCREENINGS = (
    *STAGE_KEY,
    Column(name="title", unit="", meaning="What the session is called."),
    Column(name="film", unit="", meaning="The film or talk."),
    Column(name="cut", unit="", meaning="Which cut of it."),
    Column(name="city", unit="", meaning="Where people watched."),
    Column(name="tags", unit="", meaning="What is said of the audience, separated by semicolons."),
    Column(name="began_utc", unit="ISO 8601, UTC", meaning="When the session began."),
    Column(name="share", unit="0..1", meaning="Share over the selected time range; empty where data are too few."),
    Column(name="share_low", unit="0..1", meaning="Lower end of its 95 % Wilson interval over the people present."),
    Column(name="share_high", unit="0..1", meaning="Upper end of that interval."),
    Column(name="highest", unit="0..1", meaning="The highest share of any step; 0.2 to 0.8 for few faces."),
    Column(name="highest_s", unit="s", meaning="Where that step begins, seconds of what was shown (of the first cut)."),
    Column(name="faces", unit="faces", meaning="Mean number of faces in view while a camera was running."),
    Column(name="coverage", unit="0..1", meaning="Mean coverage."),
    Column(name="figures_s", unit="s", meaning="Seconds of windows with a figure in that time range."),
)


def bundle(shown: CompareView, address: str, chosen: Chosen, alt: str) -> Callable[[], DownloadBundle]:
    """What makes the files of the page.

    Args:
        shown: what is on the screen.
        address: of the page, with all that was chosen.
        chosen: what the address says, by name.
        alt: what the chart shows.
    """
    settings: Chosen = {
        **chosen,
        "expression": shown.laid.expression,
        "step_s": shown.step,
        "from_s": shown.stretch[0],
        "until_s": shown.stretch[1],
        "sampled": shown.unit if shown.pair else None,
        "scorer": shown.laid.screenings[0].scorers[0],
    }

    # Files are made where no page runs, and no viewer is known.
    viewers = language()

    def build() -> DownloadBundle:
        screenings = shown.laid.screenings
        with using(viewers):
            picture = Picture(name="lines", chart=shown.chart(LIGHT), width=_WIDTH, alt=alt)
        return DownloadBundle(
            page=PAGE,
            address=address,
            chosen=settings,
            tables=[
                lines_table(shown),
                differences_table(shown),
                stretches_table(shown),
                screenings_table(shown),
                joined([notes_table(one.session.session_id, [one.stage]) for one in screenings]),
            ],
            pictures=[picture],
            stages=[one.windows for one in screenings],
            scorers=scorers(screenings),
        )

    return build


def lines_table(shown: CompareView) -> ExportTable:
    """Every line step by step, in the stretch that is looked at."""
    axis = shown.laid.axis
    cells = np.flatnonzero(axis.inside(*shown.stretch)).tolist()
    rows: list[Sequence[Cell]] = []
    for line in shown.lines:
        for cell in cells:
            share = float(line.share[cell])
            count = int(not np.isnan(share)) if line.count is None else int(line.count[cell])
            low, high = float(line.low[cell]), float(line.high[cell])
            figures = (_cell(exact_share(share, low, high)), _cell(low), _cell(high))
            part = axis.part(float(axis.middle_s[cell]))
            rows.append((line.name, *_span(axis.own.start_a_s[cell], axis.own.length_s[cell]), part, *figures, count))
    return table_of_rows("lines", _LINES, rows)


def differences_table(shown: CompareView) -> ExportTable:
    """The difference step by step over all that is shared; empty where there is none."""
    rows: list[Sequence[Cell]] = []
    if shown.pair and shown.comparison and shown.comparison.enough:
        of, axis = shown.comparison, shown.comparison.axis
        names = (shown.pair[0].name, shown.pair[1].name)
        for cell in range(len(axis)):
            values = (of.mean_a, of.mean_b, of.difference, of.low, of.high)
            span = _span(axis.start_a_s[cell], axis.length_s[cell])
            rows.append((*names, *span, *(_cell(value[cell]) for value in values)))
    return table_of_rows("differences", _DIFFERENCES, rows)


def stretches_table(shown: CompareView) -> ExportTable:
    """Where the groups differ by more than chance."""
    rows: list[Sequence[Cell]] = []
    if shown.pair and shown.comparison:
        axis = shown.comparison.axis
        names = (shown.pair[0].name, shown.pair[1].name)
        for one in found(shown.comparison):
            until_s = float(axis.start_a_s[one.last] + axis.length_s[one.last])
            rows.append((*names, float(axis.start_a_s[one.first]), until_s, one.difference, one.p_value))
    return table_of_rows("stretches", _STRETCHES, rows)


def screenings_table(shown: CompareView) -> ExportTable:
    """The table of the page."""
    rows: list[Sequence[Cell]] = []
    for screening, row in zip(shown.laid.screenings, shown.rows, strict=True):
        session = screening.session
        described = (session.title, session.film, session.cut, session.city, ";".join(session.tags))
        share = exact_share(row.share, row.share_low, row.share_high)
        figures = (share, row.share_low, row.share_high, row.highest, row.highest_s, row.faces, row.coverage)
        rows.append(
            (
                session.session_id,
                screening.stage.stage_id,
                *described,
                instant_text(session.started_at),
                *(_cell(value) for value in figures),
                row.figures_s,
            )
        )
    return table_of_rows("screenings", _SCREENINGS, rows)


def _span(start_s: float, length_s: float) -> tuple[float, float]:
    return float(start_s), float(start_s + length_s)


def _cell(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
