"""The player on a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import streamlit as st

from audience.reaction.curve import StageWindows
from dashboard.charts.theme import Palette
from dashboard.player.packing import Curves, Marker, packed
from dashboard.video import NoVideo, Video

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

# One module, written in parts: a component's script is one text, and cannot import another.
_SCRIPTS = ("figures.js", "zoom.js", "picture.js", "player.js")


def player(
    windows: StageWindows,
    curves: Curves | None,
    *,
    markers: Sequence[Marker] = (),
    video: Video | NoVideo,
    start_s: float | None = None,
    palette: Palette,
    zone: tzinfo,
    notes: bool = False,
    key: str,
) -> float | None:
    """Shows a recording with its curve under it; nothing but the wish to write a note runs the page anew.

    A click on anything on the page whose `data-seek` names a second of the session leads there too, at once. What a
    list on the page names as its `data-markers` (`packed_markers` as JSON) is pointed at too, before `markers`; the
    list may come later than the player, so that the curve need not wait for what takes long to work out.

    Where it stands, plays and is zoomed to stays as it is while the page runs, whatever it is given then; but a
    `start_s` that differs from the last is gone to.

    Args:
        windows: the stage's windows, one at least.
        curves: what to draw; None where only heads were counted.
        markers: what to point at.
        video: the recording, or why there is none.
        start_s: a second of the session to go to; None leaves it where it is.
        palette: colours of the curve.
        zone: the viewer's.
        notes: whether there is a button to write a note.
        key: the player's own on the page; another session or stage needs another. It must not hold `__`.

    Returns:
        The second of the session that the viewer wants to write a note on; None where the page runs for another reason.
    """
    data = packed(windows, curves, markers=markers, video=video, start_s=start_s, palette=palette, zone=zone)
    noted = _component()(key=key, data={**data, "notes": notes}, on_noted_change=lambda: None).noted
    return None if noted is None else float(noted)


@cache
def _component() -> ComponentRenderer:
    files = resources.files("dashboard.player")
    return st.components.v2.component(
        "houselights.player",
        html=files.joinpath("player.html").read_text(encoding="utf-8"),
        css=files.joinpath("player.css").read_text(encoding="utf-8"),
        js="\n".join(files.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS),
    )
