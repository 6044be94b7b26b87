"""Intervals around shares and means, vectorised."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Allowance = Literal["people seen", "scorer's errors"]
"""What the band of a share allows for: chance in who was seen, and what the scorer gets wrong about them."""

Z_95 = 1.959963984540054


def wilson(count: Floats, n: Floats, z: float = Z_95) -> tuple[Floats, Floats]:
    """The Wilson score interval of a share (E. B. Wilson, JASA 22, 1927, p. 209).

    Args:
        count: (k,) how many of n, 0..n; need not be whole where n is an effective number.
        n: (k,) how many in all; where it is 0 the bounds are NaN.
        z: normal quantile; 1.96 gives 95 %.

    Returns:
        Lower and upper bounds, (k,) each, within 0..1.
    """
    n = np.where(n > 0, n, np.nan)
    share = np.clip(count / n, 0, 1)  # a count worked out of a share may be rounded past n
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    centre = share + z * z / (2 * n)
    scale = 1 + z * z / n
    # Rounding must not push a bound past the share itself, which at 0 and 1 is the bound.
    low = np.clip((centre - spread) / scale, 0, share)
    return low, np.clip((centre + spread) / scale, share, 1)


def difference_interval(
    first: tuple[Floats, Floats, Floats], second: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """The interval of `first - second`, made from the interval of each (R. G. Newcombe, "Interval estimation for the
    difference between independent proportions", Statistics in Medicine 17, 1998, method 10).

    Args:
        first, second: the figure, its lower and its upper bound; (k,) each.

    Returns:
        Lower and upper bounds of the difference, (k,) each; NaN where a figure or a bound is.
    """
    one, one_low, one_high = first
    other, other_low, other_high = second
    difference = one - other
    low = difference - np.sqrt((one - one_low) ** 2 + (other_high - other) ** 2)
    return low, difference + np.sqrt((one_high - one) ** 2 + (other - other_low) ** 2)
