"""The order of the stages, steadied: who is above whom changes only by a margin that was held for several updates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MARGIN = 0.005
HELD = 3
"""A stage passes another once its figure was `MARGIN` above the other's for `HELD` updates in a row."""

CHAIN_MS = 900_000
"""The order at an instant is told from the figures since the multiple of it before the last one: between 15 and 30
minutes. So it is a function of a bounded past, whoever looks, and whenever."""


def chain_start_ms(at_ms: int) -> int:
    """Where the order at an instant is told from, milliseconds since the epoch."""
    return (at_ms // CHAIN_MS - 1) * CHAIN_MS


def held_orders(figure: Floats) -> Ints:
    """The order at every instant of a chain that begins with the first of them.

    It begins as the order of the figures. A stage that passes others goes above the highest of them, and so above all
    who stand between. A stage without a figure is in no order; one that comes, or comes back, goes above the first
    whose figure is lower by the margin.

    Args:
        figure: (u, s) `UPDATE_MS` apart; NaN where a stage has none. Of equal figures the first stage's is above.

    Returns:
        (u, s) stages from the top; those without a figure come last, in their own order.
    """
    updates, stages = figure.shape
    orders = np.empty((updates, stages), dtype=np.int64)
    known = ~np.isnan(figure)
    passing = _passing(figure)
    order: list[int] = []
    rank = np.full(stages, stages)
    for update in range(updates):
        now, here = figure[update], known[update]
        change = not np.array_equal(here, rank < stages)
        if change or (passing[update] & (rank[:, None] > rank[None, :])).any():
            margin = MARGIN if order else 0.0
            order = [stage for stage in order if here[stage]]
            for stage in _from_the_top(np.flatnonzero(here & (rank == stages)), now):
                below = (place for place, other in enumerate(order) if now[other] < now[stage] - margin)
                order.insert(next(below, len(order)), stage)
            over = passing[update].tolist()
            for stage in _from_the_top(np.flatnonzero(passing[update].any(axis=1)), now):
                passed = [place for place, other in enumerate(order) if over[stage][other]]
                if passed and passed[0] < order.index(stage):
                    order.remove(stage)
                    order.insert(passed[0], stage)
            rank = np.full(stages, stages)
            rank[order] = np.arange(len(order))
        orders[update] = [*order, *np.flatnonzero(~here).tolist()]
    return orders


def _from_the_top(stages: Ints, now: Floats) -> list[int]:
    return sorted(stages.tolist(), key=lambda stage: (-now[stage], stage))


def _passing(figure: Floats) -> NDArray[np.bool_]:
    """(u, s, s) whether one stage has been `MARGIN` above another for `HELD` updates in a row."""
    with np.errstate(invalid="ignore"):
        above = figure[:, :, None] - figure[:, None, :] > MARGIN
    held = above.copy()
    for back in range(1, HELD):
        held[back:] &= above[:-back]
    held[: HELD - 1] = False
    return held
