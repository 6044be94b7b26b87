"""The board's table for staff: every figure with its interval, its faces and its newest window."""

from __future__ import annotations

from html import escape
from typing import Final

from audience.board.board import Board, BoardRow, State, Trend
from audience.disclosure import SMALL_ROOM
from dashboard.charts.theme import SPARK_CURVE
from dashboard.clock import length_text
from dashboard.markup import sparkline

STATES: Final[dict[State, str]] = {
    "live": "live",
    "stale": "no news",
    "too few": f"too few faces to say ({SMALL_ROOM} or fewer)",
    "silent": "no camera",
    "left out": "left out for now",
    "heads only": "heads only",
}
_ARROWS: Final = {"up": "▲", "down": "▼"}
_HEAD: Final = ("", "Stage", "Liveliness", "Faces", "5 min", "15 min", "Last minute", "Newest window", "What changed")


def staff_table(board: Board) -> str:
    """The table as HTML; its first column is the rank, with = where stages are too close to tell apart."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in _HEAD)
    return (
        '<div class="hl-board" role="region" tabindex="0" aria-label="Stages, the liveliest first"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, board.rows))}</tbody></table></div>"
    )


def _row(row: BoardRow) -> str:
    rank = "" if row.rank is None else f"{row.rank}{'=' if row.tied else ''}"
    playing = f'<span class="hl-facts">{escape(row.playing)}</span>' if row.playing else ""
    shape = [None if value is None else value / 100 for value in row.sparkline]
    cells = (
        _figure(row),
        "" if row.faces is None else str(row.faces),
        _trend(row.over_5_min),
        _trend(row.over_15_min),
        "" if row.figure is None else sparkline(shape, "Liveliness over the last minute", SPARK_CURVE),
        "" if row.age_s is None else f"{length_text(row.age_s)} ago",
        escape(row.why),
    )
    return (
        f'<tr class="{"" if row.state == "live" else "hl-gone"}"><td>{rank}</td>'
        f'<th scope="row"><bdi>{escape(row.title)}</bdi>{playing}</th>'
        f"{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    )


def _figure(row: BoardRow) -> str:
    said = "" if row.state == "live" else f'<span class="hl-facts">{STATES[row.state]}</span>'
    if row.figure is None or row.low is None or row.high is None:
        return said
    return (
        f"<b>{row.figure:.0f}</b> <small>{row.low:.0f} to {row.high:.0f}</small>"
        f'<span class="hl-interval" aria-hidden="true">'
        f'<i style="left:{row.low:.1f}%;width:{max(row.high - row.low, 1):.1f}%"></i></span>{said}'
    )


def _trend(trend: Trend | None) -> str:
    if trend is None:
        return ""
    if trend.direction == "steady":
        return "steady"
    return f"{_ARROWS[trend.direction]} {abs(trend.change):.0f}"
