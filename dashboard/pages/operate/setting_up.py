"""Setting up stages and cameras of a session, and how cameras are started: their lines, and cards to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import streamlit as st

from audience.ids import id_of
from audience.language import gettext, ngettext
from audience.monitoring.cameras import CameraStatus
from audience.privacy import reason_text
from audience.session_setup import SessionSetup, device_environment
from audience.sessions import Session
from dashboard import markup
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.operate.start_commands import StartCard, cards_html, device_command, watch_command
from dashboard.wording import stage_names

# Where a camera runs, as commands have it.
_HERE, _DEVICE = "here", "device"
_ALL = ("", "")
_START = "start"

MOST_PLACES: Final = 400
"""Cameras that are offered at once; of more, a stage is chosen first. A card takes 11 ms to make."""


def show_setting_up(session_id: str) -> None:
    """One more stage or camera, and the lines that start cameras."""
    now = data.situation(session_id)
    names = stage_names(now.stages)
    st.html(markup.note(reason_text(now.session.mode, now.session.mode_reason)))
    _add_camera(now.session, names)
    if now.cameras:
        show_starting(now.session, now.cameras, names, key=_START)


def _add_camera(session: Session, names: dict[str, str]) -> None:
    with st.form("add-camera"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            # By session: what is shown of a key stays, and would be another session's stage.
            key = f"add-stage-{session.session_id}"
            st.text_input(gettext("Stage, there or new"), next(iter(names.values()), gettext("Main")), key=key)
            st.text_input(gettext("New camera"), placeholder="cam-2", key="add-camera-id")
            st.number_input(
                gettext("People present"), 1, 1_000_000, None, key="add-size", help=gettext("Where it is known.")
            )
        st.form_submit_button(gettext("Add camera"), on_click=act, args=(_added, session, names))


def _added(session: Session, names: dict[str, str]) -> None:
    stage = st.session_state[f"add-stage-{session.session_id}"].strip()
    camera_id = st.session_state["add-camera-id"].strip()
    there = next((stage_id for stage_id, name in names.items() if name == stage), None)
    stage_id = there or id_of(stage) or stage
    data.set_up(
        SessionSetup(
            session_id=session.session_id,
            stage_id=stage_id,
            camera_id=camera_id,
            audience_size=st.session_state["add-size"],
        ),
        stage_title="" if stage_id in names else stage,
    )
    st.session_state["add-camera-id"] = ""
    st.session_state[_START] = (stage_id, camera_id)


def of_one_stage(places: list[tuple[str, str]], names: Mapping[str, str], *, key: str) -> list[tuple[str, str]]:
    """The cameras to choose from: all, or, where there are over `MOST_PLACES`, those of the stage that is chosen here.

    Args:
        places: stage and camera ids.
        names: what each stage is called, by id.
        key: of this field on the page.
    """
    if len(places) <= MOST_PLACES:
        return places
    stage_ids = list(dict.fromkeys(stage_id for stage_id, _ in places))
    chosen = st.selectbox(gettext("Stage"), stage_ids, format_func=lambda stage_id: names[stage_id], key=key)
    return [place for place in places if place[0] == chosen]


def show_starting(session: Session, cameras: Sequence[CameraStatus], names: Mapping[str, str], *, key: str) -> None:
    """The choosers, the lines that start the cameras, and what is printed.

    Args:
        session: the session.
        cameras: some of its cameras.
        names: what each stage is called, by id.
        key: of these fields on the page; `key` alone is the chooser of the camera.
    """
    places = of_one_stage(sorted((one.stage_id, one.camera_id) for one in cameras), names, key=f"{key}-stage")
    offered = [_ALL, *places] if len(places) > 1 else places
    if st.session_state.get(key) not in offered:
        st.session_state.pop(key, None)  # of another session

    def name(place: tuple[str, str]) -> str:
        if place == _ALL:
            return gettext("All {count}", count=len(places))
        return gettext("{camera} on {stage}", camera=place[1], stage=names[place[0]])

    with st.container(horizontal=True):
        place = st.selectbox(
            gettext("Start camera"),
            offered,
            format_func=name,
            key=key,
        )
        where = st.selectbox(
            gettext("Type"),
            [_HERE, _DEVICE],
            format_func=lambda where: (
                gettext("A camera of this machine")
                if where == _HERE
                else gettext("A camera with a computer of its own")
            ),
            key=f"{key}-where",
            width=300,
        )
        source = st.text_input(
            gettext("Source"), "webcam:0", key=f"{key}-source", help="webcam:0, rtsp://…, http://…, file:…"
        )
        deliver_to = st.text_input(gettext("Bucket"), "BUCKET", key=f"{key}-bucket") if where == _DEVICE else ""
    chosen = places if place == _ALL else [place]

    def card(stage_id: str, camera_id: str) -> StartCard:
        if where == _HERE:
            command = watch_command(
                session_id=session.session_id,
                stage_id=stage_id,
                camera_id=camera_id,
                source=source,
                store_url=data.named_store(),
            )
        else:
            environment = device_environment(session, stage_id, camera_id)
            command = device_command(environment, source=source, deliver_to=deliver_to)
        return StartCard(stage=names[stage_id], camera_id=camera_id, command=command)

    cards = [card(*one) for one in chosen]
    st.download_button(
        ngettext("{count} card to print (HTML)", "{count} cards to print (HTML)", len(cards)),
        lambda: cards_html(cards, session=session.name).encode(),
        f"{session.session_id}-cards.html",
        "text/html",
        key=f"{key}-cards",
        icon=":material/print:",
        help=gettext("A card a camera: its stage, the line that starts it, and the line as a QR code."),
    )
    st.code("\n".join(one.command for one in cards), language=None, wrap_lines=True)
    if len(cards) == 1:
        picture, alt = markup.qr_picture(cards[0].command), escape(gettext("The line above as a QR code"))
        st.html(f'<img class="hl-qr" alt="{alt}" src="{picture}">')
