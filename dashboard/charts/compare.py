"""Screenings side by side: all lines on one axis, and the difference of two groups under them.

Both plots are one view, of which each has a part of the height: so they share axis, crosshair and brush, and fit
a phone as they fit a desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.axes import (
    HOVER,
    LEFT_PX,
    RIGHT_PX,
    Ends,
    clock_axis,
    distinct,
    finished,
    hovered,
    left_axis,
    percent_axis,
    seconds,
    share_ticks,
)
from dashboard.charts.theme import MOST_STYLES, SMALL_PX, TEXT_PX, Palette, dash, see_through
from dashboard.charts.thinning import thinned

BRUSH: Final = "brush"
"""The selection that a drag over the chart makes: seconds from and until, of the field `BRUSHED`."""
BRUSHED: Final = "from_s"

MOST_BANDS: Final = 4
"""More bands would hide one another."""

CLUSTER: Final = ("from_s", "until_s", "number", "at_s", "points", "said")
"""The columns of `CompareFigures.clusters`."""

_NAME_PX, _LINES_ALONE_PX, _LINES_PX, _BETWEEN_PX, _DIFFERENCE_PX = 24, 300, 260, 48, 112
# A title is shown whole, or as much of it as this; a letter of it is at most so wide, mostly.
_SHORTEST_TITLE_PX, _LETTER_PX = 90, 6
# Of bands, whose own colours are too pale to be seen by everybody.
_EDGE_PX: Final = 0.75
# Of lines that are drawn quietly, all together, and of one.
_MOST_QUIET_POINTS, _LEAST_QUIET_POINTS = 7_200, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareFigures:
    """What a comparison draws.

    Attributes:
        cells: one row a cell of the axis: `at_s`; `line_0` and so on, percent, with `low_0` and
            `high_0` of lines that have a band;
            `difference`, `difference_low`, `difference_high`, points; `said`, which a pointer over it reads, empty
            where the cell is too narrow to be pointed at. NaN where there is no figure.
        names: of the lines.
        marked: names of lines that stand out among many.
        name: what the lines show.
        ends_s: from when to when is shown.
        highest: the highest value of all lines on the whole axis, percent.
        segments: what was shown: `from_s`, `until_s`, `title`, `number`.
        difference: what the lower plot shows; empty where there is none.
        widest: the difference farthest from 0 on the whole axis, points.
        clusters: where groups differ by more than chance: `from_s`, `until_s`, `number`; `at_s`, their middle, and
            `points`, the mean difference there, with `said`, the same in words.
    """

    cells: pd.DataFrame
    names: Sequence[str]
    marked: Sequence[str] = ()
    name: str
    ends_s: Ends
    highest: float
    segments: pd.DataFrame
    difference: str = ""
    widest: float = 0.0
    clusters: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CLUSTER)))


def compare_chart(figures: CompareFigures, palette: Palette) -> alt.LayerChart:
    """The chart. Lines that are too many to distinguish are drawn alike and quietly, but those that are marked."""
    lines_px = _NAME_PX + (_LINES_PX if figures.difference else _LINES_ALONE_PX)
    height = lines_px + (_BETWEEN_PX + _DIFFERENCE_PX if figures.difference else 0)
    x = seconds("at_s", figures.ends_s, clock_axis(figures.ends_s))
    # Cells too narrow to be pointed at have no words.
    pointed_at = figures.cells.loc[figures.cells["said"] != "", ["at_s", "said"]]
    drag = alt.selection_interval(
        name=BRUSH,
        encodings=["x"],
        zoom=False,
        translate=False,
        mark=alt.BrushConfig(fill=palette.quiet, fillOpacity=0.15, stroke=palette.quiet),
    )
    layers = [
        _name(figures.name, 0, palette),
        *_segments(figures, lines_px, palette),
        *_lines(figures, x, lines_px, palette),
        *(_difference(figures, x, height, palette) if figures.difference else []),
        *hovered(pointed_at, x, palette, drag),
    ]
    return finished(layers, palette, height=height, own_y=True)


def _name(name: str, y: float, palette: Palette) -> alt.Chart:
    """What a plot shows, above it: as data, since a page draws a chart whose figures alone are new in half the time."""
    at: dict[str, Any] = {"x": 0, "y": y, "align": "left", "baseline": "top", "limit": alt.expr("width")}
    text = alt.Chart(pd.DataFrame({"name": [name]})).encode(text=alt.Text("name:N"))
    named: alt.Chart = text.mark_text(color=palette.quiet, fontSize=TEXT_PX + 1, **at)
    return named


def _segments(figures: CompareFigures, lines_px: int, palette: Palette) -> list[alt.Chart]:
    """What was shown, behind the lines: every other part shaded, and each with as much of its title as fits.

    One without room for a title has its number, on pages alone: a file has no list of the names beside it.
    """
    begins = seconds(BRUSHED, figures.ends_s)
    shaded = alt.Chart(figures.segments.iloc[::2]).mark_rect(color=palette.segment, y=_NAME_PX, y2=lines_px)
    whole = f"(width - {LEFT_PX + RIGHT_PX})"
    room = f"({whole} * (datum.until_s - datum.from_s) / {figures.ends_s[1] - figures.ends_s[0]} - 6)"
    needed = f"min({_SHORTEST_TITLE_PX}, {_LETTER_PX} * length(datum.title))"
    titles = alt.Chart(figures.segments).mark_text(
        align="left",
        dx=4,
        y=_NAME_PX + SMALL_PX,
        fontSize=SMALL_PX,
        color=palette.quiet,
        limit=alt.expr(f"max(1, {room})"),
        opacity=alt.expr(f"{room} < {needed} ? 0 : 1"),
    )
    numbers = alt.Chart(figures.segments, name=f"{HOVER}_numbers").mark_text(
        dx=alt.expr(f"({room} + 6) / 2"),
        y=_NAME_PX + SMALL_PX,
        fontSize=SMALL_PX,
        color=palette.quiet,
        opacity=alt.expr(f"{room} >= {needed} || {room} < 7 * length(toString(datum.number)) - 6 ? 0 : 1"),
    )
    return [
        shaded.encode(x=begins, x2=alt.X2("until_s:Q")),
        titles.encode(x=begins, text=alt.Text("title:N")),
        numbers.encode(x=begins, text=alt.Text("number:N")),
    ]


def titled_from_px(title: str, length_s: float, ends_s: Ends) -> float:
    """How wide a chart has to be for a segment of a length to have its title rather than its number."""
    needed = min(_SHORTEST_TITLE_PX, _LETTER_PX * len(title)) + 6
    return LEFT_PX + RIGHT_PX + needed * (ends_s[1] - ends_s[0]) / length_s


def _lines(figures: CompareFigures, x: alt.X, lines_px: int, palette: Palette) -> list[alt.Chart]:
    """The lines, each with its band where so few have one that they can be distinguished."""
    ticks = share_ticks(figures.highest)
    top = ticks[-1]

    def share(name: str, axis: alt.Axis | None = None) -> alt.Y:
        return alt.Y(f"{name}:Q", scale=alt.Scale(domain=[0, top], range=[lines_px, _NAME_PX]), axis=axis)

    fields = {f"line_{number}": name for number, name in enumerate(figures.names)}
    told_apart = (
        fields if len(fields) <= MOST_STYLES else {one: name for one, name in fields.items() if name in figures.marked}
    )
    loud = dict(list(told_apart.items())[:MOST_STYLES])
    quiet: list[Any] = [one for one in fields if one not in loud]
    cells = alt.Chart(figures.cells.drop(columns="said"))
    layers = []
    for colour, one in zip(palette.lines, loud, strict=False):
        low, high = one.replace("line", "low"), one.replace("line", "high")
        if low in figures.cells:
            band = cells.mark_area(fill=see_through(colour), stroke=colour, strokeWidth=_EDGE_PX)
            layers.append(band.encode(x=x, y=share(low), y2=alt.Y2(f"{high}:Q")))
    foot = alt.Chart(pd.DataFrame({"at_s": [figures.ends_s[0]], "share": [0]})).mark_point(opacity=0)
    layers.append(foot.encode(x=x, y=share("share", percent_axis(ticks))))
    if quiet:
        pieces = _pieces(figures.cells, quiet)
        pieces["y"] = lines_px - (lines_px - _NAME_PX) / top * pieces.pop("share")
        # Of a point on scales of a chart Vega asks, in the browser, whether it has a figure. These all have.
        thin = alt.Chart(pieces).mark_line(
            x=alt.expr("scale('x', datum.at_s)"), color=palette.quiet, strokeWidth=0.8, strokeOpacity=0.55
        )
        layers.append(thin.encode(y=alt.Y("y:Q", scale=None), detail=alt.Detail("piece:N"), order=alt.OrderValue(0)))
    if loud:
        strong = cells.transform_fold(list(loud), as_=["line", "share"]).mark_line(strokeWidth=2)
        styles = distinct("line:N", loud, palette.lines[: len(loud)], [dash(place) for place in range(len(loud))])
        layers.append(strong.encode(x=x, y=share("share"), **styles))
    return layers


def _pieces(cells: pd.DataFrame, lines: Sequence[str]) -> pd.DataFrame:
    """The pieces of many lines between their gaps, one under another, each line thinned by itself.

    Folded by the browser they would take it seconds, and so would asking for every point whether it is in a gap.
    """
    most = max(_LEAST_QUIET_POINTS, _MOST_QUIET_POINTS // len(lines))
    at_s, found, pieces = cells["at_s"].to_numpy(), [], 0
    for line in lines:
        share = cells[line].to_numpy()
        drawn = thinned(share, most)
        gap = np.isnan(share[drawn])
        piece = pieces + np.cumsum(gap)
        found.append(np.array([at_s[drawn], share[drawn], piece])[:, ~gap])
        pieces = int(piece[-1]) + 1
    at_s, share, piece = np.concatenate(found, axis=1)
    return pd.DataFrame({"at_s": at_s, "share": share, "piece": piece})


def _difference(figures: CompareFigures, x: alt.X, height: int, palette: Palette) -> list[alt.Chart]:
    """The difference with its band in the lower plot, 0 in its middle, so that who is higher is seen at once."""
    # A band of few units can be as wide as can be; the difference must be seen beside it all the same.
    reach = float(min(10 * np.ceil(max(figures.widest, 1) / 10), 100))
    top = height - _DIFFERENCE_PX
    scale = alt.Scale(domain=[-reach, reach], range=[height, top])
    cells = alt.Chart(figures.cells.drop(columns="said"))
    signed = "(datum.value > 0 ? '+' : '') + datum.label"
    axis = left_axis(grid=True, values=[-reach, 0, reach], labelExpr=signed)
    clusters, begins = alt.Chart(figures.clusters), seconds(BRUSHED, figures.ends_s)
    stretch = clusters.mark_rect(color=palette.band, y=top, y2=height)
    numbers = clusters.mark_text(y=top - 8, align="left", dx=4, fontSize=SMALL_PX)
    # At the difference, on the other side of 0, where the line is not.
    sizes = clusters.mark_text(
        y=(top + height) / 2,
        dy=alt.expr("datum.points < 0 ? -12 : 14"),
        fontSize=TEXT_PX + 1,
        fontWeight=600,
        color=palette.ink,
    )
    return [
        _name(figures.difference, top - 32, palette),
        stretch.encode(x=begins, x2=alt.X2("until_s:Q")),
        numbers.encode(x=begins, text=alt.Text("number:N")),
        cells.mark_area(fill=palette.unseen, stroke=palette.quiet, strokeWidth=_EDGE_PX).encode(
            x=x, y=alt.Y("difference_low:Q", scale=scale, axis=None), y2=alt.Y2("difference_high:Q")
        ),
        cells.mark_line(color=palette.ink, strokeWidth=1.6).encode(
            x=x, y=alt.Y("difference:Q", scale=scale, axis=axis)
        ),
        sizes.encode(x=x, text=alt.Text("said:N")),
    ]
