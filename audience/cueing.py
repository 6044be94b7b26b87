"""Cues at a button: what is shown begins, pauses and goes on now, as somebody sees it happen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from audience.errors import InvalidValue
from audience.instants import to_ms
from audience.timelines import Cue, timeline_seconds

LONGEST_PAUSE: Final = timedelta(days=7)
"""A pause that nobody has ended yet is written down as one of so long, since a pause is known by its end."""


def position_s(cues: Sequence[Cue], at: datetime) -> float | None:
    """Where what is shown stands at an instant, in its own seconds; None where nothing is shown."""
    (position,) = timeline_seconds(np.array([to_ms(at)], dtype=np.int64), cues)
    return None if np.isnan(position) else float(position)


def is_paused(cues: Sequence[Cue], at: datetime) -> bool:
    """Whether something was begun by then and is shown no longer, with more of it to come."""
    return any(cue.at <= at for cue in cues) and position_s(cues, at) is None


def paused_now(cues: Sequence[Cue], at: datetime) -> tuple[Cue, ...]:
    """The cues, with a pause from now until somebody ends it.

    Raises:
        InvalidValue: nothing is shown now.
    """
    stands_s = position_s(cues, at)
    if stands_s is None:
        raise InvalidValue("nothing is shown now that could be paused: begin it first")
    until = Cue(at=at + LONGEST_PAUSE, timeline_s=stands_s)
    return (*_until(cues, at), Cue(at=at, timeline_s=stands_s), until)


def resumed_now(cues: Sequence[Cue], at: datetime) -> tuple[Cue, ...]:
    """The cues, with what was paused going on from now.

    Raises:
        InvalidValue: nothing is paused.
    """
    if not is_paused(cues, at):
        raise InvalidValue("nothing is paused now")
    following = min((cue for cue in cues if cue.at > at), key=lambda cue: cue.at)  # where it stands until then
    return (*_until(cues, at), Cue(at=at, timeline_s=following.timeline_s))


def _until(cues: Sequence[Cue], at: datetime) -> tuple[Cue, ...]:
    """What was pinned up to now: what was said of later is said anew by a button."""
    return tuple(cue for cue in cues if cue.at <= at)
