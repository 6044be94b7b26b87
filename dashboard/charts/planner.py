"""How small a difference so many screenings find."""

from __future__ import annotations

import json
from typing import Final

import altair as alt
import numpy as np
import pandas as pd

from audience.comparing.comparison import LEAST_UNITS
from audience.comparing.planning import Plan
from audience.language import decimal, gettext, ngettext
from dashboard.charts.axes import finished, hovered
from dashboard.charts.theme import Palette

_HEIGHT: Final = 230
_MOST_SCREENINGS: Final = 60


def planner_chart(plan: Plan, screenings: int | None, palette: Palette) -> alt.LayerChart:
    """The smallest rise that is found, by screenings of each cut.

    Args:
        plan: what is compared.
        screenings: of the difference that is asked for, to be marked; None marks none.
        palette: its colours.
    """
    most = max(_MOST_SCREENINGS, round(1.25 * (screenings or 0)))
    count = np.unique(np.linspace(LEAST_UNITS, most, 80).round().astype(int))
    points = np.round(100 * np.array([plan.difference(int(one) * plan.faces_a_screening) for one in count]), 1)
    frame = pd.DataFrame(
        {
            "screenings": count,
            "points": points,
            "said": [_said(*one) for one in zip(count.tolist(), points.tolist(), strict=True)],
        }
    )
    x = alt.X(
        "screenings:Q",
        scale=alt.Scale(domain=[0, most], nice=False),
        axis=alt.Axis(title=gettext("Screenings of each cut"), grid=False),
    )
    unit = gettext("points")
    axis = alt.Axis(title=None, tickCount=5, labelExpr=f"datum.value + ' ' + {json.dumps(unit)}")
    y = alt.Y("points:Q", scale=alt.Scale(zero=True), axis=axis)
    cells = alt.Chart(frame)
    line = cells.mark_line(color=palette.curve, strokeWidth=2).encode(x=x, y=y)
    marked = frame.iloc[np.searchsorted(count, [screenings])] if screenings else frame.iloc[:0]
    point = alt.Chart(marked).mark_point(filled=True, size=110, opacity=1, color=palette.curve)
    layers = [line, point.encode(x=x, y=y), *hovered(frame, x, palette)]
    return finished(layers, palette, height=_HEIGHT, title=gettext("Smallest rise that is found"))


def _said(screenings: int, points: float) -> str:
    if np.isnan(points):
        return ngettext(
            "{count} screening of each cut finds no rise at all",
            "{count} screenings of each cut find no rise at all",
            screenings,
        )
    return ngettext(
        "{count} screening of each cut finds a rise of {points} points",
        "{count} screenings of each cut find a rise of {points} points",
        screenings,
        points=decimal(points, 1),
    )
