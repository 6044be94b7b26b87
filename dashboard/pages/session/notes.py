"""Notes, exclusions, and what is known of a stage's recordings: doubtful starts, lost seconds, turned pictures.

People write and remove notes and exclusions by name, in dialogs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape

import numpy as np
import streamlit as st

from audience.errors import HouselightsError
from audience.exclusions import Annotation, Exclusion
from audience.reaction.curve import StageWindows
from audience.reaction.headline import second_text
from audience.sessions import Stage
from audience.store import Heartbeat, RecordingProgress
from audience.time import from_ms, to_ms
from dashboard import data, markup
from dashboard.access.entry import in_words
from dashboard.access.identity import permit

Said = Annotation | Exclusion

_WRITING, _REMOVING = "writing-note", "removing-note"
_USUAL_S = 30


def ask_to_write(session_id: str, stage_id: str, at_s: float) -> None:
    """Opens the dialog for a second of the session, on the run of the page that follows."""
    st.session_state[_WRITING] = (session_id, stage_id, at_s)
    st.rerun()


def show_notes(windows: StageWindows) -> None:
    """Everything that was written, in order of time, each with a button to remove it."""
    stage = windows.stage
    said: list[Said] = sorted([*stage.annotations, *stage.exclusions], key=_begins)
    may_write = permit().is_at_least("analyst")
    for number, one in enumerate(said):
        with st.container(key=f"note-{number}", horizontal=True, vertical_alignment="center"):
            st.html(_line(windows, one))
            if may_write and st.button("Remove", key=f"remove-{number}", type="tertiary"):
                st.session_state[_REMOVING] = (windows.session.session_id, stage.stage_id, one)
                st.rerun()
    line = "Go to a second and press “Note” under the curve, to write what happened there or to leave a stretch out."
    st.html(markup.note("Nobody has written anything yet." if not said else "", line if may_write else ""))


def show_dialogs(session_id: str) -> None:
    """The dialog that was asked for, if it was; not within what is drawn anew every few seconds."""
    for key, dialog in ((_WRITING, _write), (_REMOVING, _remove)):
        if (asked := st.session_state.get(key)) and asked[0] == session_id:
            dialog(*asked)


def _begins(one: Said) -> datetime:
    return one.at if isinstance(one, Annotation) else one.from_at


def _close() -> None:
    for key in (_WRITING, _REMOVING):
        st.session_state.pop(key, None)


def _line(windows: StageWindows, one: Said) -> str:
    when = _when(windows, _begins(one))
    if isinstance(one, Annotation):
        kind, why = "Note", ""
    else:
        kind, why = "Left out", f" {one.reason}" if one.reason else ""
        when = f"{when} to {_when(windows, one.until_at)}"
    return (
        f'<p class="hl-said"><span class="hl-said-when">{escape(when)}</span> <span class="hl-said-kind">{kind}</span> '
        f'<strong>{escape(one.title)}</strong>{escape(why)} <span class="hl-said-by">{escape(one.by)}</span></p>'
    )


def _when(windows: StageWindows, at: datetime) -> str:
    return second_text(windows, (to_ms(at) - to_ms(windows.session.started_at)) / 1000)


@st.dialog("Write a note", on_dismiss=_close)
def _write(session_id: str, stage_id: str, at_s: float) -> None:
    file = data.session_file(session_id)
    stage = next(stage for stage in file.stages if stage.stage_id == stage_id)
    windows = data.laid_out(file, stage)
    place = int(np.clip(np.searchsorted(windows.session_s, at_s, side="right") - 1, 0, len(windows.start_ms) - 1))
    segment = int(windows.segment[place])
    at = file.session.started_at + timedelta(seconds=at_s)
    st.html(markup.note(f"At {second_text(windows, at_s)}."))
    leave_out = st.toggle("Leave a stretch out of every figure", key="note-leave-out")
    title = st.text_input(
        "What happened", placeholder="Projector failed" if leave_out else "Door slammed", key="note-title"
    )
    until, reason = at, ""
    if leave_out:
        extents = ["A stretch from here"] + (["The whole segment"] if segment >= 0 else [])
        extent = st.radio("How much", extents, horizontal=True, key="note-extent") if segment >= 0 else extents[0]
        if extent == extents[0]:
            until = at + timedelta(seconds=st.number_input("Lasting, seconds", 1, 86_400, _USUAL_S, key="note-lasting"))
        else:
            inside = np.flatnonzero(windows.segment == segment)
            at, until = (from_ms(int(windows.start_ms[end])) for end in (inside[0], inside[-1]))
            until += timedelta(milliseconds=windows.width_ms)
        reason = st.text_input("Why it is left out (optional)", key="note-reason")
    by = st.text_input("Your name", value=st.session_state.get("note-author", ""), key="note-by")
    if st.button("Save", type="primary", key="note-save"):
        st.session_state["note-author"] = by
        if leave_out:
            _change(
                session_id,
                stage_id,
                lambda now: _with(now, Exclusion(title=title, from_at=at, until_at=until, by=by, reason=reason)),
            )
        else:
            _change(session_id, stage_id, lambda now: _with(now, Annotation(title=title, at=at, by=by)))


@st.dialog("Remove this?", on_dismiss=_close)
def _remove(session_id: str, stage_id: str, said: Said) -> None:
    st.html(f"<p><strong>{escape(said.title)}</strong>, written by {escape(said.by)}</p>")
    if isinstance(said, Exclusion):
        st.html(markup.note("What was left out counts in every figure again."))
    if st.button("Remove", type="primary", key="remove-surely"):
        _change(session_id, stage_id, lambda now: _without(now, said))


def _change(session_id: str, stage_id: str, change: Callable[[Stage], Stage]) -> None:
    """Writes the stage and closes the dialog; what is wrong is said in it."""
    try:
        data.change_stage(session_id, stage_id, change)
    except HouselightsError as problem:
        st.html(markup.trouble(in_words(problem)))
    else:
        _close()
        st.rerun()


def _with(stage: Stage, said: Said) -> Stage:
    if isinstance(said, Annotation):
        return replace(stage, annotations=(*stage.annotations, said))
    return replace(stage, exclusions=(*stage.exclusions, said))


def _without(stage: Stage, said: Said) -> Stage:
    return replace(
        stage,
        annotations=tuple(one for one in stage.annotations if one != said),
        exclusions=tuple(one for one in stage.exclusions if one != said),
    )


# What a camera says while it is away or starts is about that moment alone.
_SAYS_OF_ITS_PICTURES = ("running", "stopped", "finished")


def recording_notes(recordings: Sequence[RecordingProgress], heartbeats: Sequence[Heartbeat] = ()) -> list[str]:
    """A line for each thing; empty where nothing was found.

    Args:
        recordings: those of the stage.
        heartbeats: of its live cameras.
    """
    lines = []
    for one in recordings:
        said = list(one.remarks)
        if one.start_certainty == "doubtful":
            said.insert(0, f"Doubtful start: {from_ms(one.started_ms):%Y-%m-%d %H:%M:%S} UTC is {one.started_from}.")
        lines += [f"{one.camera_id}: {line}" for line in said] if len(recordings) > 1 else said
    live = [beat for beat in heartbeats if beat.detail and beat.state in _SAYS_OF_ITS_PICTURES]
    return lines + [f"{beat.camera_id}: {beat.detail}." for beat in live]
