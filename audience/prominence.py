"""What stands out of a share that changes all the time: tests against the same session, shuffled in short blocks.

The share is looked at in steps of a few seconds. In each step it is brought to a scale on which chance moves it by
about as much whatever its size and however many faces there are: 2 √n asin √share (F. J. Anscombe, "The transformation
of Poisson, binomial and negative-binomial data", Biometrika 35, 1948). A *deviation* is its mean over a stretch of
`STRETCH` steps less the moving median, a *turn* the mean of the stretch after an instant less that of the stretch
before it, and either is measured in its own spread.

Chance is what the same measure reaches when blocks of `BLOCK` steps change places: each shuffled session has the
values this one has, low and high, and the little bit of time that people keep an expression for, but nothing that
everybody did at one time. The largest deviation of a whole shuffled session is what a place has to exceed, so that
looking at many places finds no more (P. H. Westfall and S. S. Young, "Resampling-Based Multiple Testing", 1993). What
was found is taken out, and the rest compared with itself, until nothing more is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from audience.baseline import moving_median
from audience.curve import StageWindows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# All lengths in steps: stretches of 15 s, blocks of 6 s, a median over 5 minutes, and nothing found in less than 3.
# Blocks must be shorter than the stretch: one that holds a whole moment would carry it into every shuffle.
STRETCH = 5
BLOCK = 2
MEDIAN = 100
SHORTEST = 12 * STRETCH
STEP_S = 3.0

_SHUFFLES = 399
_AT_ONCE = 50  # shuffled sessions held in memory
# Deviations and turns share the 5 %, and what is left over pays for the shuffles' being but a sample.
_LEVEL = 0.02
_ROUNDS = 3
_FAR = 4.0  # in spreads of a step
# The spread is told from the size that four fifths of what was measured stay below (a normal deviate's is 1.28), which
# moments over a tenth of a session hardly widen. The median would do for most sessions, but not where hardly a face
# ever shows the expression, and the share moves in single leaps.
_SPREAD_RANK = 0.8
_SPREAD_AT_RANK = 1.2816
# Chance moves a share by 1 on this scale, and by more where people keep their expressions. Less is a share that stands
# still, and no measure of anything.
_LEAST_SPREAD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class StandOut:
    """A place that stands out.

    Attributes:
        step: the middle of the stretch; of a turn the first step after it.
        first, last: the steps over which a deviation is at least half of what it is there; of a turn both stretches.
        sign: 1 up, -1 down.
        p_value: the part of shuffled sessions that reach as far anywhere, this session counted among them.
    """

    step: int
    first: int
    last: int
    sign: int
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The share in steps, on the scale on which chance moves it alike everywhere.

    Attributes:
        windows_a_step: how many windows a step has.
        known: (s,) how many of them have a figure.
        root: (s,) Σ asin √share over them, 0 where there is none.
        weight: (s,) 2 √n, with n the mean number of faces.
    """

    windows_a_step: int
    known: Floats
    root: Floats
    weight: Floats

    @classmethod
    def of(cls, windows: StageWindows, expression: str) -> Self:
        """The steps of a stage's share of an expression it was scored for."""
        table = windows.table
        column = table.expressions.index(expression)
        some = table.scored_spans[:, column] > 0
        n = table.scored[some, column] / table.scored_spans[some, column]
        k = table.over[some, column] / table.scored_spans[some, column]
        size = max(1, round(STEP_S * 1000 / windows.width_ms))
        step = windows.place[some] // size
        count = -(-len(windows.start_ms) // size)

        def summed(values: Floats) -> Floats:
            sums: Floats = np.bincount(step, weights=values, minlength=count).astype(np.float64)
            return sums

        known = summed(np.ones(len(n)))
        root = summed(np.arcsin(np.sqrt((k + 3 / 8) / (n + 3 / 4))))
        faces = summed(n) / np.where(known > 0, known, 1)
        return cls(windows_a_step=size, known=known, root=root, weight=2 * np.sqrt(faces))

    def less(self, baseline: Floats | float) -> Floats:
        """(s,) the sum over each step's windows of how far they lie from a baseline, in the scale's units."""
        return (self.root - baseline * self.known) * self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Where stretches of known steps lie, so that any values laid on the steps are measured the same way.

    Attributes:
        known: (s,) windows with a figure in each step.
        around: (s,) windows with a figure in the stretch around each step.
        before, after: (s,) in the stretch that ends before it, and in the one that begins with it.
        enough_around: (s,) whether the stretch around holds at least half of what it could.
        enough_beside: (s,) whether those before and after do.
    """

    known: Floats
    around: Floats
    before: Floats
    after: Floats
    enough_around: Bools
    enough_beside: Bools

    @classmethod
    def of(cls, known: Floats, least: float) -> Self:
        around, before, after = _stretches(known)
        return cls(
            known=known,
            around=np.maximum(around, 1),
            before=np.maximum(before, 1),
            after=np.maximum(after, 1),
            enough_around=(around >= least) & (known > 0),
            enough_beside=(before >= least) & (after >= least),
        )

    def deviations(self, values: Floats) -> Floats:
        """(..., s) of values (..., s), sums over each step's windows; of no meaning where too little is known."""
        around, _, _ = _stretches(values)
        return around / np.sqrt(self.around)

    def turns(self, values: Floats) -> Floats:
        """(..., s) the mean after each step's beginning less that before; of no meaning where too little is known."""
        _, before, after = _stretches(values)
        return (after / self.after - before / self.before) / np.sqrt(1 / self.after + 1 / self.before)


def stand_outs(steps: Steps, *, seed: int) -> tuple[list[StandOut], StandOut | None]:
    """The deviations that stand out, the furthest first, and the steepest turn if it does.

    Args:
        steps: of the session.
        seed: of the shuffles.

    Returns:
        Deviations whose extents do not overlap, and the turn; nothing where fewer than `SHORTEST` steps have a figure,
        or they lie so far apart that no stretch around one is half known.
    """
    shape = _Shape.of(steps.known, steps.windows_a_step * STRETCH / 2)
    if np.count_nonzero(steps.known) < SHORTEST or not shape.enough_around.any():
        return [], None
    rng = np.random.default_rng(seed)
    roots, _, _ = _stretches(steps.root)
    usual = moving_median(np.where(shape.enough_around, roots / shape.around, np.nan), MEDIAN // 2)
    values = steps.less(usual)
    # A median keeps a lasting step up or down, and takes it out of the deviations: turns are looked for without it.
    found: list[StandOut] = []
    free = steps.known > 0
    deviations = np.where(shape.enough_around, shape.deviations(values), np.nan)
    turns = np.where(shape.enough_beside, shape.turns(steps.less(float(np.nanmedian(usual)))), np.nan)
    for _ in range(_ROUNDS):
        reach = _chance(values, free, steps, rng)
        new = _furthest(deviations, free, reach[0])
        found += new
        for one in new:
            free[_beside(one)] = False
        if not new or np.count_nonzero(free) < SHORTEST:
            break
    turn = _steepest(turns, free, reach[1])
    return found, turn


def _chance(values: Floats, free: Bools, steps: Steps, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """How far the furthest deviation and the steepest turn reach in shuffled sessions, in their own spread.

    Args:
        values: (s,) sums over each step's windows.
        free: (s,) the steps whose values are shuffled, the others being gaps.
        steps: of the session.
        rng: draws the shuffles.

    Returns:
        (`_SHUFFLES`,) each.
    """
    places = np.flatnonzero(free)
    root_known = np.sqrt(steps.known[places])
    alike = values[places] / root_known
    # What lies further out than chance brings a step is a part of a moment: left as it is, two such blocks that happen
    # to meet would pass for all of it.
    alike = np.clip(alike, *(np.array([-_FAR, _FAR]) * _spread(np.abs(alike))))
    shape = _Shape.of(np.where(free, steps.known, 0.0), steps.windows_a_step * STRETCH / 2)
    blocks = -(-len(places) // BLOCK)
    reached = np.empty((2, _SHUFFLES))
    for first in range(0, _SHUFFLES, _AT_ONCE):
        some = min(_AT_ONCE, _SHUFFLES - first)
        order = rng.permuted(np.tile(np.arange(blocks), (some, 1)), axis=1)
        source = (order[:, :, None] * BLOCK + np.arange(BLOCK)).reshape(some, -1)
        source = source[source < len(places)].reshape(some, len(places))
        # Blocks are cut at another place each time.
        source = (source + rng.integers(0, BLOCK, some)[:, None]) % len(places)
        shuffled = np.zeros((some, len(values)))
        shuffled[:, places] = alike[source] * root_known
        reached[0, first : first + some] = _furthest_reach(shape.deviations(shuffled)[:, shape.enough_around])
        reached[1, first : first + some] = _furthest_reach(shape.turns(shuffled)[:, shape.enough_beside])
    return reached[0], reached[1]


def _furthest_reach(measured: Floats) -> Floats:
    """(r,) the furthest of each row of (r, m), in the row's own spread; where m is 0, chance reaches any distance."""
    sizes = np.abs(measured)
    if not sizes.size:
        return np.full(len(sizes), np.inf)
    reach: Floats = sizes.max(axis=1) / np.maximum(_spread(sizes), _LEAST_SPREAD)
    return reach


def _in_spread(measured: Floats, free: Bools) -> Floats:
    """(s,) what was measured, in its spread over the free steps; NaN where nothing was."""
    sizes = np.abs(measured[free & ~np.isnan(measured)])
    return measured / max(float(_spread(sizes)), _LEAST_SPREAD) if sizes.size else np.full_like(measured, np.nan)


def _spread(sizes: Floats) -> Floats:
    """(...) the spread of what has the sizes (..., m)."""
    rank = int(_SPREAD_RANK * (sizes.shape[-1] - 1))
    spread: Floats = np.partition(sizes, rank, axis=-1)[..., rank] / _SPREAD_AT_RANK
    return spread


def _p_value(reach: float, by_chance: Floats) -> float:
    return float((1 + np.count_nonzero(by_chance >= reach)) / (1 + len(by_chance)))


def _furthest(deviations: Floats, free: Bools, by_chance: Floats) -> list[StandOut]:
    """The deviations beyond chance among the free steps, the furthest first, none within another's extent."""
    reach = _in_spread(deviations, free)
    left = np.where(free, np.nan_to_num(np.abs(reach)), 0.0)
    found = []
    while (p_value := _p_value(float(left.max()), by_chance)) <= _LEVEL:
        step = int(left.argmax())
        half = np.nan_to_num(reach * np.sign(reach[step])) >= left[step] / 2
        first, last = _run(half, step)
        found.append(StandOut(step=step, first=first, last=last, sign=int(np.sign(reach[step])), p_value=p_value))
        left[_beside(found[-1])] = 0
    return found


def _steepest(turns: Floats, free: Bools, by_chance: Floats) -> StandOut | None:
    reach = np.nan_to_num(_in_spread(turns, free))
    step = int(np.abs(reach).argmax())
    p_value = _p_value(abs(float(reach[step])), by_chance)
    if p_value > _LEVEL:
        return None
    sign = int(np.sign(reach[step]))
    return StandOut(step=step, first=max(0, step - STRETCH), last=step + STRETCH - 1, sign=sign, p_value=p_value)


def _beside(one: StandOut) -> slice:
    """What it reaches over and a stretch on either side, into which its smoothing carries it."""
    return slice(max(0, one.first - STRETCH), one.last + STRETCH + 1)


def _run(where: Bools, place: int) -> tuple[int, int]:
    """First and last of the true places around `place`, with no more than a stretch of false ones in between."""
    there = np.flatnonzero(where)
    breaks = np.flatnonzero(np.diff(there) > STRETCH)
    first, last = np.append(0, breaks + 1), np.append(breaks, len(there) - 1)
    run = int(np.searchsorted(there[first], place, side="right")) - 1
    return int(there[first[run]]), int(there[last[run]])


def _stretches(values: Floats) -> tuple[Floats, Floats, Floats]:
    """(..., s) each: sums of the stretch around each step, of that before it, and of that which begins with it."""
    length = values.shape[-1]
    sums = np.zeros((*values.shape[:-1], length + 1 + 2 * STRETCH))
    np.cumsum(values, axis=-1, out=sums[..., STRETCH + 1 : STRETCH + 1 + length])
    sums[..., STRETCH + 1 + length :] = sums[..., [STRETCH + length]]
    ending = sums[..., STRETCH:] - sums[..., :-STRETCH]
    middle = STRETCH // 2 + 1
    return ending[..., middle : middle + length], ending[..., :length], ending[..., STRETCH : STRETCH + length]
