"""Many screenings side by side: their curves on one axis, group against group, and a table of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from audience.comparison import Comparison
from audience.percents import percent_text
from audience.screening_table import ScreeningRow
from dashboard import markup
from dashboard.clock import date_text, viewer_zone
from dashboard.lab import stretch
from dashboard.lab.choosing import chosen_selection
from dashboard.lab.compare_chart import compare_chart
from dashboard.lab.compare_groups import choose_unit, compare_groups, show_findings, show_groups
from dashboard.lab.compare_rows import Difference, Line
from dashboard.lab.compare_table import marked_before, show_table
from dashboard.lab.compare_view import choose_pair, choose_view
from dashboard.lab.compare_words import Unit, verdict
from dashboard.lab.cut_edits import choose_edits, two_cuts, upload_edits
from dashboard.lab.film_axis import laid
from dashboard.lab.laying import Laid
from dashboard.lab.selection import Selection
from dashboard.palette import palette_of
from dashboard.wording import GAPS, doing, share_of

CHART_HEIGHT, WITH_DIFFERENCE = 400, 510


def show(selection: Selection) -> None:
    """The page below its chooser."""
    selection = replace(selection, screenings=tuple(laid(one) for one in selection.screenings))
    head = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", key="choosers"):
        view = choose_view(selection)
        pair = choose_pair(view.groups) if view.groups else None
        cuts = two_cuts(selection.screenings)
        if cuts and pair and view.facet == "cut":
            cuts = pair[0].name, pair[1].name
        edits = choose_edits(selection.screenings, cuts) if cuts else ()
    if edits is None and cuts:
        edits = upload_edits(cuts)
    on_axis = Laid.of(selection.screenings, cuts, edits or (), step=view.step, expression=view.expression)
    chart, slider = st.container(), st.container()

    comparison: Comparison | None = None
    unit: Unit = "screenings"
    findings = st.container()
    if pair:
        with findings:
            unit = choose_unit()
            comparison = compare_groups(on_axis, *pair, unit)
            if comparison:
                show_findings(on_axis, comparison, pair[0].name, pair[1].name)
    until_s = on_axis.axis.until_s
    inside = on_axis.axis.inside(*stretch.chosen_stretch(until_s)) & on_axis.axis.is_shared
    rows = [on_axis.row(one, inside) for one in on_axis.screenings]
    if comparison and pair:
        head.html(markup.lead(verdict(comparison, pair[0].name, pair[1].name, unit)))
    else:
        head.html(markup.lead(summary(rows, view.expression)))
    marked = marked_before(on_axis.screenings)
    lines = [on_axis.line_of_group(group) for group in view.groups if on_axis.on_axis(group)]
    if lines:
        lines += [on_axis.line_of(one) for one in on_axis.screenings if one.name in marked]
    else:
        lines = [on_axis.line_of(one) for one in on_axis.screenings]
    difference = None
    if comparison and pair:
        what = "share" if unit == "screenings" else "mean confidence"
        difference = on_axis.difference(comparison, pair[0].name, pair[1].name, what)
    with chart:
        show_chart(on_axis, lines, difference, marked, view.expression, view.step)
    with slider:
        stretch.slider(until_s)
        st.html(markup.note(*about_the_axis(on_axis, selection, cuts, bool(edits)), GAPS))
    if view.groups:
        show_groups(view.groups, {one.key: row for one, row in zip(on_axis.screenings, rows, strict=True)})
    zone = viewer_zone(st.context.timezone)
    show_table(on_axis.screenings, rows, [date_text(one.session.started_at, zone) for one in on_axis.screenings])


def show_chart(
    on_axis: Laid,
    lines: Sequence[Line],
    difference: Difference | None,
    marked: Sequence[str],
    expression: str,
    step: int,
) -> None:
    """The chart; a brush over it chooses the stretch that is looked at."""
    until_s = on_axis.axis.until_s
    looked_at = stretch.chosen_stretch(until_s)
    height = CHART_HEIGHT if difference is None else WITH_DIFFERENCE
    key = f"chart-{looked_at[0]:g}-{looked_at[1]:g}"
    name = share_of(expression, step)
    st.echarts_chart(
        compare_chart(
            on_axis.axis,
            lines,
            difference,
            marked=marked,
            stretch=looked_at,
            name=name,
            palette=palette_of(st.context.theme.type),
            height=height,
        ),
        height=height,
        key=key,
        alt=f"{name}: {len(lines)} lines along what was shown",
        theme=None,
        on_select=lambda: stretch.brushed(st.session_state[key], until_s),
    )


def summary(rows: Sequence[ScreeningRow], expression: str) -> str:
    """All screenings in a sentence."""
    shares = [row.share for row in rows if row.enough]
    if not shares:
        return "Not enough data: no screening has ten seconds of figures here."
    told = f"{percent_text(float(np.mean(shares)))} of the faces {doing(expression)} on average over "
    if len(shares) == 1:
        return f"{told}this screening."
    ends = f"{percent_text(min(shares))} in the lowest, {percent_text(max(shares))} in the highest"
    return f"{told}{len(shares)} screenings: {ends}."


def about_the_axis(on_axis: Laid, selection: Selection, cuts: tuple[str, str] | None, aligned: bool) -> list[str]:
    """On which seconds the lines are laid, and who is not on them."""
    untold = sum(not one.stage.timelines and not one.stage.cues for one in on_axis.screenings)
    told = ["Lines lie on the seconds of what was shown, as its cues tell."]
    if cuts and aligned:
        told = [
            f"Lines lie on the seconds of {cuts[0]}; {cuts[1]} is laid on it where both show the same. "
            "Tables are over what both show."
        ]
    elif cuts:
        told = [f"{cuts[0]} and {cuts[1]} are laid together second by second, each from its own beginning."]
    if untold:
        told.append(f"Of {untold} nobody said when what was shown began: they are laid from their session's start.")
    if absent := len(selection.screenings) - len(on_axis.screenings):
        told.append(f"{absent} of other cuts are not drawn: two cuts are laid together at a time.")
    return told


st.html(markup.page_title("Compare"))
if (selection := chosen_selection()) is not None:
    show(selection)
