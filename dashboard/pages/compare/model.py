"""Screenings of one or two cuts on one axis, the groups among them, and their lines, differences and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from audience.comparing.comparison import CellSums, Comparison, GroupCurve, ScreeningRow
from audience.comparing.cuts import Cut, Edit
from dashboard.pages.choose_sessions import Facet, value_name, values_of
from dashboard.pages.compare.film_axis import FilmAxis, length_s, usual_timeline
from dashboard.pages.compare.rows import Difference, Line
from dashboard.pages.compare.text import Unit, found
from dashboard.pages.screenings import Screening, names_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Screenings of which the same is said.

    Attributes:
        key: what is said: the cut, the city, the word on the audience.
        name: what that is called.
        screenings: one at least; of a word on the audience, a screening can be in several groups.
    """

    key: str
    name: str
    screenings: tuple[Screening, ...]


def grouped(screenings: Sequence[Screening], facet: Facet) -> tuple[Group, ...]:
    """The groups of some screenings, by name; those of which nothing is said are in none."""
    found: dict[str, list[Screening]] = {}
    for screening in screenings:
        for value in values_of(screening.session, facet):
            found.setdefault(value, []).append(screening)
    return tuple(
        Group(key=value, name=value_name(facet, value), screenings=tuple(found[value])) for value in sorted(found)
    )


def in_both(a: Group, b: Group) -> int:
    """How many screenings are in both groups; comparing the groups cannot separate these."""
    return len({one.key for one in a.screenings} & {one.key for one in b.screenings})


def groups_among(groups: Sequence[Group], screenings: Sequence[Screening]) -> list[Group]:
    """The groups as far as they are among some screenings; those with none of them are left out."""
    keys = {screening.key for screening in screenings}
    among = [replace(group, screenings=tuple(one for one in group.screenings if one.key in keys)) for group in groups]
    return [group for group in among if group.screenings]


Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedScreenings:
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

    def difference(self, comparison: Comparison, a: str, b: str, unit: Unit) -> Difference | None:
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
            unit=unit,
        )
