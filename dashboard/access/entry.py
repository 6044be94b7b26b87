"""The pages a viewer has, who is signed in, signing out, and error messages for the viewer."""

from __future__ import annotations

import logging

import streamlit as st

from audience.errors import HouselightsError, StoreUnavailable
from audience.language import gettext
from dashboard import markup
from dashboard.access import identity as asking
from dashboard.access.permits import EVERYTHING, Duty, Permit, Role
from dashboard.access.sign_in_page import name_of

# By file name, the role from which a page is somebody's. Enforced by the store: here it only spares them a refusal.
_LEAST: dict[str, Role] = {"timeline": "analyst", "panel": "analyst", "operate": "operator", "bring": "operator"}
# What whoever holds a link needs of the pages.
_BY_LINK = ("sessions", "session")


# By file name, the duties of which a page asks for one.
_DUTIES: dict[str, frozenset[Duty]] = {
    "people": frozenset({"people"}),
    "desk": frozenset({"desk"}),
    "search": frozenset({"request", "approve", "confirm"}),
}


def has_page(permit: Permit, name: str) -> bool:
    """Whether a permit includes a page.

    Args:
        permit: theirs.
        name: of its file, without `.py`.
    """
    if name in _DUTIES:
        return permit is EVERYTHING or bool(permit.duties & _DUTIES[name])
    if name == "bring" and not permit.brings:
        return False
    if permit.role is None:
        return permit.lets_in and name in _BY_LINK
    return permit.is_at_least(_LEAST.get(name, "viewer"))


def permit_here() -> Permit:
    """The permit of the page's viewer; an empty one, and a log line, where the settings are broken."""
    try:
        return asking.permit()
    except HouselightsError as problem:
        logging.getLogger("houselights").error("%s", problem)
        return Permit()


def name_here() -> str | None:
    """The name that the provider gives for the viewer; None where nobody is signed in."""
    return name_of(st.user.to_dict())


def show_shut() -> None:
    """Replaces a page whose viewer has lost access: a role was withdrawn, or a login or link has expired."""
    st.html(markup.empty(gettext("Nothing here is open to you any more. Load the page again to sign in.")))


def show_not_yours() -> None:
    """Replaces a page that the viewer's role does not include."""
    st.html(markup.empty(gettext("This page is not part of what is open to you.")))


def show_account() -> None:
    """Shows who is signed in and a button to sign out; nothing on one's own machine."""
    if asking.settings() is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="account"):
        if (name := name_here()) is None:
            st.html(markup.facts([gettext("You are looking at what a link opens.")]), width="content")
            st.button(gettext("Sign in"), type="tertiary", on_click=st.login)
        else:
            st.html(markup.facts([gettext("Signed in as {name}", name=name)]), width="content")
            st.button(gettext("Sign out"), type="tertiary", on_click=st.logout)


def in_words(problem: HouselightsError) -> str:
    """An error as one line; only the person at this machine and the log see where the store is."""
    if not isinstance(problem, StoreUnavailable) or permit_here() is EVERYTHING:
        return str(problem)
    logging.getLogger("houselights").error("%s", problem)
    return gettext("What was recorded cannot be read or written just now: tell whoever runs this server.")
