"""The part of the page that is drawn again every few seconds: the table of stages, and alerts."""

from __future__ import annotations

import streamlit as st

from audience.language import N_, gettext, ngettext
from audience.monitoring.evaluate import is_watched
from audience.monitoring.situation import Situation, is_under_way
from audience.time import to_ms
from dashboard import markup
from dashboard.clock import date_text, viewer_zone
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.operate.alert_list import alert_line
from dashboard.pages.operate.answering import ask_to_answer
from dashboard.pages.operate.camera_rows import summary
from dashboard.pages.operate.cost import budget_fact
from dashboard.pages.operate.running import cue, show_undo
from dashboard.pages.operate.stage_panel import ask_to_open
from dashboard.pages.operate.stage_table.component import Request, stage_table, view
from dashboard.pages.operate.stage_table.packing import packed, unanswered
from dashboard.pages.operate.start_commands import alerts_command
from dashboard.wording import faces_text, kind_words, stage_names

OLD_ALERTS = 10
NOBODY_WATCHES = N_(
    "Rules are checked while this page is open, and alerts appear here only. To be notified by mail, SMS or webhook, "
    "or while no page is open, start: {command}"
)


def show_watching(session_id: str) -> None:
    """Stages and alerts, as they are now."""
    now = data.situation(session_id)
    _head(now)
    show_undo(now)

    def requested(request: Request) -> None:
        if request.wish == "answer":
            act(ask_to_answer, session_id, request.ids or unanswered(data.situation(session_id), to_ms(data.now())))
        elif request.wish == "open":
            act(ask_to_open, session_id, request.ids)
        else:
            act(cue, session_id, request.ids, request.wish)

    looks_at = view()
    packed_now = packed(now, data.now(), viewer_zone(st.context.timezone), opened=looks_at.opened, words=looks_at.words)
    stage_table(packed_now, on_request=requested)
    _alerts_over(now)


def _head(now: Situation) -> None:
    session, now_ms = now.session, to_ms(data.now())
    zone = viewer_zone(st.context.timezone)
    if session.ended_at is not None and not is_under_way(session, now_ms):
        when = gettext("Ended {date}", date=date_text(session.ended_at, zone))
    elif now.recorded:
        when = gettext("Running since {date}", date=date_text(session.started_at, zone))
    else:
        when = gettext("Nothing recorded yet, set up for {date}", date=date_text(session.started_at, zone))
    facts = [when]
    seen = [one.faces for one in now.now.values() if one.faces is not None]
    if len(now.stages) > 1:
        facts.append(ngettext("{count} stage", "{count} stages", len(now.stages)))
    if seen:
        facts.append(faces_text(sum(seen)))
    if budget := budget_fact(now):
        facts.append(budget)
    st.html(markup.header(session.name, kind_words(session), facts, summary(now.cameras, stage_names(now.stages))))


def _alerts_over(now: Situation) -> None:
    over = [alert for alert in reversed(now.book.alerts) if alert.ended_ms is not None]
    if over:
        with st.expander(gettext("Past alerts ({count})", count=len(over)), key="alerts-over"):
            now_ms, zone = to_ms(data.now()), viewer_zone(st.context.timezone)
            names = stage_names(now.stages)
            for alert in over[:OLD_ALERTS]:
                st.html(alert_line(now.book, alert, names, now_ms, zone))
    if is_under_way(now.session, to_ms(data.now())) and not is_watched(now.book, to_ms(data.now())):
        st.html(markup.note(gettext(NOBODY_WATCHES, command=alerts_command(store_url=data.named_store()))))
