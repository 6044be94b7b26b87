"""What is to be known of a stage's recordings before its curve is believed: doubtful starts, seconds lost."""

from __future__ import annotations

from collections.abc import Sequence

from audience.instants import from_ms
from audience.store import RecordingProgress


def recording_notes(recordings: Sequence[RecordingProgress]) -> list[str]:
    """A line for each thing; empty where nothing was found.

    Args:
        recordings: those of the stage.
    """
    lines = []
    for one in recordings:
        said = list(one.remarks)
        if one.start_certainty == "doubtful":
            said.insert(0, f"Doubtful start: {from_ms(one.started_ms):%Y-%m-%d %H:%M:%S} UTC is {one.started_from}.")
        lines += [f"{one.camera_id}: {line}" for line in said] if len(recordings) > 1 else said
    return lines
