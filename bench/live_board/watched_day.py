"""A simulated festival day as its records tell it: all of them, or those that had arrived by an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.board.board import Board, board, reads_from_ms
from audience.board.liveliness import StageSums, stage_sums
from audience.time import to_ms
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from sample_data.festival_day.deliveries import arrivals
from sample_data.festival_day.plan import DayPlan, StagePlan, plan_day

Ints = NDArray[np.int64]

BEGINS_AT: Final = datetime(2026, 7, 11, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedStage:
    """One stage's records.

    Attributes:
        planned: the stage and its truth.
        table: its windows.
        arrived_ms: when each row of the table first arrived.
    """

    planned: StagePlan
    table: WindowTable
    arrived_ms: Ints

    def sums(self, rows: NDArray[np.bool_] | None = None) -> StageSums:
        """What a board needs of it, or of some rows of it."""
        table = self.table if rows is None else self.table.rows(rows)
        return stage_sums(self.planned.stage, [one.camera for one in self.planned.cameras], table)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedDay:
    """A day and all that arrived of it.

    Attributes:
        plan: the day and its truth.
        stages: in the order of their ids.
    """

    plan: DayPlan
    stages: tuple[WatchedStage, ...]

    @property
    def begins_ms(self) -> int:
        """Its first instant, milliseconds since the epoch."""
        return to_ms(self.plan.session.started_at)

    def live_board(self, as_of_ms: int) -> Board:
        """The board as a page had it then, made of what had arrived."""
        sums = []
        for stage in self.stages:
            since = stage.table.start_ms >= reads_from_ms(as_of_ms)
            sums.append(stage.sums(since & (stage.arrived_ms <= as_of_ms)))
        return board(self.plan.session, sums, as_of_ms)


def watch_day(*, stages: int, cameras: int, hours: float, seed: int) -> WatchedDay:
    """Simulates a day and gathers what arrives, as a store would keep it."""
    plan = plan_day(begins_at=BEGINS_AT, stages=stages, cameras=cameras, hours=hours, seed=seed)
    kept: dict[str, dict[tuple[int, str], tuple[WindowRecord, int]]] = {
        planned.stage.stage_id: {} for planned in plan.stages
    }
    for arrival in arrivals(plan):
        if arrival.window is not None:
            window = arrival.window
            kept[window.stage_id].setdefault((window.start_ms, window.camera_id), (window, arrival.at_ms))
    return WatchedDay(
        plan=plan,
        stages=tuple(
            # A table's rows are in the order of their starts and cameras, which is that of the keys.
            WatchedStage(
                planned=planned,
                table=WindowTable.of([window for window, _ in kept[planned.stage.stage_id].values()]),
                arrived_ms=np.array([at_ms for _, (_, at_ms) in sorted(kept[planned.stage.stage_id].items())]),
            )
            for planned in plan.stages
        ),
    )
