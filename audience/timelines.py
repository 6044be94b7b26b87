"""What was shown on a stage, in its own seconds, and the cues that pin it to the wall clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.ids import check_title
from audience.time import to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A named part of a timeline: a slide, a scene, a song.

    Attributes:
        title: what people call it.
        start_s: where it begins, timeline seconds, 0 or more.
        end_s: where it ends, timeline seconds, past `start_s`.
    """

    title: str
    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        check_title("segment title", self.title)
        if not 0 <= self.start_s < self.end_s < math.inf:
            raise InvalidValue(
                f"segment {self.title!r} runs from {self.start_s:g} s to {self.end_s:g} s: it must begin at 0 or later "
                "and end after it begins"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The segments of what was shown, in order, none overlapping the next.

    Attributes:
        title: what was shown.
        segments: in order of `start_s`; gaps between them are allowed.
    """

    title: str
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        check_title("timeline title", self.title)
        for before, after in zip(self.segments, self.segments[1:], strict=False):
            if after.start_s < before.end_s:
                raise InvalidValue(
                    f"segment {after.title!r} begins at {after.start_s:g} s, before {before.title!r} "
                    f"ends at {before.end_s:g} s"
                )

    def segment_indices(self, timeline_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """The index of the segment at each instant; -1 where there is none (between segments, NaN)."""
        starts = np.array([segment.start_s for segment in self.segments])
        ends = np.array([segment.end_s for segment in self.segments])
        if not len(starts):
            return np.full(len(timeline_s), -1, dtype=np.int64)
        index = np.searchsorted(starts, timeline_s, side="right") - 1
        inside = (index >= 0) & ~np.isnan(timeline_s)
        inside &= timeline_s < ends[np.clip(index, 0, None)]
        return np.where(inside, index, -1).astype(np.int64)


def with_timeline(timelines: Sequence[Timeline], timeline: Timeline) -> tuple[Timeline, ...]:
    """The timelines with one more; it takes the place of one of the same title, or comes last."""
    if timeline.title not in {other.title for other in timelines}:
        return (*timelines, timeline)
    return tuple(timeline if other.title == timeline.title else other for other in timelines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A pin: at instant `at`, the timeline stood at `timeline_s` and ran.

    A pause is two cues at the same second. Going back is two cues at the same instant: how far it had come, and where
    it went on from.
    """

    at: datetime
    timeline_s: float

    def __post_init__(self) -> None:
        to_ms(self.at)
        if not 0 <= self.timeline_s < math.inf:
            raise InvalidValue(f"a cue stands at {self.timeline_s:g} s of its timeline: it must be 0 or later")


def timeline_seconds(instants_ms: NDArray[np.int64], cues: Sequence[Cue]) -> NDArray[np.float64]:
    """Where the timeline stood at each instant.

    From a cue on the timeline runs at real speed until the next cue. Where it would run past the second at which
    the next cue stands, it had stopped there (a pause): nothing was shown, and the answer is NaN, as it is before
    the first cue. (So whoever goes back to a second that was not yet passed at the last cue pins the instant twice:
    one cue alone would read as a pause.)

    Args:
        instants_ms: milliseconds since the epoch, shape (n,).
        cues: in any order, but of two at the same instant the later one holds from there on; none gives NaN
            everywhere.

    Returns:
        Timeline seconds, shape (n,), NaN where nothing was shown.
    """
    if not cues:
        return np.full(len(instants_ms), np.nan)
    ordered = sorted(cues, key=lambda cue: cue.at)
    at_ms = np.array([to_ms(cue.at) for cue in ordered], dtype=np.int64)
    stood_at = np.array([cue.timeline_s for cue in ordered])
    index = np.searchsorted(at_ms, instants_ms, side="right") - 1
    known = np.clip(index, 0, None)
    position = stood_at[known] + (instants_ms - at_ms[known]) / 1000.0
    next_stood_at = np.append(stood_at[1:], np.inf)[known]
    paused = (next_stood_at >= stood_at[known]) & (position >= next_stood_at)
    return np.where((index < 0) | paused, np.nan, position)


def begun(at: datetime, offset_s: float = 0.0) -> tuple[Cue, ...]:
    """The cue of what ran from its second 0 on, `offset_s` after `at`; below 0, of what was under way by then."""
    if offset_s < 0:
        return (Cue(at=at, timeline_s=-offset_s),)
    return (Cue(at=at + timedelta(seconds=offset_s), timeline_s=0.0),)


def paused(cues: Sequence[Cue], at_s: float, for_s: float) -> tuple[Cue, ...]:
    """The cues, with a pause or an intermission: what was shown stood still, and all that follows came later.

    Args:
        cues: as known so far.
        at_s: where it stood, timeline seconds; where it came there several times, the last is meant.
        for_s: how long, seconds, over 0.

    Raises:
        InvalidValue: it never came to that second, or the length is none.
    """
    if not 0 < for_s < math.inf:
        raise InvalidValue(f"a pause of {for_s:g} s is none: give a length over 0")
    return _interrupted(cues, at_s, late_s=for_s, pause_s=for_s, from_s=at_s)


def restarted(cues: Sequence[Cue], at_s: float, from_s: float = 0.0) -> tuple[Cue, ...]:
    """The cues, with a start anew: at one second it went back to an earlier one, and all that follows came later.

    Args:
        cues: as known so far.
        at_s: how far it had come, timeline seconds; where it came there several times, the last is meant.
        from_s: where it went on from, timeline seconds, before `at_s`.

    Raises:
        InvalidValue: it never came to that second, or `from_s` is not before it.
    """
    if not 0 <= from_s < at_s:
        raise InvalidValue(f"what had come to {at_s:g} s cannot start anew from {from_s:g} s: give an earlier second")
    return _interrupted(cues, at_s, late_s=at_s - from_s, pause_s=0.0, from_s=from_s)


def _interrupted(cues: Sequence[Cue], at_s: float, *, late_s: float, pause_s: float, from_s: float) -> tuple[Cue, ...]:
    """Cues of what came to `at_s`, stood for `pause_s` and went on from `from_s`; what follows came `late_s` later."""
    ordered = sorted(cues, key=lambda cue: cue.at)
    for place in reversed(range(len(ordered))):
        cue = ordered[place]
        if not cue.timeline_s <= at_s < math.inf:
            continue
        reached = cue.at + timedelta(seconds=at_s - cue.timeline_s)
        if place + 1 < len(ordered) and reached > ordered[place + 1].at:
            continue
        before, after = ordered[: place + 1], ordered[place + 1 :]
        pins = [Cue(at=reached, timeline_s=at_s), Cue(at=reached + timedelta(seconds=pause_s), timeline_s=from_s)]
        later = [Cue(at=cue.at + timedelta(seconds=late_s), timeline_s=cue.timeline_s) for cue in after]
        return (*before, *(pins[1:] if cue == pins[0] else pins), *later)
    raise InvalidValue(f"what was shown never came to {at_s:g} s: give a second that it came to")


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
