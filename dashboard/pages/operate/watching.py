"""The part of the page that is drawn again every few seconds: cameras and alerts."""

from __future__ import annotations

import streamlit as st

from audience.alerts import Alert
from audience.monitoring.evaluate import Situation, is_under_way, is_watched
from audience.time import to_ms
from dashboard import markup
from dashboard.access.entry import name_here
from dashboard.clock import date_text, viewer_zone
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.operate.alert_list import alert_line
from dashboard.pages.operate.camera_rows import camera_rows, summary
from dashboard.pages.operate.start_commands import alerts_command
from dashboard.wording import faces_text, kind_words, plain, stage_names

OLD_ALERTS = 10
NOBODY_WATCHES = (
    "Rules are checked while this page is open, and alerts appear here only. To be notified by mail, SMS or webhook, "
    "or while no page is open, start"
)


def show_watching(session_id: str) -> None:
    """Cameras and alerts, as they are now."""
    now = data.situation(session_id)
    _head(now)
    _alerts_on(now)
    st.html(camera_rows(now.cameras, stage_names(now.stages)))
    _alerts_over(now)


def _head(now: Situation) -> None:
    session, now_ms = now.session, to_ms(data.now())
    zone = viewer_zone(st.context.timezone)
    if session.ended_at is not None and not is_under_way(session, now_ms):
        when = f"Ended {date_text(session.ended_at, zone)}"
    else:
        verb = "Running since" if now.recorded else "Nothing recorded yet, set up for"
        when = f"{verb} {date_text(session.started_at, zone)}"
    facts = [when]
    for stage in now.stages:
        if (faces := now.now[stage.stage_id].faces) is not None:
            facts.append(f"{stage.name}: {faces_text(faces)}")
    st.html(markup.header(session.name, kind_words(session), facts, summary(now.cameras, stage_names(now.stages))))


def _alerts_on(now: Situation) -> None:
    with st.container(gap=None, key="alerts"):
        on = [alert for alert in reversed(now.book.alerts) if alert.is_on]
        by = name_here() or str(st.session_state.get("operator") or "").strip()
        for alert in sorted(on, key=lambda alert: now.book.mark(alert, "acknowledged") is not None):
            _alert(now, alert, by)
        if not by and any(now.book.mark(alert, "acknowledged") is None for alert in on):
            st.html(markup.note("To acknowledge an alert, give your name above."))


def _alerts_over(now: Situation) -> None:
    over = [alert for alert in reversed(now.book.alerts) if alert.ended_ms is not None]
    if over:
        with st.expander(f"Past alerts ({len(over)})", key="alerts-over"):
            for alert in over[:OLD_ALERTS]:
                st.html(_line(now, alert))
    if is_under_way(now.session, to_ms(data.now())) and not is_watched(now.book, to_ms(data.now())):
        st.html(markup.note(f"{NOBODY_WATCHES}: {alerts_command(store_url=data.named_store())}"))


def _alert(now: Situation, alert: Alert, by: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"alert-{alert.alert_id}"):
        st.html(_line(now, alert))
        if by and now.book.mark(alert, "acknowledged") is None:
            st.button(
                f"Acknowledge as {plain(by)}",
                key=f"acknowledge-{alert.alert_id}",
                on_click=act,
                args=(data.acknowledge, now.session.session_id, alert, by),
            )


def _line(now: Situation, alert: Alert) -> str:
    return alert_line(now.book, alert, to_ms(data.now()), viewer_zone(st.context.timezone))
