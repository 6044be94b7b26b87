"""Instants and lengths as a viewer reads them: in the viewer's own zone, named wherever it matters."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audience.time import from_ms


def viewer_zone(name: str | None) -> tzinfo:
    """The zone the viewer's browser names; UTC where it names none this machine knows."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def date_text(instant: datetime, zone: tzinfo) -> str:
    """As `Thu 14 May 2026, 18:25 BST`."""
    local = instant.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def time_text(ms: int, zone: tzinfo) -> str:
    """Milliseconds since the epoch as `18:25:07`."""
    return f"{from_ms(ms).astimezone(zone):%H:%M:%S}"


def length_text(seconds: float) -> str:
    """As `42 s`, `51 min` or `3 h 5 min`."""
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
