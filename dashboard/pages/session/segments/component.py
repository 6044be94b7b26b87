"""The segment table on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audience.reaction.curve import StageWindows
from audience.reaction.segments import SegmentRow
from dashboard.charts.theme import Palette
from dashboard.components import component
from dashboard.pages.session.segments.packing import packed


def segment_table(
    windows: StageWindows,
    rows: Sequence[SegmentRow],
    *,
    caption: str,
    against: str,
    earlier: Mapping[str, tuple[float, int]],
    hrefs: Mapping[int, str],
    palette: Palette,
    key: str,
) -> None:
    """Shows the segments; a click on one leads the player on the page to its beginning, without the page running anew.

    Args:
        windows: the stage's windows.
        rows: its segments.
        caption: what the table is, for those who hear it.
        against: the heading of the changes.
        earlier: by title, the mean share of the segment in other sessions, and in how many; empty for no such column.
        hrefs: by index of the segment, a link to its beginning; none for one that was never shown.
        palette: its colours.
        key: the table's own on the page. It must not hold `__`.
    """
    data = packed(windows, rows, against=against, earlier=earlier, hrefs=hrefs)
    show = component("segments", "dashboard.pages.session.segments", "table.html", "table.css", ["table.js"])
    show(key=key, data={**data, "caption": caption, "colour": palette.curve})
