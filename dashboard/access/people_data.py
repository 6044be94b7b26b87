"""Opens the store of people for those whose duty it is: the one place from which pages and routes open it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import streamlit as st

from audience.errors import AccessRefused, HouselightsError
from audience.identity.desk import Desk
from audience.identity.panels import HouseholdPanel
from audience.identity.people import People
from audience.identity.records import Purpose, Roster
from audience.identity.searches import Searches
from audience.identity.store import IdentityStore
from audience.stores import has_identity, open_identity
from dashboard.access.identity import account, permit, settings
from dashboard.access.permits import EVERYTHING, Duty
from dashboard.data import store_url


def now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


def has_people() -> bool:
    """Whether anybody was ever enrolled in this store: then there is a store of people."""
    return has_identity(store_url())


@contextmanager
def open_people(duty: Duty) -> Iterator[tuple[IdentityStore, People]]:
    """The store of people and what can be done with it, for a page's viewer who has a duty.

    Raises:
        AccessRefused: they do not have it.
    """
    with _open(duty) as store:
        yield store, People(store, actor=account(), now=now)


@contextmanager
def open_searches(duty: Duty, roster: Roster, *, part: str = "") -> Iterator[Searches]:
    """The searches of a roster, for a page's viewer who has a duty.

    Of pretend people, in a demonstration, the person at this machine plays every part, each with an account of its own.

    Args:
        duty: theirs.
        roster: whose searches.
        part: the part they play, where the roster's people are pretend ones.

    Raises:
        AccessRefused: they do not have it.
    """
    if roster.pretend and permit() is EVERYTHING:
        with open_identity(store_url()) as store:
            yield Searches(store, actor=f"pretend {part}", now=now)
        return
    with _open(duty) as store:
        yield Searches(store, actor=account(), now=now)


def search_rosters() -> list[Roster]:
    """The rosters for searches that a page's viewer has a duty in."""
    asking = permit()
    if not has_people() or not (asking is EVERYTHING or asking.duties & {"request", "approve", "confirm"}):
        return []
    with open_identity(store_url()) as store:
        found = [roster for roster in store.all(Roster) if roster.purpose == "search"]
    return [roster for roster in found if roster.pretend or asking is not EVERYTHING]


def lists_people() -> bool:
    """Whether the head of every page names those of people; a store that cannot be read names none."""
    try:
        return has_people()
    except HouselightsError:
        return False


def server_address() -> str:
    """Where people reach this server, without a path."""
    now_set = settings()
    return now_set.address if now_set is not None else f"http://localhost:{st.get_option('server.port')}"


def check_panel_access() -> None:
    """Refuses panels to viewers of single sessions.

    Raises:
        AccessRefused: the page's viewer is one.
    """
    if not permit().is_at_least("analyst"):
        raise AccessRefused("panels are shown to people whose access settings name them analyst or more")


@contextmanager
def open_panel() -> Iterator[HouseholdPanel]:
    """The households of panels, for a page's viewer who may see every session. Pages show them without names.

    Raises:
        AccessRefused: they may not.
    """
    check_panel_access()
    with open_identity(store_url()) as store:
        yield HouseholdPanel(store, actor=account(), now=now)


def lists_panels() -> bool:
    """Whether there is a household of a panel; a store that cannot be read names none."""
    try:
        if not has_people():
            return False
        with open_identity(store_url()) as store:
            panel = HouseholdPanel(store, actor="", now=now)
            return any(panel.households(roster.roster_id) for roster in panel.rosters())
    except HouselightsError:
        return False


def purposes_on(session_id: str, stage_ids: Iterable[str]) -> tuple[Purpose, ...]:
    """What people may be recognised for on a session's stages, without who they are: a room notice says it.

    Raises:
        AccessRefused: the page's viewer does not operate sessions.
    """
    if not permit().is_at_least("operator"):
        raise AccessRefused("room notices are made by people whose access settings name them operator or more")
    if not has_people():
        return ()
    with open_identity(store_url()) as store:
        return People(store, actor=account(), now=now).purposes_for(session_id, stage_ids)


@contextmanager
def open_desk(roster_id: str) -> Iterator[Desk]:
    """The welcome desk of a roster, for whoever has the duty to stand at it.

    Raises:
        AccessRefused: they do not have it.
        InvalidValue: there is no such roster, or it is for another purpose.
    """
    with _open("desk") as store:
        roster = People(store, actor=account(), now=now).roster(roster_id)
        yield Desk(store, roster, actor=account(), now=now)


@contextmanager
def people_for_link(actor: str) -> Iterator[tuple[IdentityStore, People]]:
    """The store of people, for whoever holds a secret link; the caller opens the link before anything else.

    Raises:
        AccessRefused: nobody was ever enrolled here, so there are no links.
    """
    if not has_people():
        raise AccessRefused("There is nothing to join here.")
    with open_identity(store_url()) as store:
        yield store, People(store, actor=actor, now=now)


@contextmanager
def _open(duty: Duty) -> Iterator[IdentityStore]:
    if duty not in permit().duties:
        raise AccessRefused(f"this is for people whose access settings name the duty {duty!r}")
    with open_identity(store_url()) as store:
        yield store
