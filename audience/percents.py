"""Shares as whole percents, rounded the same wherever they are said: in sentences, in tables, and in the player."""

from __future__ import annotations

# A share is taken to the nearest of so many parts first, which every percent and half percent is one of exactly:
# 23 of 40 faces are 57.5 %, but 100 * 0.575 is 57.49999999999999 to a computer.
SHARE_PARTS = 50_000


def percent(share: float) -> int:
    """A share in whole percents, halves to the even one; `dashboard/player/figures.js` rounds as this does.

    Args:
        share: 0..1, or a change of -1..1; not NaN.
    """
    return round(round(SHARE_PARTS * float(share)) / (SHARE_PARTS / 100))


def percent_text(share: float) -> str:
    """A share as "37 %"."""
    return f"{percent(share)} %"
