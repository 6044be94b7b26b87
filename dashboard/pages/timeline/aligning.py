"""Finds when a film or talk began, from another audience's reaction or from sound; the viewer decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from audience.errors import HouselightsError
from audience.language import decimal, gettext
from audience.reaction.curve import StageWindows
from audience.sessions import Session
from audience.time import clock_text, from_ms
from audience.timelines import start_cues
from dashboard import data, markup
from dashboard.access.entry import in_words
from dashboard.pages.timeline.desk import Desk
from dashboard.pages.timeline.sources import CANCELS, choose_film, progress
from dashboard.recordings import library
from dashboard.wording import session_names
from timeline_files.aligning import (
    Proposal,
    propose_from_reaction,
    propose_from_sound,
    stage_to_compare,
)


def align(desk: Desk, file: data.SessionFile, windows: StageWindows, films: Sequence[Path]) -> None:
    """Two ways to find the start, and what they found.

    Args:
        desk: what is being edited.
        file: the session.
        windows: of the stage.
        films: the recordings in the operator's places.
    """
    reaction, sound = st.columns(2)
    with reaction:
        _by_reaction(desk, file, windows)
    with sound:
        _by_sound(desk, file, films)
    if desk.proposed is None:
        return
    says, cues = desk.proposed
    if cues is None:
        st.html(markup.trouble(says))
        return
    st.html(markup.note(says))
    with st.container(horizontal=True):
        if st.button(gettext("Use it"), type="primary", help=gettext("Replaces all cues.")):
            desk.proposed = None
            desk.take(desk.editing.now.with_cues(cues, file.session))
            st.rerun()
        if st.button(gettext("Discard"), key="discard-proposal"):
            desk.proposed = None
            st.rerun()


def _by_reaction(desk: Desk, file: data.SessionFile, windows: StageWindows) -> None:
    others = [one for one in data.sessions() if one.session_id != file.session.session_id and one.mode == "expressions"]
    # Those of the same film first; the latest first among them.
    others.sort(key=lambda one: not (one.film and one.film == file.session.film))
    if not others:
        line = gettext("Comparing reactions needs another session of the same film: there is none in this store.")
        st.html(markup.note(line))
        return
    names = session_names(others)
    other = st.selectbox(
        gettext("Another audience of the same film or talk"), list(names), format_func=names.__getitem__, width=420
    )
    if st.button(gettext("Compare reactions")):
        _ask(desk, file.session, lambda: propose_from_reaction(windows, _windows_of(other, windows.stage.stage_id)))


def _by_sound(desk: Desk, file: data.SessionFile, films: Sequence[Path]) -> None:
    recordings = [one for one in file.recordings if one.stage_id == desk.editing.read.stage_id]
    places = library()
    found = [(one, places.find(one.fingerprint)) for one in recordings]
    watched = next(((one, at) for one, at in found if at is not None), None)
    original = choose_film(gettext("The film's or talk's own recording"), films, key="original")
    if original is None:
        return
    if watched is None:
        st.html(markup.note(gettext("Comparing sound needs this stage's own recording in that folder, too.")))
        return
    if st.button(gettext("Compare sound")):
        recording, audience = watched
        show = progress(gettext(CANCELS))
        began_at = from_ms(recording.started_ms)
        _ask(
            desk,
            file.session,
            lambda: propose_from_sound(audience.path, original, began_at=began_at, on_position=show),
        )
        st.rerun()


def _windows_of(session_id: str, stage_id: str) -> StageWindows:
    """The windows of a session's stage of the same id, or of its only."""
    with data.reader() as reader:
        other = reader.file(session_id)
        return reader.windows(other, stage_to_compare(other.stages, stage_id, session_id))


def _ask(desk: Desk, session: Session, propose: Callable[[], Proposal | None]) -> None:
    try:
        proposal = propose()
    except HouselightsError as problem:
        desk.proposed = (in_words(problem), None)
        return
    sure = proposal is not None and proposal.alignment.sure
    desk.proposed = (_proposal_text(session, proposal), start_cues(proposal.zero_at) if proposal and sure else None)


def _proposal_text(session: Session, proposal: Proposal | None) -> str:
    """What commands say by `describe_proposal`, in the viewer's language."""
    if proposal is None:
        return gettext("Cannot tell when it began: there is too little to compare.")
    found = proposal.alignment
    late_s = (proposal.zero_at - session.started_at).total_seconds()
    fit = {"margin": decimal(found.margin, 1), "overlap": clock_text(found.overlap_s)}
    if not found.sure:
        return gettext(
            "Cannot tell when it began: the best offset, {offset} s, only fits {margin} times as well as any other "
            "over {overlap}.",
            offset=decimal(late_s, 1),
            **fit,
        )
    return gettext(
        "It began {offset} s after the session, at {time}: this fits {margin} times as well as any other over "
        "{overlap}.",
        offset=decimal(late_s, 2),
        time=proposal.zero_at.isoformat(sep=" ", timespec="milliseconds"),
        **fit,
    )
