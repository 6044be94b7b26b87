"""Instants and lengths as a viewer reads them: in the viewer's own zone, named wherever it matters."""

from __future__ import annotations

import os
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    text = f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
    if until is not None:
        other = "" if until.date() == local.date() else f"{until:%a} {until.day} {until:%b}, "
        text += f" to {other}{until:%H:%M}"
    return f"{text} ({named})"


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
