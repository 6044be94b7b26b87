"""What charts along time share: axes of time and of percent, legends, the crosshair, and how a chart fits its page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil, floor
from typing import Final

import altair as alt
import numpy as np
from numpy.typing import NDArray

from audience.time import clock_text
from dashboard.charts.theme import Palette, config_of, drawable

Ends = tuple[float, float]
Floats = NDArray[np.float64]

HOVER: Final = "hover"
"""The selection of the cell under the pointer; what is drawn for a pointer only has a name that begins with it."""

_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200)
_DAY_S: Final = 86_400
_WIDTH: Final = 800
# As Streamlit takes it: of each side.
_PADDING: Final = {"left": 4, "right": 14, "top": 2, "bottom": 4}


def tick_step(span_s: float, most: float = 10) -> int:
    """The smallest round step that cuts a span into at most so many parts, seconds."""
    days = ceil(span_s / most / _DAY_S)
    return next((step for step in _STEPS_S if span_s / step <= most), days * _DAY_S)


def clock_axis(ends_s: Ends) -> alt.Axis:
    """An axis of seconds, written as on a player; nothing before 0 is labelled."""
    step = tick_step(ends_s[1] - ends_s[0])
    first = max(0, ceil(ends_s[0] / step))
    return labelled_axis({tick * step: clock_text(tick * step) for tick in range(first, floor(ends_s[1] / step) + 1)})


def labelled_axis(labels: Mapping[float, str]) -> alt.Axis:
    """An axis along the foot of a plot, with these labels at these values; those that do not fit are left out."""
    return alt.Axis(title=None, grid=False, values=list(labels), labelExpr=written(labels))


def clock_labels(began: datetime, until_s: float) -> dict[float, str]:
    """Full steps of the viewer's clock along a day, seconds from its beginning."""
    step = max(60, tick_step(until_s))
    midnight_s = began.hour * 3600 + began.minute * 60 + began.second
    first = -(-midnight_s // step) * step
    ticks = range(first, midnight_s + int(until_s) + 1, step)
    return {float(tick - midnight_s): f"{tick // 3600 % 24:02d}:{tick // 60 % 60:02d}" for tick in ticks}


def written(texts: Mapping[float, str] | Mapping[str, str]) -> str:
    """An expression that writes a label's value as its text. Texts may hold anything: they are quoted."""
    return f"{json.dumps([drawable(text) for text in texts.values()])}[indexof({json.dumps(list(texts))}, datum.value)]"


def seconds(field: str, ends_s: Ends, axis: alt.Axis) -> alt.X:
    """The x channel of a field of seconds, from when to when it is shown; layers of a chart are given one axis."""
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=list(ends_s), nice=False, zero=False), axis=axis)


def percent_axis(top: float) -> alt.Axis:
    """From 0 over half of it to `top` percent."""
    return alt.Axis(title=None, grid=True, values=[0, top / 2, top], labelExpr="datum.value + ' %'")


def share_top(highest: float) -> float:
    """The top of an axis of percent, 50 or 100, so that charts can be compared by eye; 100 where nothing is known."""
    return 50 if highest < 50 else 100


def legend(names: Mapping[str, str]) -> alt.Legend:
    """A legend above the plot that calls fields by these names, in as many columns as there is room for."""
    columns = alt.expr(f"max(1, floor(width / {min(300, 50 + 7 * max(map(len, names.values()), default=1))}))")
    return alt.Legend(title=None, orient="top", values=list(names), labelExpr=written(names), columns=columns)


def tiles(at: Floats) -> tuple[Floats, Floats]:
    """From where to where each of some rising places is the nearest: what a pointer there is over."""
    if len(at) < 2:
        return at - 0.5, at + 0.5
    between = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([[2 * at[0] - between[0]], between, [2 * at[-1] - between[-1]]])
    return edges[:-1], edges[1:]


def crosshair(cells: alt.Chart, x: alt.X, palette: Palette) -> tuple[alt.Chart, alt.Parameter]:
    """A line at the cell that the pointer is over, and the selection that finds it, for the cells' own marks.

    Args:
        cells: a chart of the cells' frame.
        x: where the line of a cell stands.
        palette: its colours.
    """
    hover = alt.selection_point(name=HOVER, on="pointerover", clear="pointerout", empty=False)
    line = cells.transform_filter(hover).mark_rule(color=palette.quiet, strokeWidth=1, aria=False)
    return line.encode(x=x).properties(name=f"{HOVER}_line"), hover


def finished(
    layers: Sequence[alt.Chart], palette: Palette, *, height: float, title: str = "", own_y: bool = False
) -> alt.LayerChart:
    """Layers as a chart in a palette's colours that fits the width it is given, axes and legend included.

    Args:
        layers: what is drawn, the first lying lowest.
        palette: its colours.
        height: of the plot, pixels; title, legend and axis come on top.
        title: stands over it.
        own_y: whether layers have y axes of their own.
    """
    chart = alt.LayerChart(
        layer=list(layers),
        width=_WIDTH,
        height=height,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding=_PADDING,
        config=alt.Config(**config_of(palette)),
    )
    if title:
        chart.title = title
    return chart.resolve_scale(y="independent") if own_y else chart
