"""A session: one occasion, its stages, and the cameras that watch them."""

from __future__ import annotations

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
from audience.timelines import Cue, Timeline, begun

Kind = Literal["talk", "screening", "festival", "panel"]
KINDS: tuple[str, ...] = get_args(Kind)

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

BEFORE_MS: Final = 6 * HOUR_MS
"""A camera may record so long before the session begins: it is set up in the morning, people take their seats, and a
session that was set up late begins when somebody thought of it."""

LONGEST_MS: Final = 4 * DAY_MS
"""A session is at most so long, counted from its start: a festival has three days. It bounds a stage's axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A device watching one stage.

    Attributes:
        camera_id: unique on its stage.
        overlaps: ids of cameras of the same stage that see some of the same people; of a group that overlaps, only
            the camera with most faces in a window counts.
        delivered_by: the device that delivers its records, named as deliveries name it; "" for a camera whose records
            are written on a machine of one's own (`score`, `watch`), for which nothing may be delivered; None where
            nobody has said yet, as in stores of 0.1: a device may deliver until something was scored or watched.
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
    """The pairs of cameras of a stage that see some of the same people, by id.

    A wide view overlaps each of the close ones, which need not overlap each other: so overlaps are told in pairs.
    """
    return {frozenset({camera.camera_id, other}) for camera in cameras for other in camera.overlaps}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A place people watch from.

    Attributes:
        stage_id: unique in its session.
        title: what people call it; empty where it has no name beyond its id.
        audience_size: people present where it is known; None where not.
        timelines: what was shown there, told in one or several ways (slides, scenes) over the same seconds; the first
            is the one that views and exports lead with.
        cues: pins between wall clock and timelines; without any, what was shown began with the session.
        exclusions: stretches that are left out of every figure.
        annotations: notes people wrote.
    """

    stage_id: str
    title: str = ""
    audience_size: int | None = None
    timelines: tuple[Timeline, ...] = ()
    cues: tuple[Cue, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    annotations: tuple[Annotation, ...] = ()

    def __post_init__(self) -> None:
        check_id("stage id", self.stage_id)
        check_title("stage title", self.title)
        if self.audience_size is not None and self.audience_size < 1:
            raise InvalidValue(f"audience size {self.audience_size} is not a number of people: it must be 1 or more")

    @property
    def name(self) -> str:
        """What to call the stage on a page."""
        return self.title or self.stage_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One occasion: a talk, a screening, a panel evening, a festival day.

    Attributes:
        session_id: unique in the store.
        title: what people call it; empty where it has no name beyond its id.
        kind: "talk", "screening", "festival" or "panel".
        started_at: aware UTC.
        set_up_at: when it was first written to its store, aware UTC; a store keeps the first. It tells a session from
            one that had the same id and was deleted. None where nobody said (sessions of 0.1).
        ended_at: aware UTC; None while it runs or where the end is not known.
        setting: the kind of place people watched in.
        country: ISO 3166-1 alpha-2 code, or None where it was not said.
        notice_given: whether the people in view were told.
        mode: what is measured, as `audience.privacy.decide` said; never widened afterwards.
        mode_reason: the sentence `decide` gave for it.
        simulated: whether the records were made by a program instead of a camera.
        film: the film that was screened, or the talk that was given, where it is shown more than once; empty else.
        cut: which cut of the film; empty where there is one only.
        city: where people watched.
        tags: what is said of this audience ("recruited", "students"), each once, in alphabetical order.
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

    def __post_init__(self) -> None:
        check_id("session id", self.session_id)
        for what in ("title", "film", "cut", "city"):
            check_title(what, getattr(self, what))
        for tag in self.tags:
            check_title("tag", tag)
            if not tag.strip():
                raise InvalidValue("a tag without text says nothing of an audience: leave it out")
        object.__setattr__(self, "tags", tuple(sorted(set(self.tags))))
        started_ms = to_ms(self.started_at)
        if self.ended_at is not None and to_ms(self.ended_at) < started_ms:
            raise InvalidValue(f"session {self.session_id!r} ends before it starts")
        if self.set_up_at is not None:
            to_ms(self.set_up_at)  # refuses an instant without a zone
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
        """What to call the session on a page."""
        return self.title or self.session_id


def cues_of(session: Session, stage: Stage) -> tuple[Cue, ...]:
    """The stage's cues; without any, what was shown began with the session, where it is known what was shown."""
    return stage.cues or (begun(session.started_at) if stage.timelines else ())


def shown_span_ms(session: Session) -> tuple[int, int]:
    """What of a session may be shown: windows that start in [from, until), milliseconds since the epoch.

    It is wider than what is taken from cameras, by as long after the end as before the beginning: what a recording adds
    to a session that has ended is there before the session's end is moved.
    """
    began_ms = to_ms(session.started_at)
    until_ms = began_ms + LONGEST_MS
    if session.ended_at is not None:
        until_ms = min(until_ms, to_ms(session.ended_at) + BEFORE_MS)
    return began_ms - BEFORE_MS, until_ms
