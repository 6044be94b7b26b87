"""How a comparison is looked at: the choices of the page, each in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import streamlit as st

from audience.comparing.comparison import LEAST_UNITS
from dashboard.lab.choosing_expression import choose_expression
from dashboard.lab.facets import Facet
from dashboard.lab.film_axis import STEPS_S, length_s, step_s
from dashboard.lab.groups import Group, grouped, in_both
from dashboard.lab.selection import Selection

Align = Literal["titles", "seconds", "edits"]
Lines = Facet | Literal["each"]

_WIDTH = 205
_BY: Mapping[Facet, str] = {
    "cut": "A line for each cut",
    "city": "A line for each city",
    "tag": "A line for each audience",
    "kind": "A line for each kind",
    "film": "A line for each film",
}
_EACH = "A line for each screening"
_ALIGN: Mapping[Align, str] = {
    "titles": "Cuts laid by scene titles",
    "seconds": "Cuts laid second by second",
    "edits": "Cuts laid by two edit lists",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is looked at, and how.

    Attributes:
        expression: which.
        groups: what is drawn as one line each; none where each screening is.
        facet: what the groups are by; None where there are none.
        step: length of a cell, seconds.
    """

    expression: str
    groups: tuple[Group, ...]
    facet: Facet | None
    step: int


def choose_view(selection: Selection) -> View:
    """The row of choosers above the chart."""
    expression = choose_expression(selection.expressions, selection.experimental, width=_WIDTH)
    by = {facet: grouped(selection.screenings, facet) for facet in _BY}
    offered: list[Lines] = ["each", *(facet for facet, groups in by.items() if len(groups) > 1)]
    # At first what can be compared; else nobody asked for groups, and "not enough data" would be no answer.
    usual: Lines = next((facet for facet, groups in by.items() if _enough(groups)), offered[0])
    lines = st.selectbox(
        "Lines",
        offered,
        index=offered.index(usual),
        format_func=lambda one: _EACH if one == "each" else _BY[one],
        key="lines",
        bind="query-params",
        label_visibility="collapsed",
        width=_WIDTH,
    )
    step = st.selectbox(
        "Averaged over",
        STEPS_S,
        index=STEPS_S.index(step_s(length_s(selection.screenings))),
        format_func=lambda step: f"Over {step} s" if step < 60 else "Over 1 min",
        key="step",
        bind="query-params",
        label_visibility="collapsed",
        width=_WIDTH,
    )
    facet = None if lines == "each" else lines
    return View(expression=expression, groups=by[facet] if facet else (), facet=facet, step=step)


def _enough(groups: Sequence[Group]) -> bool:
    """Whether there are two groups that can be compared."""
    large = [group for group in groups if len(group.screenings) >= LEAST_UNITS]
    return any(not in_both(a, b) for a, b in combinations(large, 2))


def choose_pair(groups: Sequence[Group]) -> tuple[Group, Group]:
    """Which two groups to compare: the only two there are, or those somebody chose."""
    if len(groups) == 2:
        return groups[0], groups[1]
    by_name = {group.name: group for group in groups}
    names = list(by_name)
    a = st.selectbox(
        "Compare",
        names,
        key="a",
        format_func=lambda name: f"Compare {name}",
        label_visibility="collapsed",
        bind="query-params",
        width=_WIDTH,
    )
    others = [name for name in names if name != a]
    apart = [name for name in others if not in_both(by_name[a], by_name[name])]
    b = st.selectbox(
        "with",
        others,
        index=others.index(apart[0]) if apart else 0,
        key="b",
        format_func=lambda name: f"with {name}",
        label_visibility="collapsed",
        bind="query-params",
        width=_WIDTH,
    )
    return by_name[a], by_name[b]


def choose_align(titles: bool) -> Align:
    """How two cuts are laid on one axis.

    Args:
        titles: whether the cuts have scenes of one title.
    """
    offered: list[Align] = ["titles", "seconds", "edits"] if titles else ["seconds", "edits"]
    return st.selectbox(
        "Cuts laid together by",
        offered,
        format_func=_ALIGN.__getitem__,
        key="align",
        label_visibility="collapsed",
        bind="query-params",
        width=_WIDTH + 30,
    )
