"""What is to be known of a stage's recordings and cameras before its curve is believed: doubtful starts, seconds lost,
pictures that were turned."""

from __future__ import annotations

from collections.abc import Sequence

from audience.store import Heartbeat, RecordingProgress
from audience.time import from_ms

# What a camera says while it is away or starts is about that moment alone.
_SAYS_OF_ITS_PICTURES = ("running", "stopped", "finished")


def recording_notes(recordings: Sequence[RecordingProgress], heartbeats: Sequence[Heartbeat] = ()) -> list[str]:
    """A line for each thing; empty where nothing was found.

    Args:
        recordings: those of the stage.
        heartbeats: of its live cameras.
    """
    lines = []
    for one in recordings:
        said = list(one.remarks)
        if one.start_certainty == "doubtful":
            said.insert(0, f"Doubtful start: {from_ms(one.started_ms):%Y-%m-%d %H:%M:%S} UTC is {one.started_from}.")
        lines += [f"{one.camera_id}: {line}" for line in said] if len(recordings) > 1 else said
    live = [beat for beat in heartbeats if beat.detail and beat.state in _SAYS_OF_ITS_PICTURES]
    return lines + [f"{beat.camera_id}: {beat.detail}." for beat in live]
