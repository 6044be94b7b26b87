"""Scenes: which expressions each scene drew, how alike the audience moved, and where it stands in the archive."""

from __future__ import annotations

import streamlit as st

from dashboard import markup
from dashboard.lab.choosing import chosen_selection, link_parameters
from dashboard.lab.choosing_expression import choose_expression
from dashboard.lab.scenes import expressions_view, norms_view, synchrony_view
from dashboard.lab.scenes.chosen import PAGE, ChosenScenes, by_work
from dashboard.lab.scenes.plan import plan_parameters
from dashboard.lab.scenes.set_down import lines_set_down
from dashboard.lab.selection import Screening, Selection, names_of
from dashboard.lab.takeaway_button import address

VIEWS = {"expressions": "Expressions", "synchrony": "Synchrony", "norms": "Norms"}


def choose_work(works: dict[str, tuple[Screening, ...]]) -> str:
    """The film or session to look at; scenes of several would not be the same scenes."""
    if len(works) == 1:
        return next(iter(works))
    told = names_of(screenings[0] for screenings in works.values())
    names = {work: first.session.film or told[first.key] for work, (first, *_) in works.items()}
    return st.selectbox(
        "Film or session",
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
        line = "Nobody has said what was shown in these sessions: lay scenes, slides or chapters along them first:"
        st.html(markup.empty(line, "houselights timeline SESSION FILE"))
        return
    choosers = st.container(horizontal=True, vertical_alignment="center", key="scene-choosers")
    with choosers:
        view = st.segmented_control(
            "View",
            list(VIEWS),
            default="expressions",
            required=True,
            format_func=VIEWS.__getitem__,
            key="view",
            bind="query-params",
            label_visibility="collapsed",
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
        if view != "expressions":
            expression = choose_expression(chosen.expressions, chosen.experimental, width=180)
    if view == "expressions":
        expressions_view.show(chosen, choosers)
    elif view == "synchrony":
        synchrony_view.show(chosen, expression, choosers)
    else:
        norms_view.show(chosen, expression, choosers)
    if lines := lines_set_down(chosen.screenings):
        st.html(markup.listing("Left out, and notes", lines))
    usual = plan_parameters(chosen.screenings, expression or chosen.lead)
    with st.container(horizontal=True, key="scene-links"):
        st.page_link("app_pages/compare.py", label="Compare these screenings →", query_params=link_parameters())
        st.page_link("app_pages/planner.py", label="Plan a comparison of such audiences →", query_params=usual)


st.html(markup.page_title("Scenes"))
if (selection := chosen_selection()) is not None:
    show(selection)
