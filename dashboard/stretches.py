"""Stretches of a stage's axis: why windows have no figure, when what was shown ran, and runs of equal windows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import SMALL_ROOM
from audience.reaction.curve import StageWindows

SHOWN, NOBODY, NO_PICTURE, FEW, LEFT_OUT = range(5)


def states(windows: StageWindows) -> NDArray[np.int64]:
    """(n,) why a window has no figure; `SHOWN` where it has one."""
    state = np.full(len(windows.start_ms), SHOWN, dtype=np.int64)
    if windows.session.mode != "head count":
        state[windows.withheld] = FEW
    state[windows.faces == 0] = NOBODY
    state[np.isnan(windows.faces)] = NO_PICTURE
    state[windows.excluded] = LEFT_OUT
    return state


def state_names(windows: StageWindows) -> dict[int, str]:
    """What to call the stretches without a figure."""
    return {
        NOBODY: "nobody in view",
        NO_PICTURE: "no picture",
        FEW: _why_few(windows),
        LEFT_OUT: "left out",
    }


def _why_few(windows: StageWindows) -> str:
    withheld = windows.faces[windows.withheld]
    if len(withheld) and (withheld >= windows.min_faces).all():
        return f"not the usual number of faces (a room of at most {SMALL_ROOM} shows a share at that number only)"
    return f"too few faces to show a share ({windows.why_withheld})"


def runs(values: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Stretches of equal values: the value, and the first and last place of each."""
    edges = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [len(values)]]) - 1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield int(values[start]), start, end


def span(windows: StageWindows, first: int, last: int) -> tuple[float, float]:
    """From the start of one window to the end of another, seconds of the session."""
    return float(windows.session_s[first]), float(windows.session_s[last]) + windows.width_ms / 1000


def shown(windows: StageWindows) -> list[tuple[float, float, float]]:
    """Stretches in which the timeline ran: from, until, and how far it is ahead of the session, in seconds each."""
    running = ~np.isnan(windows.timeline_s)
    ahead_ms = np.where(running, np.round(1000 * (windows.timeline_s - windows.session_s)), 0).astype(np.int64)
    # A timeline that begins within a window stands at 0 as that window does: it is as far ahead as in the next.
    beginning = np.flatnonzero((windows.timeline_s == 0)[:-1] & running[1:])
    ahead_ms[beginning] = ahead_ms[beginning + 1]
    pieces = runs(np.where(running, ahead_ms, np.iinfo(np.int64).min))
    return [(*span(windows, first, last), ahead / 1000) for ahead, first, last in pieces if running[first]]


def few_faces_note(windows: StageWindows) -> str:
    """What the curve of a small room does not show; empty for others."""
    scored, spans = windows.table.scored, windows.table.scored_spans
    if windows.min_faces <= 1 or not ((scored > 0) & (scored <= SMALL_ROOM * spans)).any():
        return ""
    return (
        f"Of at most {SMALL_ROOM} faces, a share is drawn between 1 in 5 and 4 in 5: nearer to none or all of them "
        "would say what each did."
    )


def legend(windows: StageWindows) -> str:
    """What the shading of a curve says, for those who cannot read its labels; empty where nothing is shaded."""
    state = states(windows)
    unseen = [name for kind, name in state_names(windows).items() if kind != FEW and (state == kind).any()]
    told = [f"Grey: {' or '.join(unseen)}."] if unseen else []
    if (state == FEW).any():
        told.append(f"Blue-grey: {state_names(windows)[FEW]}.")
    return " ".join(told)
