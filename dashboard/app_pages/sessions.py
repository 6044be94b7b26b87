"""All sessions: find one, see its shape, open it."""

from __future__ import annotations

import streamlit as st

from audience.sessions import Session
from dashboard import data, markup
from dashboard.charts.theme import SPARK_CURVE, SPARK_FACES
from dashboard.clock import date_text, length_text, viewer_zone
from dashboard.film_groups import FilmGroup, counted, grouped
from dashboard.overview import Overview
from dashboard.wording import HOW_TO_SEE_SAMPLES, how_to_score, kind_words, plain

AT_A_TIME = 15


def matches(session: Session, words: str) -> bool:
    """Whether every word that was searched for stands in the session's title, id or kind."""
    said = (session.title, session.session_id, session.film, session.cut, session.city, *session.tags)
    told = " ".join([*said, *kind_words(session)]).casefold()
    return all(word in told for word in words.casefold().split())


def show_group(group: FilmGroup, number: int) -> None:
    """One row for all sessions of a film; its sessions come out of it on demand."""
    with st.container(key=f"film-{number}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", wrap=True):
            facts = group.facts(viewer_zone(st.context.timezone))
            st.html(markup.listed_film(group.film, group.labels(), facts), width="stretch")
            st.page_link(
                "app_pages/compare.py",
                label="Compare them",
                icon=":material/stacked_line_chart:",
                query_params={"film": group.film},
                width="content",
            )
        sessions = st.expander(f"All {counted(group.sessions)}", key=f"of-film-{number}", on_change="rerun")
        if sessions.open:
            with sessions:
                for cut, of_cut in group.by_cut():
                    if cut:
                        st.html(markup.list_heading(f"{cut} · {counted(of_cut)}"))
                    for session in of_cut:
                        show(data.overview(session))


def show(overview: Overview) -> None:
    """One row of the list."""
    session = overview.session
    with st.container(key=f"row-{session.session_id}", horizontal=True, vertical_alignment="center", wrap=True):
        with st.container(gap=None, width="stretch"):
            st.page_link(
                "app_pages/session.py", label=plain(session.name), query_params={"session": session.session_id}
            )
            st.html(markup.listed(kind_words(session), facts(overview)))
        st.html(picture(overview), width="content")


def picture(overview: Overview) -> str:
    """The shape of the session's reaction, or of its head count."""
    if overview.session.mode == "head count":
        return markup.sparkline(overview.shape, "Faces in view along the session", SPARK_FACES)
    return markup.sparkline(overview.shape, "Share of faces that smile along the session", SPARK_CURVE)


def facts(overview: Overview) -> list[str]:
    """When, how long, where, how many."""
    began = date_text(overview.session.started_at, viewer_zone(st.context.timezone))
    if not overview.recorded:
        return [began, "nothing recorded yet"]
    stages = overview.stages
    return [
        began,
        length_text(overview.length_s),
        stages[0] if len(stages) == 1 else f"{len(stages)} stages",
        f"up to {overview.faces} faces at once" if overview.faces else "nobody in view",
    ]


def show_all(everything: list[Session]) -> None:
    """The search, and what it found, some at a time."""
    words = st.text_input(
        "Search",
        key="q",
        bind="query-params",
        placeholder="Search by title, film, cut, city, audience, id or kind",
        label_visibility="collapsed",
        live=True,
    )
    found = [session for session in everything if matches(session, words or "")]
    if not found:
        told = f"No session matches “{words}”. Clear the search to see all {len(everything)} of this store."
        st.html(markup.empty(told))
    # Whoever searches wants the sessions that were found, and not the film they are of.
    lines = found if words else grouped(found)
    shown = st.session_state.get("shown", AT_A_TIME)
    for number, line in enumerate(lines[:shown]):
        if isinstance(line, FilmGroup):
            show_group(line, number)
        else:
            show(data.overview(line))
    if len(lines) > shown and st.button(f"Show more ({len(lines) - shown} left)"):
        st.session_state["shown"] = shown + AT_A_TIME
        st.rerun()


st.html(markup.page_title("Sessions"))
if everything := data.sessions():
    show_all(everything)
else:
    line = f"There is no session in this store yet{data.whereabouts()}. Score a recording, or look at samples first:"
    st.html(markup.empty(line, how_to_score(), HOW_TO_SEE_SAMPLES))
