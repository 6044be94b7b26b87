"""A household before its set, minute by minute; and the part of a panel that watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Final

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience.identity.households import MINUTE_MS
from audience.identity.presence import HouseholdPresence, Source
from audience.language import N_, gettext
from audience.time import from_ms
from dashboard.charts.axes import (
    RIGHT_PX,
    Ends,
    clock_labels,
    distinct,
    finished,
    hovered,
    labelled_axis,
    legend,
    percent_axis,
    seconds,
    share_ticks,
)
from dashboard.charts.theme import PHONE_PX, Palette, drawable

Floats = NDArray[np.float64]
Span = tuple[str, float, float]
"""A programme: its title, and from when to when it ran, seconds from the first minute."""

TV: Final = "TV"
SHOWN: Final = "Programme"
"""The rows above those of the members; what they are called is `gettext` of it."""

_LANES: Final = ("button", "camera")
_KINDS: Final = {
    "logged in": N_("Logged in"),
    "in the room": N_("In the room, by camera"),
    "unsure": N_("One of those alike, or unsure"),
    "nobody": N_("Set on, nobody logged in"),
    "private": N_("Privacy"),
}
_ROW_PX: Final = 40
_PANEL_PX: Final = 260
# Room for the names of rows, on a phone and elsewhere.
_LEFT: Final = f"(width < {PHONE_PX} ? 104 : 150)"


def household_chart(
    presence: HouseholdPresence, names: Sequence[str], programmes: Sequence[Span], palette: Palette, zone: tzinfo
) -> alt.LayerChart:
    """Rows for what was shown, for the set, and for each member: above logged in, below seen in the room.

    Args:
        presence: of the household.
        names: of its members, as the page calls them, each once.
        programmes: what was shown.
        palette: its colours.
        zone: the viewer's.
    """
    rows = [SHOWN, TV, *names]
    frame = pd.DataFrame(_bars(presence, rows, zone), columns=["row", "lane", "kind", "from_s", "until_s", "said"])
    ends = (0.0, 60.0 * len(presence.start_ms))
    scale = alt.Scale(
        domain=list(ends), nice=False, zero=False, range=[alt.expr(_LEFT), alt.expr(f"width - {RIGHT_PX}")]
    )
    axis = labelled_axis(clock_labels(from_ms(int(presence.start_ms[0])).astimezone(zone), ends[1]))
    x = alt.X("from_s:Q", scale=scale, axis=axis)
    y = alt.Y("row:N", scale=alt.Scale(domain=rows, paddingInner=0.22), axis=None)
    colours = [palette.curve, palette.faces, palette.withheld, palette.beside[1], palette.unseen]
    squares = legend({kind: gettext(name) for kind, name in _KINDS.items()})
    squares.symbolType, squares.symbolSize, squares.symbolStrokeWidth = "square", 130, 0
    # What is unsure is an outline, so that it is told from all else without its colour.
    outlines = [palette.faces if kind == "unsure" else palette.paper for kind in _KINDS]
    bars = alt.Chart(frame).mark_rect(strokeWidth=1)
    drawn = bars.encode(
        x=x,
        x2="until_s:Q",
        y=y,
        yOffset=alt.YOffset("lane:N", scale=alt.Scale(domain=list(_LANES))),
        color=alt.Color("kind:N", scale=alt.Scale(domain=list(_KINDS), range=colours), legend=squares),
        stroke=alt.Stroke("kind:N", scale=alt.Scale(domain=list(_KINDS), range=outlines), legend=None),
        tooltip=alt.Tooltip("said:N"),
    )
    words = alt.Chart(pd.DataFrame({"row": rows, "name": [_row_name(row) for row in rows]}))
    names_of_rows = words.mark_text(align="left", x=0, limit=alt.expr(f"{_LEFT} - 8"), color=palette.quiet)
    titles = alt.Chart(_spans(programmes)).mark_text(align="left", dx=4, color=palette.ink, limit=140)
    layers = [
        _ground(programmes, alt.X("from_s:Q", scale=scale, axis=axis), palette),
        drawn.properties(name="hover_cells"),
        names_of_rows.encode(y=y, text="name:N"),
        titles.encode(x=x, y=y, text="title:N"),
    ]
    return finished(layers, palette, height=_ROW_PX * len(rows))


def panel_chart(
    start_ms: NDArray[np.int64],
    watching: Mapping[Source, Floats],
    programmes: Sequence[Span],
    palette: Palette,
    zone: tzinfo,
) -> alt.LayerChart:
    """The part of a panel's members who watched, minute by minute.

    Args:
        start_ms: (n,) starts of the minutes.
        watching: by source, (n,) part of the members who are known, 0..1; NaN where nobody is.
        programmes: what was shown.
        palette: its colours.
        zone: the viewer's.
    """
    names = {"button": gettext("Logged in"), "camera": gettext("In the room, by camera")}
    at_s = (start_ms - start_ms[0]) / 1000 + 30
    shares = {source: np.round(100 * share, 1) for source, share in watching.items()}
    said = []
    for place, at in enumerate(start_ms.tolist()):
        known = [f"{names[one]}: {share[place]:.0f} %" for one, share in shares.items() if not np.isnan(share[place])]
        said.append("\n".join([f"{from_ms(at).astimezone(zone):%H:%M}", *known]))
    frame = pd.DataFrame({"at_s": at_s, "said": said})
    for source, share in shares.items():
        frame[source] = share
    ends: Ends = (0.0, 60.0 * len(start_ms))
    axis = labelled_axis(clock_labels(from_ms(int(start_ms[0])).astimezone(zone), ends[1]))
    x = seconds("at_s", ends, axis)
    known_shares = [float(np.nanmax(share)) for share in shares.values() if not np.isnan(share).all()]
    ticks = share_ticks(max(known_shares, default=0.0))
    lines = alt.Chart(frame.drop(columns="said")).transform_fold(list(shares), as_=["source", "share"])
    line = lines.mark_line(strokeWidth=2, interpolate="step").encode(
        x=x,
        y=alt.Y("share:Q", scale=alt.Scale(domain=[0, ticks[-1]]), axis=percent_axis(ticks)),
        **distinct("source:N", names, [palette.curve, palette.faces], [[1, 0], [6, 4]]),
    )
    titles = alt.Chart(_spans(programmes)).mark_text(
        align="left", baseline="top", dx=4, y=4, color=palette.quiet, limit=140
    )
    layers = [
        _ground(programmes, seconds("from_s", ends), palette),
        line,
        titles.encode(x=seconds("from_s", ends), text="title:N"),
        *hovered(frame[["at_s", "said"]], x, palette),
    ]
    return finished(layers, palette, height=_PANEL_PX)


def _spans(programmes: Sequence[Span]) -> pd.DataFrame:
    rows = [(SHOWN, drawable(title), begin, end) for title, begin, end in programmes]
    return pd.DataFrame(rows, columns=["row", "title", "from_s", "until_s"])


def _ground(programmes: Sequence[Span], x: alt.X, palette: Palette) -> alt.Chart:
    """A tinted ground behind every other programme."""
    rects: alt.Chart = alt.Chart(_spans(programmes[::2])).mark_rect(color=palette.segment)
    ground: alt.Chart = rects.encode(x=x, x2="until_s:Q")
    return ground


def _bars(
    presence: HouseholdPresence, rows: Sequence[str], zone: tzinfo
) -> list[tuple[str, str, str, float, float, str]]:
    """Each stretch of minutes in which something was so: row, lane, kind, begin and end, and words for a pointer."""
    found = []

    def add(row: str, lane: str, kind: str, holds: NDArray[np.bool_], said: str) -> None:
        for begin, end in runs(holds):
            first, last = (from_ms(int(presence.start_ms[0]) + at * MINUTE_MS).astimezone(zone) for at in (begin, end))
            values = {"row": _row_name(row), "what": said, "begin": f"{first:%H:%M}", "end": f"{last:%H:%M}"}
            line = gettext("{row}: {what}, {begin} to {end}", **values)
            found.append((row, lane, kind, 60.0 * begin, 60.0 * end, line))

    add(TV, "button", "logged in", presence.set_on == 1, gettext("the set was on"))
    add(TV, "camera", "nobody", presence.uncovered == 1, gettext("on, and nobody logged in"))
    for row in rows[1:]:
        for lane in _LANES:
            add(row, lane, "private", presence.private, gettext("privacy"))
    for place, name in enumerate(rows[2:]):
        add(name, "button", "logged in", presence.by_button[:, place] == 1, gettext("logged in"))
        add(name, "camera", "in the room", presence.in_room[:, place] == 1, gettext("in the room"))
        add(
            name,
            "camera",
            "unsure",
            presence.unsure[:, place] & ~presence.private,
            gettext("in the room or not: unsure"),
        )
    return found


def _row_name(row: str) -> str:
    return gettext("TV") if row == TV else gettext("Programme") if row == SHOWN else drawable(row)


def runs(holds: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches [begin, end) of places at which something holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
