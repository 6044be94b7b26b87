"""The chart of a comparison as ECharts options: all lines on one axis, and the difference of two groups under them.

Both plots share one time axis, one crosshair, one hover and one brush. Never imports Streamlit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.chart_axes import LEFT_PX, PHONE_LEFT_PX, PHONE_RIGHT_PX, RIGHT_PX, share_axis, time_axis
from dashboard.charts.theme import Palette
from dashboard.lab.compare_series import difference_series, line_series
from dashboard.lab.line_styles import MOST, LineStyle, line_style
from dashboard.pages.compare.film_axis import FilmAxis
from dashboard.pages.compare.rows import Difference, Line, compare_rows

Options = dict[str, Any]

_TOP, _FOOT = 66, 26
_DIFFERENCE_HEIGHT = 112
_BETWEEN = 46
_FONT = '"Source Sans", sans-serif'


def compare_chart(
    axis: FilmAxis,
    lines: Sequence[Line],
    difference: Difference | None,
    *,
    marked: Sequence[str] = (),
    stretch: tuple[float, float],
    name: str,
    palette: Palette,
    height: int,
) -> Options:
    """The chart of some lines.

    Args:
        axis: of the lines.
        lines: what to draw, one at least. More than can be told apart are drawn alike and quietly, but those `marked`.
        difference: of two groups, drawn under them; None draws none.
        marked: names of lines that stand out among many.
        stretch: from when to when to show, seconds of the axis.
        name: what the lines show, as "Share of faces that smile".
        palette: its colours.
        height: of the whole chart, pixels.
    """
    rows = compare_rows(axis, lines, difference)
    span_ms = (1000 * stretch[0], 1000 * stretch[1])
    plots = ["lines"] if difference is None else ["lines", "difference"]
    below = 0 if difference is None else _DIFFERENCE_HEIGHT + _BETWEEN
    lines_height = height - _TOP - _FOOT - below
    tops = {"lines": _TOP, "difference": _TOP + lines_height + _BETWEEN}
    heights = {"lines": lines_height, "difference": _DIFFERENCE_HEIGHT}
    styles = _styles(lines, marked, palette)
    titles = [_title(name, 4, palette)]
    if difference is not None:
        told = f"{difference.higher} less {difference.lower}, points of {difference.unit}"
        titles.append(_title(told, tops["difference"] - 24, palette))
    return {
        "animation": False,
        "useUTC": True,
        "textStyle": {"fontFamily": _FONT},
        "dataset": {"source": rows},
        "title": titles,
        "legend": _legend(lines, styles, palette),
        "grid": [
            {"left": LEFT_PX, "right": RIGHT_PX, "top": tops[plot], "height": heights[plot], "outerBoundsMode": "none"}
            for plot in plots
        ],
        "axisPointer": {"link": [{"xAxisIndex": "all"}], "lineStyle": {"color": palette.quiet, "type": "solid"}},
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "transitionDuration": 0,
            "formatter": _hover(lines, styles, difference),
            "backgroundColor": palette.paper,
            "borderColor": palette.rule,
            "textStyle": {"color": palette.ink, "fontSize": 13},
            "extraCssText": "max-width: min(30rem, 90vw); white-space: normal;",
            "axisPointer": {"type": "line", "label": {"show": False}},
        },
        "brush": {
            "xAxisIndex": "all",
            "brushMode": "single",
            "brushStyle": {"color": palette.segment, "borderColor": palette.quiet},
            "outOfBrush": {"colorAlpha": 1},
        },
        "toolbox": {
            "right": RIGHT_PX,
            "top": 22,
            "itemSize": 16,
            "iconStyle": {"borderColor": palette.quiet},
            "feature": {"brush": {"type": ["lineX"], "title": {"lineX": "Draw over a stretch to look at it alone"}}},
        },
        "xAxis": [_seconds_axis(at, span_ms, plot == plots[-1], palette) for at, plot in enumerate(plots)],
        "yAxis": [
            share_axis(_highest(lines), palette) if plot == "lines" else _difference_axis(at, difference, palette)
            for at, plot in enumerate(plots)
        ],
        "series": [
            *line_series(axis, lines, styles, span_ms, palette),
            *([] if difference is None else difference_series(axis, difference, palette)),
        ],
        "media": [
            {
                "query": {"maxWidth": 560},
                "option": {
                    "grid": [{"left": PHONE_LEFT_PX, "right": PHONE_RIGHT_PX} for _ in plots],
                    "series": [{"id": "line_0", "markArea": {"label": {"show": False}}}],
                    "xAxis": [{"splitNumber": 3} for _ in plots],
                },
            }
        ],
    }


def _seconds_axis(at: int, span_ms: tuple[float, float], labelled: bool, palette: Palette) -> Options:
    """The axis of plot `at`, its labels at the foot of the plot, even where 0 lies in its middle."""
    axis = time_axis(at, span_ms, labelled, palette)
    return {**axis, "axisLine": {**axis["axisLine"], "onZero": False}}


def _styles(lines: Sequence[Line], marked: Sequence[str], palette: Palette) -> list[LineStyle | None]:
    """The style of each line; None for one of many that is drawn quietly."""
    if len(lines) <= MOST:
        return [line_style(number, palette) for number in range(len(lines))]
    styles: list[LineStyle | None] = [None] * len(lines)
    loud = [number for number, line in enumerate(lines) if line.name in marked][:MOST]
    for place, number in enumerate(loud):
        styles[number] = line_style(place, palette)
    return styles


def _highest(lines: Sequence[Line]) -> float:
    highest = [np.fmax(line.share, line.high) for line in lines]
    return 100 * float(np.nanmax(np.concatenate(highest), initial=0.0))


def _difference_axis(at: int, difference: Difference | None, palette: Palette) -> Options:
    """Points, as far above 0 as below, so that who is higher is seen at once."""
    reach = 10.0
    if difference is not None:
        widest = np.concatenate([np.abs(difference.low), np.abs(difference.high), np.abs(difference.value)])
        # A band of few units can be as wide as can be; the difference must be seen beside it all the same.
        reach = min(10 * np.ceil(10 * float(np.nanmax(widest, initial=0.1))), 100)
    return {
        "type": "value",
        "gridIndex": at,
        "min": -reach,
        "max": reach,
        "interval": reach,
        "axisLabel": {"color": palette.quiet},
        "splitLine": {"lineStyle": {"color": palette.rule}},
    }


def _legend(lines: Sequence[Line], styles: Sequence[LineStyle | None], palette: Palette) -> Options:
    named = [line.name for line, style in zip(lines, styles, strict=True) if style is not None]
    return {
        "type": "scroll",
        "left": 0,
        "top": 26,
        "data": named,
        "icon": "inherit",
        "itemWidth": 28,
        "itemHeight": 8,
        "textStyle": {"color": palette.ink, "fontSize": 13},
        "pageTextStyle": {"color": palette.quiet},
        "pageIconColor": palette.quiet,
        "pageIconInactiveColor": palette.rule,
    }


def _hover(lines: Sequence[Line], styles: Sequence[LineStyle | None], difference: Difference | None) -> str:
    """The template of the hover; what stands in the columns it names is put in as text."""
    told = ["<b>{@when}</b> <i>{@part}</i>"]
    if len(lines) > MOST:
        told.append("{@told_0}")
    else:
        told += [
            f'<span style="color:{style.colour}">■</span> {{@told_{number}}}'
            for number, style in enumerate(styles)
            if style is not None
        ]
    return "<br>".join([*told, *(["{@d_told}"] if difference is not None else [])])


def _title(text: str, top: int, palette: Palette) -> Options:
    return {
        "text": text,
        "left": 4,
        "top": top,
        "textStyle": {"color": palette.quiet, "fontSize": 13, "fontWeight": "normal"},
        "padding": 0,
    }
