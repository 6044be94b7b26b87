"""What is on at a stage, and what comes next, by the first of its timelines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from audience.sessions import Session, Stage
from audience.time import to_ms
from audience.timelines import Cue, timeline_seconds


def playing(session: Session, stage: Stage, at_ms: int) -> str:
    """Title of the current set of a stage.

    Args:
        session: whose start is that of a timeline without cues.
        stage: with its timelines; the segments of the first are the sets.
        at_ms: the instant, milliseconds since the epoch.

    Returns:
        The title; "" between sets, and where no timeline is known.
    """
    if not stage.timelines:
        return ""
    timeline = stage.timelines[0]
    instants = np.array([at_ms], dtype=np.int64)
    (index,) = timeline.segment_indices(timeline_seconds(instants, _cues(session, stage))).tolist()
    return timeline.segments[index].title if index >= 0 else ""


def coming(session: Session, stage: Stage, at_ms: int) -> tuple[str, int] | None:
    """The next set of a stage, if its timeline runs on as its cues say.

    Args:
        session, stage, at_ms: as of `playing`.

    Returns:
        Its title and when it begins, milliseconds since the epoch; None if none is known.
    """
    if not stage.timelines:
        return None
    cues = sorted(_cues(session, stage), key=lambda cue: cue.at)
    starts = [
        (begins_ms, segment.title)
        for segment in stage.timelines[0].segments
        if (begins_ms := _reached_ms(segment.start_s, cues, at_ms)) is not None
    ]
    if not starts:
        return None
    begins_ms, title = min(starts)
    return title, begins_ms


def _cues(session: Session, stage: Stage) -> tuple[Cue, ...]:
    return stage.cues or (Cue(at=session.started_at, timeline_s=0.0),)


def _reached_ms(second: float, cues: Sequence[Cue], after_ms: int) -> int | None:
    """When a timeline first reaches a second after an instant, by cues sorted by their time; None if it never does."""
    for cue, following in pairwise((*cues, None)):
        assert cue is not None
        reached_ms = to_ms(cue.at) + round(1000 * (second - cue.timeline_s))
        if reached_ms <= after_ms or second < cue.timeline_s:
            continue
        if following is None or reached_ms < to_ms(following.at):
            return reached_ms
    return None
