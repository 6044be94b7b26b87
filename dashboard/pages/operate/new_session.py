"""A new session: what is said of it, and what it may measure, in words, before anything is created."""

from __future__ import annotations

import streamlit as st

from audience.errors import HouselightsError
from audience.ids import free_id, id_of
from audience.language import N_, gettext
from audience.session_setup import SessionSetup
from audience.sessions import KINDS
from dashboard import markup
from dashboard.access.entry import in_words
from dashboard.data import sessions
from dashboard.pages.operate import data
from dashboard.place_fields import NO_SETTING, choose_country, choose_setting, show_outcome
from dashboard.session_address import open_session
from dashboard.wording import kind_name

# What it may measure is said anew for each session, and nothing of it is chosen beforehand.
_FIELDS = ("title", "setting", "country", "heads", "notice")
_PROBLEM, _DONE, _MADE = "new-problem", "new-done", "new-made"
_NO_TITLE = N_("A session and its stage need a title with a letter or a digit in it, a to z or 0 to 9.")


def new_session_key() -> str:
    """Names the place of the fields; another one once a session was made of them, so that they close."""
    return f"new-session-{st.session_state.get(_MADE, 0)}"


def show_new_session() -> None:
    """The fields, what they lead to, and the button. It is decided once: no session measures more afterwards."""
    st.text_input(gettext("Title"), key="new-title")
    with st.container(horizontal=True):
        st.selectbox(gettext("Kind"), KINDS, format_func=kind_name, key="new-kind")
        setting = choose_setting("new-setting")
    country = choose_country("new-country")
    with st.container(horizontal=True):
        st.text_input(gettext("Stage"), gettext("Main"), key="new-stage")
        st.text_input(gettext("Camera"), "cam-1", key="new-camera")
    with st.container(horizontal=True):
        heads_only = st.checkbox(gettext("Count heads only"), key="new-heads")
        st.checkbox(gettext("The people in view are informed"), key="new-notice")
    show_outcome(setting, country, heads_only=heads_only)
    st.button(gettext("Set up session"), type="primary", on_click=_set_up)
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.html(markup.trouble(problem))
    elif st.session_state.pop(_DONE, False):
        st.rerun()


def _set_up() -> None:
    """Sets up what the fields say, and has the page show it; what is wrong is said under the button."""
    field = {name: st.session_state[f"new-{name}"] for name in (*_FIELDS, "kind", "stage", "camera")}
    title, stage = field["title"].strip(), field["stage"].strip()
    if not id_of(title) or not id_of(stage):
        st.session_state[_PROBLEM] = gettext(_NO_TITLE)
        return
    if field["setting"] is None:
        st.session_state[_PROBLEM] = NO_SETTING
        return
    try:
        session = data.set_up(
            SessionSetup(
                session_id=free_id(id_of(title), {session.session_id for session in sessions()}),
                stage_id=id_of(stage),
                camera_id=field["camera"].strip(),
                title=title,
                kind=field["kind"],
                setting=field["setting"],
                country=field["country"],
                heads_only=field["heads"],
                notice_given=field["notice"],
            ),
            stage_title=stage,
        )
    except HouselightsError as problem:
        st.session_state[_PROBLEM] = in_words(problem)
        return
    for name in _FIELDS:
        del st.session_state[f"new-{name}"]
    st.session_state[_DONE] = True
    st.session_state[_MADE] = st.session_state.get(_MADE, 0) + 1
    open_session(session.session_id)
