"""Choosing sessions on Compare and Scenes; the choice stands in the address, and links carry it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import partial
from typing import Literal, cast, get_args

import streamlit as st

from audience.language import N_, gettext, ngettext, pgettext
from audience.sessions import Kind, Session
from dashboard import markup
from dashboard.clock import date_text, viewer_zone
from dashboard.data import sessions, whereabouts
from dashboard.pages import screening_data
from dashboard.pages.screenings import Screening, Selection, by_scorer, selected
from dashboard.wording import HOW_TO_SEE_SAMPLES, how_to_score, kind_name, plain

Facet = Literal["film", "cut", "city", "kind", "tag"]
FACETS: tuple[Facet, ...] = get_args(Facet)


def values_of(session: Session, facet: Facet) -> tuple[str, ...]:
    """A session's values of a facet; none where it has none."""
    if facet == "tag":
        return session.tags
    value: str = getattr(session, facet)
    return (value,) if value else ()


def value_name(facet: Facet, value: str) -> str:
    """What a value of a facet is called."""
    return kind_name(cast("Kind", value)) if facet == "kind" else value


def values(sessions: Iterable[Session], facet: Facet) -> list[str]:
    """All values of a facet among some sessions, in alphabetical order."""
    return sorted({value for session in sessions for value in values_of(session, facet)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """A filter of sessions; empty fields match all.

    Attributes:
        wanted: by facet, values of which a session must have one.
        words: each must stand in the session's title, id, film, cut, city or tags.
        since, until: first and last day it may begin on, in `zone`.
        zone: the viewer's.
    """

    wanted: Mapping[Facet, Sequence[str]]
    words: str = ""
    since: date | None = None
    until: date | None = None
    zone: tzinfo

    def admits(self, session: Session) -> bool:
        """Whether a session matches."""
        for facet, wanted in self.wanted.items():
            if wanted and not set(wanted) & set(values_of(session, facet)):
                return False
        began = session.started_at.astimezone(self.zone).date()
        if (self.since and began < self.since) or (self.until and began > self.until):
            return False
        texts = (session.title, session.session_id, session.film, session.cut, session.city, *session.tags)
        text = " ".join(texts).casefold()
        return all(word in text for word in self.words.casefold().split())


def most_shown_film(sessions: Iterable[Session]) -> str | None:
    """The film with the most sessions, the first by name of several; None where none was shown twice."""
    shown = Counter(session.film for session in sessions if session.film)
    film, times = min(shown.items(), key=lambda one: (-one[1], one[0]), default=("", 0))
    return film if times > 1 else None


# A bar that comes and goes at once would only be a flicker.
_WORTH_A_BAR_S = 0.4


@contextmanager
def bar(words: str) -> Iterator[Callable[[float], None]]:
    """A progress bar for slow work: yields a callback that takes the part done, 0..1.

    Args:
        words: what is being done, as "Reading 12 sessions".
    """
    place = st.empty()
    began = time.monotonic()

    def on_progress(part: float) -> None:
        if time.monotonic() - began > _WORTH_A_BAR_S:
            place.progress(part, words)

    try:
        yield on_progress
    finally:
        place.empty()


MOST = 60  # sessions at once; more could neither be distinguished nor be kept in memory

_NAMES: Mapping[Facet, str] = {
    "film": N_("Film"),
    "cut": N_("Cut"),
    "city": N_("City"),
    "kind": N_("Kind"),
    "tag": N_("Audience"),
}
_LISTS = (*FACETS, "only")
_DAYS = ("since", "until")
_CHOICES = (*_LISTS, *_DAYS, "find", "scorer")


def chosen_selection() -> Selection | None:
    """Shows the chooser, and gives the selection; None where there is nothing to compare.

    Returns:
        The selection, with one screening at least; None where there is none, which the page has then said, with what
        to do.
    """
    everything = sessions()
    if not everything:
        line = gettext(
            "There is no session in this store yet{where}. Score recordings, or look at samples first:",
            where=whereabouts(),
        )
        st.html(markup.empty(line, how_to_score(), HOW_TO_SEE_SAMPLES))
        return None
    _read_address(everything)
    with st.container(horizontal=True, vertical_alignment="center", key="chooser"):
        chooser = st.popover(gettext("Choose sessions"), icon=":material/tune:")
        said = st.empty()
    with chooser:
        chosen = _choose(everything)
    if not 0 < len(chosen) <= MOST:
        _write_address()
        matching = ngettext(
            "{some} of {count} session matches", "{some} of {count} sessions match", len(everything), some=len(chosen)
        )
        said.html(markup.facts([matching]))
        line = (
            gettext(
                "{number} sessions are more than the {most} that can be looked at side by side: choose fewer under "
                "“Choose sessions”, one film for example.",
                number=len(chosen),
                most=MOST,
            )
            if chosen
            else gettext("No session matches: remove a filter under “Choose sessions”.")
        )
        st.html(markup.empty(line))
        return None
    with bar(ngettext("Reading {count} session", "Reading {count} sessions", len(chosen))) as on_progress:
        read = screening_data.screenings(chosen, on_progress)
    scorers = by_scorer(read)
    scorer = _choose_scorer(scorers, chooser)
    _write_address()
    if scorer is None:
        return None
    selection = selected(read, scorer)
    said.html(markup.facts(_facts(selection)))
    if not selection.screenings:
        st.html(markup.empty(gettext("None of these sessions has figures of expressions to compare.")))
        _show_left_out(selection)
        return None
    if selection.left_out:
        with chooser:
            _show_left_out(selection)
    return selection


def link_parameters() -> dict[str, list[str]]:
    """The query parameters that carry the selection to another page."""
    return {name: _written(st.session_state.get(name)) for name in _CHOICES if _written(st.session_state.get(name))}


def _read_address(everything: Sequence[Session]) -> None:
    """Applies the selection in the address, once.

    Widgets can be bound to the address, but not while they are hidden in a chooser that nobody has opened.
    """
    # CompareView on every run, so known from the first to the last of a visit, and forgotten with the page.
    if "find" in st.session_state:
        return
    asked = {name: st.query_params.get_all(name) for name in _CHOICES}
    if not any(asked.values()) and (film := most_shown_film(everything)):
        asked["film"] = [film]
    for name, given in asked.items():
        if name in _LISTS:
            st.session_state[name] = given
        elif name in _DAYS:
            st.session_state[name] = _day(given[0]) if given else None
        else:
            st.session_state[name] = given[0] if given else None


def _write_address() -> None:
    """Writes the selection to the address, so that a copied address restores it."""
    for name in _CHOICES:
        written = _written(st.session_state.get(name))
        if written != st.query_params.get_all(name):
            st.query_params[name] = written


def _written(choice: str | date | Sequence[str] | None) -> list[str]:
    """A widget's value as the address holds it; empty where nothing is chosen."""
    if isinstance(choice, str | date):
        return [str(choice)] if choice else []
    return list(choice or [])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _choose(everything: Sequence[Session]) -> list[Session]:
    """Shows the filters, and gives the sessions that match."""
    zone = viewer_zone(st.context.timezone)
    words = st.text_input(
        gettext("Search"), key="find", placeholder=gettext("Title, id, film, cut, city or audience"), live=True
    )
    wanted: dict[Facet, list[str]] = {}
    for facet in FACETS:
        # What the facets above leave. What was chosen and is not among it any more is taken back.
        found = [session for session in everything if Facets(wanted=wanted, zone=zone).admits(session)]
        offered = values(found, facet)
        kept = [value for value in st.session_state.get(facet, []) if value in offered]
        st.session_state[facet] = kept
        if len(offered) > 1 or kept:
            wanted[facet] = st.multiselect(
                gettext(_NAMES[facet]),
                offered,
                format_func=partial(value_name, facet),
                key=facet,
                placeholder=gettext("Any of {number}", number=len(offered)),
            )
    with st.container(horizontal=True):
        since: date | None = st.date_input(pgettext("day", "From"), key="since")
        until: date | None = st.date_input(pgettext("day", "Until"), key="until")
    facets = Facets(wanted=wanted, words=words or "", since=since, until=until, zone=zone)
    admitted = {session.session_id: session for session in everything if facets.admits(session)}
    st.session_state["only"] = [key for key in st.session_state.get("only", []) if key in admitted]
    named = {
        key: " · ".join(part for part in (session.name, session.city, date_text(session.started_at, zone)) if part)
        for key, session in admitted.items()
    }
    called = Counter(named.values())
    only = st.multiselect(
        gettext("Only these sessions"),
        list(admitted),
        format_func=lambda key: named[key] if called[named[key]] == 1 else f"{named[key]} ({key})",
        key="only",
        placeholder=ngettext("The one that matches", "All {count} that match", len(admitted)),
    )
    return [session for key, session in admitted.items() if not only or key in only]


def _choose_scorer(
    scorers: Mapping[str, Sequence[Screening]], chooser: st.delta_generator.DeltaGenerator
) -> str | None:
    """The scorer to compare figures of; None where several are possible and nobody has chosen one."""
    if len(scorers) < 2:
        return next(iter(scorers), "")
    with chooser:
        if st.session_state.get("scorer") not in scorers:
            st.session_state["scorer"] = None
        scorer: str | None = st.selectbox(
            gettext("Scorer"), list(scorers), key="scorer", placeholder=gettext("Several: choose one")
        )
    if scorer is not None:
        return scorer
    line = gettext(
        "These sessions were scored by {number} scorers, whose thresholds and errors differ: a difference between "
        "scorers would be taken for one between audiences. Choose one of them, or score the recordings again.",
        number=len(scorers),
    )
    st.html(markup.trouble(line))
    for name, screenings in scorers.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                gettext("Use {number} of {scorer}", number=len(screenings), scorer=plain(name)),
                on_click=_use_scorer,
                args=(name,),
            )
            st.html(markup.facts([", ".join(one.name for one in screenings)]))
    return None


def _use_scorer(name: str) -> None:
    st.session_state["scorer"] = name


def _facts(selection: Selection) -> list[str]:
    """Facts about the selection: how many screenings, of which films and cuts."""
    count = len(selection.screenings)
    facts = [ngettext("{count} screening", "{count} screenings", count)]
    sessions = [screening.session for screening in selection.screenings]
    facts += sorted({session.film for session in sessions if session.film})[:2]
    cuts = Counter(session.cut for session in sessions if session.cut)
    facts += [f"{cut}: {times}" for cut, times in sorted(cuts.items())][:4]
    if any(session.simulated for session in sessions):
        all_are = all(session.simulated for session in sessions)
        facts.append(gettext("simulated") if all_are else gettext("some simulated"))
    if selection.left_out:
        facts.append(ngettext("{count} left out", "{count} left out", len(selection.left_out)))
    return facts


def _show_left_out(selection: Selection) -> None:
    by_reason: dict[str, list[str]] = {}
    for one in selection.left_out:
        by_reason.setdefault(one.why, []).append(one.name)
    for why, names in by_reason.items():
        st.html(markup.note(gettext("Left out ({why}): {screenings}.", why=why, screenings=", ".join(names))))
