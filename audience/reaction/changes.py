"""How far the seconds that happened to be seen may move the change of a segment, the people being these.

A mean over a stretch varies because people keep what they show: of n who each go their own way, by p (1 - p) / n times
what is left of it over the stretch, which follows from how long they keep it (`audience.reaction.independence`). That
is estimated from all of the session, so that it holds for a segment of a minute and people who keep a face as long.
Where the segment's own blocks of half a minute differ by more, because people moved together in some of them, these
count.

Neither knows of a share that drifts, and within a few minutes a drift looks like what was shown. A step from one
segment to the next leaves the share level within both; a drift goes on within them, along the line through what
segments show on average. How far it does is the slope of a regression, 0 of steps and 1 of a drift, and an interval
also reaches over that much of its change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.reaction.independence import variance_over
from audience.reaction.steps import STRETCH, Steps

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SURE = 0.95  # that no larger part is a drift
# A stretch further from its part's median than this, in spreads, counts as so far off: a laugh is no drift.
_FAR_OFF = 3.0
_MEDIAN_IN_SPREADS = 0.6745  # of how far normal deviates lie off, without their signs


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A session in stretches of some seconds that belong to parts, at least one to each.

    Attributes:
        share: (m,) the share over each stretch.
        faces: (m,) faces scored in it, over 0.
        spread: (m,) how far chance takes it, one standard deviation.
        middle: (m,) when it is, in windows.
        part: (m,) the number of its part, 0 to k - 1 in order of time.
        mean_variance: (k,) the variance of each part's mean by chance.
        variance: the variance by chance of a weighted sum of the stretches, of (m,) weights.
        freedom: of how many stretches, as good as independent, chance is told.
    """

    share: Floats
    faces: Floats
    spread: Floats
    middle: Floats
    part: Ints
    mean_variance: Floats
    variance: Callable[[Floats], float]
    freedom: float

    def drifting(self) -> float:
        """The largest part, 0..1, of what parts differ by that may be a drift, at 95 %; 1 where that cannot be told."""
        if len(self.mean_variance) < 2:
            return 1.0
        share = self._without_outliers()
        line = self._line()
        predicted = line @ (self._by_part(share * self.faces) / self._by_part(self.faces))
        squares = float((self.faces * predicted**2).sum())
        if squares == 0:
            return 1.0
        weight = self.faces * predicted / squares
        slope = float((weight * share).sum())
        error = self.variance(weight) ** 0.5 * float(special.stdtrit(self.freedom, _SURE))
        # The line goes through means that are off by chance as well, and the less of it is real the less is followed.
        real = 1 - float((self.faces @ line**2 * self.mean_variance).sum()) / squares
        return min(max((slope + error) / real, 0.0), 1.0) if real > 0 else 1.0

    def _by_part(self, values: Floats) -> Floats:
        sums: Floats = np.bincount(self.part, weights=values, minlength=len(self.mean_variance)).astype(np.float64)
        return sums

    def _without_outliers(self) -> Floats:
        """(m,) the shares, none too far from the median of its part."""
        median = np.array([np.median(self.share[self.part == number]) for number in range(len(self.mean_variance))])
        off = (self.share - median[self.part]) / self.spread
        reach = _FAR_OFF * max(1.0, float(np.median(np.abs(off))) / _MEDIAN_IN_SPREADS)
        share: Floats = median[self.part] + np.clip(off, -reach, reach) * self.spread
        return share

    def _line(self) -> Floats:
        """(m, k) what each part's mean adds to the line through all of them, less the line's own mean in each part.

        The line goes straight from the middle of a part to that of the next, and straight on at both ends.
        """
        middles = self._by_part(self.middle * self.faces) / self._by_part(self.faces)
        before = np.clip(np.searchsorted(middles, self.middle) - 1, 0, len(middles) - 2)
        # Of parts that lie within each other the middles may be one.
        along = (self.middle - middles[before]) / np.maximum(middles[before + 1] - middles[before], 1.0)
        line = np.zeros((len(self.middle), len(middles)))
        stretch = np.arange(len(self.middle))
        line[stretch, before] = 1 - along
        line[stretch, before + 1] = along
        inside = np.zeros_like(line)
        inside[stretch, self.part] = self.faces
        mean = inside.T @ line / self._by_part(self.faces)[:, None]
        line -= mean[self.part]
        return line


Bools = NDArray[np.bool_]

LEAST_S = 60.0  # of figures in a segment, and in what it is held against

_BLOCK_S = 30.0
_LEAST_BLOCKS = 4
# Blocks count where people who go their own way would differ as much in no more than one of twenty segments.
_MOVED = 0.95
_DIFFER = 0.9  # halves of segments, at which they differ further than chance
_PIECE_S = 300.0  # of what lies beside segments
_LONG_S = 90.0  # at least, of a segment of which it can be told
_STRETCH_S = 15.0
_MEDIAN_VARIES = 1.3  # of single stretches, as often as a mean: π/2 of many that have nothing in common, 1 of few


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One expression along a session, and how long people keep what they show.

    Attributes:
        over, scored: (n,) faces over the threshold, and faces scored; 0 where there is no figure.
        looks: (n,) how often each face was looked at in a window; 0 where there is no figure.
        width_s: of a window.
        keeps: how long people keep it, in windows.
        freedom: of how many stretches, as good as independent, that is told.
    """

    over: Floats
    scored: Floats
    looks: Floats
    width_s: float
    keeps: float
    freedom: float

    @classmethod
    def of(cls, over: Floats, scored: Floats, looks: Floats, width_s: float, steps: Steps) -> Self:
        """The counts of a session of which the steps are known."""
        stretch = STRETCH * steps.windows_a_step
        stretches = float(steps.known.sum()) / stretch
        return cls(
            over=over,
            scored=scored,
            looks=looks,
            width_s=width_s,
            keeps=max(steps.keeps * stretch, 0.5),
            freedom=max(2.0, stretches / (1 + 2 * steps.keeps)),
        )

    def _enough(self, inside: Bools) -> bool:
        return bool(np.count_nonzero(inside & (self.scored > 0)) * self.width_s >= LEAST_S)

    def reaches(self, segments: Sequence[Bools], against: Bools | None) -> Floats:
        """How far the changes of segments may lie off to either side, at 95 %.

        Args:
            segments: (n,) windows of each, in order of time.
            against: (n,) those that they are held against; None for a line that is taken as it is.

        Returns:
            (s,) NaN where there is not enough data.
        """
        reaches = np.full(len(segments), np.nan)
        if against is not None and not self._enough(against):
            return reaches
        theirs = np.zeros(len(self.scored)) if against is None else self._weight(against)
        followed = self._followed(theirs)
        of_theirs = float((theirs * followed).sum())
        student: float = float(special.stdtrit(self.freedom, 0.975))
        for index, inside in enumerate(segments):
            if self._enough(inside):
                own = self._weight(inside)
                variance = self._kept(own) - 2 * float((own * followed).sum()) + of_theirs
                # A segment that is all there is differs by nothing.
                differs = variance > 1e-9 * self._kept(own)
                reaches[index] = max(student * variance**0.5, self._reach_of_blocks(inside)) if differs else 0.0
        return self._with_drift(reaches, segments, against) if against is not None else reaches

    def _with_drift(self, reaches: Floats, segments: Sequence[Bools], against: Bools) -> Floats:
        """The same, and as far as the part of each change that may be a drift."""
        known = ~np.isnan(reaches)
        shares = [self._share(inside) if some else np.nan for inside, some in zip(segments, known, strict=True)]
        changes = np.abs(np.array(shares) - self._share(against))
        # Where no change is told apart from none, a drift is not taken for one.
        if (changes[known] <= reaches[known]).all():
            return reaches
        wider: Floats = np.hypot(reaches, self._drifting(segments) * changes)
        return wider

    def _drifting(self, segments: Sequence[Bools]) -> float:
        """The largest part of what segments differ by that may be a drift: all of it where the share does not stand
        still within them.

        Args:
            segments: (n,) windows of each, in order of time.
        """
        parts = self._parts(segments)
        long = [part for part in parts if len(part) * self.width_s >= _LONG_S]
        apart = np.array([pair for part in long for pair in self._halves(part)]).reshape(-1, 2)
        if len(long) and (apart[:, 0] ** 2 / apart[:, 1]).sum() > special.chdtri(len(apart), 1 - _DIFFER):
            return 1.0
        return self._in_stretches(parts).drifting()

    def _parts(self, segments: Sequence[Bools]) -> list[Ints]:
        """The windows with figures of each segment that is long enough, and of what lies beside these in pieces, in
        order of time."""
        parts = [np.flatnonzero(inside & (self.scored > 0)) for inside in segments if self._enough(inside)]
        rest = self.scored > 0
        for part in parts:
            rest[part] = False
        beside = np.flatnonzero(rest)
        taken = np.cumsum((self.scored > 0) & ~rest)[beside]
        for run in np.split(beside, np.flatnonzero(np.diff(taken)) + 1):
            pieces = np.array_split(run, max(1, round(len(run) * self.width_s / _PIECE_S)))
            parts += [piece for piece in pieces if len(piece) * self.width_s >= LEAST_S]
        return sorted(parts, key=lambda part: float(part.mean()))

    def _in_stretches(self, parts: Sequence[Ints]) -> Parts:
        """Parts by stretches of 15 s."""
        size = max(1, round(_STRETCH_S / self.width_s))
        firsts = [np.arange(0, len(part), size) for part in parts]
        number = np.repeat(np.arange(len(parts)), [len(first) for first in firsts])
        lengths = np.concatenate(
            [np.diff(np.append(first, len(part))) for first, part in zip(firsts, parts, strict=True)]
        )
        places = np.concatenate(parts)
        spread = np.concatenate([self._spread(part)[part] for part in parts])
        first = np.append(0, np.cumsum(lengths)[:-1])
        over, faces, squares = (
            np.add.reduceat(values, first) for values in (self.over[places], self.scored[places], spread**2)
        )
        left = np.array([variance_over(self.keeps / length) for length in range(1, size + 1)])[lengths - 1]

        def variance(weights: Floats) -> float:
            of_windows = np.zeros(len(self.scored))
            of_windows[places] = np.repeat(weights / faces, lengths) * spread
            return self._kept(of_windows)

        return Parts(
            share=over / faces,
            faces=faces,
            spread=np.sqrt(squares * lengths * left) / faces,
            middle=np.add.reduceat(places.astype(np.float64), first) / lengths,
            part=number,
            mean_variance=np.array([self._kept(self._weight(part)) for part in parts]),
            variance=variance,
            freedom=self.freedom,
        )

    def _halves(self, part: Ints) -> list[tuple[float, float]]:
        """How far the later half of a part lies over the earlier, and its middle over its ends, each with the variance
        of that."""
        early, late = np.array_split(part, 2)
        first, middle, last = np.array_split(part, 3)
        return [self._apart(part, late, early), self._apart(part, middle, np.concatenate([first, last]))]

    def _apart(self, inside: Ints, part: Ints, other: Ints) -> tuple[float, float]:
        """How far the median of one part of a segment lies over that of the other, and the variance of that."""
        spread, weight = self._spread(inside), np.zeros(len(self.scored))
        weight[part] = spread[part] / self.scored[part].sum()
        weight[other] = -spread[other] / self.scored[other].sum()
        difference = np.median(self._stretches(part)) - np.median(self._stretches(other))
        return float(difference), _MEDIAN_VARIES * self._kept(weight)

    def _reach_of_blocks(self, inside: Bools) -> float:
        """The same from how much blocks of a segment differ; 0 where that is no more than chance, or they are few."""
        places = np.flatnonzero(inside & (self.scored > 0))
        size = max(1, round(_BLOCK_S / self.width_s))
        blocks = len(places) // size
        if blocks < _LEAST_BLOCKS:
            return 0.0
        first = np.arange(blocks) * size
        over, scored = (np.add.reduceat(values[places], first) for values in (self.over, self.scored))
        apart = float(((over - scored * over.sum() / scored.sum()) ** 2).sum())
        by_chance = float((self._spread(inside)[places] ** 2).sum()) * size * variance_over(self.keeps / size)
        if apart <= by_chance * special.chdtri(blocks - 1, 1 - _MOVED) / (blocks - 1):
            return 0.0
        error = (apart * blocks / (blocks - 1)) ** 0.5 / float(scored.sum())
        reach: float = float(special.stdtrit(blocks - 1, 0.975)) * error
        return reach

    def _stretches(self, places: Ints) -> Floats:
        """The share of stretches of 15 s of some windows."""
        size = max(1, round(_STRETCH_S / self.width_s))
        first = np.arange(0, len(places), size)
        shares: Floats = np.add.reduceat(self.over[places], first) / np.add.reduceat(self.scored[places], first)
        return shares

    def _spread(self, inside: Bools | Ints) -> Floats:
        """(n,) the spread of the sum over each window's faces of those that show it, from the share of some windows.

        The share is brought a little to the middle (A. Agresti and B. A. Coull, The American Statistician 52, 1998):
        where nobody showed it, somebody may have.
        """
        scored, over = self.scored[inside].sum(), self.over[inside].sum()
        people = scored / (1 + 2 * self.keeps)
        share = (over * people / scored + 1) / (people + 2)
        spread: Floats = np.sqrt(share * (1 - share) * self.scored * self.looks)
        return spread

    def _share(self, inside: Bools) -> float:
        return float(self.over[inside].sum() / self.scored[inside].sum())

    def _weight(self, inside: Bools | Ints) -> Floats:
        """(n,) what each window adds to the mean over some of them, in spreads of what its faces show."""
        weight = np.zeros(len(self.scored))
        weight[inside] = self._spread(inside)[inside] / self.scored[inside].sum()
        return weight

    def _kept(self, weight: Floats) -> float:
        """The variance of a sum of what people show in each window: Σ w_i w_j exp(-|i - j| / keeps)."""
        some = np.flatnonzero(weight)
        if not len(some):
            return 0.0
        weight = weight[some[0] : some[-1] + 1]
        return max(0.0, float((weight * self._followed(weight)).sum()))

    def _followed(self, weight: Floats) -> Floats:
        """(n,) Σ w_j exp(-|i - j| / keeps) for each i."""
        length = 1 << (2 * len(weight) - 1).bit_length()
        fades = np.exp(-np.arange(length // 2 + 1) / self.keeps)
        around = np.fft.rfft(np.concatenate([fades, fades[-2:0:-1]]))
        followed: Floats = np.fft.irfft(np.fft.rfft(weight, length) * around, length)[: len(weight)]
        return followed
