"""How much of what parts of a session differ by may be a slow drift.

A step from one part to the next leaves the share level within both. A drift goes on within them: there it follows the
line through what parts show on average. How far it does is the slope of a regression: 0 of steps, 1 of a drift.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

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
