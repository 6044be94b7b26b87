"""The recording and the curve, with its notes; the list of moments says where they stand along it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from audience.comparing.earlier import mean_along
from audience.exclusions import Annotation
from audience.reaction.curve import StageWindows
from audience.reaction.review import Review
from dashboard.access.identity import permit
from dashboard.charts.theme import palette_of
from dashboard.clock import viewer_zone
from dashboard.pages.session.choices import View
from dashboard.player.component import player
from dashboard.player.packing import Curves, Line, Marker
from dashboard.video import NoVideo, Video
from dashboard.wording import AGAINST


def show_picture(
    review: Review,
    view: View,
    *,
    earlier: Sequence[StageWindows],
    video: Video | NoVideo,
    start_s: float | None,
) -> float | None:
    """The player.

    Args:
        review: of the stage, which has one window at least.
        view: how it is shown.
        earlier: other sessions whose mean is laid beside the curve.
        video: the recording, or why there is none.
        start_s: the second of the session that the address names.

    Returns:
        The second that the viewer wants to write a note on, when they say so.
    """
    windows = review.windows
    session_id, stage_id = windows.session.session_id, windows.stage.stage_id
    return player(
        windows,
        None if review.expression is None else curves_of(review, view, earlier),
        markers=_notes(review),
        video=video,
        start_s=start_s,
        palette=palette_of(st.context.theme.type),
        zone=viewer_zone(st.context.timezone),
        notes=permit().is_at_least("analyst"),
        # A key must not hold two underscores in a row, which ids may.
        key=f"player-{session_id}-{stage_id}".replace("_", "~"),
    )


def curves_of(review: Review, view: View, earlier: Sequence[StageWindows]) -> Curves:
    """The leading curve with the other expressions, the baseline and earlier sessions beside it; each where it is."""
    assert review.expression is not None
    lines = [
        Line(
            name=name,
            kind="expression",
            smooth=review.curve(view.smoothing_s, name).share,
            raw=review.curve(0, name).share,
        )
        for name in view.beside
    ]
    usual = review.baseline(view.against).share
    lines.append(Line(name=AGAINST[view.against], kind="baseline", smooth=usual, raw=usual))
    if earlier:
        smooth = mean_along(review.windows, earlier, review.expression, view.smoothing_s)
        raw = mean_along(review.windows, earlier, review.expression, 0)
        name = "Earlier session" if len(earlier) == 1 else f"Mean of {len(earlier)} earlier sessions"
        lines.append(Line(name=name, kind="earlier", smooth=smooth, raw=raw))
    return Curves(
        smooth=review.curve(view.smoothing_s),
        raw=review.curve(0),
        smoothing_s=view.smoothing_s,
        lines=tuple(line for line in lines if not np.isnan(line.smooth).all()),
    )


def _notes(review: Review) -> list[Marker]:
    return [
        Marker(at_s=review.second_of(note.at), kind="note", title=f"{note.title} ({note.by})")
        for note in review.notes
        if isinstance(note, Annotation)
    ]
