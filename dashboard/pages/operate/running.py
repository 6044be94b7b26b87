"""Starting and ending a session, and cues at a button, each of which can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import streamlit as st

from audience.errors import InvalidValue
from audience.monitoring.evaluate import Situation, is_under_way
from audience.sessions import Session, Stage, cues_of
from audience.time import clock_text, to_ms
from audience.timelines import Cue, is_paused, paused_now, position_s, resumed_now, start_cues
from dashboard import markup
from dashboard.clock import time_text, viewer_zone
from dashboard.data import change_stage
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.operate.ending import ask_to_end, still_at_work
from dashboard.wording import stage_names

# What begins, by kind of session.
_WHAT = {"talk": "talk", "screening": "film", "festival": "set", "panel": "panel"}


def show_running(session_id: str) -> None:
    """The buttons, and where each stage stands."""
    now = data.situation(session_id)
    _session(now)
    if not is_under_way(now.session, to_ms(data.now())):
        st.html(markup.note("The cues of a session that has ended are edited on its Timeline page."))
        return
    names = stage_names(now.stages)
    for stage in now.stages:
        _stage(now.session, stage, names[stage.stage_id])


def _session(now: Situation) -> None:
    session_id = now.session.session_id
    under_way = is_under_way(now.session, to_ms(data.now()))
    with st.container(horizontal=True, vertical_alignment="center"):
        if not under_way:
            st.button("Resume session", on_click=act, args=(data.go_on, session_id))
        else:
            if not now.recorded:
                st.button("Start session", on_click=act, args=(data.start, session_id))
            st.button("End session", on_click=act, args=(ask_to_end, session_id))
    if not under_way:
        st.html(markup.note(still_at_work(now)))


def _stage(session: Session, stage: Stage, name: str) -> None:
    at = data.now()
    cues = cues_of(session, stage)
    what = _WHAT[session.kind]
    key = f"{session.session_id}-{stage.stage_id}"
    written: tuple[Stage, Stage] | None = st.session_state.get(_undo_key(session, stage))
    st.html(markup.lead(f"{name}: {_where(cues, at, what)}"))
    with st.container(horizontal=True):
        for label, change, off in (
            (f"{what.capitalize()} starts now", lambda cues, at: start_cues(at), False),
            ("Pause", paused_now, position_s(cues, at) is None),
            ("Resume", resumed_now, not is_paused(cues, at)),
        ):
            st.button(label, key=f"{label}-{key}", disabled=off, on_click=act, args=(_cue, session, stage, change))
        if written is not None and written[1].cues == stage.cues:
            st.button("Undo", key=f"undo-button-{key}", on_click=act, args=(_undo, session, stage))


def _where(cues: tuple[Cue, ...], at: datetime, what: str) -> str:
    stands_s, zone = position_s(cues, at), viewer_zone(st.context.timezone)
    if stands_s is not None:
        return f"{what} running · {clock_text(stands_s)} (at {time_text(to_ms(at), zone)})"
    if is_paused(cues, at):
        since = max(cue.at for cue in cues if cue.at <= at)
        return f"{what} paused since {time_text(to_ms(since), zone)}"
    return f"{what} not started"


def _cue(session: Session, stage: Stage, change: Callable[[tuple[Cue, ...], datetime], tuple[Cue, ...]]) -> None:
    at = data.now()

    def pinned(stored: Stage) -> Stage:
        after = replace(stored, cues=change(cues_of(session, stored), at))
        st.session_state[_undo_key(session, stage)] = stored, after
        return after

    change_stage(session.session_id, stage.stage_id, pinned)


def _undo(session: Session, stage: Stage) -> None:
    if (written := st.session_state.pop(_undo_key(session, stage), None)) is None:
        return  # a second click, before the button was gone
    before, after = written

    def back(stored: Stage) -> Stage:
        if stored.cues != after.cues:
            raise InvalidValue("somebody has changed the cues since: nothing was undone")
        return replace(stored, cues=before.cues)

    change_stage(session.session_id, stage.stage_id, back)


def _undo_key(session: Session, stage: Stage) -> str:
    return f"undo-{session.session_id}-{stage.stage_id}"
