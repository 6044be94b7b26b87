"""Whether a computer's clock can be believed yet: one that was just switched on waits for the network's time.

A computer without a clock of its own comes up in 1970, or at the time it was switched off, until a time server tells it
better. What is recorded meanwhile would stand hours from where it belongs, or be set aside where it arrives.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from audience.errors import DeviceError
from edge_lambda.steady_clock import is_synchronised

MADE_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Houselights was made after this: a clock that says less was never set."""

SETTLING_S: Final = 180.0
"""Seconds after the computer was switched on in which a time server is waited for; a network takes one or two minutes
to come up. Afterwards the camera records, and says that nobody vouches for its clock."""


def check_clock(
    now: datetime,
    *,
    since_boot_s: Callable[[], float] = lambda: time.clock_gettime(
        getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    ),
    synchronised: Callable[[], bool] = is_synchronised,
) -> None:
    """Checks that frames may be stamped by a clock.

    Args:
        now: what it says, aware UTC.
        since_boot_s: seconds since the computer was switched on.
        synchronised: whether a time server keeps it.

    Raises:
        DeviceError: it is to be waited for.
    """
    if now < MADE_AT:
        raise DeviceError(f"the clock says {now:%Y-%m-%d}: it was never set; nothing is recorded until it is")
    if not synchronised() and since_boot_s() < SETTLING_S:
        raise DeviceError("the computer was just switched on and no time server has set its clock yet: waiting for one")


def clock_word(synchronised: Callable[[], bool] = is_synchronised) -> str:
    """What is to be known of a clock that is used; "" where a time server keeps it."""
    return "" if synchronised() else "no time server keeps the clock: seconds may be wrong"
