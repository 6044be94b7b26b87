"""Who is at the page: the name that acknowledges alerts and says that a sheet is up."""

from __future__ import annotations

from typing import Final

import streamlit as st

from audience.language import gettext
from dashboard.access.entry import name_here

_KEPT: Final = "operator-name"
_FIELD: Final = "operator"


def operator_name() -> str:
    """The name of whoever is signed in, else the one that was typed; "" where there is none yet."""
    return name_here() or str(st.session_state.get(_FIELD) or st.session_state.get(_KEPT) or "").strip()


def ask_name() -> str:
    """The name; with a field for it where nobody is signed in. It is kept for the next time."""
    if (signed_in := name_here()) is not None:
        return signed_in
    usual = str(st.session_state.get(_KEPT, ""))
    typed = st.text_input(gettext("Your name"), usual, key=_FIELD, max_chars=60, width=280).strip()
    st.session_state[_KEPT] = typed
    return typed
