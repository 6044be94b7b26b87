"""Screenings by what is said of them: the groups that are drawn and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.lab.facets import Facet, values_of
from dashboard.lab.selection import Screening


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Screenings of which the same is said.

    Attributes:
        name: what is said: the cut, the city, the word on the audience.
        screenings: one at least; of a word on the audience, a screening can be in several groups.
    """

    name: str
    screenings: tuple[Screening, ...]


def grouped(screenings: Sequence[Screening], facet: Facet) -> tuple[Group, ...]:
    """The groups of some screenings, by name; those of which nothing is said are in none."""
    found: dict[str, list[Screening]] = {}
    for screening in screenings:
        for value in values_of(screening.session, facet):
            found.setdefault(value, []).append(screening)
    return tuple(Group(name=name, screenings=tuple(found[name])) for name in sorted(found))


def in_both(a: Group, b: Group) -> int:
    """How many screenings are in both groups; these cannot be told apart by comparing them."""
    return len({one.key for one in a.screenings} & {one.key for one in b.screenings})


def groups_among(groups: Sequence[Group], screenings: Sequence[Screening]) -> list[Group]:
    """The groups as far as they are among some screenings; those with none of them are left out."""
    keys = {screening.key for screening in screenings}
    among = [
        Group(name=group.name, screenings=tuple(one for one in group.screenings if one.key in keys)) for group in groups
    ]
    return [group for group in among if group.screenings]
