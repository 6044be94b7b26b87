"""Counts of what was found while reading a recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyEnd:
    """A recording that holds less than its header states: cut off, or still being written.

    Attributes:
        at_s: end of the last picture found, seconds since the first presented frame.
        stated_s: length stated in the file, seconds.
    """

    at_s: float
    stated_s: float

    def __str__(self) -> str:
        return f"the recording ends at {self.at_s:.1f} s of the {self.stated_s:.1f} s it states"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """A lasting change in a recording's timestamps.

    Attributes:
        at_s: the first picture after it, seconds since the first presented frame.
        by_s: how far they moved, seconds; negative for back.
        kind: "pause": no pictures were taken for that long. "restart", "jump": the clock was set back or forward, and
            the recording's time continues without a gap.
    """

    at_s: float
    by_s: float
    kind: Literal["pause", "restart", "jump"]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one sampling; updated during sampling.

    Attributes:
        packets: coded pictures read from the file.
        decoded: pictures returned by the decoder; the others were skipped.
        corrupt: packets or pictures that could not be read or decoded completely; none becomes a sample.
        encrypted: encrypted coded pictures; none is decoded.
        wrong_stamps: pictures whose timestamp was repaired.
        steps: lasting changes of the timestamps.
        lost: times with coded pictures of which none could be decoded: (from, until), seconds since the first presented
            frame, in order.
        end_s: end of the last picture; None before the end of the file was reached, or if it has no timestamps.
        ended_early: set if the file's end was reached before the stated one.
    """

    packets: int = 0
    decoded: int = 0
    corrupt: int = 0
    encrypted: int = 0
    wrong_stamps: int = 0
    steps: list[ClockStep] = field(default_factory=list)
    lost: list[tuple[float, float]] = field(default_factory=list)
    end_s: float | None = None
    ended_early: EarlyEnd | None = None

    def lost_s(self, until_s: float) -> float:
        """Seconds before `until_s` with coded pictures of which none could be decoded."""
        return sum(min(until, until_s) - begin for begin, until in self.lost if begin < until_s)

    def lose(self, begin_s: float, until_s: float) -> None:
        """Adds a slot of which no picture could be decoded."""
        if self.lost and abs(self.lost[-1][1] - begin_s) < 1e-6:
            self.lost[-1] = (self.lost[-1][0], until_s)
        else:
            self.lost.append((begin_s, until_s))
