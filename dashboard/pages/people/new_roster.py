"""A new roster: its purpose and place, what the law says of them, and the conditions that whoever sets it up meets."""

from __future__ import annotations

from html import escape

import streamlit as st

from audience.errors import HouselightsError, InvalidValue
from audience.identity.gate import CONDITIONS, Ruling, gate
from audience.identity.records import ACTORS, PURPOSES, Actor, Roster
from audience.ids import id_of
from audience.language import gettext
from dashboard import markup
from dashboard.access.entry import in_words
from dashboard.access.identity import account
from dashboard.access.people_data import now, open_people
from dashboard.pages.people.text import actor_name, purpose_name
from dashboard.place_fields import choose_country, choose_setting

_PROBLEM, _DONE = "roster-problem", "roster-done"


def show_new_roster() -> None:
    """The fields, what the gate says to them, and the button."""
    st.text_input(gettext("Title"), key="roster-title")
    with st.container(horizontal=True):
        purpose = st.selectbox(
            gettext("Purpose"),
            PURPOSES,
            index=None,
            placeholder=gettext("Choose"),
            format_func=purpose_name,
            key="roster-purpose",
        )
        setting = choose_setting("roster-setting")
    country = choose_country("roster-country", unset=gettext("Not set: counts as one of the EU"))
    st.text_input(
        gettext("Stages where they may be recognised"),
        placeholder=gettext("SESSION/STAGE, with * for any letters; several with commas"),
        key="roster-stages",
    )
    actor: Actor = st.selectbox(gettext("Who recognises"), ACTORS, format_func=actor_name, key="roster-actor")
    law = ""
    if purpose == "search":
        law = st.text_input(gettext("National law or authorisation"), key="roster-law")
    if purpose is not None and setting is not None:
        _show_ruling(gate(purpose, setting, country, actor, law=law))
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.html(markup.trouble(problem))
    elif st.session_state.pop(_DONE, False):
        st.rerun()


def _show_ruling(ruling: Ruling) -> None:
    st.html(f'<p class="hl-outcome" role="status">{escape(ruling.reason)} ({escape(ruling.article)})</p>')
    if ruling.is_refused:
        return
    accepted = [
        name for name in ruling.conditions if st.checkbox(gettext(CONDITIONS[name]), key=f"roster-accepts-{name}")
    ]
    st.button(gettext("Set up roster"), type="primary", on_click=_set_up, args=(accepted,))


def _set_up(accepted: list[str]) -> None:
    field = {name: st.session_state.get(f"roster-{name}") for name in ("title", "purpose", "setting", "country", "law")}
    stages = (part.strip() for part in st.session_state["roster-stages"].split(","))
    try:
        roster_id = id_of(field["title"] or "")
        if not roster_id:
            raise InvalidValue(gettext("A roster needs a title with a letter or a digit in it, a to z or 0 to 9."))
        with open_people("people") as (_, people):
            if any(one.roster_id == roster_id for one in people.rosters()):
                raise InvalidValue(
                    gettext("There is a roster {roster} already: give this one another title.", roster=roster_id)
                )
            people.set_up(
                Roster(
                    roster_id=roster_id,
                    title=(field["title"] or "").strip(),
                    purpose=field["purpose"],  # type: ignore[arg-type]
                    setting=field["setting"],  # type: ignore[arg-type]
                    country=field["country"],
                    stages=tuple(part for part in stages if part),
                    accepted=tuple(accepted),
                    actor=st.session_state["roster-actor"],
                    law=field["law"] or "",
                    created_at=now(),
                    created_by=account(),
                )
            )
    except HouselightsError as problem:
        st.session_state[_PROBLEM] = in_words(problem)
        return
    st.session_state["roster-title"] = ""
    st.session_state[_DONE] = True
