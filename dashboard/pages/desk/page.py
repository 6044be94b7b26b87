"""The Desk page: the live cards of one roster, around which the desk works."""

from __future__ import annotations

import streamlit as st

from audience.errors import HouselightsError
from audience.language import N_, gettext
from dashboard import markup
from dashboard.access.entry import in_words
from dashboard.access.people_data import has_people, open_people
from dashboard.pages.desk.routes import DESK

_HEIGHT_PX = 640
_LEAD = N_(
    "Members who checked in appear here as they come in, and are gone once they were welcomed. Of everybody else "
    "nothing is shown, and nothing is kept."
)
_NONE = N_("There is no roster for a welcome desk yet. Set one up on the People page.")


def show() -> None:
    """Draws the page."""
    st.html(markup.page_title(gettext("Welcome desk"), gettext(_LEAD)))
    rosters = []
    if has_people():
        with open_people("desk") as (_, people):
            rosters = [roster for roster in people.rosters() if roster.purpose == "welcome desk"]
    if not rosters:
        st.html(markup.empty(gettext(_NONE)))
        return
    roster = (
        rosters[0] if len(rosters) == 1 else st.selectbox(gettext("Roster"), rosters, format_func=lambda one: one.name)
    )
    base = f"/{st.get_option('server.baseUrlPath').strip('/')}".rstrip("/")
    st.iframe(f"{base}{DESK}/{roster.roster_id}", height=_HEIGHT_PX)


try:
    show()
except HouselightsError as problem:
    st.html(markup.trouble(in_words(problem)))
