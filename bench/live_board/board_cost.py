"""What an update of a board of 40 stages costs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from audience.board.board import board
from audience.board.liveliness import UPDATE_MS
from audience.board.reader import BoardReader, read_sums
from audience.board.snapshot import board_snapshot
from audience.stores import open_store
from audience.time import to_ms
from bench.figures import Figure
from bench.live_board.watched_day import BEGINS_AT
from dashboard.pages.board.data import REFRESH_MS
from houselights.simulating import set_up, write_at_once
from sample_data.festival_day.plan import plan_day

STAGES: Final = 40
HOURS: Final = 0.75
UPDATES: Final = 40


def cost_figures() -> list[Figure]:
    """Time of this process, so that what else the machine does is not counted."""
    day = plan_day(begins_at=BEGINS_AT, stages=STAGES, cameras=3, hours=HOURS, seed=1)
    at_ms = [to_ms(BEGINS_AT) + 2_520_000 + UPDATE_MS * update for update in range(UPDATES)]
    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{Path(folder) / 'festival.db'}") as store:
        set_up(store, day, running=True)
        write_at_once(store, day)
        sums = read_sums(store, day.session.session_id)
        made = [_took(partial(board, day.session, sums, at)) for at in at_ms]
        reader = BoardReader(day.session.session_id, refresh_ms=REFRESH_MS)

        def update(at: int) -> bytes:
            return board_snapshot(reader.board(store, at))

        read = [_took(partial(update, at)) for at in at_ms]
    return [
        Figure(
            name="a board of 40 stages out of sums in memory, median", value=1000 * float(np.median(made)), unit="ms"
        ),
        Figure(
            name="an update of 40 stages: windows read from SQLite, board, snapshot; median",
            value=1000 * float(np.median(read)),
            unit="ms",
        ),
        Figure(name="the same, all in all, of one core at an update every 2 s", value=sum(read) / (2 * UPDATES)),
    ]


def _took(work: Callable[[], object]) -> float:
    """Seconds of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began
