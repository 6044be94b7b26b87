"""Shares as whole percents, rounded the same way in sentences, tables and the player."""

from __future__ import annotations

# Shares are first rounded to multiples of 1/50,000, which include every whole and half percent exactly: 23 of 40 faces
# are 57.5 %, but 100 * 0.575 is 57.49999999999999 in floating point.
SHARE_PARTS = 50_000


def percent(share: float) -> int:
    """A share in whole percents, halves rounded to even; `dashboard/player/figures.js` rounds the same way.

    Args:
        share: 0..1, or a change of -1..1; not NaN.
    """
    return round(round(SHARE_PARTS * float(share)) / (SHARE_PARTS / 100))


def percent_text(share: float) -> str:
    """A share as "37 %"."""
    return f"{percent(share)} %"
