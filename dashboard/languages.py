"""The language of whoever looks at a page: the one they chose, else their browser's, else English."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from audience.language import ENGLISH, LANGUAGES, best_language, follow, gettext, language, text_direction

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_CHOICE = "language"
# Streamlit's own page says that it is English, written from the left.
_SET_ON_PAGE: Final = "export default ({ data }) => { Object.assign(document.documentElement, data); };"


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


def set_page_language() -> None:
    """Sets the page's `lang` and `dir`: how screen readers pronounce it, and from which side browsers lay it out."""
    _page_language()(key="page-language", data={"lang": language(), "dir": text_direction(language())})


@cache
def _page_language() -> ComponentRenderer:
    return st.components.v2.component("houselights.page_language", js=_SET_ON_PAGE)


follow(viewers_language)
