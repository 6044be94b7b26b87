"""Frame rates and timecode, in exact fractions (SMPTE ST 12-1).

At an NTSC rate a timecode counts 24, 30 or 60 frames to its "second", which lasts 1.001 s: an hour of such timecode is
3.6 s longer than an hour. Drop-frame timecode leaves out frame numbers to keep in step with the clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

NTSC: Final = Fraction(1000, 1001)
_TIMECODE = re.compile(r"([0-9]{1,3})[:;]([0-5]?[0-9])[:;]([0-5]?[0-9])[:;.,]([0-9]{2,3})")
_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:/([0-9]{1,6}))?\s*(df|drop|ndf)?\s*(?:fps)?", re.IGNORECASE)
FASTEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Rate:
    """A frame rate.

    Attributes:
        nominal: frames counted in a "second" of timecode.
        exact: frames in a second.
    """

    nominal: int
    exact: Fraction

    @property
    def text(self) -> str:
        """The rate as people write it: `25`, `29.97`, `23.976`."""
        if self.exact.denominator == 1:
            return str(self.exact)
        return f"{float(self.exact):.3f}".rstrip("0") if self.nominal < 25 else f"{float(self.exact):.2f}"


def rate_of(nominal: int, *, ntsc: bool = False) -> Rate:
    """The rate that counts `nominal` frames, or 1000/1001 of it."""
    return Rate(nominal, nominal * NTSC if ntsc else Fraction(nominal))


def rate_in(text: str) -> Rate | None:
    """Parses `25`, `29.97fps`, `23.98` or `30000/1001`; None if the text is no frame rate.

    Whatever lies within a thousandth of an NTSC rate, as rounded rates do, is that rate.
    """
    found = _RATE.fullmatch(text.strip())
    if found is None or (found[2] and not int(found[2])):
        return None
    stated = Fraction(found[1]) / int(found[2] or 1)
    nominal = -(-stated.numerator // stated.denominator)
    if not 0 < stated <= FASTEST:
        return None
    if stated.denominator != 1 and abs(stated - nominal * NTSC) <= Fraction(6, 1000):
        return rate_of(nominal, ntsc=True)
    return Rate(round(stated) or 1, stated)


@dataclass(frozen=True, slots=True)
class Timecode:
    """A timecode: hours, minutes, seconds and frames, and whether it is drop-frame."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop: bool

    def at(self, rate: Rate) -> Fraction:
        """Seconds from 00:00:00:00, exact."""
        minutes = self.hours * 60 + self.minutes
        count = (minutes * 60 + self.seconds) * rate.nominal + self.frames
        if self.drop:
            # The first 2 frame numbers (4 at 60) of each minute are left out, except every tenth minute.
            count -= rate.nominal // 15 * (minutes - minutes // 10)
        return count / rate.exact


def timecode_in(text: str) -> Timecode | None:
    """Parses HH:MM:SS:FF; a semicolon anywhere makes it drop-frame. None if the text is no timecode."""
    found = _TIMECODE.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds, frames = (int(number) for number in found.groups())
    return Timecode(hours, minutes, seconds, frames, ";" in text)


def likely_rates(highest_frame: int, drop: bool, *, of_film: bool = True) -> list[Rate]:
    """The usual rates that have a frame number, the likeliest first; empty where none has.

    Programs that cut film and television run at 23.976, 29.97 and 59.94 far more often than at 24, 30 and 60. Where no
    frame number says anything, a rate that keeps up with the clock is as likely as any.
    """
    if drop:
        return [rate_of(nominal, ntsc=True) for nominal in (30, 60) if highest_frame < nominal]
    order = [(24, True), (24, False), (25, False), (30, True), (30, False)]
    order += [(50, False), (60, True), (60, False), (48, False)]
    if not highest_frame and not of_film:
        order.sort(key=lambda one: one[0] != 25)
    return [rate_of(nominal, ntsc=ntsc) for nominal, ntsc in order if highest_frame < nominal]
