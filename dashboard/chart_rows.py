"""The rows behind a session's chart: one a window, with the words its hover shows."""

from __future__ import annotations

from datetime import tzinfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience.curve import ReactionCurve, StageWindows
from audience.instants import clock_text
from dashboard.clock import time_text
from dashboard.thinning import thinned

Floats = NDArray[np.float64]

# Twice the pixels of a wide screen: more could not be told apart.
MOST_ROWS = 4000


def chart_rows(
    windows: StageWindows, curve: ReactionCurve | None, zone: tzinfo, *, most: int = MOST_ROWS
) -> pd.DataFrame:
    """One row for every window that is drawn.

    Args:
        windows: the stage's windows.
        curve: the curve to draw; None where only heads were counted.
        zone: the viewer's.
        most: about how many rows at most; peaks, dips and the edges of gaps stay.

    Returns:
        Columns at_ms (milliseconds since the session began, the middle of the window), share, low, band (percent;
        band is the height from low to the upper bound), lone (share, where no neighbour has one), faces; and in words
        when, said, seen, part. Missing figures are null.
    """
    drawn = thinned(windows.faces if curve is None else curve.share, most)
    if curve is not None and len(drawn) < len(windows.start_ms):
        drawn = np.union1d(drawn, thinned(windows.faces, most // 4))
    share, low, high = _percents(curve, len(windows.start_ms))
    known = ~np.isnan(share)
    beside = np.concatenate([[False], known[:-1]]) | np.concatenate([known[1:], [False]])
    return pd.DataFrame(
        {
            "at_ms": (windows.session_s * 1000 + windows.width_ms / 2)[drawn],
            "share": share[drawn],
            "low": low[drawn],
            "band": (high - low)[drawn],
            "lone": np.where(beside, np.nan, share)[drawn],
            "faces": windows.faces[drawn],
            "when": [_when(windows, place, zone) for place in drawn.tolist()],
            "said": _said(windows, share, low, high, drawn),
            "seen": [_seen(windows, place) for place in drawn.tolist()],
            "part": [windows.segment_title(index) for index in windows.segment[drawn].tolist()],
        }
    )


def _percents(curve: ReactionCurve | None, n: int) -> tuple[Floats, Floats, Floats]:
    if curve is None:
        nothing = np.full(n, np.nan)
        return nothing, nothing, nothing
    return (
        np.round(100 * curve.share, 1),
        np.round(100 * curve.share_low, 1),
        np.round(100 * curve.share_high, 1),
    )


def _when(windows: StageWindows, place: int, zone: tzinfo) -> str:
    clock = time_text(int(windows.start_ms[place]), zone)
    shown = float(windows.timeline_s[place])
    in_session = clock_text(float(windows.session_s[place]))
    if not np.isnan(shown):
        return f"{clock_text(shown)} · {clock}"
    return f"{in_session} of the session · {clock}" if windows.stage.timelines else f"{in_session} · {clock}"


def _said(windows: StageWindows, share: Floats, low: Floats, high: Floats, drawn: NDArray[np.int64]) -> list[str]:
    withheld = windows.withheld
    words = []
    for place in drawn.tolist():
        faces = windows.faces[place]
        if not np.isnan(share[place]):
            words.append(f"{share[place]:.0f} % ({low[place]:.0f} to {high[place]:.0f} %)")
        elif np.isnan(faces):
            words.append("No camera looked")
        elif not faces:
            words.append("Nobody in view")
        elif windows.session.mode == "head count":
            words.append("Faces counted, no expression measured")
        elif withheld[place]:
            words.append(f"Too few faces for a share (fewer than {windows.min_faces})")
        else:
            words.append("No figure")
    return words


def _seen(windows: StageWindows, place: int) -> str:
    faces, coverage = windows.faces[place], windows.coverage[place]
    if np.isnan(faces):
        return ""
    words = f"{faces:.0f} face" if faces == 1 else f"{faces:.0f} faces"
    return words if np.isnan(coverage) else f"{words}, {100 * coverage:.0f} % of those expected"
