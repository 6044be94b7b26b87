"""What a camera of this machine sees, on request. It is shown by the camera itself and kept nowhere."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from dashboard import markup
from dashboard.operating import data

HOW_TO = "Start a camera with --preview-port, as the line under “Set up” does, on the machine that shows this page."
_THIS_MACHINE = ("127.0.0.1", "localhost")


def show_preview(session_id: str) -> None:
    """The picture of one camera, where it is shown and somebody asks for it."""
    now = data.situation(session_id)
    host = urlsplit(st.context.url or "").hostname or ""
    shown = {
        (one.stage_id, one.camera_id): one.heartbeat
        for one in now.cameras
        if one.heartbeat and one.heartbeat.preview_port and one.state not in ("dead", "ended")
    }
    if not shown or host not in _THIS_MACHINE:
        st.html(markup.empty(f"No camera can be looked through here. {HOW_TO}"))
        return
    place = st.selectbox("Camera", list(shown), format_func=lambda place: f"{place[1]} on {place[0]}", key="preview")
    beat = shown[place]
    label = "Show what it sees" if beat.preview_blurred else "Show what it sees: faces can be recognised"
    if st.toggle(label, key=f"preview-{session_id}-{place[0]}-{place[1]}"):
        address = f"http://{host}:{beat.preview_port}/stream.mjpg"
        st.html(f'<img class="hl-preview" alt="What the camera sees now" src="{address}">')
    st.html(markup.note("The picture comes from the camera's own program on this machine. Nothing of it is stored."))
