"""The operator's page: how every camera is, what is the matter, and the buttons of the evening."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from audience.language import N_, gettext
from dashboard import markup
from dashboard.choices import put_into_address, take_from_address
from dashboard.data import sessions
from dashboard.first_use import show_first_use
from dashboard.pages.acting import show_part
from dashboard.pages.operate import data
from dashboard.pages.operate.answering import show_answering
from dashboard.pages.operate.cost import show_cost
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

HOW_TO = N_("Start a camera with --preview-port, as the line under “Set up” does, on the machine that shows this page.")
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
        st.html(markup.empty(" ".join([gettext("No camera preview is available here."), gettext(HOW_TO)])))
        return
    place = st.selectbox(
        gettext("Camera"),
        list(shown),
        format_func=lambda place: gettext("{camera} on {stage}", camera=place[1], stage=names[place[0]]),
        key="preview",
    )
    beat = shown[place]
    label = gettext("Show what it sees: faces can be recognised")
    if beat.preview_blurred:
        label = gettext("Show what it sees")
    if st.toggle(label, key=f"preview-{session_id}-{place[0]}-{place[1]}"):
        address = f"http://{host}:{beat.preview_port}/stream.mjpg"
        alt = escape(gettext("What the camera sees now"))
        st.html(f'<img class="hl-preview" alt="{alt}" src="{address}">')
    about = gettext("The picture comes from the camera's own program on this machine. Nothing of it is stored.")
    st.html(markup.note(about))


REFRESHES: dict[int, str] = {2: N_("Every 2 s"), 5: N_("Every 5 s"), 15: N_("Every 15 s"), 0: N_("Off")}
USUAL_REFRESH_S = 5
# What addresses have of each is its English name.
PARTS = {
    N_("Run"): show_running,
    N_("Alert rules"): show_rules,
    N_("Set up"): show_setting_up,
    N_("Phone camera"): show_phone_camera,
    N_("Room notice"): show_room_notice,
    N_("Remote audience"): show_remote_audience,
    N_("Cost"): show_cost,
    N_("Preview"): show_preview,
}


def refresh_name(every_s: int) -> str:
    """What a choice of how often the page refreshes is called."""
    return gettext(REFRESHES[every_s])


def show_parts(session_id: str) -> None:
    """The tabs, of which the open one is drawn; the address says which, by its name in English."""
    names = {gettext(part): part for part in PARTS}

    def opened() -> None:
        part = names[st.session_state["parts"]]
        if part == next(iter(PARTS)):
            st.query_params.pop("part", None)
        else:
            st.query_params["part"] = part

    asked = st.query_params.get("part", "")
    st.session_state["parts"] = gettext(asked) if asked in PARTS else next(iter(names))
    for tab, show in zip(st.tabs(list(names), key="parts", on_change=opened), PARTS.values(), strict=True):
        if tab.open:
            with tab:
                st.fragment(show_part)(show, session_id)


st.html(Path(__file__).with_name("operate.css"))
found = sessions()
session_id = None
with st.container(horizontal=True, vertical_alignment="bottom", key="operator-bar"):
    if found:
        session_id = choose_session(found, lambda: data.at_work(found))
    with st.popover(gettext("New session"), key=new_session_key()):
        st.fragment(show_new_session)()
    if session_id is not None:
        take_from_address("refresh", list(REFRESHES), USUAL_REFRESH_S, refresh_name)
        every_s = st.selectbox(
            gettext("Refresh"),
            list(REFRESHES),
            format_func=refresh_name,
            key="refresh",
            on_change=put_into_address,
            args=("refresh", USUAL_REFRESH_S),
            width=140,
        )
if session_id is None:
    st.html(markup.page_title(gettext("Operate")))
    if st.query_params.get("session"):
        show_not_found()
    else:
        show_first_use(
            gettext(
                "There is no session in this store yet: set one up with “New session”, and its cameras get the lines "
                "that start them. Or look at a simulated evening first:"
            ),
            HOW_TO_SEE_SAMPLES,
        )
else:
    # What is drawn again by itself holds nothing that is typed into; each other part runs alone when it is used.
    with data.read_once():
        st.fragment(show_part, run_every=every_s or None)(show_watching, session_id)
        show_parts(session_id)
        show_question(session_id)
        show_answering(session_id)
        show_stage_panel(session_id)
