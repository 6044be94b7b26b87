"""What charts along time share: axes of time and of percent, legends, the crosshair, and how a chart fits its page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil, floor
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience.time import clock_text
from dashboard.charts.theme import Palette, config_of, drawable

Ends = tuple[float, float]
Floats = NDArray[np.float64]

HOVER: Final = "hover"
"""The selection of the cell under the pointer; what is drawn for a pointer only has a name that begins with it."""

_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200)
_DAY_S: Final = 86_400
# Ends of axes of percent, and into how many parts their ticks cut them: whole numbers all.
_SHARE_TOPS: Final = ((4, 2), (10, 2), (20, 4), (30, 3), (40, 4), (50, 5), (60, 3), (80, 4), (100, 4))
_WIDTH: Final = 800
_PADDING: Final = {"left": 0, "right": 0, "top": 2, "bottom": 4}

LEFT_PX, RIGHT_PX = 48, 26
"""Room for the labels of axes along time, inside the view: where they stand beside it, Vega draws once to learn how
wide they are, and draws again."""


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


def seconds(field: str, ends_s: Ends, axis: Any = alt.Undefined) -> alt.X:
    """The x channel of a field of seconds, from when to when it is shown; one layer of a chart brings the axis."""
    scale = alt.Scale(domain=list(ends_s), nice=False, zero=False, range=[LEFT_PX, alt.expr(f"width - {RIGHT_PX}")])
    return alt.X(f"{field}:Q", scale=scale, axis=axis)


def percent_axis(ticks: Sequence[float]) -> alt.Axis:
    """An axis of percent with these ticks (`share_ticks`)."""
    return left_axis(values=list(ticks), grid=True, labelExpr="datum.value + ' %'")


def left_axis(**options: Any) -> alt.Axis:
    """A y axis of a chart along time, its labels in the room that `seconds` leaves."""
    return alt.Axis(title=None, orient="left", offset=-LEFT_PX, **options)


def share_ticks(highest: float) -> list[float]:
    """The ticks of an axis of percent that fits its data: from 0, always, to the first round figure at or over them.

    Args:
        highest: what is to be seen, percent; NaN where nothing is known, which takes the whole axis.
    """
    top, parts = next((one for one in _SHARE_TOPS if one[0] >= highest), _SHARE_TOPS[-1])
    return [top / parts * tick for tick in range(parts + 1)]


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


def hovered(cells: pd.DataFrame, x: alt.X, palette: Palette, *selections: alt.Parameter) -> list[alt.Chart]:
    """Layers for a pointer: a line at the cell it is over, and cells as high as the view, with the words it reads.

    Args:
        cells: the field of `x`, rising, and `said`, the words.
        x: where the line of a cell stands; the field of the cells' left ends is `from_s`.
        palette: its colours.
        selections: more that begin on the cells; on two layers Vega-Lite would call them alike.
    """
    field = str(x.shorthand).removesuffix(":Q")
    from_s, until_s = tiles(cells[field].to_numpy(float))
    hover = alt.selection_point(name=HOVER, fields=[field], on="pointerover", clear="pointerout", empty=False)
    # One line that moves: of a line a cell, all cells would be asked at every move of the pointer whether it is theirs.
    at = f"{HOVER}.{field}"
    line = alt.Chart(pd.DataFrame({"one": [1]})).transform_calculate(**{field: f"{at} ? {at}[0] : null"})
    line = line.mark_rule(color=palette.quiet, strokeWidth=1).encode(x=x)
    under = alt.Chart(cells.assign(from_s=from_s, until_s=until_s)).mark_rect(opacity=0, clip=True)
    under = under.encode(x=alt.X("from_s:Q", scale=x["scale"]), x2=alt.X2("until_s:Q"), tooltip=alt.Tooltip("said:N"))
    under = under.add_params(hover, *selections).properties(name=f"{HOVER}_cells")
    return [line.properties(name=f"{HOVER}_line"), under]


def distinct(field: str, names: Mapping[str, str], colours: Sequence[str], dashes: Sequence[Any]) -> dict[str, Any]:
    """Channels of lines that differ in colour and dash, with a legend that calls them by their names.

    Args:
        field: which line a row is of.
        names: what to call each line, in the order of the other two.
        colours, dashes: of each.
    """
    lines: dict[str, Any] = {"domain": list(names), "type": "ordinal"}
    return {
        "color": alt.Color(field, scale=alt.Scale(**lines, range=list(colours)), legend=legend(names)),
        "strokeDash": alt.StrokeDash(field, scale=alt.Scale(**lines, range=list(dashes)), legend=legend(names)),
    }


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
    return alt.LayerChart(
        layer=list(layers),
        width=_WIDTH,
        height=height,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding=_PADDING,
        config=alt.Config(**config_of(palette)),
        title=title or alt.Undefined,
        resolve=alt.Resolve(scale=alt.ScaleResolveMap(y="independent")) if own_y else alt.Undefined,
    )
