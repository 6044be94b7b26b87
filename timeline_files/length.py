"""How long what was shown lasted, for a last segment whose end nobody states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from audience.instants import to_ms
from audience.sessions import Session
from audience.store import RecordingProgress
from audience.timelines import Cue, begun, timeline_seconds


def shown_length_s(session: Session, cues: Sequence[Cue], recordings: Iterable[RecordingProgress]) -> float | None:
    """How far what was shown had come when the session ended, or else the last recording.

    Args:
        session: whose.
        cues: of the stage; without any it began with the session.
        recordings: those of the stage.

    Returns:
        Seconds over 0; None where neither end is known, or nothing was shown then.
    """
    ends_ms = [one.started_ms + round(one.done_s * 1000) for one in recordings]
    if session.ended_at is not None:
        ends_ms = [to_ms(session.ended_at)]
    if not ends_ms:
        return None
    (reached,) = timeline_seconds(np.array([max(ends_ms)], dtype=np.int64), cues or begun(session.started_at))
    return float(reached) if reached > 0 else None
