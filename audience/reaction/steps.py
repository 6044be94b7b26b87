"""A session in steps of a few seconds: how many faces showed it, how many usually do, and how long they keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from audience.reaction.baseline import moving_median
from audience.reaction.curve import StageWindows
from audience.reaction.independence import keeps_of, variance_over

Floats = NDArray[np.float64]

# All lengths in steps: stretches of 15 s, the minutes around are five. A session of less than `LONG_S` of figures is
# told from in steps of a second, its stretches are 5 s, and the minutes around are all of it.
STRETCH = 5
STEP_S = 3.0
SHORT_STEP_S = 1.0
MEDIAN = 100
BESIDE = (15, 40)  # from a stretch's middle: where what lies beside it begins, and where it ends
SHORTEST = 9 * STRETCH
LONG_S = 180.0

# How far a stretch lies from the median counts up to so many faces in what is usual.
_USUAL_FACES = 2.0
# Two windows that differ by more than this, in variances of their difference, do not tell how long people keep a face:
# everybody moved.
_FAR_APART = 10.0
# How long people keep it is told from each part of so long, and where they keep it the longest counts.
_PART_S = 600.0
# A short session tells neither how long people keep a face nor how alike they are. So long, and so much:
_SHORT_KEEPS_S = 60.0
_SHORT_ALIKE = 0.02
_MEDIAN_VARIES = 1.3  # times as much as a mean does
# Of what a wave of ten minutes does in half of five: what their median misses of it at its top, and how much more at an
# end of the session.
_BENDS = 0.2
_ONE_SIDED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """One expression's counts in steps, and how long people keep what they show.

    Attributes:
        windows_a_step: how many windows a step has.
        known: (s,) how many of them have a figure.
        over: (s,) faces over the threshold, summed over them.
        faces: (s,) faces scored, likewise.
        usual: (s,) what is usual in the minutes around, 0..1.
        unsure: (s,) how far that may be off where the share drifts.
        keeps: how long people keep what they show, in stretches.
        alike: how alike people are taken to be who sit together where the session is too short to tell, else 0.
    """

    windows_a_step: int
    known: Floats
    over: Floats
    faces: Floats
    usual: Floats
    unsure: Floats
    keeps: float
    alike: float

    @property
    def short(self) -> bool:
        """Whether there is too little to tell how long people keep a face, and how far they move together."""
        return self.alike > 0

    @classmethod
    def of(cls, windows: StageWindows, expression: str) -> Self:
        """The steps of a stage's share of an expression it was scored for."""
        counts = _Counts.of(windows, expression)
        width_s = windows.width_ms / 1000
        short = float(counts.known.sum()) * width_s < LONG_S
        size = max(1, round((SHORT_STEP_S if short else STEP_S) / width_s))
        known, over, faces = (_in_steps(values, size) for values in (counts.known, counts.over, counts.faces))
        usual = _usual(known, over, faces, len(known) if short else MEDIAN // 2)
        keeps = (
            _SHORT_KEEPS_S / (STRETCH * size * width_s)
            if short
            else counts.keeps(usual, size, round(_PART_S / width_s))
        )
        if not short:
            usual = _drawn_in(usual, known, faces, keeps)
        return cls(
            windows_a_step=size,
            known=known,
            over=over,
            faces=faces,
            usual=usual,
            unsure=np.zeros(len(usual)) if short else _unsure(usual, known, faces, keeps),
            keeps=keeps,
            alike=_SHORT_ALIKE if short else 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """One expression's counts on the axis of windows, 0 where there is no figure; (n,) each."""

    known: Floats
    over: Floats
    faces: Floats

    @classmethod
    def of(cls, windows: StageWindows, expression: str) -> Self:
        table = windows.table
        column = table.expressions.index(expression)
        some = table.scored_spans[:, column] > 0
        spans = table.scored_spans[some, column]
        known, over, faces = (np.zeros(len(windows.start_ms)) for _ in range(3))
        known[windows.place[some]] = 1
        over[windows.place[some]] = table.over[some, column] / spans
        faces[windows.place[some]] = table.scored[some, column] / spans
        return cls(known=known, over=over, faces=faces)

    def keeps(self, usual: Floats, size: int, part: int) -> float:
        """How long people keep what they show, in stretches, from how much single windows differ that are less than a
        stretch apart: what drifts, and what everybody did once, is hardly in that.

        Args:
            usual: (s,) usual share of each step.
            size: windows of a step.
            part: windows of a part of the session; where they keep it the longest counts.
        """
        some = self.known > 0
        # Counted per face, so that windows of few faces, which differ most, do not decide it.
        share = np.where(some, self.over / np.maximum(self.faces, 1), 0.0)
        each = 1 / np.maximum(self.faces, 1)
        usual = np.repeat(usual, size)[: len(some)]
        chance = usual * (1 - usual) * each
        length = STRETCH * size
        first = np.arange(0, max(1, len(some) - part + 1), part)
        looks = np.add.reduceat(chance / each * some, first)
        # A part in which hardly anything was seen says nothing.
        first = first[looks >= looks.mean() / 2]
        held = np.ones(len(first))
        for apart in range(1, min(length, len(some))):
            both = some[apart:] & some[:-apart]
            of_both = both / (each[apart:] + each[:-apart])
            expected = (chance[apart:] + chance[:-apart]) * of_both
            differ = np.minimum((share[apart:] - share[:-apart]) ** 2 * of_both, _FAR_APART * expected)
            expected, differ = (_from_each(values, first, part) for values in (expected, differ))
            held += 2 * (1 - apart / length) * (1 - differ / np.maximum(expected, 1e-12))
        return keeps_of(min(max(float(held.max()), 1.0) / length, 0.995))


def _usual(known: Floats, over: Floats, faces: Floats, reach: int) -> Floats:
    """(s,) what is usual in the minutes around each step.

    The median of the stretches alone would be nobody where hardly anybody shows it, and their mean would follow what
    stands out: it is the median and how far, on average, they lie from theirs, each counted up to `_USUAL_FACES` faces.
    """
    looked, showed, scored = (stretches(values)[0] for values in (known, over, faces))
    there = known > 0
    share = np.where(there, showed / np.maximum(scored, 1), np.nan)
    median = moving_median(share, reach)
    near = _USUAL_FACES * np.maximum(looked, 1) / np.maximum(scored, 1)
    off = np.where(there, np.clip(np.nan_to_num(share - median), -near, near), 0.0)
    usual: Floats = median + _moving_sum(off * faces, reach) / np.maximum(_moving_sum(faces, reach), 1e-9)
    return usual


def _drawn_in(usual: Floats, known: Floats, faces: Floats, keeps: float) -> Floats:
    """(s,) what is usual, drawn to what is so in all of the session as far as its ups and downs may be chance.

    Five minutes tell little of people who keep a face for one, and somebody stands out of a usual share that happens to
    be too low. An empirical Bayes estimate (B. Efron and C. Morris, JASA 68, 1973).
    """
    some = known > 0
    if not some.any():
        return usual
    overall = float((usual * faces).sum() / faces.sum())
    varies = float(((usual - overall)[some] ** 2).mean())
    real = max(0.0, 1 - _by_chance(usual, known, faces, keeps) / varies) if varies > 0 else 0.0
    drawn: Floats = overall + real * (usual - overall)
    return drawn


def _by_chance(usual: Floats, known: Floats, faces: Floats, keeps: float) -> float:
    """How much what is usual varies by chance."""
    chance = usual * (1 - usual) * known / np.maximum(faces, 1)
    return float(chance[known > 0].mean()) * variance_over(keeps * STRETCH / MEDIAN) * _MEDIAN_VARIES


def _unsure(usual: Floats, known: Floats, faces: Floats, keeps: float) -> Floats:
    """(s,) how far a median of the minutes around may lie off where the share drifts.

    A drift there and back bends within those minutes, and at the ends of a session they lie on one side only. How much
    the share drifts is told from how much what is usual differs half those minutes apart, beyond what chance lets it.
    """
    reach = MEDIAN // 2
    both = (known[reach:] > 0) & (known[:-reach] > 0)
    if not both.any():
        return np.zeros(len(usual))
    apart = float(((usual[reach:] - usual[:-reach])[both] ** 2).mean())
    drift = max(0.0, apart - _by_chance(usual, known, faces, keeps)) ** 0.5
    sums = np.append(0.0, np.cumsum(known))
    place = np.arange(len(known))
    before = sums[place] - sums[np.maximum(place - reach, 0)]
    after = sums[np.minimum(place + reach, len(known))] - sums[place]
    one_sided = np.abs(after - before) / np.maximum(after + before, 1)
    off: Floats = drift * (_BENDS + _ONE_SIDED * one_sided)
    return off


def _in_steps(values: Floats, size: int) -> Floats:
    """Sums over `size` values at a time; the last of as many as are left."""
    sums: Floats = np.add.reduceat(values, np.arange(0, len(values), size)) if len(values) else np.zeros(0)
    return sums


def _from_each(values: Floats, first: NDArray[np.int64], length: int) -> Floats:
    """Sums over `length` values from each first place on; the last of what is left."""
    sums = np.append(0.0, np.cumsum(values))
    ends = np.where(first == first[-1], len(values), np.minimum(first + length, len(values)))
    total: Floats = sums[ends] - sums[np.minimum(first, len(values))]
    return total


def stretches(values: Floats) -> tuple[Floats, Floats, Floats]:
    """(s,) each: sums of the stretch around each step, of that before it, and of that which begins with it."""
    length = len(values)
    sums = np.zeros(length + 1 + 2 * STRETCH)
    sums[STRETCH + 1 : STRETCH + 1 + length] = np.cumsum(values)
    sums[STRETCH + 1 + length :] = sums[STRETCH + length]
    ending = sums[STRETCH:] - sums[:-STRETCH]
    middle = STRETCH // 2 + 1
    return ending[middle : middle + length], ending[:length], ending[STRETCH : STRETCH + length]


def beside(values: Floats) -> tuple[Floats, Floats]:
    """(s,) each: sums over what lies beside the stretch around each step, before it and after it; less at the ends."""
    sums = np.append(0.0, np.cumsum(values))
    near, far = BESIDE
    place = np.arange(len(values))
    before = sums[np.maximum(place - near + 1, 0)] - sums[np.maximum(place - far + 1, 0)]
    after = sums[np.minimum(place + far, len(values))] - sums[np.minimum(place + near, len(values))]
    return before, after


def _moving_sum(values: Floats, reach: int) -> Floats:
    """Sum over the `reach` places on either side and the place itself; fewer at the ends."""
    sums = np.append(0.0, np.cumsum(values))
    place = np.arange(len(values))
    moving: Floats = sums[np.minimum(place + reach + 1, len(values))] - sums[np.maximum(place - reach, 0)]
    return moving
