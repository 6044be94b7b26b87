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
from audience.privacy import NOT_LEGAL_ADVICE, SETTINGS, Setting, decide

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
        stays = gettext("This stays so for the session.")
        line = f"{_outcome(setting, country, heads_only=heads_only)} {stays}"
    st.html(f'<p class="hl-outcome" role="status">{escape(line)}</p>')


def _outcome(setting: Setting, country: str | None, *, heads_only: bool) -> str:
    """What `decide` decides, and why."""
    measured = decide(setting, country, heads_only=heads_only).mode == "expressions"
    if heads_only:
        return gettext("Only heads are counted, as requested.")
    if setting not in ("workplace", "education"):
        return gettext("Expressions are measured (kind of place: {setting}).", setting=setting_name(setting))
    if country is None:
        because = (
            gettext(
                "Only heads are counted: inferring emotions at a workplace is prohibited in the EU (AI Act, article "
                "5(1)(f)), and no country was given: give it if it is elsewhere."
            )
            if setting == "workplace"
            else gettext(
                "Only heads are counted: inferring emotions in education is prohibited in the EU (AI Act, article "
                "5(1)(f)), and no country was given: give it if it is elsewhere."
            )
        )
    elif not measured:
        because = (
            gettext(
                "Only heads are counted: inferring emotions at a workplace is prohibited in the EU (AI Act, article "
                "5(1)(f)). {country} is in the EU.",
                country=country_name(country),
            )
            if setting == "workplace"
            else gettext(
                "Only heads are counted: inferring emotions in education is prohibited in the EU (AI Act, article "
                "5(1)(f)). {country} is in the EU.",
                country=country_name(country),
            )
        )
    else:
        because = (
            gettext(
                "Expressions are measured: {country} is outside the EU, whose ban on inferring emotions at a workplace "
                "(AI Act, article 5(1)(f)) does not apply there. Other rules may.",
                country=country_name(country),
            )
            if setting == "workplace"
            else gettext(
                "Expressions are measured: {country} is outside the EU, whose ban on inferring emotions in education "
                "(AI Act, article 5(1)(f)) does not apply there. Other rules may.",
                country=country_name(country),
            )
        )
    return f"{because} {gettext(NOT_LEGAL_ADVICE)}"
