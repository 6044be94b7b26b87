"""Households that signed up for a panel: who belongs to them, what they tap, and what a camera saw of them each minute.

A household is a stage of sessions of kind `panel`, under the same id. Its members are people on a roster of purpose
"panel", who consented each for themselves. Guests are counted, with the sex and age that somebody types: nobody's sex
or age is inferred from a face. Records name people by their ids alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, get_args

from audience.errors import InvalidValue
from audience.identity.records import check_choice
from audience.ids import check_id, check_title
from audience.time import from_ms, to_ms

MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS

LASTS_MS: Final = DAY_MS
"""How long a login and the set hold, where nothing follows: a forgotten tap says nothing about the next day.

Privacy holds until somebody ends it: a household that forgot its wish is not measured again by itself.
"""

Sex = Literal["", "female", "male", "other"]
SEXES: tuple[Sex, ...] = get_args(Sex)

Ages = Literal["", "under 15", "15 to 24", "25 to 44", "45 to 64", "65 and over"]
AGES: tuple[Ages, ...] = get_args(Ages)

Action = Literal["set on", "set off", "in", "out", "guests", "privacy on", "privacy off"]
ACTIONS: tuple[str, ...] = get_args(Action)

PRIVACY: Final = "privacy"
"""In keys of taps on privacy, in place of the day: they hold for longer than a day, and are looked up together."""

MOST_MEMBERS: Final = 20
MOST_GUESTS: Final = 20
_FIRST_BIRTH: Final = 1900
_ROUNDING_S: Final = 1e-6  # of seconds that were added up
_MINUTE_S: Final = 60 + _ROUNDING_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A household of a panel.

    Attributes:
        roster_id, household_id: the key; the id is that of its stage, too.
        title: its label in the panel, such as its number; not the family's name. "" to use the id.
        alike: pairs of members, by person id, whom a camera cannot tell apart (twins, siblings).
        set_up_at, set_up_by: aware UTC, and who set it up.
    """

    roster_id: str
    household_id: str
    title: str = ""
    alike: tuple[tuple[str, str], ...] = ()
    set_up_at: datetime
    set_up_by: str

    def __post_init__(self) -> None:
        check_id("roster id", self.roster_id)
        check_id("household id", self.household_id)
        check_title("household title", self.title)
        check_title("set up by", self.set_up_by)
        to_ms(self.set_up_at)
        for one, other in self.alike:
            check_id("person id", one)
            check_id("person id", other)
            if one == other:
                raise InvalidValue(f"{one} cannot be told from themselves: name two members who look alike")

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.household_id)

    @property
    def name(self) -> str:
        """The display name of the household."""
        return self.title or self.household_id

    def could_be(self, person_id: str) -> tuple[str, ...]:
        """Whom a camera means when it recognises somebody: that person and who looks like them, sorted."""
        alike = {other for pair in self.alike if person_id in pair for other in pair}
        return tuple(sorted({person_id} | alike))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a household.

    Attributes:
        roster_id, household_id, person_id: the key; the person is on the roster.
        sex: as somebody typed it; "" if nobody did.
        born: year of birth, likewise; None if nobody typed it.
    """

    roster_id: str
    household_id: str
    person_id: str
    sex: Sex = ""
    born: int | None = None

    def __post_init__(self) -> None:
        for what in ("roster_id", "household_id", "person_id"):
            check_id(what.replace("_", " "), getattr(self, what))
        check_choice("sex", self.sex, SEXES)
        if self.born is not None and not _FIRST_BIRTH <= self.born <= 2200:
            raise InvalidValue(f"nobody was born in {self.born}: give the year with four digits, or leave it out")

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.household_id, self.person_id)

    def description(self, at: datetime) -> str:
        """What was typed of the member, for tables: "female, 41"; "" if nothing was."""
        age = "" if self.born is None else str(max(0, at.year - self.born))
        return ", ".join(part for part in (self.sex, age) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """Some guests of one sex and age, as somebody typed them.

    Attributes:
        sex, ages: "" if not typed.
        count: 1 or more.
    """

    sex: Sex = ""
    ages: Ages = ""
    count: int

    def __post_init__(self) -> None:
        check_choice("sex", self.sex, SEXES)
        check_choice("ages", self.ages, AGES)
        if not 1 <= self.count <= MOST_GUESTS:
            raise InvalidValue(f"{self.count} guests are not allowed: use 1 to {MOST_GUESTS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """Something that a household tapped on its button page.

    Attributes:
        roster_id, household_id, day or "privacy", tap_id: the key. The id is made where it was tapped, so that a tap
            which is sent twice is kept once.
        at_ms: when it was tapped, milliseconds since the epoch.
        action: "set on", "set off", "in" or "out" (one member), "guests", "privacy on" or "privacy off".
        person_id: the member of "in" and "out"; else "".
        guests: of "guests", all who are there from then on; else empty.
    """

    roster_id: str
    household_id: str
    tap_id: str
    at_ms: int
    action: Action
    person_id: str = ""
    guests: tuple[Guests, ...] = ()

    def __post_init__(self) -> None:
        for what in ("roster_id", "household_id", "tap_id"):
            check_id(what.replace("_", " "), getattr(self, what))
        check_choice("action", self.action, ACTIONS)
        day_of(self.at_ms)
        if (self.action in ("in", "out")) != bool(self.person_id):
            raise InvalidValue(f"{self.action!r} names {'no member' if self.person_id else 'a member'}: correct it")
        if self.person_id:
            check_id("person id", self.person_id)
        if self.guests and self.action != "guests":
            raise InvalidValue(f"{self.action!r} has no guests: leave them out")
        if sum(guests.count for guests in self.guests) > MOST_GUESTS:
            raise InvalidValue(f"so many guests are not allowed: use at most {MOST_GUESTS}")

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store; taps of one day (UTC) lie together, and those on privacy of all days."""
        together = PRIVACY if self.about_privacy else day_of(self.at_ms)
        return (self.roster_id, self.household_id, together, self.tap_id)

    @property
    def about_privacy(self) -> bool:
        """Whether it begins or ends privacy."""
        return self.action in ("privacy on", "privacy off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """For how long so many of the same people were there at once, in one minute, as their faces say.

    Attributes:
        people: ids of whom each of these faces may be: one member, several who look alike, or empty for faces that
            are nobody's on the roster. Nothing else is kept of those.
        at_once: how many such faces there were at the same time.
        seconds: for how long in total, 0..60, the time between two sightings included.
        in_view_s: of these, for how long a face was in view.
        facing_s: of these, for how long on average a face was turned to the screen; None if that is not known.
        smiling_s: of these in view, for how long on average a face smiled; None if not known, or not to be joined with
            the person (`Consent.joins_expressions`).
    """

    people: tuple[str, ...]
    at_once: int = 1
    seconds: float
    in_view_s: float
    facing_s: float | None = None
    smiling_s: float | None = None

    def __post_init__(self) -> None:
        for person_id in self.people:
            check_id("person id", person_id)
        if tuple(sorted(set(self.people))) != self.people:
            raise InvalidValue("the people a face may be are listed once each, sorted by id")
        if not 1 <= self.at_once <= MOST_MEMBERS + MOST_GUESTS:
            raise InvalidValue(f"{self.at_once} faces at once are not allowed")
        if not 0 <= self.seconds <= _MINUTE_S or not 0 <= self.in_view_s <= self.seconds + _ROUNDING_S:
            raise InvalidValue(f"{self.in_view_s:g} s in view of {self.seconds:g} s of a minute are not possible")
        for value in (self.facing_s, self.smiling_s):
            if value is not None and not 0 <= value <= self.in_view_s + _ROUNDING_S:
                raise InvalidValue(f"{value:g} s of {self.in_view_s:g} s in view are not possible")
        if self.smiling_s is not None and len(self.people) != 1:
            raise InvalidValue("a smile is joined with one person who consented, never with several or a stranger")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMinute:
    """What cameras saw of a household in one minute; no picture and no template.

    Attributes:
        roster_id, household_id, day, minute: the key.
        minute_ms: start of the minute, milliseconds since the epoch.
        looked_s: for how long a camera looked, 0..60.
        seen: who was seen, each group of people and number of faces once.
    """

    roster_id: str
    household_id: str
    minute_ms: int
    looked_s: float
    seen: tuple[Seen, ...] = ()

    def __post_init__(self) -> None:
        check_id("roster id", self.roster_id)
        check_id("household id", self.household_id)
        day_of(self.minute_ms)
        if self.minute_ms % MINUTE_MS:
            raise InvalidValue("a minute begins at second 0")
        if not 0 <= self.looked_s <= _MINUTE_S:
            raise InvalidValue(f"a camera cannot look for {self.looked_s:g} s of a minute: use 0 to 60")
        groups = [(seen.people, seen.at_once) for seen in self.seen]
        if len(set(groups)) != len(groups):
            raise InvalidValue("a minute has each group of people and number of faces once")
        if any(seen.seconds > self.looked_s + _ROUNDING_S for seen in self.seen):
            raise InvalidValue("nobody can be seen for longer than a camera looked")

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store; minutes of one day (UTC) lie together."""
        return (self.roster_id, self.household_id, day_of(self.minute_ms), f"{self.minute_ms % DAY_MS // 1000:05d}")


def day_of(at_ms: int) -> str:
    """The day of an instant, in UTC: "2026-05-04".

    Raises:
        InvalidValue: it is no instant that a calendar has.
    """
    try:
        return from_ms(at_ms).date().isoformat()
    except OverflowError:
        raise InvalidValue(f"{at_ms} ms after 1970 is out of range") from None


def days_between(from_ms: int, until_ms: int) -> list[str]:
    """The days (UTC) of a stretch [from, until)."""
    return [day_of(at * DAY_MS) for at in range(from_ms // DAY_MS, (until_ms - 1) // DAY_MS + 1)]


def in_order(taps: Iterable[Tap]) -> list[Tap]:
    """Taps as they were tapped; of two at the same millisecond the order is that of their ids."""
    return sorted(taps, key=lambda tap: (tap.at_ms, tap.tap_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdState:
    """What a household has tapped, as it stands at an instant.

    Attributes:
        set_on: whether the set is on; None if nobody said.
        private: whether they want privacy.
        logged_in: ids of members who are logged in.
        guests: all who are logged in.
    """

    set_on: bool | None = None
    private: bool = False
    logged_in: frozenset[str] = frozenset()
    guests: tuple[Guests, ...] = ()


def state_at(taps: Iterable[Tap], at_ms: int) -> HouseholdState:
    """The state of a household at an instant.

    When the set goes off, everybody is logged out. Privacy does not log anybody out.

    Args:
        taps: from `LASTS_MS` before it on, and all on privacy; in any order.
        at_ms: the instant, milliseconds since the epoch.
    """
    state = HouseholdState()
    for tap in in_order(taps):
        if tap.at_ms > at_ms or (tap.at_ms <= at_ms - LASTS_MS and not tap.about_privacy):
            continue
        if tap.action == "set on":
            state = replace(state, set_on=True)
        elif tap.action == "set off":
            state = replace(state, set_on=False, logged_in=frozenset(), guests=())
        elif tap.action == "guests":
            state = replace(state, guests=tap.guests)
        elif tap.person_id:
            others = state.logged_in - {tap.person_id}
            state = replace(state, logged_in=others | {tap.person_id} if tap.action == "in" else others)
        else:
            state = replace(state, private=tap.action == "privacy on")
    return state
