"""How small a difference so many screenings find, as a picture.

Never imports Streamlit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from audience.comparing.comparison import LEAST_UNITS
from audience.comparing.planning import Plan
from dashboard.charts.theme import Palette

Options = dict[str, Any]

HEIGHT = 300
MOST_SCREENINGS = 60


def planner_chart(plan: Plan, screenings: int | None, palette: Palette) -> Options:
    """The smallest rise that is found, by screenings of each cut, as ECharts options.

    Args:
        plan: what is compared.
        screenings: of the difference that is asked for, to be marked; None marks none.
        palette: the page's.
    """
    most = max(MOST_SCREENINGS, round(1.25 * (screenings or 0)))
    count = np.unique(np.linspace(LEAST_UNITS, most, 80).round().astype(int))
    found = [plan.difference(int(number) * plan.faces_a_screening) for number in count]
    points = np.round(100 * np.array(found), 1)
    marked = int(np.searchsorted(count, screenings)) if screenings else None
    frame = pd.DataFrame(
        {
            "screenings": count,
            "points": points,
            "marked": [point if place == marked else np.nan for place, point in enumerate(points)],
            "said": [
                f"{number} screenings of each cut find a rise of {point:g} points"
                if point == point
                else f"{number} screenings of each cut find no rise at all"
                for number, point in zip(count.tolist(), points.tolist(), strict=True)
            ],
        }
    )
    return {
        "animation": False,
        "textStyle": {"fontFamily": '"Source Sans", sans-serif'},
        "dataset": {"source": frame},
        "title": [
            {
                "text": "Smallest rise that is found, by screenings of each cut",
                "left": 4,
                "top": 0,
                "textStyle": {"color": palette.quiet, "fontSize": 13, "fontWeight": "normal"},
            }
        ],
        "grid": {"left": 70, "right": 26, "top": 40, "bottom": 36, "outerBoundsMode": "none"},
        "backgroundColor": palette.ground,
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "formatter": "{@said}",
            "backgroundColor": palette.paper,
            "borderColor": palette.rule,
            "textStyle": {"color": palette.ink, "fontSize": 13},
            "axisPointer": {"label": {"show": False}},
        },
        "xAxis": {
            "type": "value",
            "min": 0,
            "max": most,
            "axisLabel": {"color": palette.quiet},
            "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "axisLabel": {"color": palette.quiet, "formatter": "{value} points"},
            "splitLine": {"show": True, "lineStyle": {"color": palette.rule}},
        },
        "series": [
            {
                "type": "line",
                "encode": {"x": "screenings", "y": "points"},
                "showSymbol": False,
                "lineStyle": {"color": palette.curve, "width": 2},
                "itemStyle": {"color": palette.curve},
            },
            {
                "type": "scatter",
                "encode": {"x": "screenings", "y": "marked"},
                "symbolSize": 11,
                "itemStyle": {"color": palette.curve},
                "z": 4,
            },
        ],
    }
