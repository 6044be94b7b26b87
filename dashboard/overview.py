"""A session's row in the list: length, faces, and the shape of its reaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audience.disclosure import LEAST_SHARE, SMALL_ROOM
from audience.faces import LEAD_EXPRESSION
from audience.reaction.curve import StageWindows
from audience.sessions import Session

POINTS = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The figures of a session's row in the list.

    Attributes:
        session: the session.
        stages: what its stages are called.
        length_s: how long it was, or has been recorded so far.
        recorded: whether any camera has recorded anything yet.
        faces: the most faces in view at once, all stages together.
        shape: up to `POINTS` values along the session, the highest 1; None where there is no figure. The share of
            smiling faces, or the number of faces where only heads were counted.
    """

    session: Session
    stages: tuple[str, ...]
    length_s: float
    recorded: bool
    faces: int
    shape: tuple[float | None, ...]


def overview_of(session: Session, stages: Sequence[StageWindows]) -> Overview:
    """Sums a session over its stages; every figure is a sum of windows that may be shown."""
    recorded = max((one.length_s for one in stages), default=0.0)
    length_s = recorded if session.ended_at is None else (session.ended_at - session.started_at).total_seconds()
    start_ms = np.concatenate([one.start_ms[one.place] for one in stages]) if stages else np.empty(0, np.int64)
    seen = np.concatenate([one.table.faces / one.table.spans for one in stages]) if stages else np.empty(0)
    instants, instant = np.unique(start_ms, return_inverse=True)
    at_once = np.bincount(instant, weights=seen, minlength=len(instants))
    return Overview(
        session=session,
        stages=tuple(one.stage.name for one in stages),
        length_s=length_s,
        recorded=len(start_ms) > 0,
        faces=round(at_once.max(initial=0)),
        shape=_shape(session, stages, max(recorded, 1.0)),
    )


def _is_small(windows: StageWindows) -> bool:
    """Whether figures rest on few faces, so that none or all of them must not be shown."""
    table = windows.table
    return windows.min_faces > 1 and int(table.scored.sum()) <= SMALL_ROOM * int(table.scored_spans.sum())


def _shape(session: Session, stages: Sequence[StageWindows], length_s: float) -> tuple[float | None, ...]:
    # No more points than windows: a point that no window falls into would look like a gap.
    points = min(POINTS, max((len(one.start_ms) for one in stages), default=0))
    above, below = np.zeros(points), np.zeros(points)
    for one in stages:
        table = one.table
        point = np.clip(one.session_s[one.place] / length_s * points, 0, points - 1).astype(np.int64)
        if session.mode == "head count":
            np.add.at(above, point, table.faces)
            np.add.at(below, point, table.spans)
        elif LEAD_EXPRESSION in table.expressions:
            column = table.expressions.index(LEAD_EXPRESSION)
            np.add.at(above, point, table.over[:, column])
            np.add.at(below, point, table.scored[:, column])
    with np.errstate(invalid="ignore", divide="ignore"):
        values = above / np.where(below > 0, below, np.nan)
    if session.mode != "head count" and all(_is_small(one) for one in stages):
        values = np.clip(values, LEAST_SHARE, 1 - LEAST_SHARE)
    highest = np.nanmax(values) if (below > 0).any() else 0.0
    if not highest:
        return ()
    return tuple(None if np.isnan(value) else round(float(value / highest), 3) for value in values)
