"""What is kept of people who enrolled or are searched for: lists, consents, enrolments, sightings and confirmations.

Records name people by ids that say nothing. What does say something, a name, a photo, a template, is kept apart and
encrypted under a key of that person's own (`audience.identity.store`): without the key these records name nobody.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from audience.countries import country_code
from audience.errors import InvalidValue
from audience.ids import check_id, check_title
from audience.privacy import SETTINGS, Setting
from audience.time import to_ms

Purpose = Literal["register", "welcome desk", "search", "panel"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

Actor = Literal["organisation", "law enforcement"]
ACTORS: tuple[Actor, ...] = get_args(Actor)

GivenBy = Literal["the person", "a guardian"]
GIVEN_BY: tuple[str, ...] = get_args(GivenBy)
How = Literal["the enrolment page", "a signed form", "at the desk"]
HOW: tuple[str, ...] = get_args(How)
Verdict = Literal["same person", "somebody else"]
VERDICTS: tuple[str, ...] = get_args(Verdict)

LONGEST_SEARCH: Final = timedelta(hours=72)
"""How long a search runs at most without being renewed."""

LONGEST_CONSENT: Final = timedelta(days=3 * 365)
"""How long a consent holds at most; Illinois' BIPA (740 ILCS 14/15(a)) has templates destroyed within three years."""


def new_id(prefix: str) -> str:
    """A random id that says nothing of whom it stands for: the prefix, a dash and 16 hexadecimal digits."""
    return f"{prefix}-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """A list of people for one purpose, and the stages where they may be recognised.

    Attributes:
        roster_id: unique in the store.
        title: its name; "" to use the id.
        purpose: "register" (a collection of known people and their profiles), "welcome desk", "search" (its people are
            watch entries) or "panel" (its people are members of households).
        setting, country: where it is used, as for a session; the country is an ISO 3166-1 code, None if unknown.
        stages: where its people may be recognised, as "session/stage" with `*` for any letters.
        accepted: names of the conditions (`audience.identity.gate`) that whoever set it up says are met.
        actor: who recognises, "organisation" or "law enforcement".
        law: the national law or the authorisation that it rests on; "" if it needs none.
        created_at, created_by: aware UTC, and who set it up.
        consent_days: for how many days a consent holds, 1 to 1,095.
        pretend: whether its people are pretend ones, of a demonstration.
    """

    roster_id: str
    title: str = ""
    purpose: Purpose
    setting: Setting = "event"
    country: str | None = None
    stages: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    actor: Actor = "organisation"
    law: str = ""
    created_at: datetime
    created_by: str
    consent_days: int = 365
    pretend: bool = False

    def __post_init__(self) -> None:
        check_id("roster id", self.roster_id)
        check_title("roster title", self.title)
        check_title("law", self.law)
        check_choice("purpose", self.purpose, PURPOSES)
        check_choice("setting", self.setting, SETTINGS)
        if self.country is not None:
            object.__setattr__(self, "country", country_code(self.country))
        check_choice("actor", self.actor, ACTORS)
        _check_stages(self.stages)
        _check_who("created by", self.created_by)
        to_ms(self.created_at)
        if not 1 <= self.consent_days <= LONGEST_CONSENT.days:
            raise InvalidValue(f"a consent cannot hold for {self.consent_days} days: use 1 to {LONGEST_CONSENT.days}")

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id,)

    @property
    def name(self) -> str:
        """The display name of the roster."""
        return self.title or self.roster_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who enrolled on a roster. A person who is on two rosters is enrolled twice.

    Attributes:
        roster_id, person_id: the key; the second is random and unique in the store.
        added_at: aware UTC.
        child: whether they are under age, as they or their guardian said: nothing infers it.
        checked_in_at: since when they are checked in for the welcome desk, aware UTC; None if they are not.
    """

    roster_id: str
    person_id: str
    added_at: datetime
    child: bool = False
    checked_in_at: datetime | None = None

    def __post_init__(self) -> None:
        check_id("roster id", self.roster_id)
        check_id("person id", self.person_id)
        for instant in (self.added_at, self.checked_in_at):
            if instant is not None:
                to_ms(instant)

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A person's consent to one purpose.

    Attributes:
        roster_id, person_id, purpose: the key.
        notice: version of the notice they were given.
        language: of that notice, a code such as "en".
        given_at, expires_at: aware UTC; at most `LONGEST_CONSENT` apart.
        given_by: "the person" or "a guardian".
        how: "the enrolment page", "a signed form" or "at the desk".
        form: reference of a signed form; "" if there is none.
        recorded_by: account of whoever recorded it; "" where the person did so.
        keeps_photo: whether one photo may be kept, for the welcome desk's card and for those who confirm a sighting.
        joins_expressions: whether this person's expressions may be joined with their identity; in a panel only.
        withdrawn_at: aware UTC; None if it was not.
    """

    roster_id: str
    person_id: str
    purpose: Purpose
    notice: str
    language: str = "en"
    given_at: datetime
    expires_at: datetime
    given_by: GivenBy = "the person"
    how: How
    form: str = ""
    recorded_by: str = ""
    keeps_photo: bool = False
    joins_expressions: bool = False
    withdrawn_at: datetime | None = None

    def __post_init__(self) -> None:
        check_id("roster id", self.roster_id)
        check_id("person id", self.person_id)
        check_id("notice version", self.notice)
        check_id("language", self.language)
        check_title("form", self.form)
        check_choice("purpose", self.purpose, PURPOSES)
        check_choice("given by", self.given_by, GIVEN_BY)
        check_choice("how", self.how, HOW)
        if self.recorded_by:
            _check_who("recorded by", self.recorded_by)
        if not timedelta(0) < self.expires_at - self.given_at <= LONGEST_CONSENT:
            raise InvalidValue(f"a consent must hold for some time, and at most {LONGEST_CONSENT.days} days")
        if self.withdrawn_at is not None:
            to_ms(self.withdrawn_at)
        if self.joins_expressions and self.purpose != "panel":
            raise InvalidValue("expressions are joined with a person in a household panel only")

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.person_id, self.purpose)

    def has_ended(self, at: datetime) -> bool:
        """Whether it has expired or was withdrawn by an instant; a clock that is behind ends nothing."""
        return at >= self.expires_at or (self.withdrawn_at is not None and at >= self.withdrawn_at)

    def holds(self, at: datetime) -> bool:
        """Whether it holds at an instant."""
        return self.given_at <= at < self.expires_at and (self.withdrawn_at is None or at < self.withdrawn_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoQuality:
    """What was measured on a photo that somebody enrolled with; the photo itself is not part of it.

    Attributes:
        face_px: distance of forehead and chin, pixels.
        sharpness, brightness: of the face, 0..1.
        turn: how far the face is turned away, 0 (frontal) to 1 (profile).
    """

    face_px: int
    sharpness: float
    brightness: float
    turn: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """That a person's template was made, from which photos and by which model.

    Attributes:
        roster_id, person_id: the key.
        recogniser: name of the model, as in the template; another model asks for enrolment anew.
        photos: what was measured on each photo, at least one.
        enrolled_at: aware UTC.
    """

    roster_id: str
    person_id: str
    recogniser: str
    photos: tuple[PhotoQuality, ...]
    enrolled_at: datetime

    def __post_init__(self) -> None:
        check_id("roster id", self.roster_id)
        check_id("person id", self.person_id)
        check_title("recogniser", self.recogniser)
        to_ms(self.enrolled_at)
        if not self.photos:
            raise InvalidValue("an enrolment needs at least one photo")

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEntry:
    """A person who is searched for, on a legal basis, approved by somebody other than who asked.

    Attributes:
        roster_id, entry_id: the key; the roster's purpose is "search".
        basis: the legal basis in words ("missing person, police report").
        reference: of the file or order that the search rests on.
        stages: where to look, as a roster's; within those of the roster.
        requested_by, requested_at: account and aware UTC.
        approved_by, approved_at: the same of the approval; "" and None before it. Never who asked.
        expires_at: when the search ends, aware UTC, at most `LONGEST_SEARCH` after approval or renewal; None before
            approval.
        hours: for how many hours it was asked for, 1 to 72.
        ended: "" while it runs or waits; else "found", "withdrawn", "refused" or "expired".
        ended_at: aware UTC; None while it runs or waits.
    """

    roster_id: str
    entry_id: str
    basis: str
    reference: str
    stages: tuple[str, ...]
    requested_by: str
    requested_at: datetime
    hours: int = 24
    approved_by: str = ""
    approved_at: datetime | None = None
    expires_at: datetime | None = None
    ended: Literal["", "found", "withdrawn", "refused", "expired"] = ""
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        check_id("roster id", self.roster_id)
        check_id("entry id", self.entry_id)
        for what in ("basis", "reference"):
            check_title(what, getattr(self, what))
            if not getattr(self, what).strip():
                raise InvalidValue(f"a search needs a {what}: without one nobody may be looked for")
        if not self.stages:
            raise InvalidValue("a search needs an area: name the stages where to look")
        _check_stages(self.stages)
        _check_who("requested by", self.requested_by)
        if not 1 <= self.hours <= LONGEST_SEARCH // timedelta(hours=1):
            raise InvalidValue(f"a search cannot run for {self.hours} hours: use 1 to 72, and renew it")
        if (self.approved_at is None) != (self.expires_at is None) or (self.approved_at is None) != (
            not self.approved_by
        ):
            raise InvalidValue("a search has an approval with name, time and end, or none of them")
        if self.approved_by == self.requested_by:
            raise InvalidValue("a search is approved by another person than the one who requested it")
        for instant in (self.requested_at, self.approved_at, self.expires_at, self.ended_at):
            if instant is not None:
                to_ms(instant)

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.entry_id)

    def runs(self, at: datetime) -> bool:
        """Whether cameras look for this person at an instant."""
        return not self.ended and self.expires_at is not None and at < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """That a camera matched somebody's template; by ids alone, it holds no name and no picture.

    Attributes:
        roster_id, subject_id, sighting_id: the key; the subject is a person or a watch entry.
        session_id, stage_id, camera_id: where.
        at_ms: capture time of the last crop used, milliseconds since the epoch.
        similarity: of the track's mean template to the subject's (`audience.identity.matching`), -1..1.
        runner_up: the same of the next most similar on the roster; None if nobody else is on it.
        crops: how many crops the track's template is the mean of.
        recogniser: name of the model.
        picture: whether a sealed picture of it is kept, for those who confirm.
    """

    roster_id: str
    subject_id: str
    sighting_id: str
    session_id: str
    stage_id: str
    camera_id: str
    at_ms: int
    similarity: float
    runner_up: float | None
    crops: int
    recogniser: str
    picture: bool = False

    def __post_init__(self) -> None:
        for what in ("roster_id", "subject_id", "sighting_id", "session_id", "stage_id", "camera_id"):
            check_id(what.replace("_", " "), getattr(self, what))
        check_title("recogniser", self.recogniser)
        for value in (self.similarity, self.runner_up):
            if value is not None and not abs(value) <= 2:
                raise InvalidValue(f"a similarity of {value:g} is not possible: it must be between -2 and 2")
        if self.crops < 1:
            raise InvalidValue("a sighting rests on at least one crop")

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.subject_id, self.sighting_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What one person said of one sighting, without seeing what others said.

    Attributes:
        roster_id, subject_id, sighting_id, by: the key; `by` is an account.
        verdict: "same person" or "somebody else".
        at: aware UTC.
    """

    roster_id: str
    subject_id: str
    sighting_id: str
    by: str
    verdict: Verdict
    at: datetime

    def __post_init__(self) -> None:
        for what in ("roster_id", "subject_id", "sighting_id"):
            check_id(what.replace("_", " "), getattr(self, what))
        _check_who("by", self.by)
        check_choice("verdict", self.verdict, VERDICTS)
        to_ms(self.at)

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.subject_id, self.sighting_id, self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """That a notifier was sent a sighting, so that it is sent once.

    Attributes:
        roster_id, subject_id, sighting_id, notifier: the key; the notifier's name reveals no address.
        at: aware UTC.
    """

    roster_id: str
    subject_id: str
    sighting_id: str
    notifier: str
    at: datetime

    def __post_init__(self) -> None:
        for what in ("roster_id", "subject_id", "sighting_id"):
            check_id(what.replace("_", " "), getattr(self, what))
        _check_who("notifier", self.notifier)
        to_ms(self.at)

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.subject_id, self.sighting_id, self.notifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleKey:
    """Where a key for bundles to devices is kept; the key itself is sealed.

    Attributes:
        holder: "installation", or "session/stage/camera" of a camera.
        subject_id: what the key is sealed under, random.
        public: the installation's public key, hexadecimal; "" for a camera's.
        made_at: aware UTC.
    """

    holder: str
    subject_id: str
    public: str = ""
    made_at: datetime

    def __post_init__(self) -> None:
        for part in self.holder.split("/"):
            check_id("holder of a key", part)
        check_id("subject id", self.subject_id)
        to_ms(self.made_at)

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.holder,)


def _check_stages(stages: tuple[str, ...]) -> None:
    for pattern in stages:
        session, slash, stage = pattern.partition("/")
        if not (session and slash and stage) or "/" in stage:
            raise InvalidValue(f"{pattern!r} names no stages: write them as SESSION/STAGE, with * for any letters")


def _check_who(what: str, account: str) -> None:
    check_title(what, account)
    if not account.strip() or "#" in account:
        raise InvalidValue(f"{what} {account!r} is no account: give an address or a name, without #")


def check_choice(what: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuses a value that is none of those allowed; of these, "" stands for nothing given.

    Raises:
        InvalidValue: it is none of them.
    """
    if value not in allowed:
        raise InvalidValue(f"{what} {value!r} is unknown: use one of {', '.join(filter(None, allowed))}")
