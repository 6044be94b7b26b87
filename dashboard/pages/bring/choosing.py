"""What is said of a recording, and the place where it is chosen, dropped or named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import streamlit as st

from audience.errors import HouselightsError
from audience.incoming import KEEPS
from audience.language import decimal, gettext
from audience.sessions import KINDS
from dashboard import markup
from dashboard.access.entry import in_words
from dashboard.access.upload_room import upload_rules
from dashboard.clock import viewer_zone
from dashboard.components import component
from dashboard.pages.bring import data, text
from dashboard.place_fields import choose_country, choose_setting, show_outcome
from dashboard.wording import kind_name

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_PROBLEM = "bring-problem"


def show_fields() -> data.SessionFields | None:
    """What is said of the session, and what it may measure; None as long as too little is said."""
    with st.container(horizontal=True):
        title = st.text_input(gettext("Title"), placeholder=gettext("The name of the file"), key="bring-title")
        kind = st.selectbox(gettext("Kind"), KINDS, format_func=kind_name, key="bring-kind", width=150)
    with st.container(horizontal=True):
        setting = choose_setting("bring-setting")
        country = choose_country("bring-country")
    with st.container(horizontal=True):
        heads_only = st.checkbox(gettext("Count heads only"), key="bring-heads")
        notice = st.checkbox(gettext("The people in view were informed"), key="bring-notice")
    with st.expander(gettext("When it began, and how long the file is kept")), st.container(horizontal=True):
        began = st.datetime_input(
            gettext("Began"),
            None,
            key="bring-began",
            help=gettext("Left out, it is taken from the file. In your own time zone."),
        )
        keep = st.selectbox(gettext("Keep an uploaded file"), KEEPS, format_func=text.keep_name, key="bring-keep")
    if setting is None:
        return None
    show_outcome(setting, country, heads_only=heads_only)
    return data.SessionFields(
        title=title.strip(),
        kind=kind,
        setting=setting,
        country=country or "",
        heads_only=heads_only,
        notice_given=notice,
        started_ms=text.viewer_ms(began, viewer_zone(st.context.timezone)),
        keep=keep,
    )


def show_choosing(fields: data.SessionFields | None) -> None:
    """Where a recording is chosen, dropped or named."""
    rules = upload_rules()
    assert rules is not None
    more = gettext(text.NO_SETTING)
    if fields is not None:
        more = gettext(
            "It is sent and scored by itself, up to {size} GB. You can leave this page meanwhile.",
            size=decimal(rules.largest_gb, 1),
        )
    uploader(fields, call=gettext(text.CHOOSE), more=more, key="bring-upload")
    if data.names_files():
        with st.container(horizontal=True, vertical_alignment="bottom"):
            place = st.text_input(
                gettext("Or a file or folder of this machine, which is not copied"),
                placeholder="/home/ada/talk.mp4",
                key="bring-place",
            )
            st.button(gettext("Score it"), disabled=fields is None, on_click=_named, args=(place, fields))
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.html(markup.trouble(problem))


def _named(place: str, fields: data.SessionFields) -> None:
    try:
        data.take_named(st.session_state.get("bring-place", place), fields)
    except HouselightsError as problem:
        st.session_state[_PROBLEM] = in_words(problem)
    else:
        st.session_state["bring-place"] = ""


def uploader(session: data.SessionFields | None, *, call: str, more: str, key: str) -> str | None:
    """Shows where to choose recordings; the page runs when one of them begins to be sent.

    Uploads go on while other pages of this window are looked at.

    Args:
        session: what is said of their sessions; None where too little is said to choose one.
        call: what to do, in few words.
        more: what it leads to, or what is missing.
        key: its own on the page.

    Returns:
        The id of the recording that begins to be sent; None where the page runs for another reason.
    """
    fields = None if session is None else msgspec.to_builtins(session)
    began = _component()(key=key, data={"session": fields, "call": call, "more": more}, on_began_change=lambda: None)
    return None if began.began is None else str(began.began)


def _component() -> ComponentRenderer:
    return component("bring", "dashboard.pages.bring", "upload.html", "upload.css", ["upload.js"])
