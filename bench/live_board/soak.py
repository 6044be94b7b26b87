"""A festival day of eight hours in a few minutes: cameras die, are cut off and deliver later, and the board goes on.

What arrives is put into a store and the board is made anew every two seconds of the day, by one process, as fast as it
can. Beside it, whenever something came late, the board is told from all records anew.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from audience.board.board import Board, board, reads_from_ms
from audience.board.liveliness import UPDATE_MS
from audience.board.reader import BoardReader, read_sums
from audience.store import Store
from audience.stores import open_store
from audience.time import to_ms
from audience.windows import WindowRecord
from bench.figures import Figure
from bench.live_board.watched_day import BEGINS_AT
from dashboard.pages.board.data import REFRESH_MS
from houselights.simulating import set_up
from sample_data.festival_day.deliveries import arrivals
from sample_data.festival_day.plan import plan_day

HOURS: Final = 8.0
LATE_MS: Final = 15_000
"""A window that arrives so long after its end was held up: its camera was cut off or lags."""

SAME_POINTS: Final = 1.0
"""Two figures of a stage that differ by less are the same, points of 0..100."""

CHECKED_FOR_MS: Final = 30_000
CHECKED_EVERY_MS: Final = 4_000
_WARM_MS: Final = 3_600_000


@dataclass(slots=True)
class Soak:
    """What happened."""

    late: int = 0
    updates: int = 0
    wrong_since_ms: int | None = None
    longest_wrong_ms: int = 0
    megabytes: list[float] = field(default_factory=list)
    seconds: float = 0.0  # without the checks


def soak(hours: float = HOURS) -> tuple[Soak, float]:
    """Plays the day; returns what happened and what part of the windows sent the store holds at the end."""
    day = plan_day(begins_at=BEGINS_AT, stages=10, cameras=3, hours=hours, seed=7)
    session_id = day.session.session_id
    told, process, began = Soak(), psutil.Process(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{Path(folder) / 'soak.db'}") as store:
        set_up(store, day, running=True)
        reader = BoardReader(session_id, refresh_ms=REFRESH_MS)
        begins_ms = to_ms(day.session.started_at)
        ends_ms = begins_ms + day.length_s * 1000
        arriving = arrivals(day)
        waiting = next(arriving, None)
        late_at_ms = begins_ms - CHECKED_FOR_MS
        for at_ms in range(begins_ms + UPDATE_MS, ends_ms + 1, UPDATE_MS):
            due: list[WindowRecord] = []
            while waiting is not None and waiting.at_ms <= at_ms:
                if waiting.window is not None:
                    due.append(waiting.window)
                waiting = next(arriving, None)
            store.put_windows(due)
            held_up = sum(at_ms - one.start_ms - one.width_ms > LATE_MS for one in due)
            told.late += held_up
            late_at_ms = at_ms if held_up else late_at_ms
            live = reader.board(store, at_ms)
            told.updates += 1
            if at_ms - late_at_ms <= CHECKED_FOR_MS and at_ms % CHECKED_EVERY_MS == 0:
                checked = time.monotonic()
                _hold(told, live, _anew(store, live, at_ms), at_ms)
                began += time.monotonic() - checked
            if (at_ms - begins_ms) % _WARM_MS == 0:
                told.megabytes.append(process.memory_full_info().uss / 1e6)
        kept = sum(len(store.windows(session_id, one.stage.stage_id).start_ms) for one in day.stages)
    told.seconds = time.monotonic() - began
    # Told at the end: remembered along the way they would take more memory than the boards.
    sent = {
        (one.stage_id, one.camera_id, one.start_ms, one.part)
        for arrival in arrivals(day)
        if (one := arrival.window) and arrival.at_ms <= ends_ms
    }
    return told, kept / len(sent)


def _anew(store: Store, live: Board, at_ms: int) -> Board:
    sums = read_sums(store, live.session.session_id, from_ms=reads_from_ms(at_ms), until_ms=at_ms)
    return board(live.session, sums, at_ms)


def _hold(told: Soak, live: Board, anew: Board, at_ms: int) -> None:
    """Notes for how long the live board has differed from the one told anew."""
    figures = {row.stage_id: row.figure for row in anew.rows}
    same = all(
        (row.figure is None) == (figures[row.stage_id] is None)
        and abs((row.figure or 0) - (figures[row.stage_id] or 0)) < SAME_POINTS
        for row in live.rows
    )
    if same:
        told.wrong_since_ms = None
        return
    if told.wrong_since_ms is None:
        told.wrong_since_ms = at_ms
    told.longest_wrong_ms = max(told.longest_wrong_ms, at_ms - told.wrong_since_ms + CHECKED_EVERY_MS)


def soak_figures() -> list[Figure]:
    """The day's figures."""
    told, kept = soak()
    return [
        Figure(
            name=f"soak of {HOURS:g} hours: windows in the store of those sent",
            value=kept,
            reach=1,
            direction="exactly",
        ),
        Figure(name="soak: windows that arrived over 15 s late", value=told.late),
        Figure(
            name="soak: longest the board differed from one told anew",
            value=told.longest_wrong_ms / 1000,
            unit="s",
            reach=10,
            direction="at most",
        ),
        Figure(
            name="soak: memory at the end against that after an hour",
            value=told.megabytes[-1] / told.megabytes[0],
            reach=1.1,
            direction="at most",
        ),
        Figure(
            name="soak: times as fast as the day, without the checks",
            value=HOURS * 3600 / told.seconds,
            unit="x",
            reach=60,
            direction="at least",
        ),
    ]
