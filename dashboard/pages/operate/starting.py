"""How cameras are started: the line of each, all of them at once, and cards with QR codes to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from audience.monitoring.cameras import CameraStatus
from audience.session_setup import device_environment
from audience.sessions import Session
from dashboard import markup
from dashboard.pages.operate import data
from dashboard.pages.operate.start_cards import StartCard, cards_html
from dashboard.pages.operate.start_commands import device_command, watch_command

_HERE, _DEVICE = "A camera of this machine", "A camera with a computer of its own"
_ALL = ("", "")


def show_starting(session: Session, cameras: Sequence[CameraStatus], names: Mapping[str, str], *, key: str) -> None:
    """The choosers, the lines that start the cameras, and what is printed.

    Args:
        session: the session.
        cameras: some of its cameras.
        names: what each stage is called, by id.
        key: of these fields on the page; `key` alone is the chooser of the camera.
    """
    places = sorted((one.stage_id, one.camera_id) for one in cameras)
    offered = [_ALL, *places] if len(places) > 1 else places
    if st.session_state.get(key) not in offered:
        st.session_state.pop(key, None)  # of another session
    with st.container(horizontal=True):
        place = st.selectbox(
            "Start camera",
            offered,
            format_func=lambda place: f"{place[1]} on {names[place[0]]}" if any(place) else f"All {len(places)}",
            key=key,
        )
        where = st.selectbox("Type", [_HERE, _DEVICE], key=f"{key}-where")
        source = st.text_input("Source", "webcam:0", key=f"{key}-source", help="webcam:0, rtsp://…, http://… or file:…")
        deliver_to = st.text_input("Bucket", "BUCKET", key=f"{key}-bucket") if where == _DEVICE else ""
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
        "Card to print (HTML)" if len(cards) == 1 else f"{len(cards)} cards to print (HTML)",
        lambda: cards_html(cards, session=session.name).encode(),
        f"{session.session_id}-cards.html",
        "text/html",
        key=f"{key}-cards",
        icon=":material/print:",
        help="A card a camera: its stage, the line that starts it, and the line as a QR code.",
    )
    st.code("\n".join(one.command for one in cards), language=None, wrap_lines=True)
    if len(cards) == 1:
        picture = markup.qr_picture(cards[0].command)
        st.html(f'<img class="hl-qr" alt="The line above as a QR code" src="{picture}">')
