"""How right the minutes of a household panel are, and how often the bands over households hold the truth.

The households are simulated (`sample_data/household.py`): a family of five for an hour, two of them alike, with a guest
and a stretch of privacy, whose truth is known second by second. What is simulated of a camera is what it does to faces
that it follows: how often it misses somebody, and that it cannot tell twins apart. Nobody has measured living rooms.

Bands are held against panels drawn from three populations of households of 1 to 5 people who watch together: reach of a
quarter, a rating of an eighth, and one of three percent that hardly a household in ten watched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.identity.presence import household_presence
from audience.identity.programmes import ratio_band
from audience.time import to_ms
from bench.figures import Figure, rate
from sample_data.household import BEGINS_AT, MINUTES, TWINS, simulate_panel

EVENINGS: Final = 200
PANELS: Final = 2_000
SIZES: Final = (5, 10, 20, 50)
_RESAMPLED: Final = 999
_POPULATION: Final = 400_000

Floats = NDArray[np.float64]


def run() -> Iterator[Figure]:
    """Measures minutes and bands; takes about a minute."""
    yield from minutes()
    yield from bands()


def minutes() -> Iterator[Figure]:
    """Member-minutes of simulated evenings against their truth, those with privacy aside."""
    begins_ms = to_ms(BEGINS_AT)
    known = right = of_all = alike = alike_unsure = told_apart = button = button_right = 0
    for seed in range(EVENINGS):
        (one,) = simulate_panel(1, seed=seed)
        found = household_presence(
            one.household,
            one.members,
            one.taps,
            one.minutes,
            from_ms=begins_ms,
            until_ms=begins_ms + MINUTES * 60_000,
        )
        truth, open_minutes = one.truth(), ~found.private
        said = ~np.isnan(found.in_room)
        first, second = TWINS
        # Of two alike one is there and the other not: then nobody can say which.
        one_of_two = np.zeros_like(truth)
        one_of_two[:, TWINS] = (truth[:, first] != truth[:, second])[:, None]
        one_of_two &= open_minutes[:, None]
        of_all += int(open_minutes.sum()) * truth.shape[1]
        known += int(said.sum())
        right += int((said & (found.in_room == truth)).sum())
        alike += int(one_of_two.sum())
        alike_unsure += int((found.unsure & one_of_two).sum())
        both_said = said[:, first] & said[:, second]
        told_apart += int((both_said & (found.in_room[:, first] != found.in_room[:, second])).sum())
        tapped = ~np.isnan(found.by_button)
        button += int(tapped.sum())
        button_right += int((tapped & (found.by_button == truth)).sum())
    yield rate("member-minutes right by camera, of those it says", right, known, reach=0.95, direction="at least")
    yield rate(
        "member-minutes right by camera, of all; one of two alike: said to be unsure",
        right + alike_unsure,
        of_all,
        reach=0.95,
        direction="at least",
    )
    yield rate("one of two alike is there: said to be unsure", alike_unsure, alike, reach=0.95, direction="at least")
    yield Figure(name="minutes in which two alike were told apart", value=told_apart, reach=0, direction="exactly")
    yield rate("member-minutes right by button, as people tap in the simulation", button_right, button)


def bands() -> Iterator[Figure]:
    """How many panels' 95 % bands hold the truth, and how many percentiles of resampled households do."""
    rng = np.random.default_rng(7)
    for name in ("reach of a quarter", "rating of an eighth", "rating of 3 percent"):
        parts, wholes = _households(rng, _POPULATION, name)
        truth = float(parts.sum() / wholes.sum())
        resampled = {}
        for size in SIZES:
            held = within = 0
            for _ in range(PANELS):
                parts, wholes = _households(rng, size, name)
                band = ratio_band(parts, wholes)
                held += band.low <= truth <= band.high
                drawn = rng.integers(0, size, (_RESAMPLED, size))
                ratios = parts[drawn].sum(axis=1) / wholes[drawn].sum(axis=1)
                low, high = np.quantile(ratios, [0.025, 0.975])
                within += bool(low <= truth <= high)
            resampled[size] = within
            yield rate(
                f"{name}, {size} households: bands with the truth", held, PANELS, reach=0.94, direction="at least"
            )
        worst = min(resampled, key=resampled.__getitem__)
        yield rate(f"{name}: percentiles of resampled households, worst ({worst})", resampled[worst], PANELS)


def _households(rng: np.random.Generator, count: int, name: str) -> tuple[Floats, Floats]:
    """(count,) members who watched, or the sum of their parts, and all members, of people who watch together."""
    sizes = rng.choice([1.0, 2, 3, 4, 5], count, p=[0.3, 0.3, 0.15, 0.17, 0.08])
    if name == "reach of a quarter":
        return rng.binomial(sizes.astype(int), rng.beta(1.0, 3.0, count)).astype(np.float64), sizes
    on = rng.random(count) < (0.35 if name == "rating of an eighth" else 0.08)
    people = (rng.random((count, 5)) < 0.6) * rng.beta(2, 1.5, (count, 5)) * (np.arange(5) < sizes[:, None])
    return people.sum(axis=1) * on, sizes
