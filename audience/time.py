"""Parse, convert and format instants: aware UTC datetimes, and integer milliseconds since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audience.errors import InvalidValue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_instant(text: str) -> datetime:
    """Parses an ISO 8601 date and time with its time zone, such as `2026-05-04T19:30:00+02:00`.

    Returns:
        The instant in UTC.

    Raises:
        InvalidValue: the text is not a date and time, has no time zone, or is out of range.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidValue(
            f"{text!r} is not a date and time: write it as 2026-05-04T19:30:00+02:00 (or with Z for UTC)"
        ) from None
    if instant.tzinfo is None:
        raise InvalidValue(f"{text!r} has no zone: add Z for UTC, or an offset such as +02:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidValue(f"{text!r} is out of range: years run from 1 to 9999 in UTC") from None


def parse_zone(text: str) -> tzinfo:
    """Parses a time zone: a name such as `Europe/Berlin`, or an offset from UTC such as `+02:00`.

    Raises:
        InvalidValue: there is no such zone.
    """
    if found := re.fullmatch(r"([+-])(\d\d):?(\d\d)", text.strip()):
        minutes = int(found[2]) * 60 + int(found[3])
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
    try:
        return ZoneInfo(text.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidValue(f"{text!r} is not a time zone: write it as Europe/Berlin, or as +02:00") from None


def to_ms(instant: datetime) -> int:
    """Milliseconds since the epoch, rounded down.

    Raises:
        InvalidValue: the instant has no zone.
    """
    if instant.tzinfo is None:
        raise InvalidValue(f"{instant.isoformat()} has no zone")
    return (instant - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of `ms` milliseconds since the epoch."""
    return EPOCH + timedelta(milliseconds=ms)


def instant_text(at: datetime) -> str:
    """Formats a UTC instant for exports: `2026-05-04T19:30:00.000Z`."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock_text(seconds: float) -> str:
    """Formats seconds as a player shows them: `0:07`, `12:31`, `1:02:05`; negative before the start."""
    whole = int(abs(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"-{text}" if seconds <= -1 else text
