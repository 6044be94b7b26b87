"""A festival's day as ECharts options: the liveliness of every stage, and the instant the board shows.

Never imports Streamlit.
"""

from __future__ import annotations

from datetime import timedelta, tzinfo
from typing import Any, Final

import numpy as np

from audience.board.liveliness import Liveliness
from audience.sessions import Stage
from audience.time import from_ms
from dashboard.palette import Palette
from dashboard.thinning import thinned

Options = dict[str, Any]

MOST_POINTS: Final = 900
_DASHES: Final = ("solid", "dashed", "dotted")
_FONT: Final = '"Source Sans", sans-serif'


def day_chart(figures: Liveliness, stages: list[Stage], at_ms: int, palette: Palette, zone: tzinfo) -> Options:
    """One line a stage, 0 to 100, on the viewer's clock.

    Args:
        figures: of the stages all day.
        stages: in the order of the figures' columns.
        at_ms: the instant to mark, milliseconds since the epoch.
        palette: its colours; stages that share one differ in their dashes.
        zone: the viewer's.
    """
    # ECharts writes instants in UTC or the browser's zone: the clock of the viewer's zone is written as if it were UTC.
    shift_ms = round((from_ms(at_ms).astimezone(zone).utcoffset() or timedelta(0)).total_seconds() * 1000)
    colours = (palette.curve, *palette.beside)
    series = []
    for place, stage in enumerate(stages):
        values = 100 * figures.figure[:, place]
        kept = thinned(values, MOST_POINTS)
        points = [
            [int(figures.at_ms[index]) + shift_ms, None if np.isnan(values[index]) else round(float(values[index]), 1)]
            for index in kept.tolist()
        ]
        series.append(
            {
                "type": "line",
                "name": stage.name,
                "data": points,
                "showSymbol": False,
                "connectNulls": False,
                "lineStyle": {"width": 1.6, "type": _DASHES[place // len(colours) % len(_DASHES)]},
                "itemStyle": {"color": colours[place % len(colours)]},
                "emphasis": {"focus": "series"},
            }
        )
    if series:
        series[0]["markLine"] = {
            "symbol": "none",
            "silent": True,
            "label": {"show": False},
            "lineStyle": {"color": palette.ink, "type": "solid", "width": 1.5},
            "data": [{"xAxis": at_ms + shift_ms}],
        }
    return {
        "animation": False,
        "useUTC": True,
        "textStyle": {"fontFamily": _FONT},
        "legend": {"type": "scroll", "top": 0, "left": 0, "textStyle": {"color": palette.ink}},
        "grid": {"left": 34, "right": 12, "top": 34, "bottom": 26},
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "order": "valueDesc",
            "backgroundColor": palette.paper,
            "borderColor": palette.rule,
            "textStyle": {"color": palette.ink, "fontSize": 13},
        },
        "xAxis": {
            "type": "time",
            "axisLabel": {"formatter": "{HH}:{mm}", "color": palette.quiet, "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": palette.quiet}},
            "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "max": 100,
            "interval": 25,
            "axisLabel": {"color": palette.quiet},
            "splitLine": {"lineStyle": {"color": palette.rule}},
        },
        "series": series,
    }
