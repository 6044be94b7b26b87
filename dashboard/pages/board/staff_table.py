"""The board's table for staff: every figure with its interval, its faces and its newest window, in groups."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import Final

from audience.board.board import Board, BoardRow, State, Trend
from audience.board.changes import notes_text
from audience.disclosure import SMALL_ROOM
from audience.language import N_, gettext, whole
from dashboard.charts.theme import SPARK_CURVE
from dashboard.clock import length_text
from dashboard.markup import sparkline

STATES: Final[dict[State, str]] = {
    "live": N_("live"),
    "stale": N_("no news"),
    "new": N_("just started"),
    "too few": N_("too few faces to say ({most} or fewer)"),
    "silent": N_("no camera"),
    "left out": N_("left out for now"),
    "heads only": N_("heads only"),
}
_ARROWS: Final = {"up": "▲", "down": "▼"}
_HEAD: Final = (
    "",
    N_("Stage"),
    N_("Liveliness"),
    N_("Faces"),
    N_("5 min"),
    N_("15 min"),
    N_("Last minute"),
    N_("Newest window"),
    N_("What changed"),
)


def staff_table(board: Board) -> str:
    """The table as HTML: a body for each group that is too close to call. A narrow page shows each row as a card."""
    head = "".join(f'<th scope="col">{escape(gettext(name))}</th>' if name else "<td></td>" for name in _HEAD)
    caption = escape(gettext("Stages, the liveliest first"))
    bodies = "".join(_group(list(rows)) for _, rows in groupby(board.rows, key=lambda row: row.rank))
    return (
        f'<div class="hl-board" role="region" tabindex="0" aria-label="{caption}"><table>'
        f"<thead><tr>{head}</tr></thead>{bodies}</table></div>"
    )


def _group(rows: list[BoardRow]) -> str:
    body = "".join(map(_row, rows))
    if not rows[0].tied:
        return f"<tbody>{body}</tbody>"
    text = escape(gettext("Too close to call"))
    heading = f'<tr class="hl-group"><th scope="rowgroup" colspan="{len(_HEAD)}">{text}</th></tr>'
    return f'<tbody class="hl-tied">{heading}{body}</tbody>'


def _row(row: BoardRow) -> str:
    rank = "" if row.rank is None or row.tied else str(row.rank)
    playing = f'<span class="hl-facts">{escape(row.playing)}</span>' if row.playing else ""
    shape = [None if value is None else value / 100 for value in row.sparkline]
    cells = (
        _figure(row),
        "" if row.faces is None else whole(row.faces),
        _trend(row.over_5_min),
        _trend(row.over_15_min),
        "" if row.figure is None else sparkline(shape, gettext("Liveliness over the last minute"), SPARK_CURVE),
        "" if row.age_s is None else gettext("{length} ago", length=length_text(row.age_s)),
        escape(notes_text(row.notes)),
    )
    named = "".join(
        f'<td data-name="{escape(gettext(name))}">{cell}</td>' for name, cell in zip(_HEAD[2:], cells, strict=True)
    )
    return (
        f'<tr class="{"" if row.state == "live" else "hl-gone"}"><td>{rank}</td>'
        f'<th scope="row"><bdi>{escape(row.title)}</bdi>{playing}</th>'
        f"{named}</tr>"
    )


def _figure(row: BoardRow) -> str:
    said = ""
    if row.state != "live":
        said = f'<span class="hl-facts">{escape(gettext(STATES[row.state], most=SMALL_ROOM))}</span>'
    if row.figure is None or row.low is None or row.high is None:
        return said
    interval = gettext("{low} to {high}", low=round(row.low), high=round(row.high))
    return (
        f"<b>{row.figure:.0f}</b> <small>{escape(interval)}</small>"
        f'<span class="hl-interval" aria-hidden="true">'
        f'<i style="inset-inline-start:{row.low:.1f}%;width:{max(row.high - row.low, 1):.1f}%"></i></span>{said}'
    )


def _trend(trend: Trend | None) -> str:
    if trend is None:
        return ""
    if trend.direction == "steady":
        return gettext("steady")
    return f"{_ARROWS[trend.direction]} {abs(trend.change):.0f}"
