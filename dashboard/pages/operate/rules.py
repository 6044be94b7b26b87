"""The alert rules of a session, and a test alert."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from audience.alerts import LONGEST_FOR_S, AlertRule, What, default_rules
from audience.language import N_, gettext
from dashboard import markup
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.operate.alert_list import WHAT_NAMES, rule_text
from dashboard.wording import plain, stage_names

_LIMITS: dict[What, tuple[str, float, float]] = {
    "delay": (N_("Later than, seconds"), 10.0, 3600.0),
    "faces": (N_("Fewer faces than"), 10.0, 100_000.0),
    "share": (N_("Share of the faces under, %"), 20.0, 100.0),
    "liveliness": (N_("Under, 0 to 100"), 20.0, 100.0),
}


def show_rules(session_id: str) -> None:
    """The rules, one more, and a test."""
    now = data.situation(session_id)
    names = stage_names(now.stages)
    for rule in now.book.rules:
        with st.container(horizontal=True, vertical_alignment="center", key=f"rule-{rule.rule_id}"):
            st.markdown(plain(rule_text(rule, names)))
            st.button(gettext("Remove"), key=f"remove-{rule.rule_id}", on_click=act, args=(_remove, session_id, rule))
    if (removed := st.session_state.get(_removed_key(session_id))) is not None:
        with st.container(horizontal=True, vertical_alignment="center", key="rule-removed"):
            st.html(markup.note(gettext("Removed: {rule}.", rule=rule_text(removed, names))))
            st.button(gettext("Undo"), on_click=act, args=(_put_back, session_id))
    if not now.book.rules:
        st.html(markup.note(gettext("No alert rules yet: nobody is notified.")))
        st.button(gettext("Add the usual rules"), on_click=act, args=(_add_usual, session_id))
    st.button(
        gettext("Send a test alert"),
        on_click=act,
        args=(data.ask_for_a_test, session_id),
        help=gettext("It appears under past alerts, with who was notified."),
    )
    with st.container(border=True):
        what = st.selectbox(
            gettext("Notify about"),
            list(WHAT_NAMES),
            format_func=lambda what: gettext(WHAT_NAMES[what]),
            key="rule-what",
        )
        with st.container(horizontal=True):
            st.selectbox(
                gettext("On stage"),
                ["", *names],
                format_func=lambda stage: names[stage] if stage else gettext("Any"),
                key="rule-stage",
            )
            if what in _LIMITS:
                label, usual, most = _LIMITS[what]
                st.number_input(gettext(label), 1.0, most, usual, step=1.0, format="%g", key=f"limit-{what}")
            st.number_input(gettext("For, seconds"), 0.0, LONGEST_FOR_S, 60.0, step=5.0, format="%g", key="rule-for")
        st.button(gettext("Add rule"), on_click=act, args=(_add_chosen, session_id))


def _removed_key(session_id: str) -> str:
    return f"removed-rule-{session_id}"


def _remove(session_id: str, rule: AlertRule) -> None:
    data.drop_rule(session_id, rule)
    st.session_state[_removed_key(session_id)] = rule


def _put_back(session_id: str) -> None:
    if (rule := st.session_state.pop(_removed_key(session_id), None)) is not None:  # None at a second click
        data.put_rule(session_id, replace(rule, rule_id=_free_id(session_id, rule.what)))


def _free_id(session_id: str, what: What) -> str:
    """An id that no rule has by now: somebody may have added one meanwhile."""
    taken = {rule.rule_id for rule in data.rules(session_id)}
    return next(name for number in range(1, 999) if (name := f"{what}-{number}") not in taken)


def _add_usual(session_id: str) -> None:
    if not data.rules(session_id):
        for rule in default_rules():
            data.put_rule(session_id, rule)


def _add_chosen(session_id: str) -> None:
    # What was typed last is in the session's state; in no argument: those are of the run before.
    what: What = st.session_state["rule-what"]
    limit = float(st.session_state[f"limit-{what}"]) if what in _LIMITS else 0.0
    rule = AlertRule(
        rule_id=_free_id(session_id, what),
        what=what,
        stage_id=st.session_state["rule-stage"],
        limit=limit / 100 if what == "share" else limit,
        for_s=st.session_state["rule-for"],
    )
    data.put_rule(session_id, rule)
