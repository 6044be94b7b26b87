"""Scenes one under another, each with a range and a point on a common axis: synchrony against chance, norms.

Never imports Streamlit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.charts.theme import Palette

Options = dict[str, Any]

ROW_PX, _TOP_PX, _FOOT_PX = 30, 34, 46
_LEFT_PX, _RIGHT_PX = 210, 200
_PHONE_LEFT_PX, _PHONE_RIGHT_PX = 112, 74
_BAR_PX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow:
    """One scene.

    Attributes:
        name: the scene's.
        low, high: the range; NaN where there is none.
        value: the point; NaN where there is none.
        filled: whether the point is drawn full; else as a ring.
        beside: what stands beside the row: what its figures rest on, or why there are none.
        brief: the same on a phone.
        said: what a pointer over it tells.
    """

    name: str
    low: float
    high: float
    value: float
    filled: bool
    beside: str
    brief: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalAxis:
    """The common axis: what it shows, from where to where, and how its numbers are written (ECharts' template)."""

    name: str
    low: float
    high: float
    formatter: str = "{value}"


def interval_rows(rows: Sequence[IntervalRow], axis: IntervalAxis, palette: Palette) -> Options:
    """The chart as ECharts options.

    Args:
        rows: from top to bottom, one at least.
        axis: the common one.
        palette: the page's.
    """
    frame = pd.DataFrame(
        {
            "y": range(len(rows)),
            "low": [row.low for row in rows],
            "span": [row.high - row.low for row in rows],
            "full": [row.value if row.filled else math.nan for row in rows],
            "ring": [math.nan if row.filled else row.value for row in rows],
            "said": [row.said for row in rows],
        }
    )
    bar = {
        "type": "bar",
        "stack": "range",
        "stackStrategy": "all",
        "barWidth": _BAR_PX,
        "emphasis": {"disabled": True},
    }
    point = {"type": "scatter", "symbolSize": 11, "z": 4, "emphasis": {"disabled": True}}
    return {
        "animation": False,
        "textStyle": {"fontFamily": '"Source Sans", sans-serif'},
        "dataset": {"source": frame},
        "title": [{"text": axis.name, "left": 4, "top": 0, "textStyle": _small(palette)}],
        "grid": {
            "left": _LEFT_PX,
            "right": _RIGHT_PX,
            "top": _TOP_PX,
            "bottom": _FOOT_PX,
            "outerBoundsMode": "none",
        },
        "backgroundColor": palette.ground,
        "tooltip": {
            "trigger": "axis",
            "axisPointer": {"type": "shadow", "axis": "y", "label": {"show": False}},
            "confine": True,
            "formatter": "{@said}",
            "backgroundColor": palette.paper,
            "borderColor": palette.rule,
            "textStyle": {"color": palette.ink, "fontSize": 13},
            "extraCssText": "max-width:340px;white-space:normal;",
        },
        "xAxis": {
            "type": "value",
            "min": axis.low,
            "max": axis.high,
            "axisLabel": {"color": palette.quiet, "formatter": axis.formatter},
            "splitLine": {"show": True, "lineStyle": {"color": palette.rule}},
        },
        "yAxis": [
            _names([row.name for row in rows], palette, width=_LEFT_PX - 16),
            _names([row.beside for row in rows], palette, width=_RIGHT_PX - 16, position="right"),
        ],
        "series": [
            {**bar, "encode": {"x": "low", "y": "y"}, "itemStyle": {"color": "transparent"}, "silent": True},
            {**bar, "encode": {"x": "span", "y": "y"}, "itemStyle": {"color": palette.unseen}},
            {**point, "encode": {"x": "full", "y": "y"}, "itemStyle": {"color": palette.curve}},
            {
                **point,
                "encode": {"x": "ring", "y": "y"},
                "itemStyle": {"color": palette.paper, "borderColor": palette.curve, "borderWidth": 2},
            },
        ],
        "media": [
            {
                "query": {"maxWidth": 560},
                "option": {
                    "grid": {"left": _PHONE_LEFT_PX, "right": _PHONE_RIGHT_PX},
                    "xAxis": {"splitNumber": 3},
                    "yAxis": [
                        {"axisLabel": {"width": _PHONE_LEFT_PX - 8, "fontSize": 11}},
                        {
                            "data": [row.brief for row in rows],
                            "axisLabel": {"width": _PHONE_RIGHT_PX - 8, "fontSize": 11},
                        },
                    ],
                },
            }
        ],
    }


def height_of(rows: Sequence[IntervalRow]) -> int:
    """Pixels the chart needs."""
    return _TOP_PX + _FOOT_PX + ROW_PX * len(rows)


def _names(names: Sequence[str], palette: Palette, **placed: Any) -> Options:
    width = placed.pop("width")
    return {
        "type": "category",
        "data": list(names),
        "inverse": True,
        "axisLabel": {"color": palette.ink, "width": width, "overflow": "truncate", "interval": 0},
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        **placed,
    }


def _small(palette: Palette) -> Options:
    return {"color": palette.quiet, "fontSize": 13, "fontWeight": "normal"}
