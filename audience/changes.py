"""How far the seconds that happened to be seen may move the change of a segment, the people being these.

A mean over a stretch varies because people keep what they show: of n who each go their own way, by p (1 - p) / n times
what is left of it over the stretch, which follows from how long they keep it (`audience.independence`). That is told
from all of the session, so that it holds for a segment of a minute and people who keep a face as long. Where the
segment's own blocks of half a minute differ by more, because people moved together in some of them, these count.

Neither knows of a share that drifts, and within a few minutes a drift looks like what was shown. It does not stand
still within segments, though. Where a share does not either, changes count for no more than how far all segments of
the session lie from its mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.independence import variance_over
from audience.steps import STRETCH, Steps

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

LEAST_S = 60.0  # of figures in a segment, and in what it is held against

_BLOCK_S = 30.0
_LEAST_BLOCKS = 4
# Blocks count where people who go their own way would differ as much in no more than one of twenty segments.
_MOVED = 0.95
_DIFFER = 0.9  # halves of segments, at which they differ further than chance
_AS_FAST = 0.25  # as from one segment to the next
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
        """The same, as far as segments differ anyway where that may be a drift."""
        known = np.flatnonzero(~np.isnan(reaches))
        inside_of = [segments[index] for index in known.tolist()]
        changes = np.array([self._share(inside) for inside in inside_of]) - self._share(against)
        # Where no change is told apart from none, a drift is not taken for one.
        if len(known) < 2 or (np.abs(changes) <= reaches[known]).all() or not self._drifts(inside_of):
            return reaches
        usual = float(special.stdtrit(len(known) - 1, 0.975)) * float((changes**2).mean()) ** 0.5
        wider: Floats = np.hypot(reaches, usual)
        return wider

    def _drifts(self, segments: Sequence[Bools]) -> bool:
        """Whether what segments differ by may be a drift: the share goes on changing within them.

        A step from one segment to the next leaves the share level within both; in a drift it rises within segments as
        fast as from one to the next. It may be a drift where it rises within them a quarter as fast, and where parts
        of segments differ further than chance: their halves, or their middle from both ends.

        Args:
            segments: (n,) windows of each, in order of time.
        """
        long = [inside for inside in segments if np.count_nonzero(inside & (self.scored > 0)) * self.width_s >= _LONG_S]
        if not long:
            return False
        rises, bends = [], []
        for inside in long:
            places = np.flatnonzero(inside & (self.scored > 0))
            early, late = np.array_split(places, 2)
            first, middle, last = np.array_split(places, 3)
            rises.append(self._apart(inside, late, early))
            bends.append(self._apart(inside, middle, np.concatenate([first, last])))
        apart, variances = np.array([*rises, *bends]).T
        if (apart**2 / variances).sum() > special.chdtri(len(apart), 1 - _DIFFER):
            return True
        if len(long) == 1:
            return False
        shares = np.array([self._share(inside) for inside in long])
        lengths = np.array([np.count_nonzero(inside & (self.scored > 0)) for inside in long])
        middles = np.array([np.flatnonzero(inside & (self.scored > 0)).mean() for inside in long])
        # As fast as from segment to segment, halves would differ by so much.
        between = np.gradient(shares, middles) * lengths / 2
        apart, variances = apart[: len(long)], variances[: len(long)]
        return bool((apart * between / variances).sum() > _AS_FAST * (between**2 / variances).sum())

    def _apart(self, inside: Bools, part: Ints, other: Ints) -> tuple[float, float]:
        """How far the median of one part of a segment lies over that of the other, and the variance of that."""
        spread, weight = self._spread(inside), np.zeros(len(inside))
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

    def _spread(self, inside: Bools) -> Floats:
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

    def _weight(self, inside: Bools) -> Floats:
        """(n,) what each window adds to the mean over some of them, in spreads of what its faces show."""
        weight: Floats = inside * self._spread(inside) / self.scored[inside].sum()
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
