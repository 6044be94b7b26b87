"""Group against group on the Compare page: what is sampled, the test, computed once for all viewers, and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from audience.comparing.comparison import Comparison, GroupCurve, ScreeningRow, compare, people
from audience.comparing.cuts import Cut, Edit, SharedAxis
from audience.comparing.tracks import tracks_of
from audience.language import N_, gettext, ngettext
from audience.percents import percent, percent_text
from dashboard import markup
from dashboard.choices import choose_segment
from dashboard.data import store_url
from dashboard.pages import screening_data
from dashboard.pages.compare.film_axis import FilmAxis
from dashboard.pages.compare.model import AlignedScreenings, Group, in_both
from dashboard.pages.compare.table import NOT_ENOUGH
from dashboard.pages.compare.text import ABOUT, Unit, cluster_lines, overall
from dashboard.pages.screenings import Screening

Pair = tuple[Group, Group]

_UNITS: Mapping[Unit, str] = {"screenings": N_("Screenings"), "people": N_("People of one screening of each")}
_ASKED = "people-compared"
_WIDTH = 330


def choose_unit() -> Unit:
    """What was sampled; the page says what that means."""
    unit: Unit = choose_segment(
        gettext("Sampling unit"), get_args(Unit), key="unit", usual="screenings", name=_unit_name
    )
    st.html(markup.note(gettext(ABOUT[unit])))
    return unit


def _unit_name(unit: Unit) -> str:
    return gettext(_UNITS[unit])


def compare_screenings(laid: AlignedScreenings, a: Group, b: Group) -> Comparison | None:
    """Two groups by their screenings; None where some are in both, which is said."""
    if both := in_both(a, b):
        line = ngettext(
            "{count} screening is in both “{a}” and “{b}”: choose groups that have none in common.",
            "{count} screenings are in both “{a}” and “{b}”: choose groups that have none in common.",
            both,
            a=a.name,
            b=b.name,
        )
        st.html(markup.trouble(line))
        return None
    return compared(laid.shares(a.screenings), laid.shares(b.screenings), laid.axis)


def choose_people(laid: AlignedScreenings, pair: Pair) -> Pair:
    """The screening of each group whose people are compared, as groups of one."""
    with st.container(horizontal=True):
        one, other = (
            _choose_screening(laid.names, group, key) for group, key in zip(pair, ("of-a", "of-b"), strict=True)
        )
    return one, other


def compare_people(laid: AlignedScreenings, a: Group, b: Group) -> Comparison | None:
    """The people of two screenings. Their faces take a while to read, so at a button."""
    (one,), (other,) = a.screenings, b.screenings
    if one.key == other.key:
        st.html(markup.trouble(gettext("This is the same screening twice: choose two.")))
        return None
    asked = (one.key, other.key, laid.expression)
    if st.button(gettext("Compare their people"), type="primary"):
        st.session_state[_ASKED] = asked
    if st.session_state.get(_ASKED) != asked:
        return None
    bar = st.progress(0.0, gettext("Reading the faces of the first"))
    units_a = people_of(laid, one)
    bar.progress(0.4, gettext("Reading the faces of the second"))
    units_b = people_of(laid, other)
    bar.progress(0.8, gettext("Comparing"))
    comparison = compared(units_a, units_b, laid.axis)
    bar.empty()
    gone = [laid.names[screening.key] for screening, units in ((one, units_a), (other, units_b)) if not len(units)]
    if gone:
        line = gettext(
            "No single face of {screenings} is stored any more (they expire after 30 days): compare screenings "
            "instead.",
            screenings=gettext("{a} or {b}", a=gone[0], b=gone[1]) if len(gone) == 2 else gone[0],
        )
        st.html(markup.empty(line))
        return None
    return comparison


def _choose_screening(names: Mapping[str, str], group: Group, key: str) -> Group:
    """One screening of a group. Bound to the address by hand: a widget would write its name, which may change."""
    offered = {screening.key: screening for screening in group.screenings}
    asked = st.query_params.get(key, "")
    chosen = st.selectbox(
        gettext("Screening of {group}", group=group.name),
        list(offered),
        index=list(offered).index(asked) if asked in offered else 0,
        format_func=names.__getitem__,
        key=f"{key}-{group.key}",
        label_visibility="collapsed",
        width=_WIDTH,
    )
    if chosen != asked:
        st.query_params[key] = chosen
    return Group(key=chosen, name=names[chosen], screenings=(offered[chosen],))


def show_findings(laid: AlignedScreenings, comparison: Comparison, pair: Pair) -> None:
    """Where the groups differ, as a list, and the difference over all."""
    a, b = (group.name for group in pair)
    if lines := cluster_lines(comparison, laid.axis, a, b):
        st.html(markup.numbered(lines))
    st.html(
        markup.note(
            overall(comparison, a, b),
            gettext(
                "Time ranges are found by a cluster permutation test over everything both share, whatever range is "
                "selected: it shows that the groups differ, not exactly where a range begins and ends."
            ),
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
                "95 %": gettext("{low} to {high}", low=percent(mean.low[0]), high=percent_text(mean.high[0]))
                if banded
                else gettext(NOT_ENOUGH),
                "Faces": _mean([row.faces for row in of_group]),
                "Coverage": _mean([100 * row.coverage for row in of_group]),
            }
        )
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(cells),
        hide_index=True,
        column_config={
            "Group": text(gettext("Group")),
            "Screenings": number(gettext("Screenings")),
            "Mean share": number(
                gettext("Mean share"),
                format="%.0f %%",
                help=gettext("Mean of the screenings' shares, each counting once."),
            ),
            "95 %": text(help=gettext("Where the mean of such screenings most likely lies.")),
            "Faces": number(
                gettext("Faces"), format="%.0f", help=gettext("Mean number of faces in view of a screening.")
            ),
            "Coverage": number(
                gettext("Coverage"), format="%.0f %%", help=gettext("Faces in view of those expected, on average.")
            ),
        },
    )


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else None


Floats = NDArray[np.float64]

_KEPT_S = 300
_SEED = 20_260_504  # so that everybody sees the same p


def compared(a: Floats, b: Floats, axis: FilmAxis) -> Comparison:
    """Compares units along what is shared.

    Args:
        a, b: (units, c) along all of the axis.
        axis: theirs.
    """
    return _compared(a[:, axis.at], b[:, axis.at], axis.shared.edits, axis.shared.cell_s)


def people_of(laid: AlignedScreenings, screening: Screening) -> Floats:
    """(tracks, c) mean confidence of the people of one screening along the axis; none where faces are not kept."""
    cut = laid.cuts[screening.key]
    axis = laid.axis.own if cut == "A" else laid.axis.shared
    units = _people(store_url(), screening.marks, laid.expression, axis.edits, axis.cell_s, cut, screening)
    return units if cut == "A" else laid.axis.on_own(units)


@st.cache_resource(ttl=_KEPT_S, max_entries=16, show_spinner=False)
def _people(
    url: str, marks: str, expression: str, edits: tuple[Edit, ...], cell_s: float, cut: Cut, _screening: Screening
) -> Floats:
    tracks = tracks_of(_screening.windows, screening_data.faces(_screening), _screening.cameras, expression)
    return people(tracks, _screening.windows, SharedAxis.of(edits, cell_s), cut)


@st.cache_resource(max_entries=64, show_spinner=False)
def _compared(a: Floats, b: Floats, edits: tuple[Edit, ...], cell_s: float) -> Comparison:
    return compare(a, b, SharedAxis.of(edits, cell_s), seed=_SEED)
