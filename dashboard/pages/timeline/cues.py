"""Edits cues: when what was shown began, paused and restarted, as forms and as a table."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from audience.errors import HouselightsError
from audience.language import N_, gettext
from audience.sessions import Session
from audience.timelines import Cue, paused, restarted, start_cues
from dashboard import markup
from dashboard.pages.timeline.desk import Desk
from dashboard.pages.timeline.draft import Draft, Pin, clock_s
from dashboard.pages.timeline.segments import text_of
from timeline_files.times import time_s

_COLUMNS = ("clock", "shown")
_EXPLAINED = N_(
    "Each row ties a session time to a time of what was shown, which then plays until the next row. With no rows, it "
    "began with the session. Times before the session are negative: -0:30."
)


def edit_cues(desk: Desk, session: Session) -> None:
    """Shows the forms and the table of cues."""
    late, pause, anew = st.columns(3)
    with late, st.form("began", border=False):
        at = st.text_input(
            gettext("Started this long after the session"), placeholder=gettext("0:12.5, or -2:00 for before")
        )
        if st.form_submit_button(gettext("Set")):
            _change(desk, session, lambda _: start_cues(session.started_at, clock_s(at)))
    with pause, st.form("paused", border=False, clear_on_submit=True):
        stood, length = st.columns(2)
        at = stood.text_input(gettext("Paused at"), placeholder="31:00")
        for_s = length.text_input(gettext("For"), placeholder="10:00")
        if st.form_submit_button(gettext("Add break")):
            _change(desk, session, lambda cues: paused(cues, time_s(at), time_s(for_s)))
    with anew, st.form("restarted", border=False, clear_on_submit=True):
        at = st.text_input(gettext("Restarted when it had reached"), placeholder="1:30")
        if st.form_submit_button(gettext("Add restart")):
            _change(desk, session, lambda cues: restarted(cues, time_s(at)))
    rows = [{"clock": pin.clock, "shown": pin.shown} for pin in desk.laid.pins]
    typed = st.data_editor(
        pd.DataFrame(rows, columns=list(_COLUMNS), index=pd.RangeIndex(1, len(rows) + 1)),
        num_rows="dynamic",
        hide_index=False,
        column_config={
            "clock": st.column_config.TextColumn(gettext("Time since the session began"), required=True),
            "shown": st.column_config.TextColumn(gettext("Time of what was shown"), required=True),
        },
        key=desk.cues_table,
        alt=gettext("Cues: a time of the session and a time of what was shown each"),
    )
    st.html(markup.note(gettext(_EXPLAINED)))
    pins = [Pin(**{name: text_of(value) for name, value in row.items()}) for row in typed.to_dict("records")]
    pins = [pin for pin in pins if (pin.clock + pin.shown).strip()]
    now = desk.editing.now
    desk.editing = desk.editing.then(Draft(sheets=now.sheets, pins=tuple(pins)))
    if len(pins) < len(now.pins):
        # The numbers of the rows that are left are those of the table again.
        desk.lay_out()
        st.rerun()


def _change(desk: Desk, session: Session, change: Callable[[tuple[Cue, ...]], tuple[Cue, ...]]) -> None:
    """Applies a change to the cues, or shows why it cannot be done."""
    try:
        cues = change(desk.editing.now.cues(session) or start_cues(session.started_at))
    except HouselightsError as problem:
        st.html(markup.trouble(str(problem)))
        return
    desk.take(desk.editing.now.with_cues(cues, session))
    st.rerun()
