"""What was met while a recording was read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyEnd:
    """A recording that holds less than its header states: cut off, or still being written.

    Attributes:
        at_s: end of the last picture found, seconds since the first presented frame.
        stated_s: length the file states, seconds.
    """

    at_s: float
    stated_s: float

    def __str__(self) -> str:
        return f"the recording ends at {self.at_s:.1f} s of the {self.stated_s:.1f} s it states"


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one sampling; grows while the samples are taken.

    Attributes:
        packets: coded pictures read from the file.
        decoded: pictures the decoder gave back; the others were skipped without being decoded.
        corrupt: packets or pictures that could not be read or decoded whole; none of them becomes a sample.
        ended_early: set once the end was reached and it came before the stated one.
    """

    packets: int = 0
    decoded: int = 0
    corrupt: int = 0
    ended_early: EarlyEnd | None = None
