"""The series of a comparison's chart: lines and the difference with their bands, and what is marked behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.charts.theme import Palette
from dashboard.lab.line_styles import LineStyle
from dashboard.pages.compare.film_axis import FilmAxis
from dashboard.pages.compare.rows import Difference, Line

Options = dict[str, Any]

# More bands than this would hide one another.
MOST_BANDS = 4

_PLOT_PX = 1100  # a guess, as the width is known only in the browser: names of segments are cut to their bands by it
_SHORTEST_LABEL_PX = 40


def line_series(
    axis: FilmAxis,
    lines: Sequence[Line],
    styles: Sequence[LineStyle | None],
    span_ms: tuple[float, float],
    palette: Palette,
) -> list[Options]:
    """The lines, each with its band where so few have one that they can be told apart.

    Args:
        axis: of the lines.
        lines: what to draw.
        styles: the style of each; None where it is one of too many, and quiet.
        span_ms: from when to when is shown.
        palette: the chart's colours.
    """
    plain = {"type": "line", "showSymbol": False, "connectNulls": False, "symbol": "circle", "symbolSize": 4}
    banded = sum(not np.isnan(line.low).all() for line in lines) <= MOST_BANDS
    series: list[Options] = []
    for number, (line, style) in enumerate(zip(lines, styles, strict=True)):
        colour = palette.quiet if style is None else style.colour
        series.append(
            {
                **plain,
                "id": f"line_{number}",
                "name": line.name,
                "encode": {"x": "at_ms", "y": f"line_{number}"},
                "lineStyle": {
                    "color": colour,
                    "width": 0.8 if style is None else 2,
                    "type": "solid" if style is None else style.dash,
                    "opacity": 0.55 if style is None else 1,
                },
                "itemStyle": {"color": colour},
                "emphasis": {"disabled": True},
                "z": 3 if style is None else 4,
                # The hover reads the first series, which carries the segments too.
                **({"markArea": _segments(axis, span_ms, palette)} if number == 0 else {}),
            }
        )
        if banded and style is not None:
            # Two areas on top of each other: the lower one cannot be seen, the upper one is the interval.
            hidden = {"lineStyle": {"opacity": 0}, "itemStyle": {"opacity": 0}, "stack": f"band_{number}"}
            low = {"id": f"low_{number}", "encode": {"x": "at_ms", "y": f"low_{number}"}}
            band = {"id": f"band_{number}", "encode": {"x": "at_ms", "y": f"band_{number}"}}
            series.append({**plain, **hidden, **low, "name": line.name, "silent": True})
            area = {"areaStyle": {"color": style.band}}
            series.append({**plain, **hidden, **band, **area, "name": line.name, "silent": True})
    return series


def difference_series(axis: FilmAxis, difference: Difference, palette: Palette) -> list[Options]:
    """The difference with its band, in the second plot."""
    plain = {
        "type": "line",
        "xAxisIndex": 1,
        "yAxisIndex": 1,
        "showSymbol": False,
        "connectNulls": False,
        "silent": True,
        "emphasis": {"disabled": True},
    }
    # Bounds of either sign are summed as they are.
    hidden = {"lineStyle": {"opacity": 0}, "itemStyle": {"opacity": 0}, "stack": "difference", "stackStrategy": "all"}
    return [
        {
            **plain,
            "id": "difference",
            "encode": {"x": "at_ms", "y": "d_value"},
            "lineStyle": {"color": palette.ink, "width": 1.6},
            "itemStyle": {"color": palette.ink},
            "z": 4,
            "markArea": _clusters(axis, difference, palette),
        },
        {**plain, **hidden, "id": "d_low", "encode": {"x": "at_ms", "y": "d_low"}},
        {
            **plain,
            **hidden,
            "id": "d_band",
            "encode": {"x": "at_ms", "y": "d_band"},
            "areaStyle": {"color": palette.unseen},
        },
    ]


def _segments(axis: FilmAxis, span_ms: tuple[float, float], palette: Palette) -> Options:
    data = []
    for number, segment in enumerate(axis.timeline.segments if axis.timeline else ()):
        begin, end = max(1000 * segment.start_s, span_ms[0]), min(1000 * segment.end_s, span_ms[1])
        if begin >= end:
            continue
        width_px = (end - begin) / (span_ms[1] - span_ms[0]) * _PLOT_PX
        data.append(
            [
                {
                    "name": segment.title if width_px >= _SHORTEST_LABEL_PX else "",
                    "xAxis": begin,
                    "itemStyle": {"color": palette.segment if number % 2 == 0 else "transparent"},
                    "label": {
                        "position": "insideTop",
                        "width": round(width_px) - 6,
                        "overflow": "truncate",
                        "ellipsis": "…",
                    },
                },
                {"xAxis": end},
            ]
        )
    return {
        "silent": True,
        "label": {"show": True, "color": palette.quiet, "fontSize": 11},
        "emphasis": {"disabled": True},
        "data": data,
    }


def _clusters(axis: FilmAxis, difference: Difference, palette: Palette) -> Options:
    """Where the groups differ by more than chance, numbered as in the list beside the chart."""
    starts, lengths = axis.own.start_a_s, axis.own.length_s
    return {
        "silent": True,
        "label": {"show": True, "color": palette.ink, "fontSize": 11, "position": "insideBottom"},
        "emphasis": {"disabled": True},
        "data": [
            [
                {
                    "name": f"{number}",
                    "xAxis": 1000 * float(starts[first]),
                    "itemStyle": {"color": palette.band},
                    "label": {"position": "insideBottom"},
                },
                {"xAxis": 1000 * float(starts[last] + lengths[last])},
            ]
            for number, (first, last) in enumerate(difference.clusters, start=1)
        ],
    }
