"""The Timeline page: what was shown on a stage, and when. Nothing is stored before Save."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from audience.errors import HouselightsError, InvalidValue
from audience.language import gettext
from audience.reaction.curve import StageWindows, retimed
from audience.reaction.review import Review
from audience.sessions import Stage
from audience.store import RecordingProgress
from dashboard import data, markup
from dashboard.access.entry import in_words
from dashboard.charts.reaction import reaction_chart
from dashboard.charts.theme import palette_of
from dashboard.pages.timeline.aligning import align
from dashboard.pages.timeline.cues import edit_cues
from dashboard.pages.timeline.desk import Desk, desk_of, differs, save
from dashboard.pages.timeline.segments import edit_segments
from dashboard.pages.timeline.slide_times.tab import set_slide_times
from dashboard.pages.timeline.sources import show_incoming, take_file, take_film, take_match
from dashboard.pages.timeline.transcript import edit_transcript
from dashboard.recordings import library, video_of
from dashboard.session_address import choose_stage
from dashboard.wording import share_of
from timeline_files.length import shown_length_s


def show_picture(windows: StageWindows, edited: Stage) -> None:
    """Draws the curve and the faces with the draft's segments."""
    if not len(windows.start_ms):
        line = gettext("No camera has recorded anything on this stage yet: there is no curve to lay it along.")
        st.html(markup.note(line))
        return
    review = Review(windows=retimed(windows, edited))
    curve, says = None, gettext("Faces in view")
    if review.expression is not None:
        over_s = review.default_smoothing_s
        curve, says = review.curve(over_s), share_of(review.expression, over_s)
    chart = reaction_chart(review.windows, curve, (), palette_of(st.context.theme.type))
    st.altair_chart(
        chart, key="draft", alt=gettext("{curve}, with the segments as they are typed", curve=says), theme=None
    )


def show(session_id: str) -> None:
    """The whole page."""
    with data.reader() as reader:
        show_session(reader, reader.file(session_id))


def show_session(reader: data.Reader, file: data.SessionFile) -> None:
    """The page of a session."""
    st.set_page_config(page_title=gettext("Timeline of {session} · Houselights", session=file.session.name))
    st.html(markup.page_title(gettext("What was shown"), file.session.name))
    if not file.stages:
        st.html(markup.empty(gettext("Nothing has been recorded in this session yet, so it has no stage to edit.")))
        return
    stage = choose_stage(file)
    desk = desk_of(file.session, stage)
    windows = reader.windows(file, stage)
    head, laid = st.container(), st.container()
    names = [gettext("Segments"), gettext("Slide times"), gettext("Start and breaks"), gettext("Import")]
    segments, times, when, source = st.tabs(names, default=names[0] if desk.editing.now.sheets else names[-1])
    length_s = known_length_s(desk, file, stage)
    films = library().files()
    with segments:
        edit_segments(desk, length_s)
    with when:
        edit_cues(desk, file.session)
        _heading(gettext("Find the start"))
        align(desk, file, windows, films)
    with source:
        take_file(desk, length_s)
        take_match(desk, films)
        take_film(desk, length_s, films)
        show_incoming(desk)
        _heading(gettext("What was said"))
        edit_transcript(reader.review(file, stage))
    # What stands above was typed below: it is drawn last.
    edited, problem = checked(desk, file, stage)
    with times:
        set_slide_times(desk, windows, edited, length_s, video_of(file.session, recordings_of(file, stage)))
    with head:
        finish(desk, file, stage, edited, problem)
    if edited is not None:
        with laid:
            show_picture(windows, led_by(edited, desk.place))


def _heading(text: str) -> None:
    st.markdown(f"**{text}**")


def led_by(stage: Stage, place: int) -> Stage:
    """The stage with the edited timeline first."""
    return replace(stage, timelines=(*stage.timelines[place : place + 1], *stage.timelines[:place]))


def known_length_s(desk: Desk, file: data.SessionFile, stage: Stage) -> float | None:
    """The length of what was shown by the draft's cues; None where they are not valid yet."""
    try:
        cues = desk.editing.now.cues(file.session)
    except InvalidValue:
        return None
    return shown_length_s(file.session, cues, recordings_of(file, stage))


def checked(desk: Desk, file: data.SessionFile, stage: Stage) -> tuple[Stage | None, str]:
    """The stage as the draft has it, or what is wrong with the draft."""
    try:
        return desk.editing.now.stage(file.session, stage, recordings_of(file, stage)), ""
    except InvalidValue as problem:
        return None, str(problem)


def recordings_of(file: data.SessionFile, stage: Stage) -> list[RecordingProgress]:
    """The recordings of one stage."""
    return [one for one in file.recordings if one.stage_id == stage.stage_id]


def finish(desk: Desk, file: data.SessionFile, stage: Stage, edited: Stage | None, problem: str) -> None:
    """Save, undo and discard, and the draft's status."""
    editing = desk.editing
    behind = differs(editing.read, stage)
    with st.container(horizontal=True, vertical_alignment="center"):
        if (
            st.button(gettext("Save"), type="primary", disabled=not editing.changed or edited is None)
            and edited is not None
        ):
            try:
                # The tables stay as they are: what is typed while this is on its way must not be lost with them.
                desk.editing = editing.saved(save(file.session.session_id, editing.read, edited, desk.pictures))
                desk.saved = True
                st.rerun()
            except HouselightsError as refused:
                problem = in_words(refused)
        if st.button(gettext("Undo"), icon=":material/undo:", disabled=not editing.past):
            desk.undo()
            st.rerun()
        if editing.changed and st.button(gettext("Discard changes")):
            desk.discard(file.session, stage)
            st.rerun()
        st.html(f'<span class="hl-facts" role="status">{status(desk)}</span>', width="content")
    if problem:
        st.html(markup.trouble(problem))
    elif behind:
        line = gettext("Somebody else changed what was shown here since you opened it: saving will be refused.")
        st.html(markup.trouble(line))


def status(desk: Desk) -> str:
    """Whether there is anything to save."""
    if desk.editing.changed:
        return gettext("Not saved yet")
    return gettext("Saved.") if desk.saved else gettext("Nothing changed")


session_id = st.query_params.get("session")
with st.container(key="back"):
    if session_id:
        st.page_link("session/page.py", label=gettext("← The session"), query_params={"session": session_id})
    else:
        st.page_link("sessions/page.py", label=gettext("← All sessions"))
if session_id:
    show(session_id)
else:
    st.html(markup.empty(gettext("No session selected: open one from the list of sessions.")))
