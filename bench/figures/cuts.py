"""Whether cuts that are received alike are said to differ, and whether those that are not are told apart.

Screenings of five minutes have a level of their own and vary along the way; those of the one cut may differ up to three
times as much among themselves as those of the other, in both or in their levels alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.comparing.comparison import Comparison, compare
from audience.comparing.cuts import Edit, SharedAxis
from bench.figures import Figure, rate

Floats = NDArray[np.float64]

CELLS: Final = 60
ALIKE: Final = 1000
DIFFERING: Final = 500
SIZES: Final = ((5, 5), (5, 10), (5, 20), (5, 50), (12, 12))
WIDER: Final = (1.0, 2.0, 3.0, 1 / 3)
LIFT: Final = 0.06
"""How much more people smile at A in the second minute of five."""
POWER: Final = {(5, 5): 0.5, (12, 12): 0.9}
_AXIS: Final = SharedAxis.of([Edit(start_a_s=0, start_b_s=0, length_s=5 * CELLS)])


def run() -> Iterator[Figure]:
    """False differences by sizes and spreads, the intervals beside them, and power."""
    for sizes in SIZES:
        for wider in WIDER:
            if sizes[0] == sizes[1] and wider < 1:
                continue  # the same as 3, with the cuts swapped
            found = [_compared(sizes, wider, seed=seed) for seed in range(ALIKE)]
            name = f"alike, {sizes[0]} of A and {sizes[1]} of B, A spread {wider:.2g} times as far"
            yield rate(f"{name}: said to differ", sum(map(_differ, found)), ALIKE, reach=0.06)
            outside = sum(not one.overall_low <= 0 <= one.overall_high for one in found)
            yield rate(f"{name}: none outside the interval over all", outside, ALIKE)
        said = sum(_differ(_compared(sizes, 3.0, seed=seed, levels_alone=True)) for seed in range(ALIKE))
        name = f"alike, {sizes[0]} of A and {sizes[1]} of B, A's levels alone spread 3 times as far"
        yield rate(f"{name}: said to differ", said, ALIKE)
    for sizes in SIZES:
        found = [_compared(sizes, 1.0, seed=seed, lift=LIFT) for seed in range(DIFFERING)]
        yield rate(
            f"{LIFT:g} more for a minute, {sizes[0]} of A and {sizes[1]} of B: found",
            sum(map(_differ, found)),
            DIFFERING,
            reach=POWER.get(sizes),
            direction="at least",
        )


def _differ(compared: Comparison) -> bool:
    return any(one.p_value <= 0.05 for one in compared.clusters)


def _compared(
    sizes: tuple[int, int], wider: float, *, seed: int, lift: float = 0.0, levels_alone: bool = False
) -> Comparison:
    # Other numbers for every size and spread: else a lucky draw would make all of them look good.
    rng = np.random.default_rng([seed, *sizes, round(100 * wider), levels_alone])
    groups: list[Floats] = []
    for units, spread in zip(sizes, (wider, 1.0), strict=True):
        along = 1.0 if levels_alone else spread
        share = 0.3 + spread * rng.normal(0, 0.03, (units, 1)) + along * rng.normal(0, 0.04, (units, CELLS + 2))
        groups.append((share[:, :-2] + 2 * share[:, 1:-1] + share[:, 2:]) / 4)
    groups[0][:, 12:24] += lift
    return compare(groups[0], groups[1], _AXIS, seed=seed)
