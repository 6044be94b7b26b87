"""Setting up stages and cameras of a session, and the lines that start its cameras."""

from __future__ import annotations

import streamlit as st

from audience.ids import id_of
from audience.session_setup import SessionSetup
from audience.sessions import Session
from dashboard import markup
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.operate.starting import show_starting
from dashboard.wording import stage_names

_START = "start"


def show_setting_up(session_id: str) -> None:
    """One more stage or camera, and the lines that start cameras."""
    now = data.situation(session_id)
    names = stage_names(now.stages)
    st.html(markup.note(now.session.mode_reason))
    _add_camera(now.session, names)
    if now.cameras:
        show_starting(now.session, now.cameras, names, key=_START)


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
    st.session_state[_START] = (stage_id, camera_id)
