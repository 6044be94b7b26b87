"""The two components that set times of slides by hand, and what they are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audience.timelines import Timeline
from dashboard.charts.theme import Palette
from dashboard.components import component

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_MOST_POINTS = 600
_POINT_S = 2.0  # a window is 1 s wide, and may begin anywhere in a second of what was shown


def drag_starts(
    timeline: Timeline,
    timeline_s: NDArray[np.float64],
    share: NDArray[np.float64],
    *,
    length_s: float,
    palette: Palette,
    key: str,
) -> tuple[int, float] | None:
    """Shows the beginnings of segments along the curve, to be dragged or moved by keys.

    Args:
        timeline: the segments.
        timeline_s: (n,) seconds of what was shown, NaN where nothing was.
        share: (n,) the curve at those, NaN where there is none.
        length_s: the right end of the axis, seconds.
        palette: its colours.
        key: its own on the page.

    Returns:
        The index of the segment that was moved and the second at which it begins; None where none was.
    """
    segments = [
        {"title": one.title, "start_s": one.start_s, "end_s": one.end_s, "guessed": one.guessed}
        for one in timeline.segments
    ]
    data = {
        "segments": segments,
        "curve": curve_points(timeline_s, share, length_s),
        "length_s": length_s,
        "colour": palette.curve,
    }
    moved = _component("drag")(key=key, data=data, on_moved_change=lambda: None).moved
    return None if moved is None else (int(moved["index"]), float(moved["start_s"]))


def tap_along(titles: Sequence[str], *, url: str | None, key: str) -> list[float] | None:
    """Shows a recording or a clock, and a button for the next slide.

    Args:
        titles: of the slides, in order.
        url: the address of a recording; None for a clock that begins with the first slide.
        key: its own on the page.

    Returns:
        The seconds of the recording or clock at which the first slides came up, rising; None where they were not sent.
    """
    data = {"titles": [*titles], "url": url}
    tapped = _component("tap")(key=key, data=data, on_tapped_change=lambda: None).tapped
    return None if tapped is None else [float(at_s) for at_s in tapped]


def curve_points(
    timeline_s: NDArray[np.float64], share: NDArray[np.float64], length_s: float
) -> list[list[float | None]]:
    """The curve as at most `_MOST_POINTS` means over equal stretches; None where there is no figure."""
    inside = (timeline_s >= 0) & (timeline_s <= length_s)
    count = int(min(_MOST_POINTS, max(1, np.ceil(length_s / _POINT_S))))
    place = np.minimum((timeline_s[inside] / length_s * count).astype(int), count - 1)
    known = ~np.isnan(share[inside])
    total = np.bincount(place[known], weights=share[inside][known], minlength=count)
    number = np.bincount(place[known], minlength=count)
    return [
        [round((index + 0.5) * length_s / count, 1), round(total[index] / number[index], 4) if number[index] else None]
        for index in range(count)
    ]


def _component(name: str) -> ComponentRenderer:
    package = "dashboard.pages.timeline.slide_times"
    return component(f"{name}_slide_times", package, f"{name}.html", f"{name}.css", [f"{name}.js"])
