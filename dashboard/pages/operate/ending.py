"""The dialog that ends a session: it asks first, because it ends for every stage and camera."""

from __future__ import annotations

from html import escape

import streamlit as st

from audience.language import gettext, ngettext
from audience.monitoring.situation import Situation
from audience.sessions import Session
from dashboard import markup
from dashboard.pages.acting import act, show_part
from dashboard.pages.operate import data
from dashboard.wording import stage_names

_ASKED = "end-session"
_NAMED = 8  # cameras that are still running


def ask_to_end(session_id: str) -> None:
    """Opens the dialog on the next run of the page."""
    st.session_state[_ASKED] = session_id


def show_question(session_id: str) -> None:
    """The question, where it is to be asked; not within what is drawn again by itself, which would close it."""
    if st.session_state.get(_ASKED) == session_id:
        st.dialog(gettext("End this session?"), on_dismiss=_close)(show_part)(_question, session_id)


def still_at_work(now: Situation) -> str:
    """Which cameras have to be stopped; "" where none has."""
    stages = stage_names(now.stages)
    at_work = [one for one in now.cameras if one.state not in ("ended", "expected", "dead")]
    names = [
        gettext("{camera} on {stage}", camera=one.camera_id, stage=stages[one.stage_id]) for one in at_work[:_NAMED]
    ]
    if not names:
        return ""
    still = gettext("Still running: {cameras}. Stop each with Ctrl-C where it was started.", cameras=", ".join(names))
    if (more := len(at_work) - _NAMED) > 0:
        others = ngettext("And {count} more.", "And {count} more.", more)
        return f"{still} {others}"
    return still


def _close() -> None:
    st.session_state.pop(_ASKED, None)


def _question(session_id: str) -> None:
    now = data.situation(session_id)
    st.html(f"<p><strong>{escape(now.session.name)}</strong></p>")
    st.html(markup.note(_meaning(now.session, len(now.stages), len(now.cameras)), still_at_work(now)))
    with st.container(horizontal=True):
        st.button(
            gettext("End session for all"), type="primary", key="end-surely", on_click=act, args=(_end, session_id)
        )
        st.button(gettext("Cancel"), key="end-not", on_click=act, args=(_close,))


def _end(session_id: str) -> None:
    data.end(session_id)
    _close()


def _meaning(session: Session, stages: int, cameras: int) -> str:
    """What ending means, in words."""
    sentences = [
        gettext(
            "It ends now, with {stages} and {cameras}.",
            stages=ngettext("{count} stage", "{count} stages", stages),
            cameras=ngettext("{count} camera", "{count} cameras", cameras),
        ),
        gettext("Its alerts stop."),
        gettext("Its public board stops updating.") if session.kind == "festival" else "",
        gettext("Cameras are not stopped by this. “Resume session” undoes it."),
    ]
    return " ".join(filter(None, sentences))
