"""A recording that a page can show, or why there is none. Never imports Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A recording a page can show.

    Attributes:
        url: its address on this server.
        starts_s: where its second 0 lies, seconds since the session began; negative where it began before.
        length_s: how much of it was looked at, seconds; there is no picture after.
        convert: the command that makes a copy of it that every browser plays.
    """

    url: str
    starts_s: float
    length_s: float = inf
    convert: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoVideo:
    """Why there is no recording to show, in one line for the viewer.

    Attributes:
        reason: why.
        convert: the command that makes a copy of it that every browser plays; "" where that would not help.
    """

    reason: str
    convert: str = ""
