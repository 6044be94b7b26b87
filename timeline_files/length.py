"""The length of a film or talk, for a last segment without a stated end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from audience.sessions import Session
from audience.store import RecordingProgress
from audience.time import to_ms
from audience.timelines import Cue, start_cues, timeline_seconds


def shown_length_s(session: Session, cues: Sequence[Cue], recordings: Iterable[RecordingProgress]) -> float | None:
    """The timeline second reached when the session ended, or else when the last recording ended.

    Args:
        session: the session.
        cues: cues of the stage; if empty, the timeline starts with the session.
        recordings: recordings of the stage.

    Returns:
        Seconds over 0; None where neither end is known, or the timeline was paused or had not begun.
    """
    ends_ms = [one.started_ms + round(one.done_s * 1000) for one in recordings]
    if session.ended_at is not None:
        ends_ms = [to_ms(session.ended_at)]
    if not ends_ms:
        return None
    (reached,) = timeline_seconds(np.array([max(ends_ms)], dtype=np.int64), cues or start_cues(session.started_at))
    return float(reached) if reached > 0 else None
