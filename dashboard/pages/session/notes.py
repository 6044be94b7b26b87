"""Notes and exclusions: their list, and the dialogs in which people write and remove them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape

import numpy as np
import streamlit as st

from audience.errors import HouselightsError
from audience.exclusions import Annotation, Exclusion
from audience.language import N_, gettext
from audience.reaction.headline import second_text
from audience.reaction.review import Review
from audience.sessions import Stage
from audience.time import from_ms
from dashboard import data, markup
from dashboard.access.entry import in_words
from dashboard.access.identity import permit

Said = Annotation | Exclusion

_WRITING, _REMOVING = "writing-note", "removing-note"
_USUAL_S = 30
_EXTENTS = {"range": N_("A time range from here"), "segment": N_("The whole segment")}
_MARKED, _MARKED_BY = N_("Marked"), N_("somebody in the room")


def ask_to_write(session_id: str, stage_id: str, at_s: float) -> None:
    """Opens the dialog for a second of the session, on the run of the page that follows."""
    st.session_state[_WRITING] = (session_id, stage_id, at_s)
    st.rerun()


def show_notes(review: Review) -> None:
    """Everything that was written, in order of time, each with a button to remove it."""
    session_id, stage_id = review.windows.session.session_id, review.windows.stage.stage_id
    may_write = permit().is_at_least("analyst")
    for number, one in enumerate(review.notes):
        with st.container(key=f"note-{number}", horizontal=True, vertical_alignment="center"):
            st.html(_line(review, one))
            if may_write and st.button(gettext("Remove"), key=f"remove-{number}", type="tertiary"):
                st.session_state[_REMOVING] = (session_id, stage_id, one)
                st.rerun()
    line = gettext("To add a note or exclude a time range, go to its start and press “Note” under the curve.")
    st.html(markup.note(gettext("No notes yet.") if not review.notes else "", line if may_write else ""))


def offer_mark(review: Review) -> None:
    """A button that marks the moment it is pressed, without a question: a note that can be told more of later.

    For analysts, as all notes; nothing for others.
    """
    if not permit().is_at_least("analyst"):
        return
    session_id, stage_id = review.windows.session.session_id, review.windows.stage.stage_id
    if st.button(gettext("Mark this moment"), icon=":material/bookmark_add:", key="mark"):
        by = st.session_state.get("note-author") or gettext(_MARKED_BY)
        mark = Annotation(title=gettext(_MARKED), at=datetime.now(UTC), by=by)
        try:
            data.change_stage(session_id, stage_id, lambda now: _with(now, mark))
        except HouselightsError as problem:
            st.html(markup.trouble(in_words(problem)))
        else:
            st.toast(gettext("Marked at {time}.", time=review.position_of(mark.at)))


def show_dialogs(session_id: str) -> None:
    """The dialog that was asked for, if it was; not within what is drawn anew every few seconds."""
    # A dialog's title is that of its decorator: here, where the viewer's language is known.
    for key, title, dialog in (
        (_WRITING, gettext("Write a note"), _write),
        (_REMOVING, gettext("Remove this?"), _remove),
    ):
        if (asked := st.session_state.get(key)) and asked[0] == session_id:
            st.dialog(title, on_dismiss=_close)(dialog)(*asked)


def _close() -> None:
    for key in (_WRITING, _REMOVING):
        st.session_state.pop(key, None)


def _line(review: Review, one: Said) -> str:
    if isinstance(one, Annotation):
        kind, why, when = gettext("Note"), "", review.position_of(one.at)
    else:
        kind, why = gettext("Left out"), f" {one.reason}" if one.reason else ""
        begin, end = review.position_of(one.from_at), review.position_of(one.until_at)
        when = gettext("{from_time} to {until_time}", from_time=begin, until_time=end)
    return (
        f'<p class="hl-said"><span class="hl-said-when">{escape(when)}</span> '
        f'<span class="hl-said-kind">{escape(kind)}</span> <strong>{escape(one.title)}</strong>{escape(why)} '
        f'<span class="hl-said-by">{escape(one.by)}</span></p>'
    )


def _write(session_id: str, stage_id: str, at_s: float) -> None:
    with data.reader() as reader:
        file = reader.file(session_id)
        stage = next(stage for stage in file.stages if stage.stage_id == stage_id)
        windows = reader.windows(file, stage)
    place = int(np.clip(np.searchsorted(windows.session_s, at_s, side="right") - 1, 0, len(windows.start_ms) - 1))
    segment = int(windows.segment[place])
    at = file.session.started_at + timedelta(seconds=at_s)
    st.html(markup.note(gettext("At {time}.", time=second_text(windows, at_s))))
    leave_out = st.toggle(gettext("Exclude a time range from every figure"), key="note-leave-out")
    title = st.text_input(
        gettext("What happened"),
        placeholder=gettext("Projector failed") if leave_out else gettext("Door slammed"),
        key="note-title",
    )
    until, reason = at, ""
    if leave_out:
        extent = "range"
        if segment >= 0:
            extent = st.radio(
                gettext("How much"),
                list(_EXTENTS),
                format_func=lambda one: gettext(_EXTENTS[one]),
                horizontal=True,
                key="note-extent",
            )
        if extent == "range":
            length_s = st.number_input(gettext("Length, seconds"), 1, 86_400, _USUAL_S, key="note-lasting")
            until = at + timedelta(seconds=length_s)
        else:
            inside = np.flatnonzero(windows.segment == segment)
            at, until = (from_ms(int(windows.start_ms[end])) for end in (inside[0], inside[-1]))
            until += timedelta(milliseconds=windows.width_ms)
        reason = st.text_input(gettext("Reason (optional)"), key="note-reason")
    by = st.text_input(gettext("Your name"), value=st.session_state.get("note-author", ""), key="note-by")
    if st.button(gettext("Save"), type="primary", key="note-save"):
        st.session_state["note-author"] = by
        if leave_out:
            _change(
                session_id,
                stage_id,
                lambda now: _with(now, Exclusion(title=title, from_at=at, until_at=until, by=by, reason=reason)),
            )
        else:
            _change(session_id, stage_id, lambda now: _with(now, Annotation(title=title, at=at, by=by)))


def _remove(session_id: str, stage_id: str, said: Said) -> None:
    by = gettext("written by {name}", name=said.by)
    st.html(f"<p><strong>{escape(said.title)}</strong>, {escape(by)}</p>")
    if isinstance(said, Exclusion):
        st.html(markup.note(gettext("This time range will count in every figure again.")))
    if st.button(gettext("Remove"), type="primary", key="remove-surely"):
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
