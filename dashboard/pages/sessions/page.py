"""The Sessions page: find a session, see the shape of its reaction, open it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import streamlit as st

from audience.language import gettext, ngettext
from audience.sessions import Session
from dashboard import data, markup
from dashboard.charts.theme import SPARK_CURVE, SPARK_FACES
from dashboard.clock import date_text, day_text, length_text, viewer_zone
from dashboard.first_use import show_first_use
from dashboard.overview import Overview
from dashboard.wording import kind_words, plain

# A talk given twice is found sooner as two lines.
LEAST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmGroup:
    """The sessions of one film, the latest first; `LEAST` of them at the least."""

    sessions: tuple[Session, ...]

    @property
    def film(self) -> str:
        """What was shown in all of them."""
        return self.sessions[0].film

    def labels(self) -> list[str]:
        """What kind of sessions they are, as far as all are alike."""
        said = [kind_words(session) for session in self.sessions]
        return [word for word in said[0] if all(word in words for words in said)]

    def facts(self, zone: tzinfo) -> list[str]:
        """How many, of how many cuts, where and when."""
        cuts = len({session.cut for session in self.sessions if session.cut})
        cities = sorted({session.city for session in self.sessions if session.city})
        first, last = (self.sessions[place].started_at.astimezone(zone) for place in (-1, 0))
        return [
            counted(self.sessions),
            *([ngettext("{count} cut", "{count} cuts", cuts)] if cuts > 1 else []),
            *([_cities_text(cities)] if cities else []),
            gettext("{first_day} to {last_day}", first_day=day_text(first), last_day=day_text(last)),
        ]

    def by_cut(self) -> Iterator[tuple[str, list[Session]]]:
        """The sessions of each cut, by its name; those of no cut come last under the empty one."""
        cuts: defaultdict[str, list[Session]] = defaultdict(list)
        for session in self.sessions:
            cuts[session.cut].append(session)
        yield from sorted(cuts.items(), key=lambda item: (not item[0], item[0]))


def _cities_text(cities: Sequence[str]) -> str:
    if len(cities) <= 4:
        return ", ".join(cities)
    return ngettext("{count} city", "{count} cities", len(cities))


def grouped(sessions: Sequence[Session]) -> list[Session | FilmGroup]:
    """The rows of the list: a session each, or a film with all its sessions.

    Args:
        sessions: the latest first.

    Returns:
        In the same order; a film's group stands where its latest session would.
    """
    by_film: defaultdict[str, list[Session]] = defaultdict(list)
    for session in sessions:
        by_film[session.film].append(session)
    lines: list[Session | FilmGroup] = []
    for session in sessions:
        of_film = by_film[session.film]
        if not session.film or len(of_film) < LEAST:
            lines.append(session)
        elif session is of_film[0]:
            lines.append(FilmGroup(sessions=tuple(of_film)))
    return lines


def counted(sessions: Sequence[Session]) -> str:
    """How many sessions there are, by their kind where all are of one."""
    if {session.kind for session in sessions} == {"screening"}:
        return ngettext("{count} screening", "{count} screenings", len(sessions))
    return ngettext("{count} session", "{count} sessions", len(sessions))


AT_A_TIME = 15


def matches(session: Session, words: str) -> bool:
    """Whether a session's title, id or kind contains every word of a search."""
    said = (session.title, session.session_id, session.film, session.cut, session.city, *session.tags)
    text = " ".join([*said, *kind_words(session)]).casefold()
    return all(word in text for word in words.casefold().split())


def show_group(reader: data.Reader, group: FilmGroup, number: int) -> None:
    """The row of a film; its sessions unfold on demand."""
    with st.container(key=f"film-{number}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", wrap=True):
            facts = group.facts(viewer_zone(st.context.timezone))
            st.html(markup.listed_film(group.film, group.labels(), facts), width="stretch")
            st.page_link(
                "compare/page.py",
                label=gettext("Compare them"),
                icon=":material/stacked_line_chart:",
                query_params={"film": group.film},
                width="content",
            )
        sessions = st.expander(counted(group.sessions), key=f"of-film-{number}", on_change="rerun")
        if sessions.open:
            with sessions:
                for cut, of_cut in group.by_cut():
                    if cut:
                        st.html(markup.list_heading(f"{cut} · {counted(of_cut)}"))
                    for session in of_cut:
                        show(reader.overview(session))


def show(overview: Overview) -> None:
    """One row of the list."""
    session = overview.session
    with st.container(key=f"row-{session.session_id}", horizontal=True, vertical_alignment="center", wrap=True):
        with st.container(gap=None, width="stretch"):
            st.page_link("session/page.py", label=plain(session.name), query_params={"session": session.session_id})
            st.html(markup.listed(kind_words(session), facts(overview)))
        st.html(picture(overview), width="content")


def picture(overview: Overview) -> str:
    """The shape of the session's reaction, or of its head count."""
    if overview.session.mode == "head count":
        return markup.sparkline(overview.shape, gettext("Faces in view along the session"), SPARK_FACES)
    return markup.sparkline(overview.shape, gettext("Share of faces that smile along the session"), SPARK_CURVE)


def facts(overview: Overview) -> list[str]:
    """When, how long, where, how many."""
    began = date_text(overview.session.started_at, viewer_zone(st.context.timezone))
    if not overview.recorded:
        return [began, gettext("nothing recorded yet")]
    stages = overview.stages
    return [
        began,
        length_text(overview.length_s),
        stages[0] if len(stages) == 1 else ngettext("{count} stage", "{count} stages", len(stages)),
        ngettext("up to {count} face at once", "up to {count} faces at once", overview.faces)
        if overview.faces
        else gettext("nobody in view"),
    ]


def show_all(reader: data.Reader, everything: list[Session]) -> None:
    """The search and its results, a page at a time."""
    words = st.text_input(
        gettext("Search"),
        key="q",
        bind="query-params",
        placeholder=gettext("Search by title, film, cut, city, audience, id or kind"),
        label_visibility="collapsed",
        live=True,
    )
    found = [session for session in everything if matches(session, words or "")]
    if not found:
        missing = ngettext(
            "No session matches “{words}”. Clear the search to see the only one of this store.",
            "No session matches “{words}”. Clear the search to see all {count} of this store.",
            len(everything),
            words=words,
        )
        st.html(markup.empty(missing))
    # Whoever searches wants the sessions that were found, and not the film they are of.
    lines = found if words else grouped(found)
    shown = st.session_state.get("shown", AT_A_TIME)
    for number, line in enumerate(lines[:shown]):
        if isinstance(line, FilmGroup):
            show_group(reader, line, number)
        else:
            show(reader.overview(line))
    if len(lines) > shown and st.button(
        ngettext("Show more ({count} left)", "Show more ({count} left)", len(lines) - shown), key="show-more"
    ):
        st.session_state["shown"] = shown + AT_A_TIME
        st.rerun()


st.html(markup.page_title(gettext("Sessions")))
if everything := data.sessions():
    with data.reader() as reader:
        show_all(reader, everything)
else:
    show_first_use(
        gettext(
            "There is no session in this store yet{where}. Score a recording, or look at samples first:",
            where=data.whereabouts(),
        )
    )
