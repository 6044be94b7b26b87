"""Setting up stages and cameras of a session, and the line that starts each camera."""

from __future__ import annotations

import streamlit as st

from audience.ids import id_of
from audience.monitoring.cameras import CameraStatus
from audience.session_setup import SessionSetup, device_environment
from audience.sessions import Session
from dashboard import markup
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.operate.start_commands import device_command, watch_command
from dashboard.wording import stage_names

_HERE, _DEVICE = "A camera of this machine", "A camera with a computer of its own"


def show_setting_up(session_id: str) -> None:
    """One more stage or camera, and the line that starts each camera."""
    now = data.situation(session_id)
    st.html(markup.note(now.session.mode_reason))
    _add_camera(now.session, stage_names(now.stages))
    if now.cameras:
        _start(now.session, now.cameras)


def _add_camera(session: Session, names: dict[str, str]) -> None:
    with st.form("add-camera"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            # By session: what is shown of a key stays, and would be another session's stage.
            key = f"add-stage-{session.session_id}"
            st.text_input("Stage, there or new", next(iter(names.values()), "Main"), key=key)
            st.text_input("New camera", placeholder="cam-2", key="add-camera-id")
            st.number_input("People present", 1, 1_000_000, None, key="add-size", help="Where it is known.")
        st.form_submit_button("Add camera", on_click=act, args=(_added, session, names))


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
    st.session_state["start"] = (stage_id, camera_id)


def _start(session: Session, cameras: list[CameraStatus]) -> None:
    places = sorted((one.stage_id, one.camera_id) for one in cameras)
    with st.container(horizontal=True):
        place = st.selectbox("Start camera", places, format_func=lambda place: f"{place[1]} on {place[0]}", key="start")
        where = st.selectbox("Type", [_HERE, _DEVICE], key="start-where")
        source = st.text_input("Source", "webcam:0", key="start-source", help="webcam:0, rtsp://…, http://… or file:…")
        deliver_to = st.text_input("Bucket", "BUCKET", key="start-bucket") if where == _DEVICE else ""
    stage_id, camera_id = place
    if where == _HERE:
        command = watch_command(
            session_id=session.session_id,
            stage_id=stage_id,
            camera_id=camera_id,
            source=source,
            store_url=data.named_store(),
        )
    else:
        command = device_command(device_environment(session, stage_id, camera_id), source=source, deliver_to=deliver_to)
    st.code(command, language=None, wrap_lines=True)
    picture = markup.qr_picture(command)
    st.html(f'<img class="hl-qr" alt="The line above as a QR code" src="{picture}">')
