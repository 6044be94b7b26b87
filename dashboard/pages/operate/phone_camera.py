"""A phone as a camera: its link and QR code, and what it sees."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import urlsplit

import streamlit as st

from audience.errors import InvalidValue
from audience.language import N_, gettext, ngettext
from audience.monitoring.situation import is_under_way
from audience.time import to_ms
from dashboard import markup
from dashboard.access.entry import in_words
from dashboard.access.identity import permit, settings
from dashboard.access.permits import EVERYTHING
from dashboard.camera_links_data import LASTS, end_links, make_link
from dashboard.pages.acting import act
from dashboard.pages.camera.routes import CAMERA
from dashboard.pages.operate import data
from dashboard.pages.operate.setting_up import of_one_stage
from dashboard.phone_listener import listener
from dashboard.phone_process import phones
from dashboard.wording import stage_names

_LOOK_S: Final = 1.0
_NO_WAY_IN: Final = "phone-no-way-in"
_HOW = N_(
    "A phone or laptop is a camera without an app: scan the code, allow the camera, press Start, and put it where it "
    "sees the faces. It sends one small picture a second to this server, which counts and measures, and keeps no "
    "picture."
)


def show_phone_camera(session_id: str) -> None:
    """Whose camera it is, where phones reach this server, and the link."""
    now = data.situation(session_id)
    st.html(markup.note(gettext(_HOW)))
    if not is_under_way(now.session, to_ms(data.now())):
        st.html(markup.note(gettext("This session has ended. Resume it under “Run” to use a phone.")))
        return
    names = stage_names(now.stages)
    every = sorted((one.stage_id, one.camera_id) for one in now.cameras)
    if not every:
        st.html(markup.empty(gettext("Add a camera under “Set up” first: the phone takes its place.")))
        return
    places = of_one_stage(every, names, key=f"phone-stage-{session_id}")
    place = st.selectbox(
        gettext("Camera"),
        places,
        format_func=lambda place: gettext("{camera} on {stage}", camera=place[1], stage=names.get(place[0], place[0])),
        key=f"phone-place-{session_id}",
        width=420,
    )
    whole = (session_id, *place)
    key = f"phone-link-{'-'.join(whole)}"
    addresses = _addresses()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(gettext("Make a link"), type="primary", on_click=act, args=(_made, whole, key))
        st.button(gettext("End all links of this camera"), on_click=act, args=(_ended, whole, key))
    _show_live(whole)
    token = st.session_state.get(key)
    if token:
        _show_link(token, addresses)


def _made(place: tuple[str, str, str], key: str) -> None:
    problem = ""
    if permit() is EVERYTHING and settings() is None:
        try:
            listener().open()
        except InvalidValue as refused:  # this computer's own camera needs no network
            problem = in_words(refused)
    st.session_state[key] = make_link(*place)
    st.session_state[_NO_WAY_IN] = problem


def _ended(place: tuple[str, str, str], key: str) -> None:
    end_links(*place)
    phones().stop(place)
    st.session_state.pop(key, None)


def _addresses() -> tuple[str, ...]:
    """Where a phone reaches this server over https; empty where it cannot."""
    listening, now_set = listener().listening, settings()
    if now_set is not None and now_set.encrypted:
        return (now_set.address,)
    return listening.addresses if listening is not None else ()


def _show_link(token: str, addresses: tuple[str, ...]) -> None:
    """The QR code and the link, what the phone will warn of, and this computer's own camera."""
    hours = round(LASTS.total_seconds() / 3600)
    if addresses:
        link = f"{addresses[0]}{CAMERA}/{token}"
        alt = escape(gettext("The link as a QR code"))
        st.html(f'<img class="hl-qr" alt="{alt}" src="{markup.qr_picture(link)}">')
        st.code(link, language=None, wrap_lines=True)
        st.html(
            markup.note(
                ngettext(
                    "Good for {count} hour, and until the session ends. Whoever has the link can be this camera; of "
                    "several phones, the one started last counts.",
                    "Good for {count} hours, and until the session ends. Whoever has the link can be this camera; of "
                    "several phones, the one started last counts.",
                    hours,
                )
            )
        )
        _show_warning(addresses)
    else:
        st.html(
            markup.trouble(
                st.session_state.get(_NO_WAY_IN)
                or gettext(
                    "Phones give their camera to pages over https alone, and this server is reached without: start it "
                    "with `houselights dashboard --phones`, or put it behind an address with https."
                )
            )
        )
    here = urlsplit(st.context.url or "")
    if permit() is EVERYTHING and here.netloc:
        st.link_button(gettext("Use this computer's own camera"), f"{here.scheme}://{here.netloc}{CAMERA}/{token}")


def _show_warning(addresses: tuple[str, ...]) -> None:
    listening = listener().listening
    if listening is None or listening.addresses != addresses:
        return
    others = ", ".join(urlsplit(one).netloc for one in addresses[1:])
    lines = [
        gettext(
            "The phone has to be in the same Wi-Fi as this computer. It warns once that the connection is not private, "
            "because nobody vouches for this computer: choose “Advanced” or “Details”, then go on to the page."
        ),
        gettext("Certificate, SHA-256: {fingerprint}", fingerprint=listening.fingerprint),
        gettext(
            "Port {port} of this computer answers the local network, with the phone's page alone.",
            port=urlsplit(addresses[0]).port,
        ),
    ]
    if others:
        lines.append(gettext("If the phone finds nothing there, this computer is also {addresses}.", addresses=others))
    with st.expander(gettext("What the phone will say, and what is open now")):
        for line in lines:
            st.html(markup.note(line))
        st.button(gettext("Let no phones in any more"), on_click=act, args=(listener().close,))


def _show_live(place: tuple[str, str, str]) -> None:
    """What the camera sees, drawn anew every second unless the page is not to refresh."""

    @st.fragment(run_every=_LOOK_S if st.session_state.get("refresh") else None)
    def look() -> None:
        framing = phones().framing(place)
        if framing is None:
            line = gettext("No phone is sending pictures for this camera.")
        elif framing.problem:
            line = gettext("The phone's pictures are not measured: {problem}", problem=framing.problem)
        else:
            line = ngettext("The phone sees {count} face now.", "The phone sees {count} faces now.", framing.faces or 0)
        st.html(f'<p class="hl-lead" role="status" data-phone="{framing.faces if framing else ""}">{escape(line)}</p>')

    look()
