"""Names for runs, so that the track ids of one never meet those of another."""

from __future__ import annotations

import numpy as np


def run_name(began_ms: int) -> str:
    """A short name made from the instant a run begins at, in base 36: `mnq3k2d1`."""
    return np.base_repr(began_ms, 36).lower()
