"""The rows behind a session's chart: one a window, with the words its hover shows."""

from __future__ import annotations

from datetime import tzinfo
from math import isnan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience.curve import ReactionCurve, StageWindows
from audience.instants import clock_text
from dashboard.clock import time_text
from dashboard.thinning import thinned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Twice the pixels of the widest plot: more could not be told apart.
MOST_ROWS = 2400


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
            "when": _when(windows, drawn, zone),
            "said": _said(windows, drawn, share, low, high),
            "seen": _seen(windows, drawn),
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


def _when(windows: StageWindows, drawn: Ints, zone: tzinfo) -> list[str]:
    # Where something was shown at other times, a bare time would be taken for a place in that.
    of_session = " of the session" if windows.stage.timelines else ""
    words = []
    columns = (windows.start_ms, windows.session_s, windows.timeline_s)
    for start_ms, session_s, shown_s in zip(*(column[drawn].tolist() for column in columns), strict=True):
        place = f"{clock_text(session_s)}{of_session}" if isnan(shown_s) else clock_text(shown_s)
        words.append(f"{place} · {time_text(start_ms, zone)}")
    return words


def _said(windows: StageWindows, drawn: Ints, share: Floats, low: Floats, high: Floats) -> list[str]:
    columns = (share, low, high, windows.faces, windows.withheld)
    heads = windows.session.mode == "head count"
    words = []
    for value, lowest, highest, faces, withheld in zip(*(column[drawn].tolist() for column in columns), strict=True):
        if not isnan(value):
            words.append(f"{value:.0f} % ({lowest:.0f} to {highest:.0f} %)")
        elif isnan(faces):
            words.append("No camera looked")
        elif not faces:
            words.append("Nobody in view")
        elif heads:
            words.append("Faces counted, no expression measured")
        elif withheld:
            words.append(f"Too few faces for a share (fewer than {windows.min_faces})")
        else:
            words.append("No figure")
    return words


def _seen(windows: StageWindows, drawn: Ints) -> list[str]:
    words = []
    for faces, coverage in zip(windows.faces[drawn].tolist(), windows.coverage[drawn].tolist(), strict=True):
        counted = "" if isnan(faces) else f"{faces:.0f} face" if faces == 1 else f"{faces:.0f} faces"
        words.append(counted if isnan(coverage) else f"{counted}, {100 * coverage:.0f} % of those expected")
    return words
