"""Scenes against expressions in colours, with what each row rests on beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import pandas as pd

from audience.language import ngettext
from dashboard.charts.axes import finished, written
from dashboard.charts.theme import PHONE_PX, Palette

# The ends of a scale, percent: few, so that two charts are mostly on the same one.
_ENDS: Final = (5, 10, 25, 50, 100)

_ROW_PX: Final = 30
_TOP_PX: Final = 30
# Room for names, on a phone and elsewhere: expressions, as a page may be turned.
_LEFT: Final = f"(width < {PHONE_PX} ? 112 : 210)"
_TOP: Final = f"(width < {PHONE_PX} ? 76 : {_TOP_PX})"
_FONT_PX: Final = f"(width < {PHONE_PX} ? 11 : 12)"


def heat_map(
    cells: pd.DataFrame, rows: Sequence[str], columns: Sequence[str], palette: Palette, *, changes: bool
) -> alt.LayerChart:
    """The heat map.

    Args:
        cells: one row a cell: `row` and `column`, counted from 0; `value` in percent or points, NaN where it has no
            colour; `text` and, for phones, `brief` written on it; `said`, which a pointer over it reads.
        rows: names of the rows, from the top; one at least.
        columns: names of the columns.
        palette: its colours.
        changes: whether values are changes in points, of either sign; else shares in percent.
    """
    widest = cells["value"].abs().max()
    end = next((end for end in _ENDS if not widest > end), _ENDS[-1])
    ends = {0: "0 %", end: f"{end} %"}
    if changes:
        signed = {-end: f"\N{MINUS SIGN}{end}", end: f"+{end}"}
        ends = {at: ngettext("{points} point", "{points} points", end, points=text) for at, text in signed.items()}
    x = alt.X(
        "column:O",
        axis=None,
        scale=alt.Scale(domain=list(range(len(columns))), range=[alt.expr(_LEFT), alt.expr("width")]),
    )
    y = alt.Y(
        "row:O", axis=None, scale=alt.Scale(domain=list(range(len(rows))), range=[alt.expr(_TOP), alt.expr("height")])
    )
    # A scale of its own from end to end, so that a colour means the same in every chart with these ends.
    colour = alt.Color(
        "value:Q",
        scale=alt.Scale(
            domain=[-end, 0, end] if changes else [0, end / 2, end],
            range=list(palette.changes if changes else palette.shares),
            interpolate="rgb",
        ),
        legend=alt.Legend(
            title=None,
            orient="top",
            values=list(ends),
            labelExpr=written({str(at): text for at, text in ends.items()}).replace("datum.value", "'' + datum.value"),
            gradientLength=180,
            gradientThickness=10,
        ),
    )
    figures = alt.Chart(cells)
    coloured = figures.transform_filter("isValid(datum.value)").mark_rect(stroke=palette.paper, strokeWidth=2)
    text: dict[str, Any] = {"baseline": "middle", "fontSize": alt.expr(_FONT_PX)}
    words = figures.mark_text(text=alt.expr(f"width < {PHONE_PX} ? datum.brief : datum.text"), **text)
    beside = alt.Chart(pd.DataFrame({"row": range(len(rows)), "name": list(rows)}))
    names = beside.mark_text(align="left", x=0, limit=alt.expr(f"{_LEFT} - 8"), **text)
    above = alt.Chart(pd.DataFrame({"column": range(len(columns)), "name": list(columns)}))
    heads = above.mark_text(
        y=alt.expr(f"{_TOP} - 8"),
        angle=alt.expr(f"width < {PHONE_PX} ? 310 : 0"),
        align=alt.expr(f"width < {PHONE_PX} ? 'left' : 'center'"),
        color=palette.quiet,
        fontSize=alt.expr(_FONT_PX),
    )
    under = figures.mark_rect(opacity=0).encode(x=x, y=y, tooltip=alt.Tooltip("said:N"))
    layers = [
        coloured.encode(x=x, y=y, color=colour),
        words.encode(x=x, y=y),
        names.encode(y=y, text=alt.Text("name:N")),
        heads.encode(x=x, text=alt.Text("name:N")),
        under.properties(name="hover_cells"),
    ]
    return finished(layers, palette, height=_TOP_PX + _ROW_PX * len(rows))
