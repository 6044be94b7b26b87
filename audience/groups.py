"""Several screenings as one: their mean along an axis, and over all of it, each screening counting once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.comparison import LEAST_UNITS

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCurve:
    """The mean of a group of screenings; (c,) each.

    Attributes:
        count: how many screenings have a figure there.
        mean: their mean share, NaN where there is none.
        low, high: its 95 % interval (Student's t over screenings), within 0..1; NaN where fewer than
            `comparison.LEAST_UNITS` have a figure.
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
        count, mean, low, high = mean_over(screenings)
        return cls(count=count, mean=mean, low=np.maximum(low, 0), high=np.minimum(high, 1))


def mean_over(screenings: Floats) -> tuple[NDArray[np.int64], Floats, Floats, Floats]:
    """The mean of figures of screenings, (screenings, c), and its 95 % interval by Student's t.

    Returns:
        (c,) each: how many screenings have a figure, their mean, and its bounds, NaN where fewer than
        `comparison.LEAST_UNITS` have one.
    """
    known = ~np.isnan(screenings)
    count = np.count_nonzero(known, axis=0)
    n = np.where(count > 0, count, np.nan)
    mean = np.where(known, screenings, 0).sum(axis=0) / n
    squares = np.where(known, (screenings - mean) ** 2, 0).sum(axis=0)
    n = np.where(count >= LEAST_UNITS, n, np.nan)
    reach = special.stdtrit(n - 1, 0.975) * np.sqrt(squares / (n - 1) / n)
    return count, mean, mean - reach, mean + reach
