"""Times as people and programs write them: `75`, `1:15`, `0:01:15.5`, `00:01:15,500`."""

from __future__ import annotations

import re

from audience.errors import InvalidValue
from audience.time import clock_text

HOW = "write it as 75, 1:15 or 0:01:15.5"
_TIME = re.compile(r"(?:(?:([0-9]{1,4}):)?([0-9]{1,4}):)?([0-9]{1,7})(?:[.,]([0-9]{1,12}))?")


def time_s(text: str) -> float:
    """Parses a time into seconds, 0 or more.

    Seconds, minutes:seconds or hours:minutes:seconds; all but the first number are below 60.

    Raises:
        InvalidValue: the text is not such a time.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise InvalidValue(f"{quoted(text)} is not a time: {HOW}")
    hours, minutes, seconds, fraction = found.groups()
    if (minutes and int(seconds) >= 60) or (hours and int(minutes) >= 60):
        raise InvalidValue(f"{quoted(text)} is not a time: minutes and seconds go up to 59")
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    return float(f"{whole}.{fraction or 0}")


def time_text(seconds: float) -> str:
    """Formats seconds, 0 or more, as `time_s` reads them, to the microsecond: `1:15`, `1:01:15.5`."""
    whole, _, fraction = f"{seconds:.6f}".partition(".")
    decimals = fraction.rstrip("0")
    return clock_text(float(whole)) + (f".{decimals}" if decimals else "")


def quoted(text: str) -> str:
    """Quotes a value from a file for a message: on one line, at most 40 characters."""
    text = text.strip()
    return repr(text if len(text) <= 40 else text[:39] + "…")
