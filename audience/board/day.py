"""A festival's whole day: the liveliness of every stage all along, and its board at any instant.

Made from windows where there are few enough, so that each figure is as the live board showed it; else from roll-ups of
a minute: a day of 200 stages with 20 cameras each has 170 million windows, and 144,000 roll-ups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from audience.board.board import Board, board, reads_from_ms
from audience.board.liveliness import LIVELY, SHORTEST_MS, UPDATE_MS, Liveliness, StageSums, liveliness
from audience.board.reader import read_sums, spread_sums
from audience.exclusions import excluded_windows
from audience.rollups import TEN_MINUTES_MS
from audience.sessions import HOUR_MS, MINUTE_MS, Session, Stage
from audience.store import Store
from audience.time import to_ms
from audience.window_table import WindowTable

MOST_WINDOWS: Final = 2_000_000
"""The most windows that a day is made from: ten stages with four cameras each, for twelve hours."""

_SILENT_MS: Final = HOUR_MS
"""No more than this before the first window or after the last is figured out: ten stages of a day take 75 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A festival's whole day.

    Attributes:
        session: whose.
        stages: its stages, sorted by id.
        figures: their liveliness all along; every minute where the day was made from roll-ups.
        began_ms: its beginning, or an hour before its first window: one may be set up weeks before.
        until_ms: its end, when it was read, or an hour after its last window: one may be forgotten. At least one update
            after `began_ms`.
        sums: of the stages' windows; empty where the day was made from roll-ups.
        minutes: their roll-ups; empty where it was made from windows.
    """

    session: Session
    stages: Sequence[Stage]
    figures: Liveliness
    began_ms: int
    until_ms: int
    sums: Sequence[StageSums] = ()
    minutes: Sequence[WindowTable] = ()

    def board(self, at_ms: int) -> Board:
        """The board as it was at an instant; from roll-ups, which are spread over their minutes, nearly so."""
        if not self.minutes:
            return board(self.session, self.sums, at_ms)
        from_ms = reads_from_ms(at_ms) - MINUTE_MS
        spread = []
        for stage, minutes in zip(self.stages, self.minutes, strict=True):
            first, last = np.searchsorted(minutes.start_ms, (from_ms, at_ms))
            spread.append(spread_sums(stage, _without_excluded(stage, minutes.rows(np.arange(first, last)))))
        return board(self.session, spread, at_ms)


def read_day(store: Store, session: Session, until_ms: int, *, most_windows: int = MOST_WINDOWS) -> Day:
    """Reads a festival so far.

    Args:
        store: where it is.
        session: the festival.
        until_ms: now, or its end if that is earlier, milliseconds since the epoch.
        most_windows: of more, the day is made from roll-ups.

    Raises:
        InvalidValue: a stage has windows of several widths.
        StoreUnavailable: the store cannot be read.
    """
    session_id = session.session_id
    stages = store.stages(session_id)
    windows = sum(
        int(store.rollups(session_id, stage.stage_id, width_ms=TEN_MINUTES_MS).spans.sum())
        * max(1, len(store.cameras(session_id, stage.stage_id)))
        for stage in stages
    )
    if windows <= most_windows:
        sums = read_sums(store, session_id)
        began_ms, until_ms = _ends(session, until_ms, sums)
        figures = liveliness(sums, began_ms, until_ms)
        return Day(
            session=session,
            stages=[one.stage for one in sums],
            figures=figures,
            began_ms=began_ms,
            until_ms=until_ms,
            sums=sums,
        )
    minutes = [store.rollups(session_id, stage.stage_id, width_ms=MINUTE_MS) for stage in stages]
    sums = [minute_sums(stage, table) for stage, table in zip(stages, minutes, strict=True)]
    began_ms, until_ms = _ends(session, until_ms, sums)
    figures = liveliness(sums, began_ms, until_ms, every_ms=MINUTE_MS)
    return Day(session=session, stages=stages, figures=figures, began_ms=began_ms, until_ms=until_ms, minutes=minutes)


def minute_sums(stage: Stage, minutes: WindowTable) -> StageSums:
    """Roll-ups of a minute as one mean window each, so that faces are counted as in windows.

    Minutes with figures of less than `SHORTEST_MS` have none, nor have those of which somebody left out a part.

    Args:
        stage: the stage.
        minutes: its roll-ups of a minute.
    """
    table = _without_excluded(stage, minutes)
    shape = (len(table), len(LIVELY))
    scored, total, squares = np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape)
    for at, name in enumerate(LIVELY):
        if name not in table.measures:
            continue
        column = table.measures.index(name)
        spans = table.scored_spans[:, column]
        long = spans * table.record_width_ms >= SHORTEST_MS
        scored[:, at] = np.where(long, np.rint(table.scored[:, column] / np.maximum(spans, 1)), 0)
        # What rounding takes from the faces, it takes from their confidences.
        part = scored[:, at] / np.maximum(table.scored[:, column], 1)
        total[:, at], squares[:, at] = (sums[:, column] * part for sums in (table.total, table.squares))
    return StageSums(
        stage=stage,
        width_ms=MINUTE_MS,
        end_ms=table.start_ms + MINUTE_MS,
        faces=np.rint(table.faces / np.maximum(table.spans, 1)).astype(np.int64),
        scored=scored,
        total=total,
        squares=squares,
        scorers=table.scorers,
    )


def _without_excluded(stage: Stage, minutes: WindowTable) -> WindowTable:
    left_out = excluded_windows(minutes.start_ms, MINUTE_MS, stage.exclusions)
    return minutes.without_figures(left_out[:, None])


def _ends(session: Session, until_ms: int, sums: Sequence[StageSums]) -> tuple[int, int]:
    """The beginning and the end of a day, milliseconds since the epoch."""
    began_ms = to_ms(session.started_at)
    if ends := [one.end_ms for one in sums if len(one.end_ms)]:
        began_ms = max(began_ms, min(int(end_ms[0]) for end_ms in ends) - _SILENT_MS)
        until_ms = min(until_ms, max(int(end_ms[-1]) for end_ms in ends) + _SILENT_MS)
    else:
        until_ms = began_ms
    return began_ms, max(until_ms, began_ms + UPDATE_MS)
