"""A session: one occasion, its stages, and the cameras that watch them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from audience.countries import country_code
from audience.errors import InvalidValue
from audience.exclusions import Annotation, Exclusion
from audience.ids import check_id, check_title
from audience.privacy import MODES, SETTINGS, Mode, Setting
from audience.time import to_ms
from audience.timelines import Cue, Timeline, start_cues

Kind = Literal["talk", "screening", "festival", "panel"]
KINDS: tuple[str, ...] = get_args(Kind)

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

BEFORE_MS: Final = 6 * HOUR_MS
"""How long before the session begins a camera may record: it is installed in the morning, people take their seats, and
a session may be set up late."""

LONGEST_MS: Final = 4 * DAY_MS
"""The longest session, counted from its start: a festival has three days. It bounds a stage's axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A device watching one stage.

    Attributes:
        camera_id: unique on its stage.
        overlaps: ids of cameras of the same stage that see some of the same people. Of overlapping cameras, only the
            one with the most faces in a window counts.
        delivered_by: the device that delivers its records, by the name in its deliveries; "" for a camera whose records
            are written on this machine (`score`, `watch`), for which deliveries are refused; None where it is unknown,
            as in stores of version 0.1: a device may deliver until something is scored or watched.
    """

    camera_id: str
    overlaps: frozenset[str] = frozenset()
    delivered_by: str | None = None

    def __post_init__(self) -> None:
        check_id("camera id", self.camera_id)
        if self.delivered_by:
            check_id("device", self.delivered_by)
        for other in self.overlaps:
            check_id("camera id", other)


def overlapping(cameras: Iterable[Camera]) -> set[frozenset[str]]:
    """Pairs of cameras of a stage, by id, that see some of the same people.

    Pairs, because a wide view overlaps each of the close views, which need not overlap each other.
    """
    return {frozenset({camera.camera_id, other}) for camera in cameras for other in camera.overlaps}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A place where people watch from.

    Attributes:
        stage_id: unique in its session.
        title: its name; "" to use the id.
        audience_size: number of people present; None if unknown.
        timelines: what was shown there, as one or several timelines over the same seconds (slides, scenes). Views and
            exports use the first.
        cues: pins between wall clock and timelines; without any, the timelines begin with the session.
        exclusions: stretches that are left out of every figure.
        annotations: notes people wrote.
        directions: how to get there, for the public board: the address of a map, which begins with https://, or words
            such as "6 min from the gate"; "" if nobody said.
    """

    stage_id: str
    title: str = ""
    audience_size: int | None = None
    timelines: tuple[Timeline, ...] = ()
    cues: tuple[Cue, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    directions: str = ""

    def __post_init__(self) -> None:
        check_id("stage id", self.stage_id)
        check_title("stage title", self.title)
        check_title("way to the stage", self.directions)
        if "://" in self.directions and not re.fullmatch(r"https://[^\s\"'<>]+", self.directions):
            raise InvalidValue(f"{self.directions[:80]!r} is not the address of a map: it begins with https://")
        if self.audience_size is not None and self.audience_size < 1:
            raise InvalidValue(f"audience size {self.audience_size} is not allowed: it must be 1 or more")

    @property
    def name(self) -> str:
        """The display name of the stage."""
        return self.title or self.stage_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomNotice:
    """How people were informed by a sheet in the room.

    Attributes:
        sheet_at: when a sheet was last made, aware UTC; None if it was made elsewhere.
        languages: of that sheet, as ISO 639-1 codes.
        up_at: when somebody said that it is up, aware UTC; None if nobody did.
        up_by: the name they gave; "" if nobody did.
    """

    sheet_at: datetime | None = None
    languages: tuple[str, ...] = ()
    up_at: datetime | None = None
    up_by: str = ""

    def __post_init__(self) -> None:
        check_title("name", self.up_by)
        for at in (self.sheet_at, self.up_at):
            if at is not None:
                to_ms(at)  # raises for an instant without a time zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One occasion: a talk, a screening, a panel evening, a festival day.

    Attributes:
        session_id: unique in the store.
        title: its name; "" to use the id.
        kind: "talk", "screening", "festival" or "panel".
        started_at: aware UTC.
        set_up_at: when it was first written to its store, aware UTC; later writes keep it. It distinguishes a session
            from a deleted one with the same id. None in sessions of version 0.1.
        ended_at: aware UTC; None while it runs, or if unknown.
        setting: the kind of place people watched in.
        country: ISO 3166-1 alpha-2 code; None if unknown.
        notice_given: whether the people in view were informed.
        mode: what is measured, as `audience.privacy.decide` returned; never widened afterwards.
        mode_reason: the reason that `decide` returned.
        simulated: whether a program generated the records instead of a camera.
        film: the film that was screened, or the talk that was given, if it is shown more than once; else "".
        cut: the cut of the film; "" if there is only one.
        city: the city where people watched.
        tags: words on this audience ("recruited", "students"), unique and sorted.
        notice: the sheet that informed the people in view; None if none was made or put up.
    """

    session_id: str
    title: str = ""
    kind: Kind = "talk"
    started_at: datetime
    ended_at: datetime | None = None
    setting: Setting = "event"
    country: str | None = None
    notice_given: bool = False
    mode: Mode = "expressions"
    mode_reason: str = ""
    simulated: bool = False
    film: str = ""
    cut: str = ""
    city: str = ""
    tags: tuple[str, ...] = ()
    set_up_at: datetime | None = None
    notice: RoomNotice | None = None

    def __post_init__(self) -> None:
        check_id("session id", self.session_id)
        for what in ("title", "film", "cut", "city"):
            check_title(what, getattr(self, what))
        for tag in self.tags:
            check_title("tag", tag)
            if not tag.strip():
                raise InvalidValue("a tag is empty: leave it out")
        object.__setattr__(self, "tags", tuple(sorted(set(self.tags))))
        started_ms = to_ms(self.started_at)
        if self.ended_at is not None and to_ms(self.ended_at) < started_ms:
            raise InvalidValue(f"session {self.session_id!r} ends before it starts")
        if self.set_up_at is not None:
            to_ms(self.set_up_at)  # raises for an instant without a time zone
        for what, value, allowed in (
            ("kind", self.kind, KINDS),
            ("setting", self.setting, SETTINGS),
            ("mode", self.mode, MODES),
        ):
            if value not in allowed:
                raise InvalidValue(f"{what} {value!r} is unknown: use one of {', '.join(allowed)}")
        if self.country is not None:
            object.__setattr__(self, "country", country_code(self.country))

    @property
    def name(self) -> str:
        """The display name of the session."""
        return self.title or self.session_id


def cues_of(session: Session, stage: Stage) -> tuple[Cue, ...]:
    """The stage's cues; by default the timeline begins with the session, if there is a timeline."""
    return stage.cues or (start_cues(session.started_at) if stage.timelines else ())


def shown_span_ms(session: Session) -> tuple[int, int]:
    """The span [from, until) of window starts that belong to a session, milliseconds since the epoch.

    It is wider than what cameras may deliver: it also reaches `BEFORE_MS` past the end, because a recording may be
    added to an ended session before its end is moved.
    """
    began_ms = to_ms(session.started_at)
    until_ms = began_ms + LONGEST_MS
    if session.ended_at is not None:
        until_ms = min(until_ms, to_ms(session.ended_at) + BEFORE_MS)
    return began_ms - BEFORE_MS, until_ms
