"""The fields that say in which kind of place and country people are watched, and what that leads to.

They decide what may be measured, or who may be recognised, so nothing of them is chosen beforehand.
"""

from __future__ import annotations

from html import escape
from typing import Final

import streamlit as st
from babel import Locale

from audience.countries import countries
from audience.language import ENGLISH, N_, gettext, language
from audience.privacy import SETTINGS, Setting, decide

NO_SETTING = N_("Choose the kind of place: it decides whether expressions may be measured.")
_SETTINGS: Final[dict[Setting, str]] = {
    "event": N_("Event"),
    "cinema": N_("Cinema"),
    "research": N_("Research"),
    "home": N_("Home"),
    "workplace": N_("Workplace"),
    "education": N_("Education"),
}


def choose_setting(key: str) -> Setting | None:
    """The kind of place; None as long as none is chosen.

    Args:
        key: of the field on its page.
    """
    setting: Setting | None = st.selectbox(
        gettext("Kind of place"),
        SETTINGS,
        index=None,
        placeholder=gettext("Choose"),
        format_func=setting_name,
        key=key,
    )
    return setting


def setting_name(setting: Setting) -> str:
    """What a kind of place is called."""
    return gettext(_SETTINGS[setting])


def choose_country(key: str, *, unset: str = "") -> str | None:
    """The country's code; None as long as none is chosen.

    Args:
        key: of the field on its page.
        unset: what the field says then; "" for how to find one.
    """
    country: str | None = st.selectbox(
        gettext("Country"),
        list(countries()),
        index=None,
        placeholder=unset or gettext("Not set: type to search"),
        format_func=_country_label,
        key=key,
    )
    return country


def country_name(code: str) -> str:
    """The name of a country in the reader's language."""
    if language() == ENGLISH:
        return countries()[code].name
    return str(Locale.parse(language()).territories.get(code, countries()[code].name))


def _country_label(code: str) -> str:
    """A country with all that people may type to find it."""
    name, label = country_name(code), countries()[code].label
    return label if label.startswith(name) else f"{name} · {label}"


def show_outcome(setting: Setting | None, country: str | None, *, heads_only: bool) -> None:
    """What a session of these would measure, and why; or which choice is missing."""
    line = gettext(NO_SETTING)
    if setting is not None:
        decision = decide(setting, country, heads_only=heads_only)
        names = {"setting": setting_name(setting), "country": country_name(country) if country else ""}
        why = [gettext(sentence, **names) for sentence in decision.sentences]
        line = " ".join([*why, gettext("This stays so for the session.")])
    st.html(f'<p class="hl-outcome" role="status">{escape(line)}</p>')
