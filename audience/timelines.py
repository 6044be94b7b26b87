"""Timelines: what was shown on a stage, in its own seconds; and cues, which pin it to the wall clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.ids import check_text, check_title
from audience.time import to_ms

LONGEST_NOTES: Final = 2_000
"""Characters of one segment's notes; two minutes of speech are about 1,800."""

MOST_NOTES: Final = 60_000
"""Characters of notes in one timeline: what is said in an hour. A stage is one item of DynamoDB, of at most 400 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A named part of a timeline: a slide, a scene, a song.

    Attributes:
        title: its name.
        start_s: its beginning, timeline seconds, 0 or more.
        end_s: its end, timeline seconds, after `start_s`.
        notes: what the speaker wrote to say here, at most `LONGEST_NOTES` characters, with line breaks; "" for none.
        guessed: whether its times are a guess that nobody has confirmed, as those of a deck without rehearsed times.
        picture: the id of a picture of it, which the store keeps (`audience.slide_pictures`); "" for none.
    """

    title: str
    start_s: float
    end_s: float
    notes: str = ""
    guessed: bool = False
    picture: str = ""

    def __post_init__(self) -> None:
        check_title("segment title", self.title)
        check_text(f"the notes of segment {self.title!r}", self.notes, LONGEST_NOTES)
        if not 0 <= self.start_s < self.end_s < math.inf:
            raise InvalidValue(
                f"segment {self.title!r} runs from {self.start_s:g} s to {self.end_s:g} s: it must begin at 0 or later "
                "and end after it begins"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The segments of what was shown, in order and without overlaps.

    Attributes:
        title: what was shown.
        segments: sorted by `start_s`; gaps between them are allowed.
    """

    title: str
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        check_title("timeline title", self.title)
        if (characters := sum(len(segment.notes) for segment in self.segments)) > MOST_NOTES:
            raise InvalidValue(f"the notes of {self.title!r} have {characters} characters: use at most {MOST_NOTES}")
        for before, after in zip(self.segments, self.segments[1:], strict=False):
            if after.start_s < before.end_s:
                raise InvalidValue(
                    f"segment {after.title!r} begins at {after.start_s:g} s, before {before.title!r} "
                    f"ends at {before.end_s:g} s"
                )

    @property
    def is_draft(self) -> bool:
        """Whether the times of any of its segments are a guess."""
        return any(segment.guessed for segment in self.segments)

    def segment_indices(self, timeline_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """The index of the segment at each timeline second, (n,); -1 between segments and for NaN."""
        starts = np.array([segment.start_s for segment in self.segments])
        ends = np.array([segment.end_s for segment in self.segments])
        if not len(starts):
            return np.full(len(timeline_s), -1, dtype=np.int64)
        index = np.searchsorted(starts, timeline_s, side="right") - 1
        inside = (index >= 0) & ~np.isnan(timeline_s)
        inside &= timeline_s < ends[np.clip(index, 0, None)]
        return np.where(inside, index, -1).astype(np.int64)


def with_timeline(timelines: Sequence[Timeline], timeline: Timeline) -> tuple[Timeline, ...]:
    """Adds a timeline at the end, or replaces the one with the same title."""
    if timeline.title not in {other.title for other in timelines}:
        return (*timelines, timeline)
    return tuple(timeline if other.title == timeline.title else other for other in timelines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A pin: at instant `at`, the timeline was at second `timeline_s` and running.

    A pause is two cues at the same timeline second. A jump is two cues at the same instant: the second it had reached,
    and the second it continued from.
    """

    at: datetime
    timeline_s: float

    def __post_init__(self) -> None:
        to_ms(self.at)
        if not 0 <= self.timeline_s < math.inf:
            raise InvalidValue(f"a cue stands at {self.timeline_s:g} s of its timeline: it must be 0 or later")


def timeline_seconds(instants_ms: NDArray[np.int64], cues: Sequence[Cue]) -> NDArray[np.float64]:
    """The timeline second at each instant.

    After a cue the timeline runs at real speed until the next cue. If it would run past the next cue's second, it
    paused at that second: nothing was shown, and the result is NaN, as before the first cue. (So a jump back to a
    second after the last cue's needs two cues at the instant of the jump: one alone would mean a pause.)

    Args:
        instants_ms: milliseconds since the epoch, shape (n,).
        cues: in any order, but of two at the same instant the later one applies from then on; none gives NaN
            everywhere.

    Returns:
        Timeline seconds, shape (n,); NaN where nothing was shown.
    """
    if not cues:
        return np.full(len(instants_ms), np.nan)
    ordered = sorted(cues, key=lambda cue: cue.at)
    at_ms = np.array([to_ms(cue.at) for cue in ordered], dtype=np.int64)
    cue_s = np.array([cue.timeline_s for cue in ordered])
    index = np.searchsorted(at_ms, instants_ms, side="right") - 1
    known = np.clip(index, 0, None)
    position = cue_s[known] + (instants_ms - at_ms[known]) / 1000.0
    next_cue_s = np.append(cue_s[1:], np.inf)[known]
    paused = (next_cue_s >= cue_s[known]) & (position >= next_cue_s)
    return np.where((index < 0) | paused, np.nan, position)


def start_cues(at: datetime, offset_s: float = 0.0) -> tuple[Cue, ...]:
    """Cues of a timeline that starts `offset_s` after `at`; a negative offset means it was already running at `at`."""
    if offset_s < 0:
        return (Cue(at=at, timeline_s=-offset_s),)
    return (Cue(at=at + timedelta(seconds=offset_s), timeline_s=0.0),)


def paused(cues: Sequence[Cue], at_s: float, for_s: float) -> tuple[Cue, ...]:
    """Inserts a pause into cues; everything after it comes later.

    Args:
        cues: the cues so far.
        at_s: where it paused, timeline seconds; the last time it reached that second.
        for_s: length of the pause, seconds, over 0.

    Raises:
        InvalidValue: the timeline never reached that second, or the length is not over 0.
    """
    if not 0 < for_s < math.inf:
        raise InvalidValue(f"a pause of {for_s:g} s is not allowed: give a length over 0")
    return _interrupted(cues, at_s, late_s=for_s, pause_s=for_s, from_s=at_s)


def restarted(cues: Sequence[Cue], at_s: float, from_s: float = 0.0) -> tuple[Cue, ...]:
    """Inserts a jump back into cues; everything after it comes later.

    Args:
        cues: the cues so far.
        at_s: where it stopped, timeline seconds; the last time it reached that second.
        from_s: where it continued, timeline seconds, before `at_s`.

    Raises:
        InvalidValue: the timeline never reached that second, or `from_s` is not before it.
    """
    if not 0 <= from_s < at_s:
        raise InvalidValue(f"a timeline at {at_s:g} s cannot restart from {from_s:g} s: give an earlier second")
    return _interrupted(cues, at_s, late_s=at_s - from_s, pause_s=0.0, from_s=from_s)


def _interrupted(cues: Sequence[Cue], at_s: float, *, late_s: float, pause_s: float, from_s: float) -> tuple[Cue, ...]:
    """Cues of a timeline that stops at `at_s` for `pause_s` and continues from `from_s`, later ones `late_s` later."""
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
    raise InvalidValue(f"the timeline never reached {at_s:g} s: give a second that it reached")


LONGEST_PAUSE: Final = timedelta(days=7)
"""The length stored for a pause that has not ended yet, because a pause is defined by its end."""


def position_s(cues: Sequence[Cue], at: datetime) -> float | None:
    """The timeline second at an instant; None where nothing is shown."""
    (position,) = timeline_seconds(np.array([to_ms(at)], dtype=np.int64), cues)
    return None if np.isnan(position) else float(position)


def is_paused(cues: Sequence[Cue], at: datetime) -> bool:
    """Whether the timeline has started and is paused at an instant."""
    return any(cue.at <= at for cue in cues) and position_s(cues, at) is None


def paused_now(cues: Sequence[Cue], at: datetime) -> tuple[Cue, ...]:
    """Adds a pause from `at` until somebody ends it.

    Raises:
        InvalidValue: nothing is running.
    """
    stands_s = position_s(cues, at)
    if stands_s is None:
        raise InvalidValue("nothing is running now that could be paused: begin it first")
    until = Cue(at=at + LONGEST_PAUSE, timeline_s=stands_s)
    return (*_until(cues, at), Cue(at=at, timeline_s=stands_s), until)


def resumed_now(cues: Sequence[Cue], at: datetime) -> tuple[Cue, ...]:
    """Resumes a paused timeline at `at`.

    Raises:
        InvalidValue: nothing is paused.
    """
    if not is_paused(cues, at):
        raise InvalidValue("nothing is paused now")
    following = min((cue for cue in cues if cue.at > at), key=lambda cue: cue.at)  # the second of the pause
    return (*_until(cues, at), Cue(at=at, timeline_s=following.timeline_s))


def _until(cues: Sequence[Cue], at: datetime) -> tuple[Cue, ...]:
    """The cues up to an instant; later ones are replaced by what the user does now."""
    return tuple(cue for cue in cues if cue.at <= at)
