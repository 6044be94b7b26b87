"""A stable order of the stages: two stages swap only after a margin that lasts for several updates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MARGIN = 0.005
HOLD_UPDATES = 3
"""A stage passes another once its figure was `MARGIN` higher for `HOLD_UPDATES` updates in a row."""

_PAIRS_AT_ONCE = 20_000

CHAIN_MS = 900_000
"""The order at an instant follows from the figures since the second last multiple of this: 15 to 30 minutes. So it is a
function of a bounded past."""


def chain_start_ms(at_ms: int) -> int:
    """The first instant that the order at an instant depends on, milliseconds since the epoch."""
    return (at_ms // CHAIN_MS - 1) * CHAIN_MS


def stable_orders(figure: Floats) -> Ints:
    """Computes the order at every instant of a chain.

    At the first instant the figures give the order. A stage that passes others moves above the highest of them. A stage
    without a figure has no place; one that appears or returns is placed above the first whose figure is lower by the
    margin.

    Args:
        figure: (u, s), `UPDATE_MS` apart; NaN where a stage has none. Ties go to the first stage.

    Returns:
        (u, s) stages from the top; those without a figure last, by index.
    """
    updates, stages = figure.shape
    orders = np.empty((updates, stages), dtype=np.int64)
    known = ~np.isnan(figure)
    order: list[int] = []
    rank = np.full(stages, stages)
    all_stages = list(range(stages))
    for first, passing in _passing(figure):
        update, end = first, first + len(passing)
        while update < end:
            # Most updates change nothing, so skip to the next that may.
            changes = (known[update:end] != (rank < stages)).any(axis=1)
            changes |= (passing[update - first :] & (rank[:, None] > rank)).any(axis=(1, 2))
            until = update + int(changes.argmax()) if changes.any() else end
            orders[update:until] = all_stages
            if until < end:
                order = _next_order(order, figure[until], passing[until - first])
                rank = np.full(stages, stages)
                rank[order] = np.arange(len(order))
                all_stages = [*order, *np.flatnonzero(~known[until]).tolist()]
                orders[until] = all_stages
            update = until + 1
    return orders


def _next_order(before: Sequence[int], now: Floats, passing: NDArray[np.bool_]) -> list[int]:
    """The order after an update."""
    margin = MARGIN if before else 0.0
    here = set(np.flatnonzero(~np.isnan(now)).tolist())
    order = [stage for stage in before if stage in here]
    for stage in _from_the_top(here.difference(order), now):
        below = (place for place, other in enumerate(order) if now[other] < now[stage] - margin)
        order.insert(next(below, len(order)), stage)
    over = passing.tolist()
    for stage in _from_the_top(np.flatnonzero(passing.any(axis=1)).tolist(), now):
        passed = [place for place, other in enumerate(order) if over[stage][other]]
        if passed and passed[0] < order.index(stage):
            order.remove(stage)
            order.insert(passed[0], stage)
    return order


def _from_the_top(stages: Iterable[int], now: Floats) -> list[int]:
    return sorted(stages, key=lambda stage: (-now[stage], stage))


def _passing(figure: Floats) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yields whether each stage was `MARGIN` above each other for `HOLD_UPDATES` in a row, in blocks of k updates.

    Yields:
        The first update of the block, and a mask (k, s, s).
    """
    updates, stages = figure.shape
    # The block size bounds memory for festivals with hundreds of stages.
    at_once = max(1, _PAIRS_AT_ONCE // max(1, stages**2))
    for first in range(0, updates, at_once):
        since = max(0, first - HOLD_UPDATES + 1)
        here = figure[since : first + at_once]
        with np.errstate(invalid="ignore"):
            above = here[:, :, None] - here[:, None, :] > MARGIN
        lasting = above.copy()
        for back in range(1, HOLD_UPDATES):
            lasting[back:] &= above[:-back]
        lasting[: max(0, HOLD_UPDATES - 1 - since)] = False
        yield first, lasting[first - since :]
