"""What the page says of a recording: how far it is, and what is kept of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from audience.incoming import IncomingRecording, Keep
from audience.language import N_, decimal, gettext, ngettext
from audience.time import clock_text, from_ms, to_ms
from dashboard.clock import date_text, length_text

KEEPS: Final[dict[Keep, str]] = {
    "session": N_("As long as its session"),
    "month": N_("30 days"),
    "scoring": N_("Only until it is scored"),
}
NO_SETTING: Final = N_("Choose the kind of place first: it decides whether expressions may be measured.")
CHOOSE: Final = N_("Choose a recording, or drop it here")
SHUT: Final = N_("This server takes no recordings: whoever runs it can allow that in its access settings.")
NO_EXTRA: Final = N_("Scoring is not installed here: install Houselights with its extra `edge`.")
SLIDES_TAKEN: Final = N_("Its slides are on the timeline now. Times that the deck does not state are a draft.")
LARGEST_DECK_MB: Final = 64
WANTS_START: Final = N_("When it began, in your own time zone")
START_DOUBTFUL: Final = N_(
    "If it began at another time, remove the recording, delete its session, and bring it again with the time it began."
)
_STALLED_MS: Final = 15_000


def keep_name(keep: Keep) -> str:
    """What a time to keep files for is called."""
    return gettext(KEEPS[keep])


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
        parts.append(gettext("{share} % has arrived", share=math.floor(100 * share)))
        if recording.arrived_ms is not None and now_ms - recording.arrived_ms > _STALLED_MS:
            parts.append(gettext("the rest is not being sent: choose the same file again to continue"))
    if recording.step == "stopped":
        stopped_at = gettext("stopped at {time}", time=clock_text(state.done_s))
        parts.append(stopped_at if state.done_s else gettext("stopped"))
    elif recording.step == "failed":
        parts.append(gettext("not scored"))
    elif state.faces is not None:
        done = clock_text(state.done_s)
        parts.append(
            gettext("{done} of {length} scored", done=done, length=clock_text(state.length_s))
            if state.length_s
            else gettext("{done} scored", done=done)
        )
        parts.append(ngettext("{count} face in view", "{count} faces in view", round(state.faces)))
        if recording.step == "scoring" and state.speed:
            parts.append(gettext("{speed} times as fast as real time", speed=decimal(state.speed, 1)))
            if state.length_s and state.length_s > state.done_s:
                left_s = (state.length_s - state.done_s) / state.speed
                parts.append(gettext("{time} left", time=length_text(left_s)))
    elif before and recording.step == "waiting":
        parts.append(ngettext("waits for {count} other", "waits for {count} others", before))
    elif recording.received is None or recording.received.both_ends:
        parts.append(gettext("scoring begins"))
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
        values = {"date": date_text(from_ms(state.starts_ms), zone), "source": state.starts_by}
        if state.start_certainty == "likely":
            facts.append(gettext("recorded {date} ({source}, likely)", **values))
        elif state.start_certainty == "doubtful":
            facts.append(gettext("recorded {date} ({source}, doubtful)", **values))
        else:
            facts.append(gettext("recorded {date} ({source})", **values))
    return facts


def notes(recording: IncomingRecording) -> list[str]:
    """What was noted while a recording was scored, and what to do about it."""
    state = recording.state
    return [*state.notes, *([gettext(START_DOUBTFUL)] if state.start_certainty == "doubtful" else [])]


def kept(recording: IncomingRecording) -> str:
    """What is kept of the file, and for how long."""
    request = recording.request
    if request.named:
        return gettext("The file stays where it is: {path}", path=request.named)
    size = size_text(request.size)
    if request.keep == "session":
        return gettext("{size} kept until its session is deleted, to be played beside the curve", size=size)
    if request.keep == "month":
        return gettext("{size} kept for 30 days, to be played beside the curve", size=size)
    return gettext("{size} kept until it is scored, to be played beside the curve", size=size)


def kept_in_all(recordings: Sequence[IncomingRecording], folder: str) -> str:
    """How much of the disk recordings take, and where; "" for none."""
    kept = [one for one in recordings if not one.request.named]
    if not kept:
        return ""
    size = size_text(sum(one.request.size for one in kept))
    if folder:
        return ngettext(
            "{count} recording, {size}, kept in {folder}.",
            "{count} recordings, {size}, kept in {folder}.",
            len(kept),
            size=size,
            folder=folder,
        )
    return ngettext(
        "{count} recording, {size}, kept on this server.",
        "{count} recordings, {size}, kept on this server.",
        len(kept),
        size=size,
    )


def viewer_ms(at: datetime | None, zone: tzinfo) -> int | None:
    """A time that somebody chose in their zone, milliseconds since the epoch; None where none was chosen."""
    return None if at is None else to_ms(at.replace(tzinfo=zone))


def size_text(count: int) -> str:
    """Bytes as `1.2 GB` or `340 MB`."""
    if count >= 10**9:
        return f"{decimal(count / 10**9, 1)} GB"
    return f"{max(1, round(count / 10**6))} MB"
