"""The Sessions page: find a session, see the shape of its reaction, open it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import streamlit as st

from audience.language import gettext, ngettext
from audience.sessions import Session
from audience.store import ListedSession
from dashboard import data, markup
from dashboard.charts.theme import SPARK_CURVE, SPARK_FACES
from dashboard.clock import date_text, day_text, length_text, viewer_zone
from dashboard.first_use import show_first_use
from dashboard.wording import kind_words, plain

# A talk given twice is found sooner as two lines.
LEAST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmGroup:
    """The sessions of one film, the latest first; `LEAST` of them at the least."""

    listed: tuple[ListedSession, ...]

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Without their overviews."""
        return tuple(one.session for one in self.listed)

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

    def by_cut(self) -> Iterator[tuple[str, list[ListedSession]]]:
        """The sessions of each cut, by its name; those of no cut come last under the empty one."""
        cuts: defaultdict[str, list[ListedSession]] = defaultdict(list)
        for one in self.listed:
            cuts[one.session.cut].append(one)
        yield from sorted(cuts.items(), key=lambda item: (not item[0], item[0]))


def _cities_text(cities: Sequence[str]) -> str:
    if len(cities) <= 4:
        return ", ".join(cities)
    return ngettext("{count} city", "{count} cities", len(cities))


# A film with more is shown with its latest.
MOST_OF_A_FILM = 100
# Pages of the list that are read for one of the page: of many sessions of one film all but the first are skipped.
_MOST_PAGES = 20


def lines(reader: data.Reader, words: str, most: int) -> tuple[list[ListedSession | FilmGroup], bool]:
    """The first rows of the list, and whether there are more: a session each, or a film with its sessions.

    Whoever searches wants the sessions that were found, and not the film they are of.

    Args:
        reader: reads the sessions.
        words: what is searched for; "" for nothing.
        most: the most rows.

    Returns:
        The latest first; a film's group stands where its latest session would.
    """
    found: list[ListedSession | FilmGroup] = []
    in_groups: dict[str, bool] = {"": False}
    after: str | None = None
    for _ in range(_MOST_PAGES):
        page = reader.page(words=words, after=after, limit=most - len(found))
        for one in page.sessions:
            film = "" if words else one.session.film
            if film not in in_groups:
                of_film = reader.page(film=film, limit=MOST_OF_A_FILM).sessions
                in_groups[film] = len(of_film) >= LEAST
                if in_groups[film]:
                    found.append(FilmGroup(listed=of_film))
            if not in_groups[film]:
                found.append(one)
        after = page.after
        if after is None or len(found) >= most:
            break
    return found, after is not None


def counted(sessions: Sequence[Session]) -> str:
    """How many sessions there are, by their kind where all are of one."""
    if {session.kind for session in sessions} == {"screening"}:
        return ngettext("{count} screening", "{count} screenings", len(sessions))
    return ngettext("{count} session", "{count} sessions", len(sessions))


AT_A_TIME = 15


def show_group(group: FilmGroup, number: int) -> None:
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
                        st.html(markup.list_heading(f"{cut} · {counted([one.session for one in of_cut])}"))
                    for one in of_cut:
                        show(one)


def show(listed: ListedSession) -> None:
    """One row of the list."""
    session = listed.session
    with st.container(key=f"row-{session.session_id}", horizontal=True, vertical_alignment="center", wrap=True):
        with st.container(gap=None, width="stretch"):
            st.page_link("session/page.py", label=plain(session.name), query_params={"session": session.session_id})
            st.html(markup.listed(kind_words(session), facts(listed)))
        st.html(picture(listed), width="content")


def picture(listed: ListedSession) -> str:
    """The shape of the session's reaction, or of its head count."""
    shape = listed.overview.shape if listed.overview is not None else ()
    if listed.session.mode == "head count":
        return markup.sparkline(shape, gettext("Faces in view along the session"), SPARK_FACES)
    return markup.sparkline(shape, gettext("Share of faces that smile along the session"), SPARK_CURVE)


def facts(listed: ListedSession) -> list[str]:
    """When, how long, where, how many."""
    began = date_text(listed.session.started_at, viewer_zone(st.context.timezone))
    overview = listed.overview
    if overview is None:  # the store has not summed it up yet
        return [began]
    if not overview.recorded:
        return [began, gettext("nothing recorded yet")]
    return [
        began,
        length_text(overview.length_s),
        overview.stage or ngettext("{count} stage", "{count} stages", overview.stages),
        ngettext("up to {count} face at once", "up to {count} faces at once", overview.faces)
        if overview.faces
        else gettext("nobody in view"),
    ]


def show_all(reader: data.Reader) -> None:
    """The search and its results, a page at a time."""
    words = st.text_input(
        gettext("Search"),
        key="q",
        bind="query-params",
        placeholder=gettext("Search by title, film, cut, city, audience, id or kind"),
        label_visibility="collapsed",
        live=True,
    )
    shown = st.session_state.get("shown", AT_A_TIME)
    found, are_more = lines(reader, words or "", shown)
    if not found:
        missing = gettext("No session matches “{words}”. Clear the search to see all sessions.", words=words)
        st.html(markup.empty(missing))
    for number, line in enumerate(found):
        if isinstance(line, FilmGroup):
            show_group(line, number)
        else:
            show(line)
    if are_more and st.button(gettext("Show more"), key="show-more"):
        st.session_state["shown"] = shown + AT_A_TIME
        st.rerun()


st.html(markup.page_title(gettext("Sessions")))
with data.reader() as sessions_reader:
    is_empty = not sessions_reader.page(limit=1).sessions
    if not is_empty:
        show_all(sessions_reader)
if is_empty:
    show_first_use(
        gettext(
            "There is no session in this store yet{where}. Score a recording, or look at samples first:",
            where=data.whereabouts(),
        )
    )
