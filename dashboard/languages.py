"""The language of whoever looks at a page: the one they chose, else their browser's, else English."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from audience.language import ENGLISH, LANGUAGES, best_language, follow, gettext, is_right_to_left, language

_CHOICE = "language"


def viewers_language() -> str:
    """The language of the page's viewer; English where no page is drawn."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    # The address before the list: on a visit's first run the list has not been drawn yet.
    chosen = st.session_state.get(_CHOICE, st.query_params.get(_CHOICE))
    return chosen if chosen in LANGUAGES else best_language(st.context.locale or "")


def show_language_choice() -> None:
    """Shows the list of languages, each by its own name; the choice holds for all pages, and stands in the address."""
    st.session_state.setdefault(_CHOICE, viewers_language())
    st.selectbox(
        gettext("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=_CHOICE,
        on_change=_put_into_address,
        persist_state="session",
        label_visibility="collapsed",
        width=140,
    )


def _put_into_address() -> None:
    st.query_params[_CHOICE] = st.session_state[_CHOICE]


def direction_style() -> str:
    """CSS that lays the page out from the right where its language is written so; "" for all others."""
    return "<style>.stApp { direction: rtl; }</style>" if is_right_to_left(language()) else ""


follow(viewers_language)
