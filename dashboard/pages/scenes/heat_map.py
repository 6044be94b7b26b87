"""Scenes against expressions as one picture, with what each row rests on beside it.

Never imports Streamlit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from audience.comparing.scenes import SceneFigure
from audience.percents import percent_text
from dashboard.charts.theme import LIGHT, Palette
from dashboard.pages.scenes.text import LACKS, figure_name, figure_words, number_of_faces, plus, signed
from dashboard.wording import expression_name

Options = dict[str, Any]
Measure = Literal["share", "change"]

# Light to strong, and for changes below, none, above; text reads on each end of either.
_SHARES = {True: ("#fdf6ea", "#f3c98a", "#dd8f3a"), False: ("#241f2b", "#5a3c20", "#95590f")}
_CHANGES = {True: ("#8fa9d6", "#fbf9f5", "#e0a055"), False: ("#3d5688", "#241f2b", "#8a5312")}
# The ends of a scale, percent: few, so that two pictures are mostly on the same one.
_ENDS = (5, 10, 25, 50, 100)

ROW_PX, _TOP_PX, _LEFT_PX = 30, 62, 210
_PHONE_TOP_PX, _PHONE_LEFT_PX = 88, 112


def heat_map(
    figures: Sequence[SceneFigure], measure: Measure, experimental: frozenset[str], palette: Palette
) -> Options:
    """The heat map as ECharts options.

    Args:
        figures: as `scene_figures` gives them, one at least.
        measure: what the cells show.
        experimental: expressions whose accuracy is not established; their names say so.
        palette: the page's.
    """
    expressions = list(dict.fromkeys(one.expression for one in figures))
    scenes = list(dict.fromkeys(one.scene for one in figures))
    rows = [_row(one, measure, expressions, scenes) for one in figures]
    for place, scene in enumerate(scenes):
        rows += _rests_on([one for one in figures if one.scene == scene], place, len(expressions))
    frame = pd.DataFrame(rows)
    known = frame["value"].abs().max()
    end = next((end for end in _ENDS if not known > end), _ENDS[-1])
    colours = (_SHARES if measure == "share" else _CHANGES)[palette is LIGHT]
    words = {"show": True, "formatter": "{@told}", "fontSize": 12, "color": palette.ink}
    columns = [expression_name(name) + ("*" if name in experimental else "") for name in expressions]
    return {
        "animation": False,
        "textStyle": {"fontFamily": '"Source Sans", sans-serif'},
        "dataset": {"source": frame},
        "grid": {"left": _LEFT_PX, "right": 8, "top": _TOP_PX, "bottom": 8, "outerBoundsMode": "none"},
        "backgroundColor": palette.ground,
        "tooltip": {
            "trigger": "item",
            "confine": True,
            "formatter": "{@said}",
            "backgroundColor": palette.paper,
            "borderColor": palette.rule,
            "textStyle": {"color": palette.ink, "fontSize": 13},
            "extraCssText": "max-width:340px;white-space:normal;",
        },
        "visualMap": {
            "type": "continuous",
            "min": -end if measure == "change" else 0,
            "max": end,
            "seriesIndex": 0,
            "dimension": 2,  # the column of values
            "orient": "horizontal",
            "left": 4,
            "top": 0,
            "itemWidth": 10,
            "itemHeight": 110,
            "text": [f"{end} %", "0 %"] if measure == "share" else [f"+{end} points", signed(f"-{end}")],
            "textStyle": {"color": palette.quiet, "fontSize": 12},
            "inRange": {"color": list(colours)},
            "hoverLink": False,
        },
        "xAxis": {
            "type": "category",
            "data": [*columns, "Faces", "Coverage"],
            "position": "top",
            "axisLabel": {"color": palette.quiet, "interval": 0, "fontSize": 12},
            "axisLine": {"show": False},
            "axisTick": {"show": False},
        },
        "yAxis": {
            "type": "category",
            "data": [scene.name for scene in scenes],
            "inverse": True,
            "axisLabel": {"color": palette.ink, "width": _LEFT_PX - 16, "overflow": "truncate", "interval": 0},
            "axisLine": {"show": False},
            "axisTick": {"show": False},
        },
        "series": [
            {
                "type": "heatmap",
                "encode": {"x": "x", "y": "y", "value": "value"},
                "itemStyle": {"borderColor": palette.paper, "borderWidth": 2},
            },
            # Words of their own, as a cell without a figure has no place in a heat map.
            {
                "type": "scatter",
                "encode": {"x": "x", "y": "y"},
                "symbol": "rect",
                "symbolSize": ROW_PX - 4,
                "itemStyle": {"color": "transparent"},
                "label": words,
                "emphasis": {"disabled": True},
            },
        ],
        "media": [
            {
                "query": {"maxWidth": 560},
                "option": {
                    "grid": {"left": _PHONE_LEFT_PX, "right": 2, "top": _PHONE_TOP_PX},
                    "yAxis": {"axisLabel": {"width": _PHONE_LEFT_PX - 8, "fontSize": 11}},
                    "xAxis": {"axisLabel": {"rotate": 50, "fontSize": 11}},
                    "series": [{}, {"label": {"formatter": "{@brief}", "fontSize": 10}}],
                },
            }
        ],
    }


def height_of(figures: Sequence[SceneFigure]) -> int:
    """Pixels a heat map needs."""
    return _TOP_PX + 8 + ROW_PX * len({one.scene for one in figures})


def _row(figure: SceneFigure, measure: Measure, expressions: list[str], scenes: list[Any]) -> Options:
    value, lack = (figure.share, figure.lack) if measure == "share" else (figure.change, figure.change_lack)
    told = LACKS[lack].brief if lack else percent_text(value) if measure == "share" else plus(value)
    return {
        "x": expressions.index(figure.expression),
        "y": scenes.index(figure.scene),
        "value": round(100 * value, 1),
        "told": told,
        "brief": "\N{EN DASH}" if lack else told.removesuffix(" %"),
        "said": figure_words(figure),
    }


def _rests_on(figures: Sequence[SceneFigure], place: int, column: int) -> list[Options]:
    """The cells beside a row that say what its figures rest on; empty where it has none, but where nobody was."""
    shown = [one for one in figures if one.enough]
    most = max(shown, key=lambda one: one.faces, default=figures[0])
    said = f"{figure_name(most)}: {number_of_faces(most)}" if shown else figure_words(most)
    coverage = "" if most.coverage != most.coverage else percent_text(most.coverage)
    faces = f"{most.faces:.0f}" if shown or most.lack == "nobody in view" else ""
    nothing = {"y": place, "value": float("nan"), "said": said}
    return [
        {"x": column, "told": faces, "brief": faces, **nothing},
        {"x": column + 1, "told": coverage, "brief": coverage.removesuffix(" %"), **nothing},
    ]
