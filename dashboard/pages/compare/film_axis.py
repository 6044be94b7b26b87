"""The axis all screenings are laid on: the seconds of what was shown, or those of cut A where there are two cuts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from audience.comparing.comparison import CellSums, ScreeningRow, on_session_clock, screening_row
from audience.comparing.cuts import Cut, Edit, SharedAxis
from audience.timelines import Timeline
from dashboard.pages.screenings import Screening

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# A film of eight minutes in steps of 5 s is a curve, one of two hours is noise.
STEPS_S = (5, 15, 60)
_CELLS_AT_FIRST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmAxis:
    """Cells of a few seconds along what was shown.

    Attributes:
        own: all of cut A, or all there is where the screenings are not separated by cut.
        shared: what B shares with it; all of it where both are the same cut.
        at: (cells of `shared`,) where each stands among the cells of `own`.
        timeline: what was shown there; None where nobody said.
    """

    own: SharedAxis
    shared: SharedAxis
    at: Ints
    timeline: Timeline | None

    @classmethod
    def of(cls, edits: Sequence[Edit], until_s: float, cell_s: float, timeline: Timeline | None) -> Self:
        """The axis of what two cuts share and of the rest of A.

        Args:
            edits: what they share; none where all screenings are of one cut.
            until_s: where A ends, seconds.
            cell_s: length of a cell.
            timeline: of A.

        Raises:
            InvalidValue: edits overlap.
        """
        own = SharedAxis.of_one(edits, until_s, cell_s)
        shared = SharedAxis.of(edits, cell_s) if edits else own
        at = np.searchsorted(own.start_a_s, shared.start_a_s)
        return cls(own=own, shared=shared, at=at, timeline=timeline)

    @property
    def until_s(self) -> float:
        """Where it ends, seconds of A."""
        return float(self.own.start_a_s[-1] + self.own.length_s[-1])

    @property
    def middle_s(self) -> Floats:
        """(c,) the middle of each cell of `own`."""
        return self.own.start_a_s + self.own.length_s / 2

    def inside(self, from_s: float, until_s: float) -> Bools:
        """(c,) which cells begin in a stretch."""
        inside: Bools = (self.own.start_a_s >= from_s) & (self.own.start_a_s < until_s)
        return inside

    @property
    def is_shared(self) -> Bools:
        """(c,) which cells of `own` B shares."""
        shared = np.zeros(len(self.own), dtype=bool)
        shared[self.at] = True
        return shared

    def on_own(self, values: Floats) -> Floats:
        """(..., c) values of the cells of `shared` among those of `own`, NaN where nothing is shared."""
        placed = np.full((*values.shape[:-1], len(self.own)), np.nan)
        placed[..., self.at] = values
        return placed

    def sums(self, screening: Screening, expression: str, cut: Cut) -> CellSums:
        """What the figures of one screening are made of, along `own`."""
        if cut == "A":
            return CellSums.of(screening.windows, expression, self.own, "A")
        sums = CellSums.of(screening.windows, expression, self.shared, "B")
        return CellSums(over=self.on_own(sums.over), scored=self.on_own(sums.scored), spans=self.on_own(sums.spans))

    def row(self, screening: Screening, expression: str, cut: Cut, inside: Bools) -> ScreeningRow:
        """One screening over some cells of `own`."""
        if cut == "A":
            return screening_row(screening.windows, expression, self.own, "A", inside)
        row = screening_row(screening.windows, expression, self.shared, "B", inside[self.at])
        return replace(row, shares=self.on_own(row.shares))

    def part(self, second: float) -> str:
        """The title of what was shown at a second of A; empty where there is none."""
        if self.timeline is None:
            return ""
        (index,) = self.timeline.segment_indices(np.array([second])).tolist()
        return self.timeline.segments[index].title if index >= 0 else ""


def laid(screening: Screening) -> Screening:
    """A screening on the seconds of what was shown; where nobody said when that began, on the session's own."""
    if np.isnan(screening.windows.timeline_s).all():
        return replace(screening, windows=on_session_clock(screening.windows))
    return screening


def length_s(screenings: Sequence[Screening]) -> float:
    """Where the longest of some screenings ends, seconds of what was shown; 0 where there is none.

    What came long after all that was shown (an open end, a camera left on) is not the film's.
    """
    ends = []
    for screening in screenings:
        windows = screening.windows
        with_figures = windows.timeline_s[windows.place[windows.table.scored.any(axis=1)]]
        ends.append(float(np.nanmax(with_figures, initial=0.0)) + windows.width_ms / 1000)
    return max(ends, default=0.0)


def usual_timeline(screenings: Sequence[Screening]) -> Timeline | None:
    """The first timeline of more than half of some screenings; None where so many do not agree."""
    timelines = Counter(one.stage.timelines[0] for one in screenings if one.stage.timelines)
    timeline, times = timelines.most_common(1)[0] if timelines else (None, 0)
    return timeline if 2 * times > len(screenings) else None


def step_s(until_s: float) -> int:
    """The step in which a film of some length is looked at where nobody chose."""
    return next((step for step in STEPS_S if until_s / step <= _CELLS_AT_FIRST), STEPS_S[-1])
