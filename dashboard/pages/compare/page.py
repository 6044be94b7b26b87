"""Many screenings side by side: their curves on one axis, group against group, and a table of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Final

import numpy as np
import streamlit as st

from audience.comparing.comparison import Comparison
from audience.language import N_, gettext, ngettext
from audience.percents import percent_text
from dashboard import markup
from dashboard.charts.compare import BRUSH, titled_from_px
from dashboard.charts.theme import palette_of
from dashboard.download import address, offer
from dashboard.pages.choose_sessions import chosen_selection, link_parameters
from dashboard.pages.compare import controls
from dashboard.pages.compare.controls import (
    Cuts,
    View,
    choose_edits,
    choose_pair,
    choose_view,
    cut_name,
    of_cuts,
    two_cuts,
    upload_edits,
)
from dashboard.pages.compare.download import PAGE, PICTURES, TABLES, CompareView, bundle
from dashboard.pages.compare.film_axis import laid as on_seconds
from dashboard.pages.compare.groups import (
    Pair,
    choose_people,
    choose_unit,
    compare_people,
    compare_screenings,
    show_findings,
    show_groups,
)
from dashboard.pages.compare.model import AlignedScreenings, Group, groups_among
from dashboard.pages.compare.rows import Line, shown_segments
from dashboard.pages.compare.table import marked_before, show_table
from dashboard.pages.compare.text import Unit, verdict
from dashboard.pages.screenings import Selection, left_out_text, lines_set_down
from dashboard.wording import GAPS, expression_name

# The same whatever is chosen: a chart with other words is another chart to a browser, which takes twice as long.
_ALT = N_(
    "Shares along what was shown. The sentence above says what they come to, the table below lists their figures."
)

# How wide a chart is at least on a phone, and on a page that is no phone's.
_PHONE_PX: Final = 310
_WIDE_PX: Final = 580


def show(selection: Selection) -> None:
    """The page below its chooser, from the choices to the table."""
    selection = replace(selection, screenings=tuple(on_seconds(one) for one in selection.screenings))
    head = st.container()
    with st.container(horizontal=True, vertical_alignment="center", key="choosers"):
        view = choose_view(selection)
        cuts = two_cuts(selection.screenings)
        pair: Pair | None = None
        if view.facet == "cut":
            pair = choose_pair(view.groups)
            cuts = (pair[0].key, pair[1].key) if cuts else None
        on_axis = of_cuts(selection.screenings, cuts)
        groups = groups_among(view.groups, on_axis)
        if view.facet != "cut":
            pair = choose_pair(groups) if len(groups) > 1 else None
        edits = choose_edits(on_axis, cuts) if cuts else ()
    if edits is None and cuts:
        edits = upload_edits(cuts)
    laid = AlignedScreenings.of(
        on_axis, cuts[1] if cuts else None, edits or (), step=view.step, expression=view.expression
    )
    # What stands higher on the page shows what is chosen lower down.
    chart, slider, findings = st.container(), st.container(), st.container()
    comparison: Comparison | None = None
    unit: Unit = "screenings"
    if pair:
        with findings:
            unit = choose_unit()
            if unit == "people":
                pair = choose_people(laid, pair)
                groups = list(pair)
            comparison = (compare_people if unit == "people" else compare_screenings)(laid, *pair)
            if comparison and comparison.enough:
                show_findings(laid, comparison, pair)
    looked_at = controls.chosen_stretch(laid.axis.until_s)
    marked = [laid.names[key] for key in marked_before(laid.screenings)]
    shown = CompareView(
        laid=laid,
        rows=[laid.row(one, laid.axis.inside(*looked_at) & laid.axis.is_shared) for one in laid.screenings],
        lines=lines_of(laid, groups, unit, marked),
        marked=marked,
        stretch=looked_at,
        step=view.step,
        unit=unit,
        pair=pair,
        comparison=comparison,
    )
    sentence = verdict(comparison, pair[0].name, pair[1].name, unit) if comparison and pair else summary(shown)
    head.html(markup.lead(sentence))
    with chart:
        show_chart(shown)
    with slider:
        controls.slider(laid.axis.until_s)
        st.html(
            markup.note(*about_the_axis(laid, selection, cuts, bool(edits)), *about_groups(view, laid), gettext(GAPS))
        )
    show_tables(shown, groups if unit == "screenings" else ())
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = {name: st.query_params.get_all(name) for name in st.query_params}
        build = bundle(shown, address(PAGE), chosen, f"{shown.name}. {sentence}")
        offer(build, page=PAGE, first=gettext("Table of the curves"), tables=TABLES, pictures=PICTURES)
        st.page_link("scenes/page.py", label=gettext("Scenes of these screenings →"), query_params=link_parameters())
    if lines := lines_set_down(laid.screenings):
        st.html(markup.listing(gettext("Notes and exclusions"), lines))


def lines_of(laid: AlignedScreenings, groups: Sequence[Group], unit: Unit, marked: Sequence[str]) -> list[Line]:
    """A line for each group and each screening that stands out, or for each screening."""
    if unit == "people":
        return [laid.line_of(screening) for group in groups for screening in group.screenings]
    if groups:
        stand_out = [laid.line_of(one) for one in laid.screenings if laid.names[one.key] in marked]
        return [*(laid.line_of_group(group) for group in groups), *stand_out]
    return [laid.line_of(one) for one in laid.screenings]


def show_chart(shown: CompareView) -> None:
    """The chart; a brush over it chooses the stretch that is looked at."""
    # Another stretch is another chart: the brush that chose it has done its work.
    key = f"chart-{shown.stretch[0]:g}-{shown.stretch[1]:g}"
    st.altair_chart(
        shown.chart(palette_of(st.context.theme.type)),
        key=key,
        alt=gettext(_ALT),
        theme=None,
        selection_mode=BRUSH,
        on_select=lambda: controls.brushed(st.session_state[key], shown.laid.axis.until_s),
    )
    if parts := parts_by_number(shown):
        st.html(parts)


def parts_by_number(shown: CompareView) -> str:
    """The names of what was shown that have no room in the chart, by the numbers that stand there.

    One that has room on a wide page is listed on narrow ones. The list is "" where each has room.
    """
    items = []
    for part in shown_segments(shown.laid.axis, shown.stretch).itertuples():
        from_px = titled_from_px(part.title, part.until_s - part.from_s, shown.stretch)
        if from_px > _PHONE_PX:
            narrow = "" if from_px > _WIDE_PX else ' class="hl-narrow"'
            items.append(f"<li{narrow}><strong>{part.number}</strong> {escape(part.title)}</li>")
    return f'<ul class="hl-parts">{"".join(items)}</ul>' if items else ""


def show_tables(shown: CompareView, groups: Sequence[Group]) -> None:
    """The groups, and the screenings."""
    if groups:
        show_groups(groups, {one.key: row for one, row in zip(shown.laid.screenings, shown.rows, strict=True)})
    show_table(shown.laid, shown.rows)


def summary(shown: CompareView) -> str:
    """All screenings in a sentence."""
    shares = [row.share for row in shown.rows if row.enough]
    if not shares:
        return gettext("Not enough data: no screening has ten seconds of figures here.")
    values = {
        "expression": expression_name(shown.laid.expression),
        "share": percent_text(float(np.mean(shares))),
    }
    if len(shares) == 1:
        return gettext("{expression}: {share} of the faces on average over this screening.", **values)
    return ngettext(
        "{expression}: {share} of the faces on average over {count} screening, {lowest} in the lowest and {highest} in "
        "the highest.",
        "{expression}: {share} of the faces on average over {count} screenings, {lowest} in the lowest and {highest} "
        "in the highest.",
        len(shares),
        lowest=percent_text(min(shares)),
        highest=percent_text(max(shares)),
        **values,
    )


def about_the_axis(laid: AlignedScreenings, selection: Selection, cuts: Cuts | None, aligned: bool) -> list[str]:
    """On which seconds the lines are laid, and who is not on them."""
    line = gettext("All lines share the seconds of what was shown.")
    if cuts and aligned:
        line = gettext(
            "All lines share the seconds of {a}; {b} is aligned where both show the same. The tables cover what both "
            "show.",
            a=cut_name(cuts[0]),
            b=cut_name(cuts[1]),
        )
    elif cuts:
        line = gettext(
            "{a} and {b} are aligned second by second, each from its own beginning.",
            a=cut_name(cuts[0]),
            b=cut_name(cuts[1]),
        )
    notes = [line]
    if without := sum(not one.stage.timelines and not one.stage.cues for one in laid.screenings):
        notes.append(
            ngettext(
                "One screening has no timeline: it is aligned by the start of its session.",
                "{count} screenings have no timeline: they are aligned by the start of their session.",
                without,
            )
        )
    if selection.left_out:
        notes.append(left_out_text(selection))
    if excluded := sum(bool(one.stage.exclusions) for one in laid.screenings):
        notes.append(
            ngettext(
                "Time that somebody excluded is in no figure of {count} screening: see the notes below.",
                "Time that somebody excluded is in no figure of {count} screenings: see the notes below.",
                excluded,
            )
        )
    if absent := len(selection.screenings) - len(laid.screenings):
        notes.append(
            ngettext(
                "One screening of another cut is not drawn: only two cuts can be compared at a time.",
                "{count} screenings of other cuts are not drawn: only two cuts can be compared at a time.",
                absent,
            )
        )
    return notes


def about_groups(view: View, laid: AlignedScreenings) -> list[str]:
    """Who is in no group, and so in no line of one."""
    grouped = {one.key for group in view.groups for one in group.screenings}
    apart = sum(one.key not in grouped for one in laid.screenings)
    if not grouped or not apart:
        return []
    return [
        ngettext(
            "One screening is in no group and appears only in the table.",
            "{count} screenings are in no group and appear only in the table.",
            apart,
        )
    ]


st.html(markup.page_title(gettext("Compare")))
if (selection := chosen_selection()) is not None:
    show(selection)
