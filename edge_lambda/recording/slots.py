"""Divides a recording's time into slots, in integer arithmetic, so that no picture falls between two of them."""

from __future__ import annotations

import math
from fractions import Fraction

from audience.errors import InvalidValue

# Rounds a float such as 0.1 to the exact tenth; a millionth is finer than any frame rate.
FINEST = 1_000_000


class Slots:
    """Slots of equal width; slot n contains the times t with n = floor((t + grid_offset_s) / every_s).

    Args:
        every_s: width of a slot, seconds, over 0.
        grid_offset_s: start of the grid, seconds before the first presented frame.
        time_base: seconds per tick of the stream's clock.

    Raises:
        InvalidValue: the width is not over 0, or a value is not finite.
    """

    def __init__(self, *, every_s: float, grid_offset_s: float, time_base: Fraction) -> None:
        if not (math.isfinite(every_s) and math.isfinite(grid_offset_s) and Fraction(every_s) * FINEST >= 1):
            raise InvalidValue(f"cannot sample every {every_s!r} s from {grid_offset_s!r} s: give seconds over 0")
        self._every = Fraction(every_s).limit_denominator(FINEST)
        self._offset = Fraction(grid_offset_s).limit_denominator(FINEST)
        # (ticks * time_base + offset) / every, over a common denominator.
        scale, shift = time_base / self._every, self._offset / self._every
        self._divisor = math.lcm(scale.denominator, shift.denominator)
        self._factor = int(scale * self._divisor)
        self._addend = int(shift * self._divisor)

    def of(self, tick: int) -> int:
        """The slot of a time given in ticks since the first presented frame."""
        return (tick * self._factor + self._addend) // self._divisor

    def first_from(self, start_s: float) -> int:
        """The first slot that begins at or after `start_s`; a slot cut by the recording's start begins at 0.

        Raises:
            InvalidValue: the value is not finite.
        """
        if not math.isfinite(start_s):
            raise InvalidValue(f"cannot begin at {start_s!r} s: give seconds since the recording's first picture")
        start = Fraction(start_s).limit_denominator(FINEST)
        if start <= 0:
            return self.of(0)
        return math.ceil((start + self._offset) / self._every)

    def begin_s(self, slot: int) -> float:
        """Start of a slot, seconds since the first presented frame."""
        return float(slot * self._every - self._offset)
