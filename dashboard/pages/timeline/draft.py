"""A draft of a stage's timelines and cues: text that may not be valid yet, with undo.

Nothing of a draft is stored before all of it makes sense.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from audience.errors import InvalidValue
from audience.export.tables import Cell, Column, ExportTable
from audience.language import gettext
from audience.sessions import Session, Stage
from audience.store import RecordingProgress
from audience.timelines import Cue, Segment, Timeline
from timeline_files.decks import DRAFT_SLIDE_S
from timeline_files.length import shown_length_s
from timeline_files.parts import Part, timeline_of
from timeline_files.times import quoted, time_s, time_text

MOST_STEPS = 100
_SHORTEST_S = 0.1
_COLUMNS = (
    Column(name="title", unit="", meaning="Of the slide, scene or song."),
    Column(name="start", unit="h:mm:ss", meaning="When it began, in the time of what was shown."),
    Column(name="end", unit="h:mm:ss", meaning="When it ended."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A segment as it is typed; an empty `end` is where the next one begins.

    `guessed` says that nobody has confirmed its times, `picture` is the id of a picture of it.
    """

    title: str
    start: str
    end: str = ""
    notes: str = ""
    guessed: bool = False
    picture: str = ""

    @classmethod
    def of(cls, segment: Segment) -> Self:
        """A segment that is known, with its times as people write them."""
        return cls(
            title=segment.title,
            start=time_text(segment.start_s),
            end=time_text(segment.end_s),
            notes=segment.notes,
            guessed=segment.guessed,
            picture=segment.picture,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A timeline as it is typed, its rows in any order."""

    title: str
    rows: tuple[Row, ...] = ()

    @classmethod
    def of(cls, timeline: Timeline) -> Self:
        """A timeline that is known."""
        return cls(title=timeline.title, rows=tuple(Row.of(segment) for segment in timeline.segments))

    def timeline(self, length_s: float | None = None) -> Timeline:
        """The timeline it stands for, its segments in order of time.

        Args:
            length_s: how long what was shown lasted, for a last row without an end; None where that is not known.

        Raises:
            InvalidValue: a row is not as expected; it is named.
        """
        called = self.title.strip()
        if not called:
            raise InvalidValue(gettext("a timeline has no title: give it one"))
        try:
            parts = [_part(number, row) for number, row in enumerate(self.rows, start=1)]
            return timeline_of(called, sorted(parts, key=lambda part: part.start_s), length_s)
        except InvalidValue as problem:
            raise InvalidValue(f"{called}: {problem}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A cue as it is typed: at this time of the session's clock it stood at that time of what was shown."""

    clock: str
    shown: str

    @classmethod
    def of(cls, cue: Cue, session: Session) -> Self:
        """A cue that is known."""
        at_s = (cue.at - session.started_at).total_seconds()
        return cls(clock=("-" if at_s < 0 else "") + time_text(abs(at_s)), shown=time_text(cue.timeline_s))

    def cue(self, session: Session) -> Cue:
        """The cue it stands for.

        Raises:
            InvalidValue: one of its times is none.
        """
        return Cue(at=session.started_at + timedelta(seconds=clock_s(self.clock)), timeline_s=time_s(self.shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Timelines, the first of which leads, and cues, as they are typed."""

    sheets: tuple[Sheet, ...] = ()
    pins: tuple[Pin, ...] = ()

    @classmethod
    def of(cls, session: Session, stage: Stage) -> Self:
        """What is stored."""
        cues = sorted(stage.cues, key=lambda cue: cue.at)
        return cls(
            sheets=tuple(Sheet.of(timeline) for timeline in stage.timelines),
            pins=tuple(Pin.of(cue, session) for cue in cues),
        )

    def cues(self, session: Session) -> tuple[Cue, ...]:
        """The cues it stands for.

        Raises:
            InvalidValue: a row is not as expected; it is named.
        """
        cues = []
        for number, pin in enumerate(self.pins, start=1):
            try:
                cues.append(pin.cue(session))
            except InvalidValue as problem:
                line = gettext("cues: row {number}: {problem}", number=number, problem=problem)
                raise InvalidValue(line) from None
        return tuple(cues)

    def stage(self, session: Session, stage: Stage, recordings: Iterable[RecordingProgress]) -> Stage:
        """The stage with the timelines and cues it stands for.

        Args:
            session, stage: what it is a draft of.
            recordings: those of the stage that were scored, for how long what was shown lasted.

        Raises:
            InvalidValue: a row is not as expected, or two timelines have one title.
        """
        cues = self.cues(session)
        length_s = shown_length_s(session, cues, recordings)
        timelines = tuple(sheet.timeline(length_s) for sheet in self.sheets)
        titles = [timeline.title for timeline in timelines]
        for title in titles:
            if titles.count(title) > 1:
                raise InvalidValue(
                    gettext("two timelines are called {title}: give one of them another title", title=quoted(title))
                )
        return replace(stage, timelines=timelines, cues=cues)

    def with_sheet(self, place: int, sheet: Sheet) -> Self:
        """The draft with another sheet in a place."""
        return replace(self, sheets=(*self.sheets[:place], sheet, *self.sheets[place + 1 :]))

    def without_sheet(self, place: int) -> Self:
        """The draft with one sheet less."""
        return replace(self, sheets=self.sheets[:place] + self.sheets[place + 1 :])

    def led_by(self, place: int) -> Self:
        """The draft with a sheet put first."""
        return replace(self, sheets=(self.sheets[place], *self.without_sheet(place).sheets))

    def with_timeline(self, timeline: Timeline) -> Self:
        """The draft with a timeline in the place of that of the same title, or else behind the others."""
        sheet = Sheet.of(timeline)
        for place, other in enumerate(self.sheets):
            if other.title == sheet.title:
                return self.with_sheet(place, sheet)
        return replace(self, sheets=(*self.sheets, sheet))

    def with_cues(self, cues: Sequence[Cue], session: Session) -> Self:
        """The draft with other cues."""
        return replace(self, pins=tuple(Pin.of(cue, session) for cue in cues))


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """A draft with its history.

    Attributes:
        read: the stage as it was read when editing began, which is what saving compares with.
        original: what was read, as a draft.
        now: as it stands.
        past: what it was before each step, the first first; at most `MOST_STEPS`.
    """

    read: Stage
    original: Draft
    now: Draft
    past: tuple[Draft, ...] = ()

    @classmethod
    def begun(cls, session: Session, stage: Stage) -> Self:
        """Nothing changed yet."""
        original = Draft.of(session, stage)
        return cls(read=stage, original=original, now=original)

    @property
    def changed(self) -> bool:
        """Whether there is something to save."""
        return self.now != self.original

    def then(self, draft: Draft) -> Self:
        """One step on; the same draft is no step."""
        if draft == self.now:
            return self
        return replace(self, now=draft, past=(*self.past, self.now)[-MOST_STEPS:])

    def saved(self, stage: Stage) -> Self:
        """What was typed is what is stored; nothing is left to save or to undo."""
        return replace(self, read=stage, original=self.now, past=())

    def discarded(self, session: Session, stage: Stage) -> Self:
        """What is stored by now, with what was typed one step back."""
        return replace(self.begun(session, stage), past=(*self.past, self.now)[-MOST_STEPS:])

    def undone(self) -> Self:
        """One step back; the first stays."""
        return replace(self, now=self.past[-1], past=self.past[:-1]) if self.past else self


def clock_s(text: str) -> float:
    """Seconds since the session began; a time with a minus sign lies before.

    Raises:
        InvalidValue: the text is no time.
    """
    stripped = text.strip()
    return -time_s(stripped[1:]) if stripped[:1] in ("-", "\N{MINUS SIGN}") else time_s(stripped)


def moved(timeline: Timeline, index: int, start_s: float) -> Timeline:
    """The timeline with a segment that begins elsewhere, whose time is then no guess.

    The segment before it ends there, if it ended where this one began. It begins between the beginning of that one
    and its own end.

    Args:
        timeline: the timeline.
        index: place of the segment, from 0; a place that is not there changes nothing.
        start_s: where it begins, seconds.
    """
    segments = [*timeline.segments]
    if not 0 <= index < len(segments):
        return timeline
    segment = segments[index]
    earliest_s = segments[index - 1].start_s + _SHORTEST_S if index else 0.0
    start_s = round(max(earliest_s, min(start_s, segment.end_s - _SHORTEST_S)), 3)
    if index:
        before = segments[index - 1]
        touches = before.end_s >= segment.start_s
        segments[index - 1] = replace(before, end_s=start_s if touches else min(before.end_s, start_s))
    segments[index] = replace(segment, start_s=start_s, guessed=False)
    return replace(timeline, segments=tuple(segments))


def tapped(timeline: Timeline, starts_s: Sequence[float], length_s: float | None) -> Timeline:
    """The timeline with the beginnings of its first segments as they were tapped; the others follow, spread evenly.

    Args:
        timeline: the timeline.
        starts_s: rising seconds at which the first segments begin; as many as there are segments at most count.
        length_s: how long what was shown lasted; None where that is not known.

    Raises:
        InvalidValue: the seconds do not rise.
    """
    count = min(len(starts_s), len(timeline.segments))
    starts = [max(0.0, round(at_s, 3)) for at_s in starts_s[:count]]
    if not starts or any(after <= before for before, after in itertools.pairwise(starts)):
        raise InvalidValue(gettext("the slides were not tapped one after the other: tap them again"))
    left = len(timeline.segments) - count
    ends_s = timeline.segments[-1].end_s if length_s is None else length_s
    if ends_s <= starts[-1]:
        ends_s = starts[-1] + DRAFT_SLIDE_S * (left + 1)
    step_s = (ends_s - starts[-1]) / (left + 1)
    starts += [starts[count - 1] + step_s * number for number in range(1, left + 1)]
    edges = [round(at_s, 3) for at_s in (*starts, ends_s)]
    segments = [
        replace(segment, start_s=start_s, end_s=end_s, guessed=place >= count)
        for place, (segment, (start_s, end_s)) in enumerate(
            zip(timeline.segments, itertools.pairwise(edges), strict=True)
        )
    ]
    return replace(timeline, segments=tuple(segments))


def table_of(timeline: Timeline) -> ExportTable:
    """A timeline as the table it can be read from again.

    In CSV a title that begins like a formula gets an apostrophe, and has it still when it is read.
    """
    rows = [Row.of(segment) for segment in timeline.segments]
    titles: list[Cell] = [row.title for row in rows]
    starts: list[Cell] = [row.start for row in rows]
    ends: list[Cell] = [row.end for row in rows]
    return ExportTable(name="timeline", columns=_COLUMNS, values=(titles, starts, ends))


def _part(number: int, row: Row) -> Part:
    where = gettext("row {number}", number=number)
    try:
        end_s = time_s(row.end) if row.end.strip() else None
        start_s = time_s(row.start)
        return Part(
            where=where,
            title=row.title,
            start_s=start_s,
            end_s=end_s,
            notes=row.notes,
            guessed=row.guessed,
            picture=row.picture,
        )
    except InvalidValue as problem:
        raise InvalidValue(f"{where}: {problem}") from None
