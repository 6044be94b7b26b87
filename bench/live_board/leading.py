"""Who was on top of the board at every update of a day, and who should have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.board.board import STALE_MS
from audience.board.liveliness import Liveliness, StageSums, liveliness, without_small_rooms
from audience.board.ranking import CHAIN_MS, chain_start_ms, held_rankings
from audience.disclosure import SMALL_ROOM
from bench.live_board.watched_day import WatchedDay

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW_FACES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Leading:
    """How the top of an order did against the truth of a day.

    Attributes:
        changes: how often another stage came on top.
        true_changes: how often another stage truly was the liveliest.
        lost: mean true liveliness of the truly liveliest stage less that of the one on top, 0..1.
        share_lost: the same in the share of people who smile or look surprised.
        few_wrongly: the part of the updates with a stage of fewer than ten faces on top that was not the liveliest.
    """

    changes: int
    true_changes: int
    lost: float
    share_lost: float
    few_wrongly: float


def board_and_raw(day: WatchedDay) -> tuple[Ints, Leading, Leading]:
    """The top of the board at every update, how it did, and how the raw order of the last minute would have done.

    Returns:
        (u, 2) instants and stages on top (-1 where none is), the board's account, and the raw order's.
    """
    sums = [without_small_rooms(stage.sums()) for stage in day.stages]
    since_ms, until_ms = day.begins_ms, day.begins_ms + day.plan.length_s * 1000
    figures = liveliness(sums, chain_start_ms(since_ms), until_ms)
    fresh = np.stack([_fresh(one, figures.at_ms) for one in sums], axis=1)
    held = _first(held_orders(figures), ~np.isnan(figures.figure) & fresh)
    raw = np.where(np.isnan(figures.level), -1.0, figures.level).argmax(axis=1)
    raw[np.isnan(figures.level).all(axis=1)] = -1
    told = np.stack([figures.at_ms, held], axis=1)[figures.at_ms >= since_ms]
    faces = figures.faces[figures.at_ms >= since_ms]
    return told, _account(day, told, faces), _account(day, np.column_stack([told[:, 0], raw[-len(told) :]]), faces)


def held_orders(figures: Liveliness) -> Ints:
    """The order at every update, each replayed from its own chain's beginning, as a board does; others come last."""
    orders = np.empty(figures.figure.shape, dtype=np.int64)
    half = (figures.high - figures.low) / 2
    everyone = range(figures.figure.shape[1])
    chains = figures.at_ms // CHAIN_MS
    for chain in np.unique(chains):
        here = np.flatnonzero(chains == chain)
        start = int(np.searchsorted(figures.at_ms, chain_start_ms(int(chain) * CHAIN_MS)))
        rankings = held_rankings(figures.figure[start : here[-1] + 1], half[start : here[-1] + 1])
        for update in here.tolist():
            order = rankings[update - start].order
            orders[update] = [*order, *(stage for stage in everyone if stage not in order)]
    return orders


def _fresh(sums: StageSums, at_ms: Ints) -> NDArray[np.bool_]:
    newest = np.searchsorted(sums.end_ms, at_ms, side="right") - 1
    return (newest >= 0) & (at_ms - sums.end_ms[np.maximum(newest, 0)] <= STALE_MS)


def _first(orders: Ints, shown: NDArray[np.bool_]) -> Ints:
    """The first in each order that is shown; -1 where none is."""
    in_order = np.take_along_axis(shown, orders, axis=1)
    first = orders[np.arange(len(orders)), in_order.argmax(axis=1)]
    return np.where(in_order.any(axis=1), first, -1)


def _account(day: WatchedDay, told: Ints, faces: Floats) -> Leading:
    """Only stages with five people in sight or more are asked for: others are never shown."""
    at_s = (told[:, 0] - day.begins_ms) / 1000
    curves = [stage.planned.curves for stage in day.stages]
    may = np.array([sum(camera.people for camera in stage.planned.cameras) > SMALL_ROOM for stage in day.stages])
    true = np.stack([curve.liveliness(at_s) for curve in curves], axis=1)
    shares = np.stack([curve.share(at_s) for curve in curves], axis=1)
    best = np.where(may, true, -1.0).argmax(axis=1)
    known = told[:, 1] >= 0
    here, top, should = np.flatnonzero(known), told[known, 1], best[known]
    return Leading(
        changes=int((np.diff(top) != 0).sum()),
        true_changes=int((np.diff(should) != 0).sum()),
        lost=float((true[here, should] - true[here, top]).mean()),
        share_lost=float((shares[here, should] - shares[here, top]).mean()),
        few_wrongly=float(((faces[here, top] < FEW_FACES) & (top != should)).mean()),
    )
