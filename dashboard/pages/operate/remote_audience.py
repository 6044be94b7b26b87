"""The remote audience of a session on the page Operate: opening it, its link, and how many watch."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from audience.language import N_, gettext, ngettext
from audience.remote_audience import LONGEST, MOST_DELAY_S, RemoteAudience
from audience.remote_figures import RemoteCount
from audience.time import from_ms
from dashboard import markup, remote_data
from dashboard.access.entry import permit_here
from dashboard.access.people_data import server_address
from dashboard.access.permits import EVERYTHING
from dashboard.clock import date_text, viewer_zone
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.watch.models import can_measure
from dashboard.pages.watch.routes import WATCH

_LEAD: Final = N_(
    "People at home watch a film or a stream, and their own browser scores their face. "
    "Figures come here, and no picture. They appear as one more stage, “Remote”, from five viewers on."
)
_MISSING: Final = N_(
    "Viewers cannot be measured here: a part that runs in browsers was not installed. Install Node.js with npm on the "
    "machine that installs Houselights, then install Houselights again."
)
_THIS_MACHINE: Final = N_(
    "The link opens on this machine alone. To invite others, serve these pages by https with access settings."
)


def show_remote_audience(session_id: str) -> None:
    """Opens a remote audience, or shows its link."""
    session = data.situation(session_id).session
    st.html(markup.note(gettext(_LEAD)))
    if session.mode != "expressions":
        st.html(markup.empty(gettext("This session counts heads only, so nobody's face is scored at home either.")))
        return
    if not can_measure():
        st.html(markup.trouble(gettext(_MISSING)))
    audience, count = remote_data.audience_of(session_id)
    if audience is not None:
        _show_open(audience, count)
    else:
        _show_closed(session_id)


def _show_open(audience: RemoteAudience, count: RemoteCount) -> None:
    zone = viewer_zone(st.context.timezone)
    what = gettext("Viewers watch a stream elsewhere")
    if audience.film_name:
        what = gettext("Viewers watch: {film}", film=audience.film_name)
    st.html(
        markup.facts(
            [
                what,
                gettext("Open until {date}", date=date_text(from_ms(audience.expires_ms), zone)),
                ngettext("{count} joined", "{count} joined", count.joined),
                ngettext("{count} watching now", "{count} watching now", count.watching),
                ngettext("{count} measured now", "{count} measured now", count.measured),
            ]
        )
    )
    link = f"{server_address()}{WATCH}/{audience.token}"
    st.code(link, language=None, wrap_lines=True)
    alt = escape(gettext("The link above as a QR code"))
    st.html(f'<img class="hl-qr" alt="{alt}" src="{markup.qr_picture(link)}">')
    if permit_here() is EVERYTHING:
        st.html(markup.note(gettext(_THIS_MACHINE)))
    st.button(
        gettext("Close to viewers"),
        key=f"remote-close-{audience.session_id}",
        on_click=act,
        args=(remote_data.close_audience, audience.session_id),
        help=gettext("The link opens nothing any more. What was measured stays."),
    )


def _show_closed(session_id: str) -> None:
    with st.form(f"remote-{session_id}"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            film: Path | None = st.selectbox(
                gettext("What viewers watch"),
                [None, *remote_data.films()],
                format_func=lambda path: gettext("A stream elsewhere") if path is None else path.name,
                help=gettext(
                    "Films lie in the folders that this server was started with: houselights dashboard --videos DIR"
                ),
                width=420,
            )
            days = st.number_input(gettext("Days the link opens"), 1, LONGEST.days, 1, width=200)
            delay_s = st.number_input(
                gettext("Stream behind the room, s"),
                0,
                MOST_DELAY_S,
                0,
                width=220,
                help=gettext("Of a stream: how late it arrives at home."),
            )
        opened = st.form_submit_button(gettext("Open to viewers"), type="primary")
    if opened:
        act(
            remote_data.open_audience,
            session_id,
            valid_for=timedelta(days=int(days)),
            film=film,
            delay_s=int(delay_s),
        )
