"""The tab in which the times of slides are set by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from audience.errors import InvalidValue
from audience.language import gettext
from audience.reaction.curve import StageWindows, retimed
from audience.reaction.review import Review
from audience.sessions import Stage
from audience.time import to_ms
from audience.timelines import Timeline, start_cues, timeline_seconds
from dashboard import markup
from dashboard.charts.theme import palette_of
from dashboard.pages.timeline.desk import Desk
from dashboard.pages.timeline.draft import moved, tapped
from dashboard.pages.timeline.slide_times.component import drag_starts, tap_along
from dashboard.video import NoVideo, Video


def set_slide_times(
    desk: Desk, windows: StageWindows, edited: Stage | None, length_s: float | None, video: Video | NoVideo
) -> None:
    """Shows the slides along the curve, and the way to tap along.

    Args:
        desk: what is being edited.
        windows: of the stage.
        edited: the stage as the draft has it; None while something in it makes no sense.
        length_s: how long what was shown lasted; None where that is not known.
        video: the stage's recording, or why there is none.
    """
    if edited is None or not edited.timelines or not edited.timelines[desk.place].segments:
        line = gettext(
            "First import your slides, or type their titles. What is wrong with the table has to be put right first."
        )
        st.html(markup.empty(line))
        return
    timeline = edited.timelines[desk.place]
    reaches_s = max(timeline.segments[-1].end_s, length_s or 0.0)
    if length_s:
        reaches_s = max(length_s, timeline.segments[-1].start_s + 1)
    shown = retimed(windows, edited)
    share = np.full(len(shown.start_ms), np.nan)
    if len(shown.start_ms):
        review = Review(windows=shown)
        if review.expression is not None:
            share = review.curve(review.default_smoothing_s).share
    drag = drag_starts(
        timeline,
        shown.timeline_s,
        share,
        length_s=reaches_s,
        palette=palette_of(st.context.theme.type),
        key=f"drag-{desk.editing.read.stage_id}",
    )
    if drag is not None and drag != desk.dragged:
        desk.dragged = drag
        _take(desk, moved(timeline, *drag))
    heading = gettext("Tap along")
    st.markdown(f"**{heading}**")
    with_video = isinstance(video, Video) and st.toggle(
        gettext("With the recording"), value=True, key="tap-with-recording"
    )
    titles = list(_titles(timeline))
    key = f"tap-{desk.editing.read.stage_id}"
    taps = tap_along(titles, url=video.url if with_video and isinstance(video, Video) else None, key=key)
    if taps is not None and taps != desk.taps:
        desk.taps = taps
        if with_video and isinstance(video, Video):
            taps = _of_what_was_shown(windows, edited, [video.starts_s + at_s for at_s in taps])
        try:
            _take(desk, tapped(timeline, taps, length_s))
        except InvalidValue as problem:
            st.html(markup.trouble(str(problem)))


def _titles(timeline: Timeline) -> Sequence[str]:
    return [segment.title for segment in timeline.segments]


def _take(desk: Desk, timeline: Timeline) -> None:
    desk.take(desk.editing.now.with_timeline(timeline))
    st.rerun()


def _of_what_was_shown(windows: StageWindows, edited: Stage, session_s: Sequence[float]) -> list[float]:
    """Seconds of the session as seconds of what was shown; those before it began or in a break are left out."""
    session = windows.session
    cues = edited.cues or start_cues(session.started_at)
    instants = to_ms(session.started_at) + np.round(1000 * np.array(session_s)).astype(np.int64)
    return [float(at_s) for at_s in timeline_seconds(instants, cues) if not np.isnan(at_s)]
