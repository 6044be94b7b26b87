"""When a recording begins: by what was said, by the parts of it that lie beside it, or by its file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from audience.errors import RecordingUnreadable
from edge_lambda.recording import Recording, Start, open_recording, start_of
from edge_lambda.recording.chapters import Part, part_of

# Parts of one recording bear the instant at which the first began.
_SAME_S = 2


def recording_start(
    recording: Recording, *, given: datetime | None, zone: tzinfo | None, now: datetime | None = None
) -> Start:
    """When a recording begins.

    Args:
        recording: which.
        given: the instant that was said; None where none was.
        zone: whose local time the camera's clock shows; None where nobody said.
        now: the wall clock; None looks at it.

    Raises:
        ScoringRefused: with one line that asks for what is missing.
    """
    if given is not None:
        return Start(at=given, rule="given", certainty="sure")
    now = now or datetime.now(UTC)
    start = start_of(recording, written=_written(recording.path), now=now, zone=zone)
    part = part_of(recording.path)
    if part is None or recording.created_at is None:
        return start
    return _after_parts(recording, start, part, now=now, zone=zone)


def _after_parts(recording: Recording, start: Start, part: Part, *, now: datetime, zone: tzinfo | None) -> Start:
    try:
        before = [open_recording(path) for path in part.before]
    except RecordingUnreadable:
        line = (
            f"By its name this is part {part.number} of a longer recording, and the parts before it do not lie beside "
            "it: if it bears the time at which the first one began, give --started-at."
        )
        return replace(start, certainty="doubtful", remarks=(*start.remarks, line))
    first = before[0]
    made, first_made = recording.created_at, first.created_at
    if made is None or first_made is None or abs((made - first_made).total_seconds()) > _SAME_S:
        return start
    lasted_s = sum(one.length_s() or 0.0 for one in before)
    begins = start_of(first, written=_written(first.path), now=now, zone=zone)
    return replace(
        begins,
        at=begins.at + timedelta(seconds=lasted_s),
        rule=f"{begins.rule}, and {lasted_s:.0f} s later as chapter {part.number} of one recording",
    )


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
