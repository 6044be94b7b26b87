"""The pages of the dashboard, run anew for each visitor; `dashboard/app.py` serves them.

A page is a folder here with a `page.py`, and one line in `PAGES`. `access.entry` decides who may open it; what it shows
them is what the store gives them (`access.guarded_store`).
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from audience.errors import HouselightsError
from audience.language import N_, gettext
from dashboard import markup
from dashboard.access.entry import has_page, in_words, permit_here, show_account, show_not_yours, show_shut
from dashboard.access.people_data import lists_panels, lists_people
from dashboard.languages import set_page_language, show_language_choice
from dashboard.wording import NOT_FEELING

DASHBOARD = Path(__file__).parents[1]
PAGES = {
    "sessions": N_("Sessions"),
    "bring": N_("Score a recording"),
    "session": N_("Session"),
    "timeline": N_("Timeline"),
    "compare": N_("Compare"),
    "scenes": N_("Scenes"),
    "planner": N_("Planner"),
    "board": N_("Stages"),
    "panel": N_("Panel"),
    "people": N_("People"),
    "desk": N_("Desk"),
    "search": N_("Search"),
    "operate": N_("Operate"),
}
# Reached from a session's row and page, not from the head of every page.
OF_A_SESSION = ("session", "timeline")
# Not in the head of every page as long as nobody is enrolled.
OF_PEOPLE = ("people", "desk", "search")

about = gettext("**Houselights**: how an audience reacted, second by second.")
st.set_page_config(
    page_title="Houselights",
    page_icon=str(DASHBOARD / "favicon.svg"),
    layout="wide",
    menu_items={"About": f"{about} {gettext(NOT_FEELING)}"},
)
st.logo(str(DASHBOARD / "favicon.svg"), size="medium")
st.html(DASHBOARD / "houselights.css")
permit = permit_here()
unlisted = OF_A_SESSION + (() if lists_people() else OF_PEOPLE) + (() if lists_panels() else ("panel",))
pages = {
    name: st.Page(
        f"{name}/page.py",
        title=gettext(title),
        url_path=name,
        default=name == "sessions",
        visibility="visible" if has_page(permit, name) and name not in unlisted else "hidden",
    )
    for name, title in PAGES.items()
}
page = st.navigation(list(pages.values()), position="top")
if page is not pages["sessions"]:
    st.set_page_config(page_title=f"{page.title} · Houselights")
try:
    if not permit.lets_in:
        show_shut()
    elif all(page is not pages[name] for name in PAGES if has_page(permit, name)):
        show_not_yours()
    else:
        page.run()
except HouselightsError as problem:
    st.html(markup.trouble(in_words(problem)))
st.html(markup.footer())
show_language_choice()
set_page_language()
if permit.lets_in:
    show_account()
