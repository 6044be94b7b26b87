"""The pages of the dashboard; `dashboard/asgi.py` serves them.

A page is a file in `app_pages/` and one line in `PAGES`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from audience.errors import HouselightsError
from dashboard import markup
from dashboard.wording import NOT_FEELING

HERE = Path(__file__).parent
PAGES = [
    st.Page("app_pages/sessions.py", title="Sessions", default=True),
    st.Page("app_pages/session.py", title="Session", visibility="hidden"),
    st.Page("app_pages/timeline.py", title="Timeline", visibility="hidden"),
    st.Page("app_pages/compare.py", title="Compare"),
    st.Page("app_pages/scenes.py", title="Scenes"),
    st.Page("app_pages/planner.py", title="Planner"),
    st.Page("app_pages/board.py", title="Stages"),
    st.Page("app_pages/operate.py", title="Operate"),
]

st.set_page_config(
    page_title="Houselights",
    page_icon=str(HERE / "favicon.svg"),
    layout="wide",
    menu_items={"About": f"**Houselights**: how an audience reacted, second by second. {NOT_FEELING}"},
)
st.logo(str(HERE / "favicon.svg"), size="medium")
st.html(HERE / "houselights.css")
page = st.navigation(PAGES, position="top")
try:
    page.run()
except HouselightsError as problem:
    st.html(markup.trouble(str(problem)))
st.html(markup.footer())
