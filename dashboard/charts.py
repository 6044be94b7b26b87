"""A session's chart as ECharts options: the reaction curve with its band, and the faces in view under it.

Both share one time axis, one crosshair and one hover. Never imports Streamlit: options in, options out.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from audience.curve import ReactionCurve, StageWindows
from dashboard.chart_axes import (
    LEFT_PX,
    PHONE_LEFT_PX,
    PHONE_RIGHT_PX,
    RIGHT_PX,
    faces_axis,
    share_axis,
    time_axis,
    zoom,
)
from dashboard.chart_bands import bands
from dashboard.chart_rows import chart_rows
from dashboard.palette import Palette

Options = dict[str, Any]

# Room for the name of the first plot and the titles of segments, for the plot of faces, and for the zoom, pixels.
_CURVE_TOP = 46
_FACES_ROOM = 78
_ZOOM_ROOM = 34
_HOVER = "<b>{@when}</b><br>{@said}<br>{@seen}<br><i>{@part}</i>"
_FONT = '"Source Sans", sans-serif'  # the page's own, which the page has loaded


def session_chart(
    windows: StageWindows,
    curve: ReactionCurve | None,
    *,
    name: str,
    palette: Palette,
    zone: tzinfo,
    height: int,
    smoothed: bool = True,
    zoomable: bool = True,
) -> Options:
    """The chart of one stage of a session.

    Args:
        windows: the stage's windows.
        curve: the curve to draw, smoothed or not; None where only heads were counted, which leaves the faces alone.
        name: what the curve shows, as "Share of faces that smile".
        palette: its colours.
        zone: the viewer's, for the clock in the hover.
        height: of the whole chart, pixels.
        smoothed: whether the curve is; a raw one jumps about and is drawn finer.
        zoomable: whether there is a bar to zoom with. Not while a chart is drawn anew every few seconds: each time the
            viewer's zoom would be lost.
    """
    rows = chart_rows(windows, curve, zone)
    span_ms = (float(windows.session_s[0] * 1000), float(windows.session_s[-1] * 1000 + windows.width_ms))
    faces_top = height - _FACES_ROOM - _ZOOM_ROOM
    plots = ["faces"] if curve is None else ["curve", "faces"]
    tops = {"curve": _CURVE_TOP, "faces": _CURVE_TOP if curve is None else faces_top}
    heights = {"curve": faces_top - _CURVE_TOP - 48, "faces": height - tops["faces"] - _ZOOM_ROOM - 22}
    return {
        "animation": False,
        "useUTC": True,
        "textStyle": {"fontFamily": _FONT},
        "dataset": {"source": rows},
        "title": [
            _plot_name(text, tops[plot] - 42 if plot == plots[0] else tops[plot] - 24, palette)
            for plot, text in (("curve", name), ("faces", "Faces in view"))
            if plot in plots
        ],
        "grid": [
            # Left to itself, each plot would make room for its own labels, and the two would not line up.
            {"left": LEFT_PX, "right": RIGHT_PX, "top": tops[plot], "height": heights[plot], "outerBoundsMode": "none"}
            for plot in plots
        ],
        "axisPointer": {"link": [{"xAxisIndex": "all"}], "lineStyle": {"color": palette.quiet, "type": "solid"}},
        "tooltip": _hover(palette),
        "dataZoom": zoom(len(plots), palette) if zoomable else [],
        "xAxis": [time_axis(at, span_ms, plot == plots[-1], palette) for at, plot in enumerate(plots)],
        "yAxis": [
            share_axis(float((rows["low"] + rows["band"]).max()), palette)
            if plot == "curve"
            else faces_axis(at, palette)
            for at, plot in enumerate(plots)
        ],
        "series": [
            *([] if curve is None else _curve_series(windows, palette, 2 if smoothed else 1)),
            _faces_series(windows, plots, palette),
        ],
        "media": [
            {
                "query": {"maxWidth": 560},
                "option": {
                    "grid": [{"left": PHONE_LEFT_PX, "right": PHONE_RIGHT_PX} for _ in plots],
                    "series": [{"id": plots[0], "markArea": {"label": {"show": False}}}],
                    "xAxis": [{"splitNumber": 3} for _ in plots],
                },
            }
        ],
    }


def _curve_series(windows: StageWindows, palette: Palette, line_px: int) -> list[Options]:
    line = {"type": "line", "showSymbol": False, "silent": True, "connectNulls": False}
    return [
        # The hover reads the first series: the curve must stand first.
        {
            **line,
            "id": "curve",
            "encode": {"x": "at_ms", "y": "share"},
            "lineStyle": {"color": palette.curve, "width": line_px},
            "itemStyle": {"color": palette.curve},
            "z": 4,
            "markArea": bands(windows, palette),
        },
        # The band is two areas on top of each other: the lower one cannot be seen, the upper one is the interval.
        {
            **line,
            "id": "low",
            "encode": {"x": "at_ms", "y": "low"},
            "stack": "band",
            "lineStyle": {"opacity": 0},
            "itemStyle": {"opacity": 0},
        },
        {
            **line,
            "id": "band",
            "encode": {"x": "at_ms", "y": "band"},
            "stack": "band",
            "lineStyle": {"opacity": 0},
            "itemStyle": {"opacity": 0},
            "areaStyle": {"color": palette.band},
        },
        # A line of one point has no length: such points are drawn as dots.
        {
            "type": "scatter",
            "id": "lone",
            "encode": {"x": "at_ms", "y": "lone"},
            "symbolSize": 4,
            "silent": True,
            "large": False,
            "itemStyle": {"color": palette.curve},
            "z": 4,
        },
    ]


def _faces_series(windows: StageWindows, plots: list[str], palette: Palette) -> Options:
    at = plots.index("faces")
    series: Options = {
        "type": "line",
        "id": "faces",
        "xAxisIndex": at,
        "yAxisIndex": at,
        "encode": {"x": "at_ms", "y": "faces"},
        "step": "middle",
        "showSymbol": False,
        "silent": True,
        "connectNulls": False,
        "lineStyle": {"color": palette.faces, "width": 1.2},
        "itemStyle": {"color": palette.faces},
        "areaStyle": {"color": palette.faces, "opacity": 0.16},
    }
    if plots == ["faces"]:
        series["markArea"] = bands(windows, palette)
    return series


def _plot_name(text: str, top: int, palette: Palette) -> Options:
    return {
        "text": text,
        "left": 4,
        "top": max(top, 0),
        "textStyle": {"color": palette.quiet, "fontSize": 13, "fontWeight": "normal"},
        "padding": 0,
    }


def _hover(palette: Palette) -> Options:
    return {
        "trigger": "axis",
        "confine": True,
        "transitionDuration": 0,
        "formatter": _HOVER,
        "backgroundColor": palette.paper,
        "borderColor": palette.rule,
        "textStyle": {"color": palette.ink, "fontSize": 13},
        "axisPointer": {"type": "line", "label": {"show": False}},
    }
