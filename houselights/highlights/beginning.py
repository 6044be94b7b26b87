"""When a talk's own recording began, on the axis of its session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from audience.errors import InvalidValue, ScoringRefused
from audience.time import clock_text, to_ms
from edge_lambda.recording import open_recording, start_of
from houselights.aligning import proposed_from_sound
from timeline_files.aligning import describe_proposal

if TYPE_CHECKING:
    from audience.sessions import Session, Stage
    from audience.store import Store

_HOW = "give --offset S (it began S seconds after the session) or --sound AUDIENCE (the audience's recording)"


def began_by_sound(
    store: Store,
    session: Session,
    stage: Stage,
    video: Path,
    audience: Path,
    *,
    on_position: Callable[[str, float, float | None], None],
) -> float:
    """Seconds from the session's start to the recording's, found by comparing its sound with the audience's recording.

    Args:
        store: knows when the audience's recording began.
        session, stage: where the talk was given.
        video: the talk's recording.
        audience: that of the audience.
        on_position: see `propose_from_sound`.

    Raises:
        InvalidValue: the two do not fit for sure.
        RecordingUnreadable: one of them cannot be read, or has no sound.
    """
    proposal = proposed_from_sound(store, session, stage, audience, video, camera_id=None, on_position=on_position)
    if proposal is None or not proposal.alignment.sure:
        raise InvalidValue(f"{describe_proposal(session, proposal).rstrip('.')}: give --offset S instead")
    return (proposal.zero_at - session.started_at).total_seconds()


def began_by_its_file(session: Session, video: Path, *, length_s: float | None, now: datetime) -> float:
    """Seconds from the session's start to the recording's, as its file says.

    Args:
        session: which the recording has to overlap.
        video: the talk's recording.
        length_s: its length; None if unknown.
        now: the current time, aware.

    Raises:
        InvalidValue: the file does not say it, or not surely enough.
        RecordingUnreadable: it cannot be read.
    """
    written = datetime.fromtimestamp(video.stat().st_mtime, UTC)
    try:
        start = start_of(open_recording(video), written=written, now=now)
    except ScoringRefused:
        raise InvalidValue(f"{video} does not say its time zone: {_HOW}") from None
    if start.certainty == "doubtful":
        raise InvalidValue(f"{video} does not say for sure when it began: {_HOW}")
    begins_s = (to_ms(start.at) - to_ms(session.started_at)) / 1000
    ends_s = float("inf") if session.ended_at is None else (session.ended_at - session.started_at).total_seconds()
    if begins_s >= ends_s or (length_s is not None and begins_s + length_s <= 0):
        when = f"{clock_text(abs(begins_s))} {'after' if begins_s > 0 else 'before'} the session's start"
        raise InvalidValue(f"{video} began {when} by {start.rule}, so it does not overlap the session: {_HOW}")
    return begins_s
