"""Builders of households, what they tap and what is seen of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from audience.identity.households import Action, Guests, Household, Member, Seen, SeenMinute, Tap
from audience.identity.panels import HouseholdPanel
from audience.identity.people import People
from audience.identity.presence import HouseholdPresence, household_presence
from audience.identity.records import Roster
from audience.identity.sealed import Profile
from audience.identity.store import IdentityStore
from tests.builders import BEGAN, BEGAN_MS

MINUTE_MS = 60_000


class Home:
    """A household in a store: Ann, who lets her smiles be joined with her, and Bea, who does not."""

    def __init__(self, store: IdentityStore, now: Callable[[], datetime]) -> None:
        self.store, self.now = store, now
        self.people = People(store, actor="ada", now=now)
        self.panel = HouseholdPanel(store, actor="ada", now=now)
        self.people.set_up(
            Roster(
                roster_id="panel",
                purpose="panel",
                setting="home",
                country="GB",
                accepted=("consent", "household"),
                created_at=now(),
                created_by="ada",
            )
        )
        self.household = self.panel.set_up("panel", "home-1", title="Household 1")
        self.ann, self.bea = self.add("Ann", joins=True), self.add("Bea")

    def add(self, name: str, *, joins: bool = False, keeps_photo: bool = False) -> str:
        person = self.people.add(
            "panel",
            Profile(name=name),
            notice="1",
            how="a signed form",
            joins_expressions=joins,
            keeps_photo=keeps_photo,
        )
        self.panel.add_member(self.household, person.person_id)
        return person.person_id


def a_household(*alike: tuple[str, str], household_id: str = "home-1") -> Household:
    return Household(roster_id="panel", household_id=household_id, alike=alike, set_up_at=BEGAN, set_up_by="ada")


def members(*people: str, household_id: str = "home-1") -> list[Member]:
    return [Member(roster_id="panel", household_id=household_id, person_id=person) for person in people]


def tap(at_s: float, action: Action, person_id: str = "", guests: Sequence[Guests] = (), **other: Any) -> Tap:
    at_ms = BEGAN_MS + round(1000 * at_s)
    fields: dict[str, Any] = {"household_id": "home-1", "tap_id": f"t{at_ms}-{action.replace(' ', '-')}-{person_id}x"}
    return Tap(
        roster_id="panel", at_ms=at_ms, action=action, person_id=person_id, guests=tuple(guests), **(fields | other)
    )


def minute(number: int, *seen: Seen, looked_s: float = 60.0, household_id: str = "home-1") -> SeenMinute:
    return SeenMinute(
        roster_id="panel",
        household_id=household_id,
        minute_ms=BEGAN_MS + number * MINUTE_MS,
        looked_s=looked_s,
        seen=seen,
    )


def seen(*people: str, seconds: float = 60.0, **other: Any) -> Seen:
    return Seen(people=people, seconds=seconds, in_view_s=seconds, **other)


def presence(
    *people: str,
    taps: Sequence[Tap] = (),
    minutes: Sequence[SeenMinute] = (),
    alike: Sequence[tuple[str, str]] = (),
    joins: Sequence[str] = (),
    until_min: float = 1,
) -> HouseholdPresence:
    return household_presence(
        a_household(*alike),
        members(*people),
        taps,
        minutes,
        from_ms=BEGAN_MS,
        until_ms=BEGAN_MS + round(until_min * MINUTE_MS),
        joins=joins,
    )
