"""The player on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

import streamlit as st

from audience.curve import StageWindows
from dashboard.palette import Palette
from dashboard.player.packing import Curves, Marker, packed
from dashboard.recordings import NoVideo, Video

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

# One module, written in parts: a component's script is one text, and cannot import another.
_SCRIPTS = ("figures.js", "zoom.js", "picture.js", "player.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerEvent:
    """What a viewer chose in the player; playing and seeking are none.

    Attributes:
        kind: "link" where a link to a second was copied, else what was chosen.
        at_s: at what second of the session.
        index: of the segment on the axis or of the marker that was given; -1 for a link.
    """

    kind: Literal["link", "segment", "marker"]
    at_s: float
    index: int


def player(
    windows: StageWindows,
    curves: Curves | None,
    *,
    markers: Sequence[Marker] = (),
    video: Video | NoVideo,
    start_s: float | None = None,
    palette: Palette,
    zone: tzinfo,
    key: str,
) -> PlayerEvent | None:
    """Shows a recording with its curve under it; what the viewer does there runs the page anew only where it says so.

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
        key: the player's own on the page; another session or stage needs another.

    Returns:
        What the viewer just chose; None where the page runs for another reason.
    """
    data = packed(windows, curves, markers=markers, video=video, start_s=start_s, palette=palette, zone=zone)
    chosen = _component()(key=key, data=data, on_chosen_change=lambda: None).chosen
    if not chosen:
        return None
    return PlayerEvent(kind=chosen["kind"], at_s=float(chosen["at_s"]), index=int(chosen["index"]))


@cache
def _component() -> ComponentRenderer:
    files = resources.files("dashboard.player")
    return st.components.v2.component(
        "houselights.player",
        html=files.joinpath("player.html").read_text(encoding="utf-8"),
        css=files.joinpath("player.css").read_text(encoding="utf-8"),
        js="\n".join(files.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS),
    )
