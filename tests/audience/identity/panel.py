"""Builders of households, what they tap and what is seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audience.identity.households import Action, Guests, Household, Member, Seen, SeenMinute, Tap
from audience.identity.presence import HouseholdPresence, household_presence
from tests.builders import BEGAN, BEGAN_MS

MINUTE_MS = 60_000


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
