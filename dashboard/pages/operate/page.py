"""The operator's page: how every camera is, what is the matter, and the buttons of the evening."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from audience.monitoring.cost import SCORINGS, Scoring, day_cost
from dashboard import markup
from dashboard.data import sessions
from dashboard.first_use import show_first_use
from dashboard.pages.acting import show_part
from dashboard.pages.operate import data
from dashboard.pages.operate.answering import show_answering
from dashboard.pages.operate.ending import show_question
from dashboard.pages.operate.new_session import new_session_key, show_new_session
from dashboard.pages.operate.phone_camera import show_phone_camera
from dashboard.pages.operate.remote_audience import show_remote_audience
from dashboard.pages.operate.room_notice import show_room_notice
from dashboard.pages.operate.rules import show_rules
from dashboard.pages.operate.running import show_running
from dashboard.pages.operate.setting_up import show_setting_up
from dashboard.pages.operate.stage_panel import show_stage_panel
from dashboard.pages.operate.watching import show_watching
from dashboard.session_address import choose_session, show_not_found
from dashboard.wording import HOW_TO_SEE_SAMPLES, stage_names

_WHERE: dict[Scoring, str] = {
    "here": "On my own machines",
    "device": "On each camera's device, kept in AWS",
    "cloud": "By Amazon Rekognition",
}
USUAL_FACES = 30


def show_cost(session_id: str) -> None:
    """The estimate, what it assumes, and how it stands against the budget."""
    now = data.situation(session_id)
    of_cameras = [one.heartbeat.faces for one in now.cameras if one.heartbeat and one.state == "ok"]
    in_view = round(sum(of_cameras) / len(of_cameras)) if of_cameras else USUAL_FACES
    heads = now.session.mode == "head count"
    offered = [one for one in SCORINGS if not (heads and one == "cloud")]
    usual = offered.index("device" if heads else "cloud") if data.is_in_the_cloud() else 0
    # By session: what is shown of a key stays, and would be another session's cameras and faces.
    with st.container(horizontal=True):
        scoring: Scoring = st.selectbox(
            "Scored", offered, index=usual, format_func=_WHERE.__getitem__, key="cost-scoring", bind="query-params"
        )
        cameras = st.number_input("Cameras", 0, 10_000, len(now.cameras), key=f"cost-cameras-{session_id}")
        hours = st.number_input("Hours", 0.0, 24.0, 8.0, step=0.5, key="cost-hours", bind="query-params", format="%g")
        faces = st.number_input("Faces in view of each", 0, 10_000, in_view, key=f"cost-faces-{session_id}")
        interval_s = st.number_input(
            "Seconds a delivery", 0.5, 600.0, 2.0, step=1.0, key="cost-interval", bind="query-params", format="%g"
        )
        budget = st.number_input(
            "Budget of the day, $", 0.0, 1e6, 20.0, step=5.0, key="cost-budget", bind="query-params", format="%g"
        )
    cost = day_cost(cameras=cameras, hours=hours, faces=faces, scoring=scoring, interval_s=interval_s)
    line = f"About ${cost.dollars:,.2f} for the day"
    if cost.detect_faces:
        line += f", ${cost.detect_faces:,.2f} of it for DetectFaces"
    if cost.dollars > budget:
        line += f": ${cost.dollars - budget:,.2f} over the budget of ${budget:,.2f}."
        st.html(markup.trouble(line + " Longer deliveries, or scoring on the device, cost less."))
    else:
        st.html(markup.lead(f"{line}, within the budget of ${budget:,.2f}."))
    st.html(markup.note("Estimated, not billed.", *cost.assumes))


HOW_TO = "Start a camera with --preview-port, as the line under “Set up” does, on the machine that shows this page."
_THIS_MACHINE = ("127.0.0.1", "localhost")


def show_preview(session_id: str) -> None:
    """The picture of one camera, where it is shown and somebody asks for it."""
    now = data.situation(session_id)
    names = stage_names(now.stages)
    host = urlsplit(st.context.url or "").hostname or ""
    shown = {
        (one.stage_id, one.camera_id): one.heartbeat
        for one in now.cameras
        if one.heartbeat and one.heartbeat.preview_port and one.state not in ("dead", "ended")
    }
    if not shown or host not in _THIS_MACHINE:
        st.html(markup.empty(f"No camera preview is available here. {HOW_TO}"))
        return
    place = st.selectbox(
        "Camera", list(shown), format_func=lambda place: f"{place[1]} on {names[place[0]]}", key="preview"
    )
    beat = shown[place]
    label = "Show what it sees" if beat.preview_blurred else "Show what it sees: faces can be recognised"
    if st.toggle(label, key=f"preview-{session_id}-{place[0]}-{place[1]}"):
        address = f"http://{host}:{beat.preview_port}/stream.mjpg"
        st.html(f'<img class="hl-preview" alt="What the camera sees now" src="{address}">')
    st.html(markup.note("The picture comes from the camera's own program on this machine. Nothing of it is stored."))


REFRESHES: dict[int, str] = {2: "Every 2 s", 5: "Every 5 s", 15: "Every 15 s", 0: "Off"}
USUAL_REFRESH_S = 5
PARTS = {
    "Run": show_running,
    "Alert rules": show_rules,
    "Set up": show_setting_up,
    "Phone camera": show_phone_camera,
    "Room notice": show_room_notice,
    "Remote audience": show_remote_audience,
    "Cost": show_cost,
    "Preview": show_preview,
}


st.html(Path(__file__).with_name("operate.css"))
found = sessions()
session_id = None
with st.container(horizontal=True, vertical_alignment="bottom", key="operator-bar"):
    if found:
        session_id = choose_session(found, lambda: data.at_work(found))
    with st.popover("New session", key=new_session_key()):
        st.fragment(show_new_session)()
    if session_id is not None:
        every_s = st.selectbox(
            "Refresh",
            list(REFRESHES),
            index=list(REFRESHES).index(USUAL_REFRESH_S),
            format_func=REFRESHES.__getitem__,
            key="refresh",
            bind="query-params",
            width=140,
        )
if session_id is None:
    st.html(markup.page_title("Operate"))
    if st.query_params.get("session"):
        show_not_found()
    else:
        show_first_use(
            "There is no session in this store yet: set one up with “New session”, and its cameras get the lines that "
            "start them. Or look at a simulated evening first:",
            HOW_TO_SEE_SAMPLES,
        )
else:
    # What is drawn again by itself holds nothing that is typed into; each other part runs alone when it is used.
    with data.read_once():
        st.fragment(show_part, run_every=every_s or None)(show_watching, session_id)
        for tab, show in zip(st.tabs(list(PARTS), key="part", bind="query-params"), PARTS.values(), strict=True):
            if tab.open:
                with tab:
                    st.fragment(show_part)(show, session_id)
        show_question(session_id)
        show_answering(session_id)
        show_stage_panel(session_id)
