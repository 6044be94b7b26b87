"""Scenes: which expressions each scene drew, how alike the audience moved, and where it stands in the archive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from audience.language import N_, gettext
from audience.percents import percent
from audience.reaction.curve import overall_share
from dashboard import markup
from dashboard.choices import choose_expression, choose_segment
from dashboard.download import address
from dashboard.pages.choose_sessions import chosen_selection, link_parameters
from dashboard.pages.scenes import data
from dashboard.pages.scenes import expressions as expressions_view
from dashboard.pages.scenes import norms as norms_view
from dashboard.pages.scenes import synchrony as synchrony_view
from dashboard.pages.scenes.selected import PAGE, ChosenScenes, by_work
from dashboard.pages.screenings import Screening, Selection, lines_set_down, names_of


def plan_parameters(screenings: Sequence[Screening], expression: str) -> dict[str, str]:
    """The planner's address, as far as these screenings say how usual audiences are.

    Args:
        screenings: one at least, with figures.
        expression: which.
    """
    shares = [overall_share(screening.windows, expression) for screening in screenings]
    faces = [np.nanmean(screening.windows.faces) for screening in screenings]
    known = {"faces": f"{max(1.0, float(np.mean(faces))):.0f}"}
    if not np.isnan(shares).all():
        known["share"] = f"{min(max(percent(float(np.nanmean(shares))), 1), 99)}"
    alike = data.alikeness(screenings, expression)
    return known if np.isnan(alike) else known | {"alike": f"{alike:.2f}"}


VIEWS = {"expressions": N_("Expressions"), "synchrony": N_("Synchrony"), "norms": N_("Norms")}


def _view_name(view: str) -> str:
    return gettext(VIEWS[view])


def choose_work(works: dict[str, tuple[Screening, ...]]) -> str:
    """The film or session to look at; scenes of several would not be the same scenes."""
    if len(works) == 1:
        return next(iter(works))
    own_names = names_of(screenings[0] for screenings in works.values())
    names = {work: first.session.film or own_names[first.key] for work, (first, *_) in works.items()}
    return st.selectbox(
        gettext("Film or session"),
        list(works),
        format_func=lambda work: f"{names[work]} ({len(works[work])})",
        key="work",
        bind="query-params",
        label_visibility="collapsed",
        width=300,
    )


def show(selection: Selection) -> None:
    """The page of what was chosen."""
    works = by_work(selection.screenings)
    if not works:
        line = gettext("These sessions have no timeline yet. Add scenes, slides or chapters first:")
        st.html(markup.empty(line, "houselights timeline SESSION FILE"))
        return
    choosers = st.container(horizontal=True, vertical_alignment="center", key="scene-choosers")
    with choosers:
        view = choose_segment(
            gettext("View"), list(VIEWS), key="view", usual="expressions", name=_view_name, labelled=False
        )
        work = choose_work(works)
        chosen = ChosenScenes(
            work=work,
            screenings=works[work],
            experimental=selection.experimental,
            address=address(PAGE),
            filters={name: ", ".join(st.query_params.get_all(name)) for name in st.query_params},
        )
        expression = ""
        if view in ("synchrony", "norms"):
            expression = choose_expression(chosen.expressions, chosen.experimental, width=180)
    if view == "synchrony":
        synchrony_view.show(chosen, expression, choosers)
    elif view == "norms":
        norms_view.show(chosen, expression, choosers)
    else:
        expressions_view.show(chosen, choosers)
    if lines := lines_set_down(chosen.screenings):
        st.html(markup.listing(gettext("Notes and exclusions"), lines))
    usual = plan_parameters(chosen.screenings, expression or chosen.lead)
    with st.container(horizontal=True, key="scene-links"):
        st.page_link("compare/page.py", label=gettext("Compare these screenings →"), query_params=link_parameters())
        st.page_link("planner/page.py", label=gettext("Plan a comparison of such audiences →"), query_params=usual)


st.html(markup.page_title(gettext("Scenes")))
if (selection := chosen_selection()) is not None:
    show(selection)
