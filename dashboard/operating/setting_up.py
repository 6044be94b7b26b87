"""Setting up a session, its stages and its cameras, and the line that starts each camera."""

from __future__ import annotations

import re
import unicodedata

import streamlit as st

from audience.camera_state import CameraStatus
from audience.errors import HouselightsError
from audience.names import LONGEST_ID
from audience.occasions import Occasion, device_environment
from audience.privacy import SETTINGS
from audience.sessions import KINDS, Session
from dashboard import markup
from dashboard.access.telling import in_words
from dashboard.data import sessions
from dashboard.operating import data
from dashboard.operating.acting import act
from dashboard.operating.start_commands import device_command, qr_picture, watch_command
from dashboard.wording import stage_names

_HERE, _DEVICE = "A camera of this machine", "A camera with a computer of its own"


def id_of(title: str) -> str:
    """An id made of a title: `Opening night: Zoë` gives `opening-night-zoe`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_ID].strip("-")


def show_new_session() -> None:
    """The form for a new session. What it says is decided once: it cannot measure more afterwards."""
    with st.form("new-session", border=False):
        title = st.text_input("Title", key="new-title")
        with st.container(horizontal=True):
            kind = st.selectbox("Kind", KINDS, format_func=str.capitalize, key="new-kind")
            setting = st.selectbox("Kind of place", SETTINGS, format_func=str.capitalize, key="new-setting")
            country = st.text_input("Country, two letters", key="new-country", max_chars=2)
        with st.container(horizontal=True):
            stage = st.text_input("Stage", "Main", key="new-stage")
            camera = st.text_input("Camera", "cam-1", key="new-camera")
        heads_only = st.checkbox("Count heads only", key="new-heads")
        notice = st.checkbox("The people in view are told", key="new-notice")
        if not st.form_submit_button("Set up session", type="primary"):
            return
    if not id_of(title) or not id_of(stage):
        st.html(
            markup.trouble("A session and its stage need a title with a letter or a digit in it, a to z or 0 to 9.")
        )
        return
    try:
        session = data.set_up(
            Occasion(
                session_id=_free(id_of(title)),
                stage_id=id_of(stage),
                camera_id=camera.strip(),
                title=title.strip(),
                kind=kind,
                setting=setting,
                country=country.strip() or None,
                heads_only=heads_only,
                notice_given=notice,
            ),
            stage_title=stage.strip(),
        )
    except HouselightsError as problem:
        st.html(markup.trouble(in_words(problem)))
        return
    st.session_state["chosen"] = session.session_id
    st.rerun()


def _free(wanted: str) -> str:
    """The id, or the next that no session has."""
    taken = {session.session_id for session in sessions()}
    numbered = (f"{wanted[: LONGEST_ID - 5]}-{number}" for number in range(2, 9999))
    return wanted if wanted not in taken else next(name for name in numbered if name not in taken)


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
        Occasion(
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
        where = st.selectbox("It is", [_HERE, _DEVICE], key="start-where")
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
    picture = qr_picture(command)
    st.html(f'<img class="hl-qr" alt="The line above as a QR code" src="{picture}">')
