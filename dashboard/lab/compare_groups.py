"""Group against group on the page: what is sampled, the test, and what it says in words and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
import pandas as pd
import streamlit as st

from audience.comparison import Comparison
from audience.groups import GroupCurve
from audience.percents import percent, percent_text
from audience.screening_table import ScreeningRow
from dashboard import markup
from dashboard.lab import differences
from dashboard.lab.compare_table import NOT_ENOUGH
from dashboard.lab.compare_words import ABOUT, Unit, clusters_told, overall
from dashboard.lab.groups import Group, in_both
from dashboard.lab.laying import Laid
from dashboard.lab.selection import Screening
from dashboard.wording import plain

_UNITS: Mapping[Unit, str] = {"screenings": "Screenings", "people": "People of one screening of each"}
_WIDTH = 300


def choose_unit() -> Unit:
    """What was sampled; the page says what that means."""
    unit: Unit | None = st.segmented_control(
        "What is sampled",
        get_args(Unit),
        default="screenings",
        format_func=_UNITS.__getitem__,
        key="unit",
        bind="query-params",
        required=True,
    )
    st.html(markup.note(ABOUT[unit or "screenings"]))
    return unit or "screenings"


def compare_groups(laid: Laid, a: Group, b: Group, unit: Unit) -> Comparison | None:
    """The comparison of two groups; None where there is none, which is said."""
    if (both := in_both(a, b)) and unit == "screenings":
        line = (
            f"{both} screening{'s are' if both > 1 else ' is'} both “{a.name}” and “{b.name}”, and cannot be compared "
            "with itself: choose groups that have none in common."
        )
        st.html(markup.trouble(line))
        return None
    if unit == "people":
        return _compare_people(laid, a, b)
    return differences.compared(laid.shares(laid.on_axis(a)), laid.shares(laid.on_axis(b)), laid.axis)


def _compare_people(laid: Laid, a: Group, b: Group) -> Comparison | None:
    """The people of one screening of each group: their faces take a while to read, so at a button."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = _choose_screening(laid, a, "of-a")
        other = _choose_screening(laid, b, "of-b")
        asked = (one.key, other.key, laid.expression)
        if st.button("Compare their people", type="primary"):
            st.session_state["people-asked"] = asked
    if one.key == other.key:
        st.html(markup.trouble("This is the same screening twice: choose two."))
        return None
    if st.session_state.get("people-asked") != asked:
        return None
    bar = st.progress(0.0, "Reading the faces of the first")
    units_a = differences.people_of(laid, one)
    bar.progress(0.4, "Reading the faces of the second")
    units_b = differences.people_of(laid, other)
    bar.progress(0.8, "Comparing")
    comparison = differences.compared(units_a, units_b, laid.axis)
    bar.empty()
    if not len(units_a) or not len(units_b):
        st.html(
            markup.empty(
                "Single faces are kept for 30 days, and those of these screenings are gone: compare screenings."
            )
        )
        return None
    return comparison


def _choose_screening(laid: Laid, group: Group, key: str) -> Screening:
    offered = {screening.key: screening for screening in laid.on_axis(group)}
    chosen = st.selectbox(
        f"Screening of {plain(group.name)}",
        list(offered),
        format_func=lambda one: offered[one].name,
        key=key,
        width=_WIDTH,
    )
    return offered[chosen]


def show_findings(laid: Laid, comparison: Comparison, a: str, b: str) -> None:
    """Where the groups differ, as a list, and the difference over all."""
    if not comparison.enough:
        return
    st.html(markup.numbered(clusters_told(comparison, laid.axis, a, b)))
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
        mean = GroupCurve.of(np.array([[row.share] for row in of_group]).reshape(-1, 1))
        enough = bool(mean.count[0])
        band = f"{percent(mean.low[0])} to {percent_text(mean.high[0])}" if not np.isnan(mean.low[0]) else NOT_ENOUGH
        cells.append(
            {
                "Group": group.name,
                "Screenings": int(mean.count[0]),
                "Mean share": 100 * float(mean.mean[0]) if enough else None,
                "95 % over screenings": band,
                "Faces": _mean([row.faces for row in of_group]),
                "Coverage": 100 * _mean([row.coverage for row in of_group]),
            }
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(cells),
        hide_index=True,
        column_config={
            "Mean share": number(format="%.0f %%", help="Mean of the screenings' shares, each counting once."),
            "Faces": number(format="%.0f", help="Mean number of faces in view of a screening."),
            "Coverage": number(format="%.0f %%"),
        },
    )


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
