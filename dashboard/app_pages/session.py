"""One session: a headline, the reaction curve along what was shown, and the faces in view under it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from audience.curve import StageWindows
from audience.errors import HouselightsError, SessionNotFound
from audience.expressions import LEAD_EXPRESSION
from audience.headline import headline
from audience.sessions import Stage
from audience.smoothing import default_smoothing_s, smoothed_curve
from dashboard import charts, data, markup
from dashboard.chart_bands import legend
from dashboard.clock import date_text, length_text, viewer_zone
from dashboard.palette import palette_of
from dashboard.wording import BAND, GAPS, expression_name, how_to_score, kind_words, share_of, stage_names

SMOOTHINGS = {0.0: "Raw", 5.0: "Over 5 s", 15.0: "Over 15 s", 60.0: "Over 1 min"}
LIVE_REFRESH_S, WAITING_REFRESH_S = 2, 10
CHART_HEIGHT = 450
HEADS_HEIGHT = 280
CHOOSER_WIDTH = 175


def choose_stage(file: data.SessionFile) -> Stage:
    """The stage that the address or the viewer names; the first where there is one only."""
    names = stage_names(file.stages)
    if len(names) == 1:
        return file.stages[0]
    chosen = st.selectbox(
        "Stage",
        list(names),
        format_func=names.__getitem__,
        key="stage",
        bind="query-params",
        label_visibility="collapsed",
        width=CHOOSER_WIDTH,
    )
    return next(stage for stage in file.stages if stage.stage_id == chosen)


def choose_expression(file: data.SessionFile, windows: StageWindows) -> str:
    """The expression to draw, of those the scorer gives."""
    scorers = [file.scorers[name] for name in windows.table.scorers if name in file.scorers]
    experimental = {name for scorer in scorers for name in scorer.experimental}
    offered = list(windows.expressions)
    return st.selectbox(
        "Expression",
        offered,
        index=offered.index(LEAD_EXPRESSION) if LEAD_EXPRESSION in offered else 0,
        format_func=lambda name: expression_name(name, experimental=name in experimental),
        key="expression",
        bind="query-params",
        label_visibility="collapsed",
        width=CHOOSER_WIDTH,
    )


def choose_smoothing(windows: StageWindows) -> float:
    """The stretch each figure is averaged over, seconds."""
    usual = default_smoothing_s(len(windows.start_ms) * windows.width_ms / 1000)
    offered = list(SMOOTHINGS)
    return st.selectbox(
        "Averaged over",
        offered,
        index=offered.index(usual),
        format_func=SMOOTHINGS.__getitem__,
        key="smoothing",
        bind="query-params",
        label_visibility="collapsed",
        width=CHOOSER_WIDTH,
    )


def facts(file: data.SessionFile, stage: Stage, windows: StageWindows) -> list[str]:
    """When, where, how many, and how much of the audience was seen."""
    told = [date_text(file.session.started_at, viewer_zone(st.context.timezone))]
    if len(windows.start_ms):
        told.append(length_text(len(windows.start_ms) * windows.width_ms / 1000))
    told.append(stage.name)
    if len(windows.place):
        told.append(f"up to {np.nanmax(windows.faces):.0f} faces")
    somebody = np.nan_to_num(windows.faces) > 0
    if somebody.any():
        told.append(f"coverage {100 * np.nanmean(windows.coverage[somebody]):.0f} %")
    cameras = len(file.cameras[stage.stage_id])
    return [*told, f"{cameras} cameras"] if cameras > 1 else told


def show_chart(windows: StageWindows, expression: str | None, smoothing_s: float, told: str, live: bool) -> None:
    """The chart and, under it, what it means; no expression leaves the faces alone."""
    curve = None if expression is None else smoothed_curve(windows, expression, smoothing_s)
    height = HEADS_HEIGHT if curve is None else CHART_HEIGHT
    chart = charts.session_chart(
        windows,
        curve,
        name="" if expression is None else share_of(expression, smoothing_s),
        palette=palette_of(st.context.theme.type),
        zone=viewer_zone(st.context.timezone),
        height=height,
        smoothed=smoothing_s > 0,
        zoomable=not live,
    )
    st.echarts_chart(chart, height=height, key="curve", alt=told, theme=None)
    st.html(markup.note(*([] if curve is None else [BAND]), GAPS, legend(windows)))


def show_stage(file: data.SessionFile) -> None:
    """One stage of a session, the head of the page first."""
    head = st.container()
    with st.container(horizontal=True, vertical_alignment="center", key="choosers"):
        stage = choose_stage(file)
        windows = data.laid_out(file, stage)
        scored = file.session.mode == "expressions" and bool(windows.table.scored.any())
        expression = choose_expression(file, windows) if scored else None
        smoothing_s = choose_smoothing(windows) if scored else 0.0
    told = headline(windows, expression or LEAD_EXPRESSION)
    labels = [*kind_words(file.session), *(["Live"] if file.live else [])]
    head.html(markup.header(file.session.name, labels, facts(file, stage, windows), told))
    if len(windows.start_ms):
        show_chart(windows, expression, smoothing_s, told, file.live)
    else:
        line = "No camera has recorded anything on this stage yet. Score a recording into the session:"
        st.html(markup.empty(line, how_to_score(file.session.session_id)))


def show(session_id: str, drawn_every_s: int | None) -> None:
    """The body of the page; also what is drawn again every few seconds until the session has ended."""
    try:
        file = data.session_file(session_id)
        if refresh_s(file) != drawn_every_s:
            st.rerun()
        if file.stages:
            show_stage(file)
        else:
            st.html(markup.page_title(file.session.name))
            line = "Nothing has been recorded in this session yet. Score a recording into it:"
            st.html(markup.empty(line, how_to_score(session_id)))
    except SessionNotFound:
        line = f"There is no session “{session_id}” in this store ({data.store_url()}). It may have been deleted, or be"
        st.html(markup.empty(f"{line} in another store: choose one from the list of sessions."))
    except HouselightsError as problem:
        st.html(markup.trouble(str(problem)))


def refresh_s(file: data.SessionFile) -> int | None:
    """How often to look for more; never where the session has ended."""
    if file.live:
        return LIVE_REFRESH_S
    return WAITING_REFRESH_S if file.session.ended_at is None else None


def opened(session_id: str) -> int | None:
    """Names the browser's tab, and says how often to look for more; what is wrong is said by the body of the page."""
    try:
        file = data.session_file(session_id)
    except HouselightsError:
        return None
    st.set_page_config(page_title=f"{file.session.name} · Houselights")
    return refresh_s(file)


with st.container(key="back"):
    st.page_link("app_pages/sessions.py", label="← All sessions")
if session_id := st.query_params.get("session"):
    every_s = opened(session_id)
    st.fragment(show, run_every=every_s)(session_id, every_s)
else:
    st.html(markup.empty("No session is chosen: open one from the list of sessions."))
