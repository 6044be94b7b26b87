"""A stage's reaction along what was shown: the curve with its band, its moments, and the faces in view under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, isnan
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from audience.language import gettext, ngettext
from audience.reaction.curve import (
    EXCLUDED,
    FEW,
    LONGEST_BRIDGE_S,
    SHOWN,
    ReactionCurve,
    StageWindows,
    bridges,
    runs,
    shown,
    span,
    states,
)
from audience.reaction.moments import Moment
from audience.time import clock_text
from dashboard.charts.axes import (
    LEFT_PX,
    RIGHT_PX,
    Floats,
    finished,
    labelled_axis,
    left_axis,
    percent_axis,
    seconds,
    share_ticks,
    tick_step,
)
from dashboard.charts.axes import written as labels_as
from dashboard.charts.theme import SMALL_PX, Palette
from dashboard.charts.thinning import thinned

_TITLES_PX, _CURVE_PX, _BETWEEN_PX, _FACES_PX, _FACES_ALONE_PX = 20, 210, 16, 44, 110
_MOST_POINTS: Final = 1900
_WHOLE_TITLE_PX: Final = 60
_LETTER_PX: Final = 5.8  # of a title, on average


def reaction_chart(
    windows: StageWindows,
    curve: ReactionCurve | None,
    moments: Sequence[Moment],
    palette: Palette,
    *,
    written: Callable[[str], str] = str,
) -> alt.LayerChart:
    """The chart of a stage.

    Args:
        windows: of the stage; one at least.
        curve: its share; None leaves the faces alone.
        moments: to be numbered on the curve.
        palette: its colours.
        written: how titles are written where some letters cannot be.
    """
    ends = (span(windows, 0, 0)[0], span(windows, -1, -1)[1])
    axis = labelled_axis(_clock_labels(windows, ends))
    axis.title = gettext("time of what was shown") if shown(windows) else gettext("time since the session began")
    begins, middle = seconds("from_s", ends, axis), seconds("at_s", ends, axis)
    faces_top = _TITLES_PX + (0 if curve is None else _CURVE_PX + _BETWEEN_PX)
    height = faces_top + (_FACES_ALONE_PX if curve is None else _FACES_PX)
    behind: dict[str, Any] = {"y": _TITLES_PX, "y2": height if curve is None else _TITLES_PX + _CURVE_PX}
    segments = _segments(windows, written)
    whole = f"(width - {LEFT_PX + RIGHT_PX})"
    room = f"({whole} * (datum.until_s - datum.from_s) / {ends[1] - ends[0]} - 5)"
    titles = alt.Chart(segments).mark_text(
        align="left",
        dx=2,
        y=_TITLES_PX - 6,
        fontSize=SMALL_PX,
        color=palette.quiet,
        text=alt.expr(f"{room} < {_WHOLE_TITLE_PX} ? datum.number : datum.number + ' ' + datum.title"),
        limit=alt.expr(f"max(1, {room})"),
        opacity=alt.expr(f"{room} < 5.5 * length(datum.number) ? 0 : 1"),
    )
    unseen = _unseen(windows, palette)
    layers = [
        alt.Chart(segments[segments["shaded"]])
        .mark_rect(color=palette.segment, **behind)
        .encode(x=begins, x2=alt.X2("until_s:Q")),
        titles.encode(x=begins),
        alt.Chart(unseen)
        .mark_rect(**behind)
        .encode(x=begins, x2=alt.X2("until_s:Q"), fill=alt.Fill("fill:N", scale=None)),
    ]
    if curve is not None:
        layers += _curve(windows, curve, moments, middle, palette)
    return finished(
        [*layers, *_faces(windows, middle, (height, faces_top), palette)], palette, height=height, own_y=True
    )


def numbered_segments(windows: StageWindows, width: int) -> dict[int, str]:
    """The titles that a chart of a stage has no room for, by the number that stands there instead: its legend.

    Args:
        windows: of the stage; one at least.
        width: of the chart, pixels.
    """
    ends = (span(windows, 0, 0)[0], span(windows, -1, -1)[1])
    per_s = (width - LEFT_PX - RIGHT_PX) / (ends[1] - ends[0])
    rooms: dict[int, float] = {}
    for index, first, last in runs(windows.segment):
        from_s, until_s = span(windows, first, last)
        if index >= 0:
            rooms[index] = max(rooms.get(index, 0.0), (until_s - from_s) * per_s - 5)
    titles = {index: windows.segment_title(index) for index in sorted(rooms)}
    return {
        index + 1: title
        for index, title in titles.items()
        if rooms[index] < max(_WHOLE_TITLE_PX, _LETTER_PX * len(f"{index + 1} {title}"))
    }


def _curve(
    windows: StageWindows, curve: ReactionCurve, moments: Sequence[Moment], x: alt.X, palette: Palette
) -> list[alt.Chart]:
    """The share with its band, and each moment's number where it lies on it."""
    kept = thinned(curve.share, _MOST_POINTS)
    shares = {"share": curve.share, "low": curve.share_low, "high": curve.share_high}
    frame = pd.DataFrame({"at_s": _middle_s(windows)[kept], **{name: 100 * of[kept] for name, of in shares.items()}})
    ticks = share_ticks(100 * float(np.nanmax(curve.share_high, initial=0.0)))
    scale = alt.Scale(domain=[0, ticks[-1]], range=[_TITLES_PX + _CURVE_PX, _TITLES_PX])
    # A turn's own share is that of the stretch after it, and its place may be in a gap.
    drawn = [float(curve.share[moment.place]) for moment in moments]
    numbered = pd.DataFrame(
        {
            "at_s": [moment.session_s + windows.width_ms / 2000 for moment in moments],
            "share": [100 * (m.share if isnan(on) else on) for m, on in zip(moments, drawn, strict=True)],
            "number": [str(moment.number) for moment in moments],
        }
    )
    line, marked = alt.Chart(frame), alt.Chart(numbered)
    middle_s = _middle_s(windows)
    # Gaps of a second or two are bridged: thin, as a bridge is no figure.
    bridged = pd.DataFrame(
        [
            (middle_s[at], 100 * curve.share[at], piece)
            for piece, ends in enumerate(bridges(windows, curve.share))
            for at in ends
        ],
        columns=["at_s", "share", "piece"],
    )
    y = alt.Y("share:Q", scale=scale, axis=None)
    return [
        line.mark_area(color=palette.band, stroke=palette.edge, strokeWidth=0.6).encode(
            x=x, y=alt.Y("low:Q", scale=scale, axis=None), y2=alt.Y2("high:Q")
        ),
        line.mark_line(color=palette.curve, strokeWidth=1.6, strokeCap="round").encode(
            x=x, y=alt.Y("share:Q", scale=scale, axis=percent_axis(ticks))
        ),
        alt.Chart(bridged)
        .mark_line(color=palette.curve, strokeWidth=0.75)
        .encode(x=x, y=y, detail=alt.Detail("piece:N")),
        marked.mark_circle(size=256, opacity=1, color=palette.curve).encode(x=x, y=y),
        marked.mark_text(color=palette.paper, fontWeight=600, fontSize=SMALL_PX).encode(
            x=x, y=y, text=alt.Text("number:N")
        ),
    ]


def _faces(windows: StageWindows, x: alt.X, ends_px: tuple[int, int], palette: Palette) -> list[alt.Chart]:
    """How many faces were in view."""
    kept = thinned(windows.faces, _MOST_POINTS)
    frame = pd.DataFrame({"at_s": _middle_s(windows)[kept], "faces": windows.faces[kept]})
    most = max(1.0, float(np.nanmax(windows.faces, initial=1.0)))
    scale = alt.Scale(domain=[0, most], range=list(ends_px), nice=False)
    label = labels_as({most: ngettext("{count} face", "{count} faces", round(most))})
    axis = left_axis(grid=False, values=[most], labelExpr=label, labelColor=palette.faces)
    line = alt.Chart(frame)
    return [
        line.mark_area(color=palette.withheld).encode(x=x, y=alt.Y("faces:Q", scale=scale, axis=None)),
        line.mark_line(color=palette.faces, strokeWidth=1, strokeCap="round").encode(
            x=x, y=alt.Y("faces:Q", scale=scale, axis=axis)
        ),
    ]


def _middle_s(windows: StageWindows) -> Floats:
    middle: Floats = windows.session_s + windows.width_ms / 2000
    return middle


def _segments(windows: StageWindows, written: Callable[[str], str]) -> pd.DataFrame:
    rows = [
        (*span(windows, first, last), str(index + 1), written(windows.segment_title(index)), index % 2 == 0)
        for index, first, last in runs(windows.segment)
        if index >= 0
    ]
    return pd.DataFrame(rows, columns=["from_s", "until_s", "number", "title", "shaded"]).astype({"shaded": bool})


def _unseen(windows: StageWindows, palette: Palette) -> pd.DataFrame:
    """Stretches without a figure: blue-grey where there are too few faces, else grey. Blinks are none."""
    rows = [
        (*span(windows, first, last), palette.withheld if state == FEW else palette.unseen)
        for state, first, last in runs(states(windows))
        if state == EXCLUDED or (state != SHOWN and (last - first + 1) * windows.width_ms > 1000 * LONGEST_BRIDGE_S)
    ]
    return pd.DataFrame(rows, columns=["from_s", "until_s", "fill"])


def _clock_labels(windows: StageWindows, ends: tuple[float, float]) -> dict[float, str]:
    """Full steps of what was shown, at the seconds of the session they came at."""
    step = tick_step(ends[1] - ends[0])
    # What was shown stood still between two pieces of it; before the first and after the last its seconds count on.
    pieces = shown(windows) or [(*ends, 0.0)]
    labels = {}
    for number, (begins, until, ahead) in enumerate(pieces):
        from_s = max(begins, ends[0]) if number else ends[0]
        until_s = min(until, ends[1]) if number < len(pieces) - 1 else ends[1]
        for tick in range(ceil((from_s + ahead) / step), floor((until_s + ahead) / step) + 1):
            labels[tick * step - ahead] = clock_text(tick * step)
    return labels
