"""The segment table on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import streamlit as st

from audience.reaction.curve import StageWindows
from audience.reaction.segments import SegmentRow
from dashboard.charts.theme import Palette
from dashboard.pages.session.segments.packing import packed

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


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
    _component()(key=key, data={**data, "caption": caption, "colour": palette.curve})


@cache
def _component() -> ComponentRenderer:
    files = resources.files("dashboard.pages.session.segments")
    html, css, script = (files.joinpath(f"table.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return st.components.v2.component("houselights.segments", html=html, css=css, js=script)
