"""Several screenings as one: their mean along an axis, and over all of it, each screening counting once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

LEAST_FOR_A_BAND = 3  # screenings; of two, the interval would be wider than all there is


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCurve:
    """The mean of a group of screenings; (c,) each.

    Attributes:
        count: how many screenings have a figure there.
        mean: their mean share, NaN where there is none.
        low, high: its 95 % interval (Student's t over screenings), within 0..1; NaN where fewer than
            `LEAST_FOR_A_BAND` have a figure.
    """

    count: NDArray[np.int64]
    mean: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, screenings: Floats) -> Self:
        """The mean of (screenings, c) shares, NaN where a screening has no figure.

        Where the shares are means over time already, so that c is 1, this is the mean over all of it.
        """
        known = ~np.isnan(screenings)
        count = np.count_nonzero(known, axis=0)
        n = np.where(count > 0, count, np.nan)
        mean = np.where(known, screenings, 0).sum(axis=0) / n
        squares = np.where(known, (screenings - mean) ** 2, 0).sum(axis=0)
        n = np.where(count >= LEAST_FOR_A_BAND, n, np.nan)
        reach = stats.t.ppf(0.975, n - 1) * np.sqrt(squares / (n - 1) / n)
        return cls(count=count, mean=mean, low=np.maximum(mean - reach, 0), high=np.minimum(mean + reach, 1))
