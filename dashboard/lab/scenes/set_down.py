"""What people set down about screenings, by name: stretches left out of every figure, and notes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from audience.time import clock_text
from dashboard.lab.selection import Screening


def lines_set_down(screenings: Iterable[Screening]) -> list[str]:
    """A line for each, in the order of the screenings and of the instants they begin at."""
    lines = []
    for screening in screenings:
        found: list[tuple[datetime, str]] = []
        for one in screening.stage.exclusions:
            span = f"{_at(screening, one.from_at)} to {_at(screening, one.until_at)} of the session"
            why = f": {one.reason}" if one.reason else ""
            found.append((one.from_at, f"Left out, {span}: “{one.title}” ({one.by}{why})"))
        for note in screening.stage.annotations:
            found.append((note.at, f"{_at(screening, note.at)} of the session: “{note.title}” ({note.by})"))
        lines += [f"{screening.name} · {line}" for _, line in sorted(found)]
    return lines


def _at(screening: Screening, instant: datetime) -> str:
    return clock_text((instant - screening.session.started_at).total_seconds())
