"""The page that brings a recording: what it is of, the file, and the queue in which it is scored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import streamlit as st

from audience.incoming import IncomingRecording
from audience.language import gettext
from audience.time import to_ms
from dashboard import markup
from dashboard.clock import viewer_zone
from dashboard.pages.acting import act, show_problem
from dashboard.pages.bring import data, text
from dashboard.pages.bring.choosing import show_choosing, show_fields
from dashboard.scoring_process import can_score, scoring
from dashboard.wording import plain
from timeline_files.decks import DECKS

_LOOK_EVERY_S = 1.0
_SCORED_SHOWN = 8


def is_active(found: list[IncomingRecording]) -> bool:
    """Whether there is more to see soon."""
    return any(one.step in ("waiting", "scoring") for one in found)


def _turn(one: IncomingRecording) -> int:
    """When its turn is: what is being scored, what is all there, what is still arriving; what stands still is last."""
    if one.step == "waiting":
        return 1 if one.received is None else 2
    return 0 if one.step == "scoring" else 3


def show_queue(*, looks: bool) -> None:
    """The recordings: those under way in the order in which they are scored, then those that are scored."""
    found = data.queue()
    if looks != is_active(found):
        st.rerun()  # all of the page, which then looks again by itself, or no longer
    show_problem()
    under_way = sorted((one for one in found if one.step != "done"), key=_turn)
    done = sorted((one for one in found if one.step == "done"), key=lambda one: -one.state.at_ms)
    shown = done if st.session_state.get("bring-all") else done[:_SCORED_SHOWN]
    begun = [one.request.session_id for one in (*under_way, *shown) if one.state.done_s]
    there = data.opened_sessions(begun)
    now_ms, before = to_ms(datetime.now(UTC)), 0
    for one in under_way:
        _show_one(one, before, there, now_ms)
        before += one.step in ("waiting", "scoring")
    for one in shown:
        _show_one(one, 0, there, now_ms)
    if len(done) > len(shown):
        st.checkbox(gettext("Show all {number}", number=len(done)), key="bring-all")
    folder = data.folder()
    if line := text.kept_in_all(found, str(folder) if folder else ""):
        st.html(markup.note(line))
    if not found:
        line = gettext("Nothing yet. Recordings are scored one after another, and you can watch them here.")
        st.html(markup.note(line))


def _show_one(one: IncomingRecording, before: int, there: Mapping[str, bool], now_ms: int) -> None:
    request = one.request
    with st.container(key=f"brought-{request.recording_id}", gap="small"):
        name = request.title or request.file_name
        st.html(f'<h3 class="hl-brought">{escape(name)}</h3>')
        if one.step == "done":
            facts = text.scored(one, viewer_zone(st.context.timezone))
            st.html(markup.facts([*facts, text.kept(one)]))
            if notes := text.notes(one):
                st.html(markup.note(*notes))
        elif one.step == "failed":
            st.html(markup.trouble(one.state.line))
        else:
            st.progress(text.share_done(one), plain(text.how_far(one, before, now_ms)))
            if one.state.measured:
                st.html(markup.note(one.state.measured))
        if one.step == "failed" and one.state.wants_start:
            st.datetime_input(gettext(text.WANTS_START), None, key=_began_key(request.recording_id), width=320)
        with st.container(horizontal=True, vertical_alignment="center"):
            if request.session_id in there:
                st.page_link(
                    "session/page.py",
                    label=gettext("Open the session"),
                    icon=":material/show_chart:",
                    query_params={"session": request.session_id},
                    width="content",
                )
                if not there[request.session_id]:
                    _offer_slides(request.recording_id)
            _buttons(one)
        if st.session_state.get(_taken_key(request.recording_id)):
            st.html(markup.note(gettext(text.SLIDES_TAKEN)))


def _offer_slides(recording_id: str) -> None:
    with st.popover(gettext("Add its slides"), icon=":material/slideshow:"):
        st.file_uploader(
            gettext("The deck, as PDF, PowerPoint or OpenDocument"),
            type=[ending.removeprefix(".") for ending in DECKS],
            max_upload_size=text.LARGEST_DECK_MB,
            key=_slides_key(recording_id),
            on_change=_take_slides,
            args=(recording_id,),
        )


def _take_slides(recording_id: str) -> None:
    uploaded = st.session_state.get(_slides_key(recording_id))
    if uploaded is not None:

        def put() -> None:
            data.put_slides(recording_id, uploaded.name, uploaded.getvalue())
            st.session_state[_taken_key(recording_id)] = True

        act(put)


def _slides_key(recording_id: str) -> str:
    return f"slides-{recording_id}"


def _taken_key(recording_id: str) -> str:
    return f"slides-taken-{recording_id}"


def _buttons(one: IncomingRecording) -> None:
    recording_id = one.request.recording_id
    if one.step in ("waiting", "scoring"):
        st.button(
            gettext("Stop"), key=f"stop-{recording_id}", type="tertiary", on_click=act, args=(data.stop, recording_id)
        )
    if one.step in ("stopped", "failed"):
        label = gettext("Continue") if one.step == "stopped" else gettext("Try again")
        st.button(label, key=f"go-on-{recording_id}", type="tertiary", on_click=_go_on, args=(recording_id,))
    label = gettext("Remove from this list") if one.request.named else gettext("Remove the recording")
    st.button(
        label,
        key=f"remove-{recording_id}",
        type="tertiary",
        help=gettext("Its session stays."),
        on_click=act,
        args=(data.remove, recording_id),
    )


def _began_key(recording_id: str) -> str:
    return f"began-{recording_id}"


def _go_on(recording_id: str) -> None:
    began: datetime | None = st.session_state.get(_began_key(recording_id))
    act(data.go_on, recording_id, text.viewer_ms(began, viewer_zone(st.context.timezone)))


st.html(Path(__file__).with_name("bring.css"))
st.html(markup.page_title(gettext("Score a recording")))
if not data.is_taken():
    st.html(markup.empty(gettext(text.SHUT)))
elif not can_score():
    st.html(markup.empty(gettext(text.NO_EXTRA)))
else:
    scoring().wake()  # so that nobody waits for models to be loaded
    choosing, watching = st.columns([3, 2], gap="large")
    with choosing:
        show_choosing(show_fields())
    with watching:
        active = is_active(data.queue())
        heading = gettext("Being scored") if active else gettext("Recordings")
        st.html(f'<h2 class="hl-brought">{escape(heading)}</h2>')
        st.fragment(show_queue, run_every=_LOOK_EVERY_S if active else None)(looks=active)
