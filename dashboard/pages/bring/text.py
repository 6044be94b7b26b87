"""What the page says of a recording: how far it is, and what is kept of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from audience.incoming import IncomingRecording, Keep
from audience.time import clock_text, from_ms, to_ms
from dashboard.clock import date_text, length_text
from dashboard.wording import faces_text

KEEPS: Final[dict[Keep, str]] = {
    "session": "As long as its session",
    "month": "30 days",
    "scoring": "Only until it is scored",
}
NO_SETTING: Final = "Choose the kind of place first: it decides whether expressions may be measured."
CHOOSE: Final = "Choose a recording, or drop it here"
FOLLOWS: Final = "It is sent and scored by itself, up to {largest_gb:g} GB. You can leave this page meanwhile."
SHUT: Final = "This server takes no recordings: whoever runs it can allow that in its access settings."
NO_EXTRA: Final = "Scoring is not installed here: install Houselights with its extra `edge`."
SLIDES_TAKEN: Final = "Its slides are on the timeline now. Times that the deck does not state are a draft."
LARGEST_DECK_MB: Final = 64
WANTS_START: Final = "When it began, in your own time zone"
START_DOUBTFUL: Final = (
    "If it began at another time, remove the recording, delete its session, and bring it again with the time it began."
)
_CERTAIN: Final = {"likely": ", likely", "doubtful": ", doubtful"}
_STALLED_MS: Final = 15_000


def how_far(recording: IncomingRecording, before: int, now_ms: int) -> str:
    """Where a recording stands, in one line.

    Args:
        recording: one that is not done.
        before: how many recordings are scored before it.
        now_ms: the wall clock, milliseconds since the epoch.
    """
    state, parts = recording.state, []
    if recording.received is not None:
        share = recording.received.count / recording.request.size
        parts.append(f"{math.floor(100 * share)} % has arrived")
        if recording.arrived_ms is not None and now_ms - recording.arrived_ms > _STALLED_MS:
            parts.append("the rest is not being sent: choose the same file again to continue")
    if recording.step == "stopped":
        parts.append(f"stopped at {clock_text(state.done_s)}" if state.done_s else "stopped")
    elif recording.step == "failed":
        parts.append("not scored")
    elif state.faces is not None:
        of = f" of {clock_text(state.length_s)}" if state.length_s else ""
        parts.append(f"{clock_text(state.done_s)}{of} scored")
        parts.append(f"{faces_text(state.faces)} in view")
        if recording.step == "scoring" and state.speed:
            parts.append(f"{state.speed:.1f} times as fast as real time")
            if state.length_s and state.length_s > state.done_s:
                parts.append(f"{length_text((state.length_s - state.done_s) / state.speed)} left")
    elif before and recording.step == "waiting":
        parts.append(f"waits for {before} other{'s' if before > 1 else ''}")
    elif recording.received is None or recording.received.both_ends:
        parts.append("scoring begins")
    line = " · ".join(parts)
    return line[:1].upper() + line[1:]


def share_done(recording: IncomingRecording) -> float:
    """How much of a recording is scored, 0..1."""
    state = recording.state
    return min(1.0, state.done_s / state.length_s) if state.length_s else 0.0


def scored(recording: IncomingRecording, zone: tzinfo) -> list[str]:
    """What was scored, and when it was recorded."""
    state = recording.state
    facts = [length_text(state.done_s)]
    if state.starts_ms is not None:
        source = state.starts_by + _CERTAIN.get(state.start_certainty, "")
        facts.append(f"recorded {date_text(from_ms(state.starts_ms), zone)} ({source})")
    return facts


def notes(recording: IncomingRecording) -> list[str]:
    """What was noted while a recording was scored, and what to do about it."""
    state = recording.state
    return [*state.notes, *([START_DOUBTFUL] if state.start_certainty == "doubtful" else [])]


def kept(recording: IncomingRecording) -> str:
    """What is kept of the file, and for how long."""
    request = recording.request
    if request.named:
        return f"The file stays where it is: {request.named}"
    until = {"session": "until its session is deleted", "month": "for 30 days", "scoring": "until it is scored"}
    return f"{size_text(request.size)} kept {until[request.keep]}, to be played beside the curve"


def kept_in_all(recordings: Sequence[IncomingRecording], folder: str) -> str:
    """How much of the disk recordings take, and where; "" for none."""
    kept = [one for one in recordings if not one.request.named]
    if not kept:
        return ""
    count = f"{len(kept)} recording{'s' if len(kept) > 1 else ''}"
    where = f" in {folder}" if folder else " on this server"
    return f"{count}, {size_text(sum(one.request.size for one in kept))}, kept{where}."


def viewer_ms(at: datetime | None, zone: tzinfo) -> int | None:
    """A time that somebody chose in their zone, milliseconds since the epoch; None where none was chosen."""
    return None if at is None else to_ms(at.replace(tzinfo=zone))


def size_text(count: int) -> str:
    """Bytes as `1.2 GB` or `340 MB`."""
    if count >= 10**9:
        return f"{count / 10**9:.1f} GB"
    return f"{max(1, round(count / 10**6))} MB"
