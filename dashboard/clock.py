"""Instants and lengths as a viewer reads them: in their language and own zone, named wherever it matters."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_skeleton

from audience.language import ENGLISH, gettext, language
from audience.time import from_ms


def viewer_zone(name: str | None) -> tzinfo:
    """The zone the viewer's browser names; UTC where it names none this machine knows."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def machine_zone() -> tzinfo:
    """The zone this machine is set to, with its changes between summer and winter; UTC where it is not known."""
    for name in (os.environ.get("TZ", "").removeprefix(":"), str(Path("/etc/localtime").resolve())):
        try:
            return ZoneInfo(name.rpartition("zoneinfo/")[2])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return datetime.now().astimezone().tzinfo or UTC


def span_text(began: datetime, ended: datetime | None, zone: tzinfo) -> str:
    """As `Thu 14 May 2026, 18:25 to 19:16 (BST, Europe/London)`; the begin alone where the end is not known."""
    local = began.astimezone(zone)
    until = ended.astimezone(zone) if ended is not None else None
    short, name = local.tzname() or "", getattr(zone, "key", "")
    # Zones without letters of their own are called by their distance.
    short = f"UTC{short}" if short[:1] in "+-" else short
    named = f"{short}, {name}" if name and name not in (short, "UTC") else short
    text = _date_and_time(local)
    if until is not None:
        end = f"{until:%H:%M}" if until.date() == local.date() else _date_and_time(until)
        text = gettext("{from_time} to {until_time}", from_time=text, until_time=end)
    return f"{text} ({named})"


def date_text(instant: datetime, zone: tzinfo) -> str:
    """As `Thu 14 May 2026, 18:25 BST`."""
    local = instant.astimezone(zone)
    return f"{_date_and_time(local)} {local.tzname()}"


def day_text(day: date) -> str:
    """As `14 May 2026`."""
    if (code := language()) == ENGLISH:
        return f"{day.day} {day:%b %Y}"
    return format_date(day, "medium", locale=code)


def _date_and_time(local: datetime) -> str:
    if (code := language()) == ENGLISH:
        return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
    return f"{format_skeleton('yMMMEd', local, locale=code)}, {local:%H:%M}"


def time_text(ms: int, zone: tzinfo) -> str:
    """Milliseconds since the epoch as `18:25:07`."""
    return f"{from_ms(ms).astimezone(zone):%H:%M:%S}"


def length_text(seconds: float) -> str:
    """As `42 s`, `51 min` or `3 h 5 min`."""
    if seconds < 90:
        return gettext("{seconds} s", seconds=round(seconds))
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return gettext("{minutes} min", minutes=minutes)
    return gettext("{hours} h {minutes} min", hours=hours, minutes=rest) if rest else gettext("{hours} h", hours=hours)
