"""Scenes one under another, each with a range and a point on a common axis: synchrony against chance, norms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import altair as alt
import pandas as pd

from dashboard.charts.axes import finished
from dashboard.charts.theme import PHONE_PX, Palette

_ROW_PX: Final = 30
# Room for what stands before and behind the rows, on a phone and elsewhere: an expression, as a page may be turned.
_LEFT: Final = f"(width < {PHONE_PX} ? 112 : 210)"
_RIGHT: Final = f"(width < {PHONE_PX} ? 74 : 200)"
_FONT_PX: Final = f"(width < {PHONE_PX} ? 11 : 12)"


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
        said: what a pointer over it reads.
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
    """The common axis: what it shows, from where to where, and what stands behind its numbers."""

    name: str
    low: float
    high: float
    unit: str = ""


def interval_rows(rows: Sequence[IntervalRow], axis: IntervalAxis, palette: Palette) -> alt.LayerChart:
    """The chart.

    Args:
        rows: from top to bottom, one at least.
        axis: the common one.
        palette: its colours.
    """
    frame = pd.DataFrame([{"row": place, **asdict(row)} for place, row in enumerate(rows)])
    scale = alt.Scale(
        domain=[axis.low, axis.high], nice=False, zero=False, range=[alt.expr(_LEFT), alt.expr(f"width - {_RIGHT}")]
    )
    ticks = alt.Axis(
        title=None,
        orient="bottom",
        tickCount=alt.expr(f"width < {PHONE_PX} ? 3 : 6"),
        labelExpr=f"replace(datum.label, '-', '\N{MINUS SIGN}') + '{axis.unit}'",
        domain=False,
        ticks=False,
    )
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.6, paddingOuter=0.3))
    chart = alt.Chart(frame)
    bar = chart.mark_bar(color=palette.unseen).encode(
        x=alt.X("low:Q", scale=scale, axis=ticks), x2=alt.X2("high:Q"), y=y
    )
    point = chart.mark_point(size=100, strokeWidth=2, opacity=1, color=palette.curve).encode(
        x=alt.X("value:Q", scale=scale),
        y=y,
        fill=alt.condition("datum.filled", alt.value(palette.curve), alt.value(palette.paper)),
    )
    text: dict[str, Any] = {"baseline": "middle", "fontSize": alt.expr(_FONT_PX)}
    names = chart.mark_text(align="left", x=0, limit=alt.expr(f"{_LEFT} - 8"), **text).encode(
        y=y, text=alt.Text("name:N")
    )
    brief = alt.expr(f"width < {PHONE_PX} ? datum.brief : datum.beside")
    at = alt.expr(f"width - {_RIGHT} + 12")
    beside = chart.mark_text(align="left", x=at, text=brief, limit=alt.expr(f"{_RIGHT} - 12"), **text).encode(y=y)
    under = chart.mark_rect(opacity=0, x=0, x2="width").encode(y=y, tooltip=alt.Tooltip("said:N"))
    layers = [bar, point, names, beside, under.properties(name="hover_rows")]
    return finished(layers, palette, height=_ROW_PX * len(rows), title=axis.name)
