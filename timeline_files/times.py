"""Times as people and programs write them: `75`, `1:15`, `0:01:15.5`, `00:01:15,500`."""

from __future__ import annotations

import re

from audience.errors import InvalidValue
from audience.instants import clock_text

HOW = "write it as 75, 1:15 or 0:01:15.5"
_TIME = re.compile(r"(?:(?:([0-9]{1,4}):)?([0-9]{1,4}):)?([0-9]{1,7})(?:[.,]([0-9]{1,12}))?")


def time_s(text: str) -> float:
    """The seconds a time stands for, 0 or more.

    Before seconds there may be minutes, before these hours; what has something before it is less than 60.

    Raises:
        InvalidValue: the text is no such time.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise InvalidValue(f"{shown(text)} is not a time: {HOW}")
    hours, minutes, seconds, fraction = found.groups()
    if (minutes and int(seconds) >= 60) or (hours and int(minutes) >= 60):
        raise InvalidValue(f"{shown(text)} is not a time: minutes and seconds go up to 59")
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    return float(f"{whole}.{fraction or 0}")


def time_text(seconds: float) -> str:
    """A time of 0 or more as `time_s` reads it, to the microsecond: `1:15`, `1:01:15.5`."""
    whole, _, fraction = f"{seconds:.6f}".partition(".")
    decimals = fraction.rstrip("0")
    return clock_text(float(whole)) + (f".{decimals}" if decimals else "")


def shown(text: str) -> str:
    """A value out of a file as a message quotes it: on one line and not too long."""
    text = text.strip()
    return repr(text if len(text) <= 40 else text[:39] + "…")
