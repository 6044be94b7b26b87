"""The door of the pages: signing in, who is told to ask whom, and which pages somebody has."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import streamlit as st

from audience.errors import HouselightsError
from dashboard import markup
from dashboard.access import asking
from dashboard.access.permits import Permit, Role
from dashboard.access.settings import is_signed_in, is_verified

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
    claims = st.user.to_dict()
    if claims.get("is_logged_in") is not True:
        return None
    if email := claims.get("email"):
        return str(email) if is_verified(claims) else f"{email} (an address that your provider has not verified)"
    return str(claims.get("name") or claims.get("sub"))


def show_door() -> None:
    """To be shown instead of any page to whom nothing is open."""
    st.html(markup.page_title("Houselights", "How an audience reacted, second by second"))
    try:
        settings = asking.settings()
    except HouselightsError:
        settings = None
    if settings is None:
        st.html(markup.trouble("The access settings of this server cannot be read: tell whoever runs it."))
    elif name_here() is None:
        st.html(markup.empty("These pages are for people who were given access. A festival's board needs no login."))
        st.button("Sign in", on_click=st.login)
    elif not is_signed_in(st.user.to_dict(), datetime.now(UTC)):
        st.html(markup.empty("It is over a week since you signed in. Sign in again."))
        _sign_in_and_out()
    else:
        line = f"You are signed in as {name_here()}, and nothing here is open to you."
        st.html(markup.empty(f"{line} Ask {settings.contact}, and say what you are signed in as."))
        _sign_in_and_out()


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


def _sign_in_and_out() -> None:
    with st.container(horizontal=True):
        st.button("Sign in again", on_click=st.login)
        st.button("Sign out", on_click=st.logout)
