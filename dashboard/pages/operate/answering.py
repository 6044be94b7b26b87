"""The dialog that answers alerts: acknowledged, or silenced for a while, with a name and a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from audience.alerts import Alert, AlertSilence
from audience.language import N_, gettext, ngettext
from audience.time import to_ms
from dashboard import markup
from dashboard.clock import viewer_zone
from dashboard.pages.acting import act, show_part
from dashboard.pages.operate import data
from dashboard.pages.operate.alert_list import alert_line
from dashboard.pages.operate.operator_name import ask_name, operator_name
from dashboard.wording import stage_names

SILENCES: Final[Mapping[str, float | None]] = {
    N_("15 min"): 900.0,
    N_("1 h"): 3600.0,
    N_("Until the session ends"): None,
}
"""How long a place is silenced, seconds; None until the session ends."""

_ASKED, _NOTE = "answer-alerts", "answer-note"
_SHOWN = 8


def ask_to_answer(session_id: str, alert_ids: Sequence[str]) -> None:
    """Opens the dialog on the next run of the page."""
    st.session_state[_ASKED] = session_id, tuple(alert_ids)


def show_answering(session_id: str) -> None:
    """The dialog, where it was asked for; not within what is drawn again by itself, which would close it."""
    if st.session_state.get(_ASKED, ("",))[0] == session_id:
        st.dialog(gettext("Answer alerts"), on_dismiss=_close)(show_part)(_answer, session_id)


def _close() -> None:
    st.session_state.pop(_ASKED, None)


def _answer(session_id: str) -> None:
    now, now_ms = data.situation(session_id), to_ms(data.now())
    asked = frozenset(st.session_state.get(_ASKED, ("", ()))[1])
    alerts = [alert for alert in now.book.alerts if alert.alert_id in asked]
    zone = viewer_zone(st.context.timezone)
    names = stage_names(now.stages)
    st.html("".join(alert_line(now.book, alert, names, now_ms, zone) for alert in alerts[:_SHOWN]))
    if (more := len(alerts) - _SHOWN) > 0:
        st.html(markup.note(ngettext("And {count} more.", "And {count} more.", more)))
    by = ask_name()
    st.text_input(gettext("Note"), key=_NOTE, max_chars=200, placeholder=gettext("The lens is being cleaned"))
    if not by:
        st.html(markup.note(gettext("Give your name, so that the others know who looks after it.")))
    st.button(
        gettext("Acknowledge"),
        type="primary",
        key="answer-seen",
        disabled=not by,
        help=gettext("Nobody else is notified of it. Its end is still sent."),
        on_click=act,
        args=(_acknowledge, session_id, alerts),
    )
    st.html(markup.note(gettext("Or silence the place: nobody is notified of anything there for so long.")))
    with st.container(horizontal=True):
        for label, for_s in SILENCES.items():
            st.button(
                gettext(label),
                key=f"silence-{label}",
                disabled=not by,
                on_click=act,
                args=(_silence, session_id, alerts, for_s),
            )
    silences = [one for alert in alerts if (one := now.book.silence(alert, now_ms)) is not None]
    if silences:
        st.button(gettext("End the silence"), key="silence-end", on_click=act, args=(_end, session_id, silences))


def _acknowledge(session_id: str, alerts: Sequence[Alert]) -> None:
    data.acknowledge(session_id, alerts, operator_name(), st.session_state.get(_NOTE, ""))
    _close()


def _silence(session_id: str, alerts: Sequence[Alert], for_s: float | None) -> None:
    data.silence(session_id, alerts, operator_name(), st.session_state.get(_NOTE, ""), for_s=for_s)
    _close()


def _end(session_id: str, silences: list[AlertSilence]) -> None:
    data.end_silence(session_id, silences)
    _close()
