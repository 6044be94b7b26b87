"""The welcome desk: cards of members who checked in and were seen coming in; each is gone once it was used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from audience.errors import InvalidValue
from audience.identity.audit import AuditTrail
from audience.identity.people import People
from audience.identity.records import Person, Roster, Sighting
from audience.identity.sealed import Profile
from audience.identity.store import IdentityStore
from audience.time import to_ms

SHOWN_FOR: Final = timedelta(minutes=2)
"""How long a card stays where nobody uses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A card at the desk.

    Attributes:
        sighting: the latest sighting of the person.
        person: who comes in.
        profile: their name, and what they wrote.
        photo: a JPEG they let be kept; None for none.
    """

    sighting: Sighting
    person: Person
    profile: Profile
    photo: bytes | None


class Desk:
    """The desk of one roster."""

    def __init__(self, store: IdentityStore, roster: Roster, *, actor: str, now: Callable[[], datetime]) -> None:
        """Creates the object without I/O.

        Args:
            store: of people.
            roster: whose members are welcomed.
            actor: account of whoever stands at the desk, or a camera.
            now: the clock, aware UTC.

        Raises:
            InvalidValue: the roster is for another purpose.
        """
        if roster.purpose != "welcome desk":
            raise InvalidValue(f"the roster {roster.roster_id} is not for a welcome desk but for: {roster.purpose}")
        self._store, self._roster, self._actor, self._now = store, roster, actor, now
        self._people = People(store, actor=actor, now=now)
        self._trail = AuditTrail(store)

    def arrivals(self) -> list[Arrival]:
        """Who comes in now, the latest first: one card a person."""
        shown_from = to_ms(self._now() - SHOWN_FOR)
        latest: dict[str, Sighting] = {}
        for sighting in self._store.all(Sighting, self._roster.roster_id):
            known = latest.get(sighting.subject_id)
            if sighting.at_ms >= shown_from and (known is None or known.at_ms < sighting.at_ms):
                latest[sighting.subject_id] = sighting
        found = []
        for sighting in sorted(latest.values(), key=lambda one: one.at_ms, reverse=True):
            person = self._store.get(Person, self._roster.roster_id, sighting.subject_id)
            profile = self._people.profile(sighting.subject_id)
            if person is not None and person.checked_in_at is not None and profile is not None:
                photo = self._people.photo(person.person_id)
                found.append(Arrival(sighting=sighting, person=person, profile=profile, photo=photo))
        return found

    def record(self, sighting: Sighting) -> bool:
        """Takes a sighting of a camera, where the person is checked in; returns whether it did."""
        person = self._store.get(Person, sighting.roster_id, sighting.subject_id)
        if sighting.roster_id != self._roster.roster_id or person is None or person.checked_in_at is None:
            return False
        self._store.put(sighting)
        return True

    def welcome(self, sighting_id: str) -> None:
        """Ends a card: the person is there. They are checked out, so nothing looks for them any more.

        A card that another desk has ended is no error.
        """
        if (sighting := self._sighting(sighting_id)) is not None:
            self._people.check_in(self._roster.roster_id, sighting.subject_id, out=True)
            self._end(sighting.subject_id)

    def reject(self, sighting_id: str) -> None:
        """Ends a card: it is somebody else. The member stays checked in, as they are still to come."""
        if (sighting := self._sighting(sighting_id)) is not None:
            self._end(sighting.subject_id)
            self._trail.add(
                at=self._now(),
                actor=self._actor,
                action="not this person",
                roster_id=self._roster.roster_id,
                subject_id=sighting.subject_id,
                detail=f"similarity {sighting.similarity:.3f}",
            )

    def _sighting(self, sighting_id: str) -> Sighting | None:
        found = self._store.all(Sighting, self._roster.roster_id)
        return next((one for one in found if one.sighting_id == sighting_id), None)

    def _end(self, person_id: str) -> None:
        self._store.drop(*self._store.all(Sighting, self._roster.roster_id, person_id))
