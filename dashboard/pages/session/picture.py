"""The recording and the curve, with its notes; the list of moments says where they stand along it."""

from __future__ import annotations

from datetime import tzinfo

import numpy as np

from audience.exclusions import Annotation
from audience.language import N_, gettext
from audience.reaction.baseline import BaselineChoice
from audience.reaction.review import Review
from dashboard.charts.theme import Palette
from dashboard.pages.session.choices import View
from dashboard.player.player import Curves, Line, Marker, Range, player
from dashboard.video import NoVideo, Video
from dashboard.wording import expression_name

_BASELINES: dict[BaselineChoice, str] = {
    "whole talk": N_("Baseline: the whole session"),
    "moving median": N_("Baseline: the minutes around"),
    "pre-roll": N_("Baseline: before the start"),
}


def show_picture(
    review: Review,
    view: View,
    *,
    earlier: Line | None,
    usual: Range | None,
    video: Video | NoVideo,
    start_s: float | None,
    palette: Palette,
    zone: tzinfo,
    notes: bool,
) -> float | None:
    """The player.

    Args:
        review: of the stage, which has one window at least.
        view: how it is shown.
        earlier: the mean of other sessions, to be laid beside the curve.
        usual: their range, to be laid behind it.
        video: the recording, or why there is none.
        start_s: the second of the session that the address names.
        palette: colours of the curve.
        zone: the viewer's.
        notes: whether there is a button to write a note.

    Returns:
        The second that the viewer wants to write a note on, when they say so.
    """
    windows = review.windows
    session_id, stage_id = windows.session.session_id, windows.stage.stage_id
    return player(
        windows,
        None if review.expression is None else curves_of(review, view, earlier, usual),
        markers=_notes(review),
        video=video,
        start_s=start_s,
        from_s=lead_in_s(review) if review.live else None,
        live=review.live,
        palette=palette,
        zone=zone,
        notes=notes,
        # A key must not hold two underscores in a row, which ids may.
        key=f"player-{session_id}-{stage_id}".replace("_", "~"),
    )


def curves_of(review: Review, view: View, earlier: Line | None, usual: Range | None) -> Curves:
    """The leading curve with the other measures, the baseline and earlier sessions beside it; each where it is."""
    assert review.expression is not None
    lines = [
        Line(
            name=expression_name(name),
            kind="expression",
            smooth=review.curve(view.smoothing_s, name).share,
            raw=review.curve(0, name).share,
        )
        for name in view.beside
    ]
    base = review.baseline(view.against).share
    lines.append(Line(name=gettext(_BASELINES[view.against]), kind="baseline", smooth=base, raw=base))
    if earlier is not None:
        lines.append(earlier)
    return Curves(
        smooth=review.curve(view.smoothing_s),
        raw=review.curve(0),
        smoothing_s=view.smoothing_s,
        lines=tuple(line for line in lines if not np.isnan(line.smooth).all()),
        usual=None if usual is None or np.isnan(usual.low).all() else usual,
    )


def lead_in_s(review: Review) -> float | None:
    """Where a session that goes on is shown from: where figures begin to last. None shows all of it.

    Before that people come in, one by one, and there is a figure only now and then.
    """
    if review.expression is None:
        return None
    windows = review.windows
    known = ~np.isnan(review.curve(0).share)
    minute = max(1, 60_000 // windows.width_ms)
    total = np.concatenate([[0], np.cumsum(known)])
    ends = np.minimum(np.arange(len(known)) + minute, len(known))
    lasting = np.flatnonzero(known & (2 * (total[ends] - total[:-1]) >= ends - np.arange(len(known))))
    return float(windows.session_s[lasting[0]]) if len(lasting) else None


def _notes(review: Review) -> list[Marker]:
    return [
        Marker(at_s=review.second_of(note.at), kind="note", title=f"{note.title} ({note.by})")
        for note in review.notes
        if isinstance(note, Annotation)
    ]
