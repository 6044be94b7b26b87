"""Confidence intervals of the changes of segments, for a given group of people.

A mean over a stretch varies because people keep an expression for a while. For n independent people its variance is p
(1 - p) / n times a factor that depends on their persistence (`audience.reaction.independence`). The persistence is
estimated from the whole session, so that the interval also holds for a segment of a minute. If the segment's own
30-second blocks differ by more, because people moved together, the variance of these blocks is used.


Neither accounts for a drifting share, which within a few minutes looks like an effect of the content. A step between
segments leaves the share constant within both; a drift continues within them, along the line through the segments'
means. A regression on that line has a slope of 0 for steps and 1 for a drift, and each interval is widened by that part
of its change.
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

_DRIFT_CONFIDENCE = 0.95  # confidence that no larger part is a drift
# Deviations of stretches from their part's median are clipped to this, in standard deviations: a laugh is not a drift.
_CLIP_AT = 3.0
_MAD_OF_NORMAL = 0.6745  # median absolute deviation of a normal variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A session divided into parts, and each part into stretches of some seconds.

    Attributes:
        share: (m,) the share over each stretch.
        faces: (m,) faces scored in it, over 0.
        spread: (m,) standard deviation of its share by chance.
        middle: (m,) its middle, in windows.
        part: (m,) index of its part, 0 to k - 1 in order of time.
        mean_variance: (k,) variance of each part's mean by chance.
        variance: function of (m,) weights: the variance by chance of the weighted sum of the stretches.
        freedom: degrees of freedom, the effective number of independent stretches.
    """

    share: Floats
    faces: Floats
    spread: Floats
    middle: Floats
    part: Ints
    mean_variance: Floats
    variance: Callable[[Floats], float]
    freedom: float

    def drift_fraction(self) -> float:
        """Upper bound (95 %), 0..1, on the part of the parts' differences that may be a drift; 1 if unknown."""
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
        error = self.variance(weight) ** 0.5 * float(special.stdtrit(self.freedom, _DRIFT_CONFIDENCE))
        # The means behind the line contain noise too, which attenuates the slope: divide by the real part.
        real = 1 - float((self.faces @ line**2 * self.mean_variance).sum()) / squares
        return min(max((slope + error) / real, 0.0), 1.0) if real > 0 else 1.0

    def _by_part(self, values: Floats) -> Floats:
        sums: Floats = np.bincount(self.part, weights=values, minlength=len(self.mean_variance)).astype(np.float64)
        return sums

    def _without_outliers(self) -> Floats:
        """(m,) the shares, clipped around the median of their part."""
        median = np.array([np.median(self.share[self.part == number]) for number in range(len(self.mean_variance))])
        off = (self.share - median[self.part]) / self.spread
        reach = _CLIP_AT * max(1.0, float(np.median(np.abs(off))) / _MAD_OF_NORMAL)
        share: Floats = median[self.part] + np.clip(off, -reach, reach) * self.spread
        return share

    def _line(self) -> Floats:
        """(m, k) weights of the parts' means in the line through all of them, less the line's mean within each part.

        The line connects the middles of successive parts, and is extrapolated at both ends.
        """
        middles = self._by_part(self.middle * self.faces) / self._by_part(self.faces)
        before = np.clip(np.searchsorted(middles, self.middle) - 1, 0, len(middles) - 2)
        # Nested parts may have the same middle.
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

LEAST_S = 60.0  # of figures in a segment, and in its baseline

_BLOCK_S = 30.0
_LEAST_BLOCKS = 4
# Blocks are used if independent people would differ as much in at most one of twenty segments.
_BLOCKS_CONFIDENCE = 0.95
_HALVES_CONFIDENCE = 0.9  # confidence that halves of segments differ by more than chance
_PIECE_S = 300.0  # length of pieces between segments
_LONG_S = 90.0  # the shortest segment whose halves are compared
_STRETCH_S = 15.0
_MEDIAN_VARIANCE = 1.3  # variance of a median relative to a mean: π/2 for many independent values, 1 for few


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One expression along a session, and how long people keep it.

    Attributes:
        over, scored: (n,) faces over the threshold, and faces scored; 0 where there is no figure.
        observations: (n,) how often each face was scored in a window; 0 where there is no figure.
        width_s: width of a window, seconds.
        persistence: how long people keep an expression, in windows.
        freedom: degrees of freedom, the effective number of independent stretches.
    """

    over: Floats
    scored: Floats
    observations: Floats
    width_s: float
    persistence: float
    freedom: float

    @classmethod
    def of(cls, over: Floats, scored: Floats, observations: Floats, width_s: float, steps: Steps) -> Self:
        """Combines counts with the persistence estimated from steps."""
        stretch = STRETCH * steps.windows_per_step
        stretches = float(steps.known.sum()) / stretch
        return cls(
            over=over,
            scored=scored,
            observations=observations,
            width_s=width_s,
            persistence=max(steps.persistence * stretch, 0.5),
            freedom=max(2.0, stretches / (1 + 2 * steps.persistence)),
        )

    def _enough(self, inside: Bools) -> bool:
        return bool(np.count_nonzero(inside & (self.scored > 0)) * self.width_s >= LEAST_S)

    def margins(self, segments: Sequence[Bools], against: Bools | None) -> Floats:
        """The half-widths of the 95 % intervals of the segments' changes.

        Args:
            segments: mask (n,) of each segment's windows, in order of time.
        against: mask (n,) of the baseline's windows; None for a baseline without uncertainty.

        Returns:
            (s,), NaN where there is not enough data.
        """
        margins = np.full(len(segments), np.nan)
        if against is not None and not self._enough(against):
            return margins
        theirs = np.zeros(len(self.scored)) if against is None else self._weight(against)
        followed = self._correlated(theirs)
        of_theirs = float((theirs * followed).sum())
        student: float = float(special.stdtrit(self.freedom, 0.975))
        for index, inside in enumerate(segments):
            if self._enough(inside):
                own = self._weight(inside)
                variance = self._variance(own) - 2 * float((own * followed).sum()) + of_theirs
                # A segment that is the whole session does not differ from it.
                differs = variance > 1e-9 * self._variance(own)
                margins[index] = max(student * variance**0.5, self._block_margin(inside)) if differs else 0.0
        return self._with_drift(margins, segments, against) if against is not None else margins

    def _with_drift(self, margins: Floats, segments: Sequence[Bools], against: Bools) -> Floats:
        """The margins, widened by the part of each change that may be a drift."""
        known = ~np.isnan(margins)
        shares = [self._share(inside) if some else np.nan for inside, some in zip(segments, known, strict=True)]
        changes = np.abs(np.array(shares) - self._share(against))
        # If no change is significant, a drift cannot be mistaken for one.
        if (changes[known] <= margins[known]).all():
            return margins
        wider: Floats = np.hypot(margins, self._drift_fraction(segments) * changes)
        return wider

    def _drift_fraction(self, segments: Sequence[Bools]) -> float:
        """Upper bound on the part of the segments' differences that may be a drift: 1 if the share changes within them.

        Args:
            segments: mask (n,) of each segment's windows, in order of time.
        """
        parts = self._parts(segments)
        long = [part for part in parts if len(part) * self.width_s >= _LONG_S]
        apart = np.array([pair for part in long for pair in self._halves(part)]).reshape(-1, 2)
        if len(long) and (apart[:, 0] ** 2 / apart[:, 1]).sum() > special.chdtri(len(apart), 1 - _HALVES_CONFIDENCE):
            return 1.0
        return self._in_stretches(parts).drift_fraction()

    def _parts(self, segments: Sequence[Bools]) -> list[Ints]:
        """The windows with figures of each segment that is long enough, and pieces of the rest, in order of time."""
        parts = [np.flatnonzero(inside & (self.scored > 0)) for inside in segments if self._enough(inside)]
        rest = self.scored > 0
        for part in parts:
            rest[part] = False
        beside = np.flatnonzero(rest)
        assigned = np.cumsum((self.scored > 0) & ~rest)[beside]
        for run in np.split(beside, np.flatnonzero(np.diff(assigned)) + 1):
            pieces = np.array_split(run, max(1, round(len(run) * self.width_s / _PIECE_S)))
            parts += [piece for piece in pieces if len(piece) * self.width_s >= LEAST_S]
        return sorted(parts, key=lambda part: float(part.mean()))

    def _in_stretches(self, parts: Sequence[Ints]) -> Parts:
        """Divides parts into stretches of 15 s."""
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
        left = np.array([variance_over(self.persistence / length) for length in range(1, size + 1)])[lengths - 1]

        def variance(weights: Floats) -> float:
            of_windows = np.zeros(len(self.scored))
            of_windows[places] = np.repeat(weights / faces, lengths) * spread
            return self._variance(of_windows)

        return Parts(
            share=over / faces,
            faces=faces,
            spread=np.sqrt(squares * lengths * left) / faces,
            middle=np.add.reduceat(places.astype(np.float64), first) / lengths,
            part=number,
            mean_variance=np.array([self._variance(self._weight(part)) for part in parts]),
            variance=variance,
            freedom=self.freedom,
        )

    def _halves(self, part: Ints) -> list[tuple[float, float]]:
        """Differences of a part's second half from its first, and of its middle from its ends, with their variances."""
        early, late = np.array_split(part, 2)
        first, middle, last = np.array_split(part, 3)
        return [
            self._median_difference(part, late, early),
            self._median_difference(part, middle, np.concatenate([first, last])),
        ]

    def _median_difference(self, inside: Ints, part: Ints, other: Ints) -> tuple[float, float]:
        """The difference of the medians of two parts of a segment, and its variance."""
        spread, weight = self._spread(inside), np.zeros(len(self.scored))
        weight[part] = spread[part] / self.scored[part].sum()
        weight[other] = -spread[other] / self.scored[other].sum()
        difference = np.median(self._stretches(part)) - np.median(self._stretches(other))
        return float(difference), _MEDIAN_VARIANCE * self._variance(weight)

    def _block_margin(self, inside: Bools) -> float:
        """The half-width from the differences of a segment's blocks; 0 if within chance, or if the blocks are few."""
        places = np.flatnonzero(inside & (self.scored > 0))
        size = max(1, round(_BLOCK_S / self.width_s))
        blocks = len(places) // size
        if blocks < _LEAST_BLOCKS:
            return 0.0
        first = np.arange(blocks) * size
        over, scored = (np.add.reduceat(values[places], first) for values in (self.over, self.scored))
        apart = float(((over - scored * over.sum() / scored.sum()) ** 2).sum())
        by_chance = float((self._spread(inside)[places] ** 2).sum()) * size * variance_over(self.persistence / size)
        if apart <= by_chance * special.chdtri(blocks - 1, 1 - _BLOCKS_CONFIDENCE) / (blocks - 1):
            return 0.0
        error = (apart * blocks / (blocks - 1)) ** 0.5 / float(scored.sum())
        reach: float = float(special.stdtrit(blocks - 1, 0.975)) * error
        return reach

    def _stretches(self, places: Ints) -> Floats:
        """The share in each 15 s stretch of some windows."""
        size = max(1, round(_STRETCH_S / self.width_s))
        first = np.arange(0, len(places), size)
        shares: Floats = np.add.reduceat(self.over[places], first) / np.add.reduceat(self.scored[places], first)
        return shares

    def _spread(self, inside: Bools | Ints) -> Floats:
        """(n,) standard deviation of each window's count over the threshold, from the share of some windows.

        The share is shrunk slightly towards 1/2 (A. Agresti and B. A. Coull, The American Statistician 52, 1998), so
        that it is never exactly 0.
        """
        scored, over = self.scored[inside].sum(), self.over[inside].sum()
        people = scored / (1 + 2 * self.persistence)
        share = (over * people / scored + 1) / (people + 2)
        spread: Floats = np.sqrt(share * (1 - share) * self.scored * self.observations)
        return spread

    def _share(self, inside: Bools) -> float:
        return float(self.over[inside].sum() / self.scored[inside].sum())

    def _weight(self, inside: Bools | Ints) -> Floats:
        """(n,) weight of each window in the mean over some of them, times its standard deviation."""
        weight = np.zeros(len(self.scored))
        weight[inside] = self._spread(inside)[inside] / self.scored[inside].sum()
        return weight

    def _variance(self, weight: Floats) -> float:
        """The variance of a weighted sum of windows: Σ w_i w_j exp(-|i - j| / persistence)."""
        some = np.flatnonzero(weight)
        if not len(some):
            return 0.0
        weight = weight[some[0] : some[-1] + 1]
        return max(0.0, float((weight * self._correlated(weight)).sum()))

    def _correlated(self, weight: Floats) -> Floats:
        """(n,) Σ w_j exp(-|i - j| / persistence) for each i."""
        length = 1 << (2 * len(weight) - 1).bit_length()
        fades = np.exp(-np.arange(length // 2 + 1) / self.persistence)
        around = np.fft.rfft(np.concatenate([fades, fades[-2:0:-1]]))
        followed: Floats = np.fft.irfft(np.fft.rfft(weight, length) * around, length)[: len(weight)]
        return followed
