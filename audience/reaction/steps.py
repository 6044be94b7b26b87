"""A session in steps of a few seconds, with the usual share and the persistence of an expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from audience.reaction.baseline import moving_median
from audience.reaction.curve import StageWindows
from audience.reaction.independence import persistence_of_variance, variance_over

Floats = NDArray[np.float64]

# Lengths are in steps: a stretch is 15 s, and the usual share is that of the five minutes around. A session with less
# than `LONG_S` of figures has steps of 1 s and stretches of 5 s, and its usual share is that of all of it.
STRETCH = 5
STEP_S = 3.0
SHORT_STEP_S = 1.0
MEDIAN = 100
BESIDE = (15, 40)  # neighbours of a stretch: from and to this distance from its middle
SHORTEST = 9 * STRETCH
LONG_S = 180.0

# In the usual share, deviations of stretches from the median are clipped to this many faces.
_USUAL_FACES = 2.0
# Squared differences of windows are clipped to this many variances: beyond it everybody moved at once, which says
# nothing about persistence.
_CLIP_VARIANCES = 10.0
# The persistence is estimated in parts of this length, and the longest is used.
_PART_S = 600.0
# Assumed persistence and correlation between people in a short session, which cannot give them.
_SHORT_PERSISTENCE_S = 60.0
_SHORT_CORRELATION = 0.02
_MEDIAN_VARIANCE = 1.3  # variance of a median relative to a mean
# Error of a five-minute median of a ten-minute wave, relative to its change in half of that time: at the wave's top,
# and in addition at an end of the session.
_BEND_ERROR = 0.2
_END_ERROR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """One expression's counts in steps, with its usual share and persistence.

    Attributes:
        windows_per_step: windows in a step.
        known: (s,) windows of the step with a figure.
        over: (s,) faces over the threshold, summed over these windows.
        faces: (s,) faces scored, likewise.
        usual: (s,) usual share in the minutes around, 0..1.
        usual_error: (s,) possible error of `usual` if the share drifts.
        persistence: how long people keep an expression, in stretches.
        correlation: assumed correlation between people in a short session; 0 in a longer one.
    """

    windows_per_step: int
    known: Floats
    over: Floats
    faces: Floats
    usual: Floats
    usual_error: Floats
    persistence: float
    correlation: float

    def middles(self, windows: int) -> NDArray[np.int64]:
        """(s,) the window in the middle of each step.

        Args:
            windows: how many windows the axis has.
        """
        middles = np.arange(len(self.known)) * self.windows_per_step + self.windows_per_step // 2
        return np.minimum(middles, windows - 1)

    @property
    def short(self) -> bool:
        """Whether the session is too short to estimate persistence and common movement."""
        return self.correlation > 0

    @classmethod
    def of(cls, windows: StageWindows, expression: str) -> Self:
        """Computes the steps of a stage for an expression that was scored."""
        counts = _Counts.of(windows, expression)
        width_s = windows.width_ms / 1000
        short = float(counts.known.sum()) * width_s < LONG_S
        size = max(1, round((SHORT_STEP_S if short else STEP_S) / width_s))
        known, over, faces = (_in_steps(values, size) for values in (counts.known, counts.over, counts.faces))
        usual = _usual(known, over, faces, len(known) if short else MEDIAN // 2)
        persistence = (
            _SHORT_PERSISTENCE_S / (STRETCH * size * width_s)
            if short
            else counts.persistence(usual, size, round(_PART_S / width_s))
        )
        if not short:
            usual = _shrunk(usual, known, faces, persistence)
        return cls(
            windows_per_step=size,
            known=known,
            over=over,
            faces=faces,
            usual=usual,
            usual_error=np.zeros(len(usual)) if short else _drift_error(usual, known, faces, persistence),
            persistence=persistence,
            correlation=_SHORT_CORRELATION if short else 0.0,
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

    def persistence(self, usual: Floats, size: int, part: int) -> float:
        """Estimates the persistence, in stretches, from the differences of windows less than a stretch apart.

        Drifts and single common reactions hardly affect these differences.

        Args:
            usual: (s,) usual share of each step.
            size: windows per step.
            part: windows per part of the session; the longest persistence of any part is returned.
        """
        some = self.known > 0
        # Weighted by faces, so that windows of few faces, which vary most, do not dominate.
        share = np.where(some, self.over / np.maximum(self.faces, 1), 0.0)
        each = 1 / np.maximum(self.faces, 1)
        usual = np.repeat(usual, size)[: len(some)]
        chance = usual * (1 - usual) * each
        length = STRETCH * size
        first = np.arange(0, max(1, len(some) - part + 1), part)
        observations = np.add.reduceat(chance / each * some, first)
        # Ignore parts with little data.
        first = first[observations >= observations.mean() / 2]
        total = np.ones(len(first))
        for apart in range(1, min(length, len(some))):
            both = some[apart:] & some[:-apart]
            of_both = both / (each[apart:] + each[:-apart])
            expected = (chance[apart:] + chance[:-apart]) * of_both
            differ = np.minimum((share[apart:] - share[:-apart]) ** 2 * of_both, _CLIP_VARIANCES * expected)
            expected, differ = (_from_each(values, first, part) for values in (expected, differ))
            total += 2 * (1 - apart / length) * (1 - differ / np.maximum(expected, 1e-12))
        return persistence_of_variance(min(max(float(total.max()), 1.0) / length, 0.995))


def _usual(known: Floats, over: Floats, faces: Floats, reach: int) -> Floats:
    """(s,) the usual share in the minutes around each step.

    The median of the stretches alone would be 0 for a rare expression, and their mean would follow outliers. So this is
    the median plus the mean deviation from it, each deviation clipped to `_USUAL_FACES` faces.
    """
    windows, over, scored = (stretch_sums(values)[0] for values in (known, over, faces))
    there = known > 0
    share = np.where(there, over / np.maximum(scored, 1), np.nan)
    median = moving_median(share, reach)
    near = _USUAL_FACES * np.maximum(windows, 1) / np.maximum(scored, 1)
    off = np.where(there, np.clip(np.nan_to_num(share - median), -near, near), 0.0)
    usual: Floats = median + _moving_sum(off * faces, reach) / np.maximum(_moving_sum(faces, reach), 1e-9)
    return usual


def _shrunk(usual: Floats, known: Floats, faces: Floats, persistence: float) -> Floats:
    """(s,) the usual share, shrunk towards the session's mean by the part of its variation that may be chance.

    Five minutes are a small sample if people keep an expression for one, and a usual share that is too low by chance
    makes false moments. An empirical Bayes estimate (B. Efron and C. Morris, JASA 68, 1973).
    """
    some = known > 0
    if not some.any():
        return usual
    overall = float((usual * faces).sum() / faces.sum())
    varies = float(((usual - overall)[some] ** 2).mean())
    real = max(0.0, 1 - _chance_variance(usual, known, faces, persistence) / varies) if varies > 0 else 0.0
    shrunk: Floats = overall + real * (usual - overall)
    return shrunk


def _chance_variance(usual: Floats, known: Floats, faces: Floats, persistence: float) -> float:
    """The variance of the usual share by chance."""
    chance = usual * (1 - usual) * known / np.maximum(faces, 1)
    return float(chance[known > 0].mean()) * variance_over(persistence * STRETCH / MEDIAN) * _MEDIAN_VARIANCE


def _drift_error(usual: Floats, known: Floats, faces: Floats, persistence: float) -> Floats:
    """(s,) possible error of the moving median if the share drifts.

    The median misses a drift that bends within the minutes around, and at the ends of a session these lie on one side
    only. The drift is estimated from the differences of the usual share half of these minutes apart, beyond chance.
    """
    reach = MEDIAN // 2
    both = (known[reach:] > 0) & (known[:-reach] > 0)
    if not both.any():
        return np.zeros(len(usual))
    apart = float(((usual[reach:] - usual[:-reach])[both] ** 2).mean())
    drift = max(0.0, apart - _chance_variance(usual, known, faces, persistence)) ** 0.5
    sums = np.append(0.0, np.cumsum(known))
    place = np.arange(len(known))
    before = sums[place] - sums[np.maximum(place - reach, 0)]
    after = sums[np.minimum(place + reach, len(known))] - sums[place]
    one_sided = np.abs(after - before) / np.maximum(after + before, 1)
    off: Floats = drift * (_BEND_ERROR + _END_ERROR * one_sided)
    return off


def _in_steps(values: Floats, size: int) -> Floats:
    """Sums over blocks of `size` values; the last block may be shorter."""
    sums: Floats = np.add.reduceat(values, np.arange(0, len(values), size)) if len(values) else np.zeros(0)
    return sums


def _from_each(values: Floats, first: NDArray[np.int64], length: int) -> Floats:
    """Sums over `length` values from each first place on; the last takes all that is left."""
    sums = np.append(0.0, np.cumsum(values))
    ends = np.where(first == first[-1], len(values), np.minimum(first + length, len(values)))
    total: Floats = sums[ends] - sums[np.minimum(first, len(values))]
    return total


def stretch_sums(values: Floats) -> tuple[Floats, Floats, Floats]:
    """(s,) each: sums over the stretch around each step, the stretch before it, and the stretch that begins with it."""
    length = len(values)
    sums = np.zeros(length + 1 + 2 * STRETCH)
    sums[STRETCH + 1 : STRETCH + 1 + length] = np.cumsum(values)
    sums[STRETCH + 1 + length :] = sums[STRETCH + length]
    ending = sums[STRETCH:] - sums[:-STRETCH]
    middle = STRETCH // 2 + 1
    return ending[middle : middle + length], ending[:length], ending[STRETCH : STRETCH + length]


def neighbour_sums(values: Floats) -> tuple[Floats, Floats]:
    """(s,) each: sums over the neighbours before and after the stretch around each step; fewer at the ends."""
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
