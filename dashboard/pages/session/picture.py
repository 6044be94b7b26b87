"""The recording and the curve, with its notes; the list of moments says where they stand along it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from audience.comparing.earlier import mean_along
from audience.reaction.baseline import baseline
from audience.reaction.curve import StageWindows, reaction_curve, smoothed_curve
from audience.time import to_ms
from dashboard.access.identity import permit
from dashboard.charts.theme import palette_of
from dashboard.clock import viewer_zone
from dashboard.pages.session.choices import View
from dashboard.player.component import player
from dashboard.player.packing import Curves, Line, Marker
from dashboard.video import NoVideo, Video
from dashboard.wording import AGAINST


def show_picture(
    windows: StageWindows,
    view: View,
    *,
    earlier: Sequence[StageWindows],
    video: Video | NoVideo,
    start_s: float | None,
) -> float | None:
    """The player.

    Args:
        windows: the stage's windows, one at least.
        view: how they are shown.
        earlier: other sessions whose mean is laid beside the curve.
        video: the recording, or why there is none.
        start_s: the second of the session that the address names.

    Returns:
        The second that the viewer wants to write a note on, when they say so.
    """
    session_id, stage_id = windows.session.session_id, windows.stage.stage_id
    return player(
        windows,
        None if view.expression is None else curves_of(windows, view, earlier),
        markers=_notes(windows),
        video=video,
        start_s=start_s,
        palette=palette_of(st.context.theme.type),
        zone=viewer_zone(st.context.timezone),
        notes=permit().is_at_least("analyst"),
        # A key must not hold two underscores in a row, which ids may.
        key=f"player-{session_id}-{stage_id}".replace("_", "~"),
    )


def curves_of(windows: StageWindows, view: View, earlier: Sequence[StageWindows]) -> Curves:
    """The leading curve with the other expressions, the baseline and earlier sessions beside it; each where it is."""
    assert view.expression is not None
    lines = [
        Line(
            name=name,
            kind="expression",
            smooth=smoothed_curve(windows, name, view.smoothing_s).share,
            raw=reaction_curve(windows, name).share,
        )
        for name in view.beside
    ]
    usual = baseline(windows, view.expression, view.against).share
    lines.append(Line(name=AGAINST[view.against], kind="baseline", smooth=usual, raw=usual))
    if earlier:
        smooth = mean_along(windows, earlier, view.expression, view.smoothing_s)
        raw = mean_along(windows, earlier, view.expression, 0)
        name = "Earlier session" if len(earlier) == 1 else f"Mean of {len(earlier)} earlier sessions"
        lines.append(Line(name=name, kind="earlier", smooth=smooth, raw=raw))
    return Curves(
        smooth=smoothed_curve(windows, view.expression, view.smoothing_s),
        raw=reaction_curve(windows, view.expression),
        smoothing_s=view.smoothing_s,
        lines=tuple(line for line in lines if not np.isnan(line.smooth).all()),
    )


def _notes(windows: StageWindows) -> list[Marker]:
    began_ms = to_ms(windows.session.started_at)
    return [
        Marker(at_s=(to_ms(note.at) - began_ms) / 1000, kind="note", title=f"{note.title} ({note.by})")
        for note in windows.stage.annotations
    ]
