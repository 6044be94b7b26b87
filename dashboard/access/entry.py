"""Which pages somebody has, who is signed in, the way out, and errors in words for whoever is here."""

from __future__ import annotations

import logging

import streamlit as st

from audience.errors import HouselightsError, StoreUnavailable
from dashboard import markup
from dashboard.access import identity as asking
from dashboard.access.permits import EVERYTHING, Permit, Role
from dashboard.access.sign_in_page import name_of

# By file name, the role from which a page is somebody's. Enforced by the store: here it only spares them a refusal.
_LEAST: dict[str, Role] = {"timeline": "analyst", "operate": "operator"}
# What whoever holds a link needs of the pages.
_BY_LINK = ("sessions", "session")


def has_page(permit: Permit, name: str) -> bool:
    """Whether a page is for somebody.

    Args:
        permit: theirs.
        name: of its file, without `.py`.
    """
    if permit.role is None:
        return permit.lets_in and name in _BY_LINK
    return permit.is_at_least(_LEAST.get(name, "viewer"))


def permit_here() -> Permit:
    """What whoever opened the page may see and do; nothing where the settings are broken, which the log tells."""
    try:
        return asking.permit()
    except HouselightsError as problem:
        logging.getLogger("houselights").error("%s", problem)
        return Permit()


def name_here() -> str | None:
    """What the provider calls whoever is signed in; None where nobody is."""
    return name_of(st.user.to_dict())


def show_shut() -> None:
    """To be shown instead of any page that was open before: a role was taken away, a login or a link has ended."""
    st.html(markup.empty("Nothing here is open to you any more. Load the page again to sign in."))


def show_not_yours() -> None:
    """To be shown instead of a page that is not for somebody's role."""
    st.html(markup.empty("This page is not part of what is open to you."))


def show_account() -> None:
    """At the end of every page: who is signed in, and the way out; nothing at one's own machine."""
    if asking.settings() is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="account"):
        if (name := name_here()) is None:
            st.html(markup.facts(["You are looking at what a link opens."]), width="content")
            st.button("Sign in", type="tertiary", on_click=st.login)
        else:
            st.html(markup.facts([f"Signed in as {name}"]), width="content")
            st.button("Sign out", type="tertiary", on_click=st.logout)


def in_words(problem: HouselightsError) -> str:
    """One line on a problem; where the store lies is said to the person at this machine alone, and to the log."""
    if not isinstance(problem, StoreUnavailable) or permit_here() is EVERYTHING:
        return str(problem)
    logging.getLogger("houselights").error("%s", problem)
    return "What was recorded cannot be read or written just now: tell whoever runs this server."
