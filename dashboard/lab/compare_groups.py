"""Group against group on the page: what is sampled, the test, and what it says in words and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
import pandas as pd
import streamlit as st

from audience.comparing.comparison import Comparison, GroupCurve, ScreeningRow
from audience.percents import percent, percent_text
from dashboard import markup
from dashboard.lab import differences
from dashboard.lab.compare_table import NOT_ENOUGH
from dashboard.lab.compare_words import ABOUT, Unit, clusters_told, overall
from dashboard.lab.groups import Group, in_both
from dashboard.lab.laying import Laid

Pair = tuple[Group, Group]

_UNITS: Mapping[Unit, str] = {"screenings": "Screenings", "people": "People of one screening of each"}
_ASKED = "people-compared"
_WIDTH = 330


def choose_unit() -> Unit:
    """What was sampled; the page says what that means."""
    unit: Unit = st.segmented_control(
        "What is sampled",
        get_args(Unit),
        default="screenings",
        format_func=_UNITS.__getitem__,
        key="unit",
        bind="query-params",
        required=True,
    )
    st.html(markup.note(ABOUT[unit]))
    return unit


def compare_screenings(laid: Laid, a: Group, b: Group) -> Comparison | None:
    """Two groups by their screenings; None where some are in both, which is said."""
    if both := in_both(a, b):
        line = (
            f"{both} screening{'s are' if both > 1 else ' is'} both “{a.name}” and “{b.name}”, and cannot be compared "
            "with itself: choose groups that have none in common."
        )
        st.html(markup.trouble(line))
        return None
    return differences.compared(laid.shares(a.screenings), laid.shares(b.screenings), laid.axis)


def choose_people(laid: Laid, pair: Pair) -> Pair:
    """The screening of each group whose people are compared, as groups of one."""
    with st.container(horizontal=True):
        one, other = (
            _choose_screening(laid.names, group, key) for group, key in zip(pair, ("of-a", "of-b"), strict=True)
        )
    return one, other


def compare_people(laid: Laid, a: Group, b: Group) -> Comparison | None:
    """The people of two screenings. Their faces take a while to read, so at a button."""
    (one,), (other,) = a.screenings, b.screenings
    if one.key == other.key:
        st.html(markup.trouble("This is the same screening twice: choose two."))
        return None
    asked = (one.key, other.key, laid.expression)
    if st.button("Compare their people", type="primary"):
        st.session_state[_ASKED] = asked
    if st.session_state.get(_ASKED) != asked:
        return None
    bar = st.progress(0.0, "Reading the faces of the first")
    units_a = differences.people_of(laid, one)
    bar.progress(0.4, "Reading the faces of the second")
    units_b = differences.people_of(laid, other)
    bar.progress(0.8, "Comparing")
    comparison = differences.compared(units_a, units_b, laid.axis)
    bar.empty()
    gone = [laid.names[screening.key] for screening, units in ((one, units_a), (other, units_b)) if not len(units)]
    if gone:
        line = f"No single face of {' or '.join(gone)} is kept (faces are for 30 days): compare screenings instead."
        st.html(markup.empty(line))
        return None
    return comparison


def _choose_screening(names: Mapping[str, str], group: Group, key: str) -> Group:
    """One screening of a group. Bound to the address by hand: a widget would write its name, which may change."""
    offered = {screening.key: screening for screening in group.screenings}
    asked = st.query_params.get(key, "")
    chosen = st.selectbox(
        f"Screening of {group.name}",
        list(offered),
        index=list(offered).index(asked) if asked in offered else 0,
        format_func=names.__getitem__,
        key=f"{key}-{group.name}",
        label_visibility="collapsed",
        width=_WIDTH,
    )
    if chosen != asked:
        st.query_params[key] = chosen
    return Group(name=names[chosen], screenings=(offered[chosen],))


def show_findings(laid: Laid, comparison: Comparison, pair: Pair) -> None:
    """Where the groups differ, as a list, and the difference over all."""
    a, b = (group.name for group in pair)
    if told := clusters_told(comparison, laid.axis, a, b):
        st.html(markup.numbered(told))
    st.html(
        markup.note(
            overall(comparison, a, b),
            "Stretches are found by a cluster permutation test over all that is shared, whatever stretch is looked at: "
            "it says that the groups differ; where exactly a stretch begins and ends it does not say.",
        )
    )


def show_groups(groups: Sequence[Group], rows: Mapping[str, ScreeningRow]) -> None:
    """A row a group: the mean of its screenings over the stretch that is looked at."""
    cells = []
    for group in groups:
        of_group = [rows[one.key] for one in group.screenings if one.key in rows]
        mean = GroupCurve.of(np.array([row.share for row in of_group]).reshape(-1, 1))
        banded = not np.isnan(mean.low[0])
        cells.append(
            {
                "Group": group.name,
                "Screenings": int(mean.count[0]),
                "Mean share": 100 * float(mean.mean[0]) if mean.count[0] else None,
                "95 %": f"{percent(mean.low[0])} to {percent_text(mean.high[0])}" if banded else NOT_ENOUGH,
                "Faces": _mean([row.faces for row in of_group]),
                "Coverage": _mean([100 * row.coverage for row in of_group]),
            }
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(cells),
        hide_index=True,
        column_config={
            "Mean share": number(format="%.0f %%", help="Mean of the screenings' shares, each counting once."),
            "95 %": st.column_config.TextColumn(help="Where the mean of such screenings most likely lies."),
            "Faces": number(format="%.0f", help="Mean number of faces in view of a screening."),
            "Coverage": number(format="%.0f %%", help="Faces in view of those expected, on average."),
        },
    )


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else None
