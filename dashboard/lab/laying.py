"""Screenings of one or two cuts laid on one axis, and the lines, differences and rows they make there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from audience.comparing.comparison import CellSums, Comparison, GroupCurve, ScreeningRow
from audience.comparing.cuts import Cut, Edit
from dashboard.lab.compare_rows import Difference, Line
from dashboard.lab.compare_words import found
from dashboard.lab.film_axis import FilmAxis, length_s, usual_timeline
from dashboard.lab.groups import Group
from dashboard.lab.selection import Screening, names_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """Screenings on one axis.

    Attributes:
        axis: of cut A where there are two.
        screenings: those that are on it.
        names: what to call each, by its key; no two alike.
        cuts: which of the two cuts each is of, by its key.
        sums: what the figures of each are made of along the axis, by its key.
        expression: whose figures.
    """

    axis: FilmAxis
    screenings: tuple[Screening, ...]
    names: Mapping[str, str]
    cuts: Mapping[str, Cut]
    sums: Mapping[str, CellSums]
    expression: str

    @classmethod
    def of(
        cls,
        screenings: Sequence[Screening],
        b: str | None,
        edits: Sequence[Edit],
        *,
        step: float,
        expression: str,
    ) -> Self:
        """Lays screenings together.

        Args:
            screenings: on the seconds of what was shown; one at least.
            b: the name of the cut that is laid on the others'; None where all are laid second by second.
            edits: what both cuts share; none where all are laid second by second.
            step: length of a cell, seconds.
            expression: whose figures.

        Raises:
            InvalidValue: edits overlap.
        """
        cuts: dict[str, Cut] = {one.key: "B" if edits and one.session.cut == b else "A" for one in screenings}
        of_a = [one for one in screenings if cuts[one.key] == "A"]
        until_s = max([length_s(of_a), *(edit.start_a_s + edit.length_s for edit in edits)])
        axis = FilmAxis.of(edits, until_s, step, usual_timeline(of_a))
        return cls(
            axis=axis,
            screenings=tuple(screenings),
            names=names_of(screenings),
            cuts=cuts,
            sums={one.key: axis.sums(one, expression, cuts[one.key]) for one in screenings},
            expression=expression,
        )

    def shares(self, screenings: Sequence[Screening]) -> Floats:
        """(screenings, c) shares along the axis, NaN where there is no figure."""
        sums = [self.sums[one.key] for one in screenings]
        return np.array([one.over / one.scored for one in sums]).reshape(len(screenings), len(self.axis.own))

    def line_of(self, screening: Screening) -> Line:
        """One screening as a line."""
        sums = self.sums[screening.key]
        share, low, high = sums.line(screening.windows.min_faces)
        return Line(name=self.names[screening.key], share=share, low=low, high=high)

    def line_of_group(self, group: Group) -> Line:
        """The mean of a group as a line; of a group of one, that screening."""
        if len(group.screenings) == 1:
            return replace(self.line_of(group.screenings[0]), name=group.name)
        mean = GroupCurve.of(self.shares(group.screenings))
        return Line(name=group.name, share=mean.mean, low=mean.low, high=mean.high, count=mean.count)

    def row(self, screening: Screening, inside: Bools) -> ScreeningRow:
        """One screening over some cells."""
        return self.axis.row(screening, self.expression, self.cuts[screening.key], inside)

    def difference(self, comparison: Comparison, a: str, b: str, what: str) -> Difference | None:
        """A comparison on the axis; None where there is not enough data for one."""
        if not comparison.enough:
            return None
        at = self.axis.at
        return Difference(
            higher=a,
            lower=b,
            value=self.axis.on_own(comparison.difference),
            low=self.axis.on_own(comparison.low),
            high=self.axis.on_own(comparison.high),
            clusters=tuple((int(at[one.first]), int(at[one.last])) for one in found(comparison)),
            unit=what,
        )
