"""The ranking of the stages: it stands still for at least half a minute, and says where stages are too close to call.

It is replayed from the figures of a bounded past, so nothing about it is stored: a server, a function that just started
and a replay years later find the same ranking, and the same instant since when it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.board.liveliness import UPDATE_MS

Floats = NDArray[np.float64]

HOLD_MS: Final = 30_000
"""How long a ranking stands at least, unless its first stage loses its figure."""

RENEW_MS: Final = 60_000
"""How long it stands at most. It changes between the two when another stage has taken the lead or a stage is new."""

FIRST_MS: Final = 10_000
"""How long the first figures wait for those of other stages."""

MARGIN: Final = 0.005
LEAD_UPDATES: Final = 3
"""A stage takes the lead once its figure was `MARGIN` above the first stage's for this many updates in a row."""

SWAP: Final = 0.7
"""Below the lead, two stages swap once their figures differ by this part of their intervals' joint half-width."""

REGROUP: Final = 0.5
"""A stage leaves a group or joins one once its interval is off that of its group's first, or overlaps it, by this part
of the sum of both half-widths."""

CHAIN_MS: Final = 900_000
"""The ranking at an instant follows from the figures since the second last multiple of this: 15 to 30 minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The stages in order, from the update at which they were ranked until they are ranked again.

    Attributes:
        made_at: index of that update.
        order: stages from the top, as indices; those without a figure then are not in it.
        groups: for each of them the number of its group, from 0. Stages of one group are too close to call.
    """

    made_at: int
    order: tuple[int, ...]
    groups: tuple[int, ...]


NO_RANKING: Final = Ranking(made_at=0, order=(), groups=())


def chain_start_ms(at_ms: int) -> int:
    """The first instant that the ranking at an instant depends on, milliseconds since the epoch."""
    return (at_ms // CHAIN_MS - 1) * CHAIN_MS


def held_rankings(figure: Floats, half: Floats) -> list[Ranking]:
    """Computes the ranking that stands at each update of a chain.

    Args:
        figure: (u, s), `UPDATE_MS` apart; NaN where a stage has none. Ties go to the first stage.
        half: (u, s) half-width of its interval.

    Returns:
        One for each update; the same object as long as it stands.
    """
    known: NDArray[np.bool_] = np.asarray(~np.isnan(figure), dtype=bool)
    any_known = np.asarray(known.any(axis=1)).tolist()
    highest = np.where(known, figure, -np.inf).max(axis=1, initial=-np.inf)
    standing, leading, first_at = NO_RANKING, 0, -1
    listed = np.zeros(figure.shape[1], dtype=bool)
    rankings = []
    for update in range(len(figure)):
        if any_known[update]:
            first_at = update if first_at < 0 else first_at
            age_ms = (update - standing.made_at) * UPDATE_MS
            if not standing.order:
                due = (update - first_at) * UPDATE_MS >= FIRST_MS
            elif not known[update, standing.order[0]]:
                due = True
            else:
                beaten = highest[update] - figure[update, standing.order[0]] > MARGIN
                leading = leading + 1 if beaten else 0
                due = age_ms >= RENEW_MS or (
                    age_ms >= HOLD_MS and (leading >= LEAD_UPDATES or bool((known[update] & ~listed).any()))
                )
            if due:
                standing, leading = _ranked_again(standing, update, figure[update], half[update]), 0
                listed[:] = False
                listed[list(standing.order)] = True
        rankings.append(standing)
    return rankings


def in_order(figures: Sequence[float]) -> list[float]:
    """The closest figures that do not rise from one to the next, by averaging neighbours that do.

    Stages whose figures differ by less than the margin keep their order; they get one figure then, instead of two in
    the wrong order. (Least squares under an order: M. Ayer et al., Annals of Mathematical Statistics 26, 1955.)
    """
    pools: list[tuple[float, int]] = []
    for figure in figures:
        total, count = figure, 1
        while pools and pools[-1][0] * count < total * pools[-1][1]:
            more, of = pools.pop()
            total, count = total + more, count + of
        pools.append((total, count))
    return [total / count for total, count in pools for _ in range(count)]


def _ranked_again(before: Ranking, update: int, now: Floats, half: Floats) -> Ranking:
    known = (~np.isnan(now)).tolist()
    order = [stage for stage in before.order if known[stage]]
    group_before = dict(zip(before.order, before.groups, strict=True))
    for stage in _from_the_top(np.flatnonzero(known).tolist(), now):
        if stage not in group_before:
            lower = (place for place, other in enumerate(order) if now[other] < now[stage])
            order.insert(next(lower, len(order)), stage)
    _swap(order, now, half)
    best = _from_the_top(order, now)[0]
    if now[best] > now[order[0]] + MARGIN:
        order.remove(best)
        order.insert(0, best)
    return Ranking(made_at=update, order=tuple(order), groups=tuple(_grouped(order, group_before, now, half)))


def _swap(order: list[int], now: Floats, half: Floats) -> None:
    """Swaps neighbours that are clearly in the wrong order, until none are."""
    swapped = True
    while swapped:
        swapped = False
        for place in range(len(order) - 1):
            upper, lower = order[place], order[place + 1]
            if now[lower] > now[upper] + max(MARGIN, SWAP * float(np.hypot(half[upper], half[lower]))):
                order[place], order[place + 1] = lower, upper
                swapped = True


def _grouped(order: Sequence[int], before: dict[int, int], now: Floats, half: Floats) -> list[int]:
    """Splits an order into groups: each of stages whose intervals overlap that of its first."""
    groups: list[int] = []
    first = -1
    for stage in order:
        if first < 0:
            first, group = stage, 0
        else:
            apart = (now[first] - half[first]) - (now[stage] + half[stage])
            # What was together, or apart, has to be clearly otherwise now.
            needed = 0.0
            if first in before and stage in before:
                clearly = REGROUP * (half[first] + half[stage])
                needed = clearly if before[first] == before[stage] else -clearly
            group = groups[-1]
            if apart > needed:
                first, group = stage, group + 1
        groups.append(group)
    return groups


def _from_the_top(stages: Iterable[int], now: Floats) -> list[int]:
    return sorted(stages, key=lambda stage: (-now[stage], stage))
