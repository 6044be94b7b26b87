"""The dialog of one or some stages: their cameras in detail, their buttons, and how their cameras are started."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from audience.language import gettext, ngettext
from audience.monitoring.situation import is_under_way
from audience.sessions import Stage
from audience.time import to_ms
from dashboard import markup
from dashboard.clock import time_text, viewer_zone
from dashboard.pages.acting import act, show_part
from dashboard.pages.operate import data
from dashboard.pages.operate.camera_rows import camera_rows
from dashboard.pages.operate.running import show_stage_buttons
from dashboard.pages.operate.setting_up import show_starting
from dashboard.wording import plain, stage_names

_ASKED = "open-stages"
_IN_DETAIL = 40


def ask_to_open(session_id: str, stage_ids: Sequence[str]) -> None:
    """Opens the dialog on the next run of the page."""
    st.session_state[_ASKED] = session_id, tuple(stage_ids)


def show_stage_panel(session_id: str) -> None:
    """The dialog, where it was asked for; not within what is drawn again by itself, which would close it."""
    asked_session, asked = st.session_state.get(_ASKED, ("", ()))
    if asked_session != session_id:
        return
    names = stage_names(data.situation(session_id).stages)
    title = (
        names.get(asked[0], asked[0]) if len(asked) == 1 else ngettext("{count} stage", "{count} stages", len(asked))
    )
    st.dialog(plain(title), width="large", on_dismiss=_close)(show_part)(_panel, session_id)


def _close() -> None:
    st.session_state.pop(_ASKED, None)


def _ask_directions(session_id: str, stage: Stage) -> None:
    """How to get to a stage, which its public board says."""
    key = f"directions-{session_id}-{stage.stage_id}"
    with st.form(f"form-{key}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            gettext("How to get there"),
            stage.directions,
            key=key,
            placeholder=gettext("6 min from the gate"),
            help=gettext("For the public board: words, or the address of a map, which begins with https://"),
        )
        st.form_submit_button(gettext("Save"), on_click=act, args=(_say_directions, session_id, stage.stage_id, key))


def _say_directions(session_id: str, stage_id: str, key: str) -> None:
    data.set_directions(session_id, stage_id, st.session_state[key])


def _panel(session_id: str) -> None:
    now, at_ms = data.situation(session_id), to_ms(data.now())
    asked = frozenset(st.session_state.get(_ASKED, ("", ()))[1])
    stages = [stage for stage in now.stages if stage.stage_id in asked]
    names = stage_names(now.stages)
    cameras = [one for one in now.cameras if one.stage_id in asked]
    if len(stages) > 1:
        st.html(f"<p><strong>{markup.named(names[stage.stage_id] for stage in stages)}</strong></p>")
    elif stages and is_under_way(now.session, at_ms):
        show_stage_buttons(now, stages[0], key="panel")
    if len(stages) == 1 and now.session.kind == "festival":
        _ask_directions(session_id, stages[0])
    if not cameras:
        st.html(markup.note(gettext("No camera is set up here: add one under “Set up”.")))
        return
    st.html(camera_rows(cameras[:_IN_DETAIL], names))
    if (more := len(cameras) - _IN_DETAIL) > 0:
        st.html(markup.note(ngettext("And {count} more.", "And {count} more.", more)))
    st.html(markup.facts([gettext("As of {time}", time=time_text(at_ms, viewer_zone(st.context.timezone)))]))
    show_starting(now.session, cameras, names, key="panel")
