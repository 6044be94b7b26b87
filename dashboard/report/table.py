"""The segments of a report as a table's words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audience.disclosure import interval_text, share_text
from audience.language import gettext, ngettext, whole
from audience.percents import percent, percent_text
from audience.reaction.segments import SegmentRow
from audience.time import clock_text
from dashboard.charts.theme import LIGHT
from dashboard.pages.session.segments.packing import NOT_ENOUGH, no_change_text, points_text
from dashboard.report.contents import Report
from dashboard.wording import compared_with, showing

SPARK_PX = (96.0, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A segment in words.

    Attributes:
        title, when: which segment, with its number in the chart.
        cells: one a heading of `headings`.
        sparkline: its shares; empty where there is not enough data.
    """

    title: str
    when: str
    cells: tuple[str, ...]
    sparkline: tuple[float, ...]


def headings(report: Report) -> tuple[str, ...]:
    """What the cells of a row are."""
    faces = gettext("Faces seen (of all)")
    return (faces,) if report.expression is None else (gettext("Share"), compared_with(report.against), faces)


def rows(report: Report) -> list[TableRow]:
    """The report's segments."""
    return [
        TableRow(
            title=f"{row.index + 1} {row.title}",
            when=gettext(
                "{from_time} to {until_time}", from_time=clock_text(row.start_s), until_time=clock_text(row.end_s)
            ),
            cells=(_faces(row),) if report.expression is None else (_share(row), _change(row), _faces(row)),
            sparkline=row.sparkline,
        )
        for row in report.segments
    ]


def table_says(report: Report) -> Sequence[str]:
    """How to read it."""
    if report.expression is None:
        return (gettext("Mean faces in view, and as a share of those expected."),)
    return (
        gettext(
            "Brackets say how far a figure may lie off: a share with another audience of this size, a change for the "
            "time that was seen (95 % intervals)."
        ),
        gettext("A change whose brackets reach over zero may be chance, or a slow drift."),
    )


def highest_of(report: Report) -> float:
    """The share at the top of all the segments' small lines."""
    return max((share for row in report.segments for share in row.sparkline if not math.isnan(share)), default=0) or 1.0


def spark_lines(shares: Sequence[float], highest: float) -> list[list[tuple[float, float]]]:
    """A segment's shares, 0 to `highest`, as lines from the upper left corner of `SPARK_PX`; NaN parts two lines."""
    width, height = SPARK_PX
    step = (width - 4) / max(1, len(shares) - 1)
    lines: list[list[tuple[float, float]]] = [[]]
    for place, share in enumerate(shares):
        if math.isnan(share):
            lines.append([])
        else:
            lines[-1].append((2 + place * step, 2 + (1 - share / highest) * (height - 4)))
    # A line of one point gets a second one beside it, so that it can be seen.
    return [line if len(line) > 1 else [*line, (line[0][0] + 1, line[0][1])] for line in lines if line]


def spark_svg(lines: Sequence[Sequence[tuple[float, float]]], attributes: str) -> str:
    """Small lines as a picture of `SPARK_PX`, in light colours.

    Args:
        lines: of `spark_lines`.
        attributes: more of its own: what it shows, or what makes it a file.
    """
    drawn = "".join(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in line)}"/>' for line in lines)
    width, height = SPARK_PX
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" fill="none"{attributes}>'
        f'<path d="M0,{height - 1.5}H{width}" stroke="{LIGHT.rule}"/>'
        f'<g stroke="{LIGHT.curve}" stroke-width="1.4" stroke-linejoin="round">{drawn}</g></svg>'
    )


def spark_text(report: Report, row: TableRow) -> str:
    """What a small line shows, for those who cannot see it."""
    assert report.expression is not None
    which = showing(report.expression)
    return gettext("Share of faces {that_show} along {segment}", that_show=which, segment=row.title)


def _share(row: SegmentRow) -> str:
    if not row.enough:
        return gettext(NOT_ENOUGH)
    figures = row.share, row.share_low, row.share_high
    interval = interval_text(*figures, unit=" %")
    return share_text(*figures) + (f" ({interval})" if interval else "")


def _change(row: SegmentRow) -> str:
    if np.isnan(row.change):
        return no_change_text(row)
    points, change = percent(abs(row.change)), points_text(row.change)
    if np.isnan(row.change_low):
        return ngettext(
            "{points} point (too short for a range)", "{points} points (too short for a range)", points, points=change
        )
    return ngettext(
        "{points} point ({low} to {high})",
        "{points} points ({low} to {high})",
        points,
        points=change,
        low=points_text(row.change_low),
        high=points_text(row.change_high),
    )


def _faces(row: SegmentRow) -> str:
    if np.isnan(row.faces):
        return gettext("no camera")
    faces = whole(round(row.faces))
    return faces if np.isnan(row.coverage) else f"{faces} ({percent_text(row.coverage)})"
