"""The operator's page: how every camera is, what is the matter, and the buttons of the evening."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import markup, operating
from dashboard.access.entry import name_here
from dashboard.data import sessions
from dashboard.operating import data
from dashboard.operating.acting import show_part
from dashboard.operating.cost import show_cost
from dashboard.operating.ending import show_question
from dashboard.operating.new_session import new_session_key, show_new_session
from dashboard.operating.preview import show_preview
from dashboard.operating.rules import show_rules
from dashboard.operating.running import show_running
from dashboard.operating.setting_up import show_setting_up
from dashboard.operating.watching import show_watching
from dashboard.session_address import choose_session, show_not_found

REFRESHES: dict[int, str] = {2: "Every 2 s", 5: "Every 5 s", 15: "Every 15 s", 0: "Off"}
USUAL_REFRESH_S = 5
PARTS = {
    "Run": show_running,
    "Alert rules": show_rules,
    "Set up": show_setting_up,
    "Cost": show_cost,
    "Preview": show_preview,
}


st.html(Path(operating.__file__).with_name("operating.css"))
found = sessions()
session_id = None
with st.container(horizontal=True, vertical_alignment="bottom", key="operator-bar"):
    if found:
        session_id = choose_session(found, lambda: data.at_work(found))
    with st.popover("New session", key=new_session_key()):
        st.fragment(show_new_session)()
    if session_id is not None:
        if name_here() is None:
            st.text_input("Your name", key="operator", max_chars=60, placeholder="For acknowledging alerts", width=220)
        every_s = st.selectbox(
            "Refresh",
            list(REFRESHES),
            index=list(REFRESHES).index(USUAL_REFRESH_S),
            format_func=REFRESHES.__getitem__,
            key="refresh",
            bind="query-params",
            width=140,
        )
if session_id is None:
    st.html(markup.page_title("Operate"))
    if st.query_params.get("session"):
        show_not_found()
    else:
        st.html(markup.empty("There is no session in this store yet: set one up with “New session”."))
else:
    # What is drawn again by itself holds nothing that is typed into; each other part runs alone when it is used.
    st.fragment(show_part, run_every=every_s or None)(show_watching, session_id)
    for tab, show in zip(st.tabs(list(PARTS), key="part", bind="query-params"), PARTS.values(), strict=True):
        if tab.open:
            with tab:
                st.fragment(show_part)(show, session_id)
    show_question(session_id)
