"""A session's chart as ECharts options: the reaction curve with its band, and the faces in view under it.

Both share one time axis, one crosshair and one hover. Never imports Streamlit: options in, options out.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from audience.curve import ReactionCurve, StageWindows
from dashboard.chart_bands import bands
from dashboard.chart_rows import chart_rows
from dashboard.palette import Palette

Options = dict[str, Any]

# Room around the plots, pixels: the axis numbers on the left, the names of the plots above them.
_LEFT, _RIGHT, _CURVE_TOP = 44, 26, 46
_HOVER = "<b>{@when}</b><br>{@said}<br>{@seen}<br><i>{@part}</i>"
_FONT = '"Source Sans", sans-serif'  # the page's own, which the page has loaded
_FACES_ROOM = 78
_ZOOM_ROOM = 34


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
    begin_ms = min(0.0, float(windows.session_s[0] * 1000))  # a camera may have looked before the session began
    end_ms = float(windows.session_s[-1] * 1000 + windows.width_ms)
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
            {"left": _LEFT, "right": _RIGHT, "top": tops[plot], "height": heights[plot], "outerBoundsMode": "none"}
            for plot in plots
        ],
        "axisPointer": {"link": [{"xAxisIndex": "all"}], "lineStyle": {"color": palette.quiet, "type": "solid"}},
        "tooltip": _hover(palette),
        "dataZoom": _zoom(len(plots), palette) if zoomable else [],
        "xAxis": [_time_axis(at, (begin_ms, end_ms), plot == plots[-1], palette) for at, plot in enumerate(plots)],
        "yAxis": [
            _share_axis(rows, palette) if plot == "curve" else _faces_axis(at, palette) for at, plot in enumerate(plots)
        ],
        "series": [
            *([] if curve is None else _curve_series(windows, palette, 2 if smoothed else 1)),
            _faces_series(windows, plots, palette),
        ],
        "media": [
            {
                "query": {"maxWidth": 560},
                "option": {
                    "grid": [{"left": 42, "right": 20} for _ in plots],
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


def _zoom(plots: int, palette: Palette) -> list[Options]:
    axes = list(range(plots))
    return [
        # The wheel scrolls the page; with Ctrl it zooms. A finger scrolls the page too: it must not get stuck here.
        {
            "type": "inside",
            "xAxisIndex": axes,
            "zoomOnMouseWheel": "ctrl",
            "moveOnMouseMove": False,
            "moveOnMouseWheel": False,
            "preventDefaultMouseMove": False,
        },
        {
            "type": "slider",
            "xAxisIndex": axes,
            "height": 16,
            "bottom": 4,
            "left": _LEFT,
            "right": _RIGHT,
            "showDetail": False,
            "showDataShadow": False,
            "brushSelect": False,
            "borderColor": palette.rule,
            "fillerColor": palette.segment,
            "handleStyle": {"color": palette.paper, "borderColor": palette.quiet},
            "moveHandleSize": 0,
        },
    ]


def _time_axis(at: int, span_ms: tuple[float, float], labelled: bool, palette: Palette) -> Options:
    return {
        "type": "time",
        "gridIndex": at,
        "min": span_ms[0],
        "max": span_ms[1],
        # The axis counts from the session's beginning: its instants are read as a duration.
        "axisLabel": {
            "show": labelled,
            "formatter": "{H}:{mm}:{ss}" if span_ms[1] >= 3600_000 else "{m}:{ss}",
            "color": palette.quiet,
            "hideOverlap": True,
        },
        "axisLine": {"lineStyle": {"color": palette.quiet}, "onZero": True},
        "axisTick": {"show": labelled},
        "splitLine": {"show": False},
    }


def _share_axis(rows: Any, palette: Palette) -> Options:
    highest = (rows["low"] + rows["band"]).max()
    return {
        "type": "value",
        "gridIndex": 0,
        "min": 0,
        "max": 50 if highest < 50 else 100,
        "interval": 25,
        "axisLabel": {"formatter": "{value} %", "color": palette.quiet},
        "splitLine": {"lineStyle": {"color": palette.rule}},
    }


def _faces_axis(at: int, palette: Palette) -> Options:
    return {
        "type": "value",
        "gridIndex": at,
        "min": 0,
        "minInterval": 1,
        "splitNumber": 2,
        "axisLabel": {"color": palette.quiet},
        "splitLine": {"lineStyle": {"color": palette.rule}},
    }
