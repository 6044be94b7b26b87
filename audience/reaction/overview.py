"""What a list shows of a session: its length, faces, and the shape of its reaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import LEAST_SHARE, SMALL_ROOM
from audience.exclusions import excluded_windows
from audience.faces import LEAD_EXPRESSION
from audience.reaction.curve import StageWindows
from audience.sessions import Session, Stage, shown_span_ms
from audience.store import Overview
from audience.time import to_ms
from audience.window_table import WindowTable

POINTS: Final = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class _StageSums:
    """A stage's sums over its cameras that may be shown, and whether they rest on few faces."""

    table: WindowTable
    small: bool


def overview_of(session: Session, stages: Sequence[StageWindows]) -> Overview:
    """Sums a session over its stages; every figure is a sum of windows that may be shown."""
    sums = [_StageSums(table=one.table, small=_is_small(one)) for one in stages]
    return _overview(session, [one.stage for one in stages], sums)


def overview_of_rollups(session: Session, stages: Sequence[tuple[Stage, WindowTable]]) -> Overview:
    """Sums a session over the roll-ups of its stages, all of one width.

    Args:
        session: the session.
        stages: its stages with their roll-ups (`audience.rollups`), whose figures may all be shown.
    """
    from_ms, until_ms = shown_span_ms(session)
    sums = []
    for stage, table in stages:
        inside = (table.start_ms + table.width_ms > from_ms) & (table.start_ms < until_ms)
        kept = table.rows(inside)
        left_out = excluded_windows(kept.start_ms, kept.width_ms, stage.exclusions)
        sums.append(_StageSums(table=kept.without_figures(left_out[:, None]), small=False))
    return _overview(session, [stage for stage, _ in stages], sums)


def _overview(session: Session, stages: Sequence[Stage], sums: Sequence[_StageSums]) -> Overview:
    tables = [one.table for one in sums if len(one.table)]
    began_ms = to_ms(session.started_at)
    recorded_s = max((_length_s(table, began_ms) for table in tables), default=0.0)
    start_ms = np.concatenate([table.start_ms for table in tables]) if tables else np.empty(0, np.int64)
    seen = np.concatenate([table.faces / table.spans for table in tables]) if tables else np.empty(0)
    instants, instant = np.unique(start_ms, return_inverse=True)
    at_once = np.bincount(instant, weights=seen, minlength=len(instants))
    ended = session.ended_at
    return Overview(
        stages=len(stages),
        stage=stages[0].name if len(stages) == 1 else "",
        length_s=recorded_s if ended is None else (ended - session.started_at).total_seconds(),
        recorded=bool(tables),
        faces=round(at_once.max(initial=0)),
        shape=_shape(session, [one for one in sums if len(one.table)], max(recorded_s, 1.0)),
    )


def _length_s(table: WindowTable, began_ms: int) -> float:
    """From the session's start, or the first window if earlier, to the end of the last."""
    width_ms = table.width_ms
    first_ms = min(began_ms - began_ms % width_ms, int(table.start_ms.min()))
    return float(int(table.start_ms.max()) + width_ms - first_ms) / 1000


def _is_small(windows: StageWindows) -> bool:
    """Whether figures rest on few faces, so that none or all of them must not be shown."""
    table = windows.table
    return windows.min_faces > 1 and int(table.scored.sum()) <= SMALL_ROOM * int(table.scored_spans.sum())


def _shape(session: Session, stages: Sequence[_StageSums], length_s: float) -> tuple[float | None, ...]:
    began_ms = to_ms(session.started_at)
    # No more points than windows: a point that no window falls into would look like a gap.
    windows = max((round(1000 * _length_s(one.table, began_ms) / one.table.width_ms) for one in stages), default=0)
    points = min(POINTS, windows)
    above, below = np.zeros(points), np.zeros(points)
    for one in stages:
        table = one.table
        at_s = (table.start_ms - began_ms) / 1000
        point: NDArray[np.int64] = np.clip(at_s / length_s * points, 0, points - 1).astype(np.int64)
        if session.mode == "head count":
            np.add.at(above, point, table.faces)
            np.add.at(below, point, table.spans)
        elif LEAD_EXPRESSION in table.expressions:
            column = table.expressions.index(LEAD_EXPRESSION)
            np.add.at(above, point, table.over[:, column])
            np.add.at(below, point, table.scored[:, column])
    with np.errstate(invalid="ignore", divide="ignore"):
        values = above / np.where(below > 0, below, np.nan)
    if session.mode != "head count" and all(one.small for one in stages):
        values = np.clip(values, LEAST_SHARE, 1 - LEAST_SHARE)
    highest = np.nanmax(values) if (below > 0).any() else 0.0
    if not highest:
        return ()
    return tuple(None if np.isnan(value) else round(float(value / highest), 3) for value in values)
