"""Button callbacks: errors become one line, and a change redraws the whole page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from audience.errors import HouselightsError
from dashboard import markup
from dashboard.access.entry import in_words

_DONE, _PROBLEM = "operate-done", "operate-problem"


def act(action: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Runs a button's action; used as its `on_click`.

    Returns:
        What the action does; None where it could not be done, and `show_part` says why.
    """
    try:
        done = action(*args, **named)
    except HouselightsError as problem:
        st.session_state[_PROBLEM] = in_words(problem)
        return None
    st.session_state[_DONE] = True
    return done


def show_part(show: Callable[[str], None], session_id: str) -> None:
    """Draws one part of the page, and all of it after one of its buttons changed something."""
    try:
        show(session_id)
    except HouselightsError as problem:
        st.html(markup.trouble(in_words(problem)))
    show_after_action()


def show_problem() -> bool:
    """Shows why the last button's action could not be done; returns whether there is anything to show."""
    words = st.session_state.pop(_PROBLEM, "")
    if words:
        st.html(markup.trouble(words))
    return bool(words)


def show_after_action() -> None:
    """Ends a part that is drawn anew by itself: shows a problem, or has the whole page drawn after a change."""
    if not show_problem() and st.session_state.pop(_DONE, False):
        st.rerun()
