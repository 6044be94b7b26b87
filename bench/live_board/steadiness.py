"""How steady and how right the board is over whole simulated days."""

from __future__ import annotations

from typing import Final

import numpy as np

from audience.board.board import board
from audience.board.liveliness import without_small_rooms
from bench.figures import Figure
from bench.live_board.leading import Leading, board_and_raw
from bench.live_board.watched_day import WatchedDay, watch_day

SEEDS: Final = (1, 2, 3)
"""Of days that nothing was tuned on; the constants of `audience.board.liveliness` were chosen on days 101 to 104."""

LOOKED_AT: Final = 150


def steadiness_figures() -> list[Figure]:
    """Three days of eight hours with ten stages; takes about three minutes."""
    held, raw, again, differ = [], [], [], []
    for seed in SEEDS:
        day = watch_day(stages=10, cameras=3, hours=8, seed=seed)
        told, by_board, by_level = board_and_raw(day)
        held.append(by_board)
        raw.append(by_level)
        same, other = _told_again(day, told.tolist())
        again.append(same)
        differ.append(other)
    return [
        Figure(
            name="10 stages, 8 h: leader changes against true ones",
            value=_ratio(held),
            reach=1.5,
            direction="at most",
        ),
        Figure(name="10 stages, 8 h: leader changes against true ones, raw order", value=_ratio(raw)),
        Figure(
            name="10 stages, 8 h: liveliness lost against always knowing the truth (0..1)",
            value=_mean(held, "lost"),
            reach=0.01,
            direction="at most",
        ),
        Figure(name="10 stages, 8 h: liveliness lost, worst of the days", value=max(one.lost for one in held)),
        Figure(name="10 stages, 8 h: liveliness lost, raw order", value=_mean(raw, "lost")),
        Figure(
            name="10 stages, 8 h: the same as a share of people who smile or look surprised",
            value=_mean(held, "share_lost"),
        ),
        Figure(
            name="10 stages, 8 h: updates with under 10 faces wrongly on top",
            value=_mean(held, "few_wrongly"),
            reach=0.03,
            direction="at most",
        ),
        Figure(name="10 stages, 8 h: the same, raw order", value=_mean(raw, "few_wrongly")),
        Figure(
            name="boards of past instants that are those of the day's run",
            value=float(np.mean(again)),
            reach=1,
            direction="exactly",
        ),
        Figure(
            name="boards whose top was another one than in the replay, because windows were late",
            value=float(np.mean(differ)),
        ),
    ]


def _told_again(day: WatchedDay, told: list[list[int]]) -> tuple[float, float]:
    """At some instants: how many boards of the whole day's records have the top that the run had, and how many of the
    records that had arrived by then have another."""
    sums = [without_small_rooms(stage.sums()) for stage in day.stages]
    ids = [stage.planned.stage.stage_id for stage in day.stages]
    picked = [told[place] for place in np.linspace(300, len(told) - 1, LOOKED_AT).astype(int)]
    same = different = 0
    for at_ms, top in picked:
        replayed = board(day.plan.session, sums, at_ms).rows[0].stage_id
        same += replayed == ids[top]
        different += day.live_board(at_ms).rows[0].stage_id != replayed
    return same / len(picked), different / len(picked)


def _ratio(days: list[Leading]) -> float:
    return sum(day.changes for day in days) / sum(day.true_changes for day in days)


def _mean(days: list[Leading], what: str) -> float:
    return float(np.mean([getattr(day, what) for day in days]))
