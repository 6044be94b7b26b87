"""Starting and ending a session, and what runs on its stages, each of which can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

import streamlit as st

from audience.language import N_, gettext, ngettext
from audience.monitoring.situation import Situation, is_under_way
from audience.sessions import Stage, cues_of
from audience.time import to_ms
from audience.timelines import Cue, is_paused, paused_now, position_s, resumed_now, start_cues
from dashboard import markup
from dashboard.clock import viewer_zone
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.operate.ending import ask_to_end, still_at_work
from dashboard.pages.operate.stage_table.component import Wish
from dashboard.pages.operate.stage_table.packing import capital, what_runs, where
from dashboard.wording import stage_names

CueChange = Callable[[tuple[Cue, ...], datetime], tuple[Cue, ...]]

CHANGES: Final[Mapping[Wish, CueChange]] = {
    "start": lambda _, at: start_cues(at),
    "pause": lambda cues, at: cues if position_s(cues, at) is None else paused_now(cues, at),
    "resume": lambda cues, at: resumed_now(cues, at) if is_paused(cues, at) else cues,
}
"""What each button of a stage does to its cues; those it does not suit stay as they are."""

_DID: Final[Mapping[Wish, str]] = {
    "start": N_("Started: {stages}."),
    "pause": N_("Paused: {stages}."),
    "resume": N_("Resumed: {stages}."),
}


def show_running(session_id: str) -> None:
    """The buttons of the session; and of its stage, where it has one."""
    now = data.situation(session_id)
    under_way = is_under_way(now.session, to_ms(data.now()))
    with st.container(horizontal=True, vertical_alignment="center"):
        if not under_way:
            st.button(gettext("Resume session"), on_click=act, args=(data.go_on, session_id))
        else:
            if not now.recorded:
                st.button(gettext("Start session"), on_click=act, args=(data.start, session_id))
            st.button(gettext("End session"), on_click=act, args=(ask_to_end, session_id))
    if not under_way:
        edited = gettext("The cues of a session that has ended are edited on its Timeline page.")
        st.html(markup.note(still_at_work(now), edited))
    elif len(now.stages) == 1:
        show_stage_buttons(now, now.stages[0], key="run")
    else:
        every = gettext("Each stage has its buttons in the table. Choose several there to start them together.")
        st.html(markup.note(every))


def show_stage_buttons(now: Situation, stage: Stage, *, key: str) -> None:
    """Where a stage stands, and its buttons; `key` is their own on the page."""
    session_id, at = now.session.session_id, data.now()
    cues, what = cues_of(now.session, stage), what_runs(now.session.kind)
    stands = where(cues, at, viewer_zone(st.context.timezone), what)
    st.html(markup.lead(f"{stage_names(now.stages)[stage.stage_id]}: {stands}"))
    buttons: tuple[tuple[str, Wish, bool], ...] = (
        (gettext("{what} starts now", what=capital(what)), "start", False),
        (gettext("Pause"), "pause", position_s(cues, at) is None),
        (gettext("Resume"), "resume", not is_paused(cues, at)),
    )
    with st.container(horizontal=True):
        for label, wish, off in buttons:
            own = f"{key}-{wish}-{session_id}-{stage.stage_id}"
            st.button(label, key=own, disabled=off, on_click=act, args=(cue, session_id, [stage.stage_id], wish))


def cue(session_id: str, stage_ids: Collection[str], wish: Wish) -> None:
    """Starts, pauses or resumes what runs on some stages, at one instant."""
    if changed := data.change_cues(session_id, stage_ids, CHANGES[wish]):
        st.session_state[_undo_key(session_id)] = wish, changed


def show_undo(now: Situation) -> None:
    """What was done to stages last, and the button that takes it back, as long as nobody did anything else to them."""
    session_id = now.session.session_id
    done: tuple[Wish, Sequence[tuple[Stage, Stage]]] | None = st.session_state.get(_undo_key(session_id))
    if done is None:
        return
    wish, changed = done
    names = stage_names(now.stages)
    there = {stage.stage_id: stage.cues for stage in now.stages}
    if any(there.get(after.stage_id) != after.cues for _, after in changed):
        return
    of = [names[after.stage_id] for _, after in changed]
    on = ", ".join(of) if len(of) <= 3 else ngettext("{count} stage", "{count} stages", len(of))
    with st.container(horizontal=True, vertical_alignment="center", key="undo"):
        st.html(markup.note(gettext(_DID[wish], stages=on)), width="content")
        st.button(gettext("Undo"), key="undo-cues", on_click=act, args=(_undo, session_id))


def _undo(session_id: str) -> None:
    if (done := st.session_state.pop(_undo_key(session_id), None)) is not None:  # None at a second click
        data.restore_cues(session_id, done[1])


def _undo_key(session_id: str) -> str:
    return f"undo-{session_id}"
