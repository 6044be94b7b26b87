"""The fields that say in which kind of place and country people are watched, and what that leads to.

They decide what may be measured, or who may be recognised, so nothing of them is chosen beforehand.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from audience.countries import countries
from audience.privacy import SETTINGS, Setting, decide

NO_SETTING = "Choose the kind of place: it decides whether expressions may be measured."


def choose_setting(key: str) -> Setting | None:
    """The kind of place; None as long as none is chosen.

    Args:
        key: of the field on its page.
    """
    setting: Setting | None = st.selectbox(
        "Kind of place", SETTINGS, index=None, placeholder="Choose", format_func=str.capitalize, key=key
    )
    return setting


def choose_country(key: str, *, unset: str = "Not set: type to search") -> str | None:
    """The country's code; None as long as none is chosen.

    Args:
        key: of the field on its page.
        unset: what the field says then.
    """
    country: str | None = st.selectbox(
        "Country",
        list(countries()),
        index=None,
        placeholder=unset,
        format_func=lambda code: countries()[code].label,
        key=key,
    )
    return country


def show_outcome(setting: Setting | None, country: str | None, *, heads_only: bool) -> None:
    """What a session of these would measure, and why; or which choice is missing."""
    line = NO_SETTING
    if setting is not None:
        line = f"{decide(setting, country, heads_only=heads_only).reason} This stays so for the session."
    st.html(f'<p class="hl-outcome" role="status">{escape(line)}</p>')
