"""Determines when a recording begins: from the user, from earlier parts in the same folder, or from its file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from audience.errors import RecordingUnreadable
from edge_lambda.recording import Recording, Start, open_recording, start_of
from edge_lambda.recording.chapters import Part, part_of

# All parts of a recording state the time at which the first one began, within this difference.
_SAME_S = 2


def recording_start(
    recording: Recording,
    *,
    given: datetime | None,
    zone: tzinfo | None,
    now: datetime | None = None,
    written: datetime | None = None,
) -> Start:
    """Determines when a recording begins.

    Args:
        recording: the recording.
        given: the time given by the user; None if not given.
        zone: time zone of the camera's clock; None if not given.
        now: the current time; None reads the wall clock.
        written: when the recording was written; None takes its file's own date.

    Raises:
        ScoringRefused: information is missing; the message asks for it in one line.
    """
    if given is not None:
        return Start(at=given, rule="given", certainty="sure")
    now = now or datetime.now(UTC)
    start = start_of(recording, written=written or _modified_at(recording.path), now=now, zone=zone)
    part = part_of(recording.path)
    if part is None or recording.created_at is None:
        return start
    return _after_parts(recording, start, part, now=now, zone=zone)


def _after_parts(recording: Recording, start: Start, part: Part, *, now: datetime, zone: tzinfo | None) -> Start:
    try:
        before = [open_recording(path) for path in part.before]
    except RecordingUnreadable:
        line = (
            f"By its name this is part {part.number} of a longer recording, and the earlier parts are not in the same "
            "folder: its start may be that of the first part."
        )
        return replace(start, certainty="doubtful", remarks=(*start.remarks, line))
    first = before[0]
    made, first_made = recording.created_at, first.created_at
    if made is None or first_made is None or abs((made - first_made).total_seconds()) > _SAME_S:
        return start
    lasted_s = sum(one.length_s() or 0.0 for one in before)
    begins = start_of(first, written=_modified_at(first.path), now=now, zone=zone)
    return replace(
        begins,
        at=begins.at + timedelta(seconds=lasted_s),
        rule=f"{begins.rule}, plus {lasted_s:.0f} s as part {part.number} of one recording",
    )


def _modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
