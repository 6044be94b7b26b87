"""Household panels: setting households up, keeping what they tap and what cameras saw of them, and forgetting it.

A camera's minute is kept only of members whose consent holds, without smiles unless they consented to joining them, and
not at all where the household wanted privacy: also if the wish arrives later than the minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import AccessRefused, InvalidValue
from audience.identity.audit import AuditTrail
from audience.identity.households import (
    LASTS_MS,
    MINUTE_MS,
    MOST_MEMBERS,
    PRIVACY,
    Household,
    HouseholdState,
    Member,
    Seen,
    SeenMinute,
    Sex,
    Tap,
    day_of,
    days_between,
    in_order,
    state_at,
)
from audience.identity.links import Links, SecretLink
from audience.identity.presence import HouseholdPresence, household_presence
from audience.identity.records import Consent, Person, Roster
from audience.identity.store import IdentityStore
from audience.time import from_ms, to_ms

PANEL_KEPT: Final = timedelta(days=180)
"""How long taps and minutes are kept; an export keeps what is needed for longer."""

LINK_LASTS: Final = timedelta(days=365)

MOST_TAPS: Final = 2_000
"""How many taps a household may make a day: more is no family, but a program."""


class HouseholdPanel:
    """The households of a store's panels."""

    def __init__(self, store: IdentityStore, *, actor: str, now: Callable[[], datetime]) -> None:
        """Creates the object without I/O.

        Args:
            store: where they are kept.
            actor: account of whoever acts, for the audit trail.
            now: the clock, aware UTC.
        """
        self._store, self._actor, self._now = store, actor, now

    def rosters(self) -> list[Roster]:
        """The rosters of panels, sorted by id."""
        return [roster for roster in self._store.all(Roster) if roster.purpose == "panel"]

    def set_up(
        self,
        roster_id: str,
        household_id: str,
        *,
        title: str | None = None,
        alike: Sequence[tuple[str, str]] | None = None,
    ) -> Household:
        """Writes a household, or changes its title and who looks alike.

        Args:
            roster_id, household_id: which.
            title: its label; None keeps the one it has.
            alike: all pairs of members who look alike; None keeps those it has.

        Raises:
            InvalidValue: there is no such roster for panels, or a pair names somebody who is no member.
        """
        self.roster(roster_id)
        known = self._store.get(Household, roster_id, household_id)
        household = Household(
            roster_id=roster_id,
            household_id=household_id,
            title=title if title is not None else known.title if known else "",
            alike=tuple(alike) if alike is not None else known.alike if known else (),
            set_up_at=known.set_up_at if known else self._now(),
            set_up_by=known.set_up_by if known else self._actor,
        )
        members = {member.person_id for member in self._store.all(Member, roster_id, household_id)}
        if strangers := sorted({person for pair in alike or () for person in pair} - members):
            raise InvalidValue(f"{strangers[0]} is no member of {household_id}: add them before saying who looks alike")
        self._store.put(household)
        self._audit("household set up", roster_id, household_id, f"{len(household.alike)} pairs alike")
        return household

    def add_member(self, household: Household, person_id: str, *, sex: Sex = "", born: int | None = None) -> Member:
        """Adds a person of the roster to a household, or changes what was typed of them.

        Raises:
            InvalidValue: nobody with that id is on the roster, they belong to another household, or there are too many.
        """
        if self._store.get(Person, household.roster_id, person_id) is None:
            raise InvalidValue(f"nobody with the id {person_id!r} is on the roster {household.roster_id}")
        member = Member(
            roster_id=household.roster_id,
            household_id=household.household_id,
            person_id=person_id,
            sex=sex,
            born=born,
        )
        everywhere = self._store.all(Member, household.roster_id)
        for other in everywhere:
            if other.person_id == person_id and other.household_id != household.household_id:
                raise InvalidValue(f"{person_id} belongs to the household {other.household_id} already")
        own = {other.person_id for other in everywhere if other.household_id == household.household_id}
        if len(own | {person_id}) > MOST_MEMBERS:
            raise InvalidValue(f"a household has at most {MOST_MEMBERS} members")
        self._store.put(member)
        self._audit("member added", household.roster_id, person_id, household.household_id)
        return member

    def household(self, roster_id: str, household_id: str) -> Household:
        """A household.

        Raises:
            InvalidValue: there is none with that id.
        """
        found = self._store.get(Household, roster_id, household_id)
        if found is None:
            raise InvalidValue(f"there is no household {household_id!r} on {roster_id}")
        return found

    def households(self, roster_id: str) -> list[Household]:
        """All households of a roster, sorted by id."""
        return self._store.all(Household, roster_id)

    def members(self, household: Household) -> list[Member]:
        """The members of a household, sorted by person id."""
        return self._store.all(Member, *household.key)

    def make_link(self, household: Household) -> str:
        """Makes the token of the household's button page, in place of every earlier one; it is kept nowhere."""
        self.revoke_links(household)
        links = Links(self._store, now=self._now)
        token = links.make(household.roster_id, "household", valid_for=LINK_LASTS, subject_id=household.household_id)
        self._audit("button page opened", household.roster_id, household.household_id)
        return token

    def revoke_links(self, household: Household) -> int:
        """Ends the household's links, and returns how many there were."""
        links = [
            link
            for link in self._store.all(SecretLink, household.roster_id)
            if link.use == "household" and link.subject_id == household.household_id
        ]
        self._store.drop(*links)
        if links:
            self._audit("button page closed", household.roster_id, household.household_id)
        return len(links)

    def opened_by(self, token: str) -> Household:
        """The household whose button page a token opens.

        Raises:
            AccessRefused: it opens none, or not any more.
        """
        link = Links(self._store, now=self._now).open(token, "household")
        found = self._store.get(Household, link.roster_id, link.subject_id)
        if found is None:
            raise AccessRefused("This household is not part of the panel any more.")
        return found

    def state(self, household: Household) -> HouseholdState:
        """What the household has tapped, as it stands now."""
        now_ms = to_ms(self._now())
        return state_at(self._taps(household, now_ms, now_ms + 1), now_ms)

    def take(self, household: Household, taps: Iterable[Tap]) -> int:
        """Keeps what a household tapped; a tap that is known already, or is too old, changes nothing.

        Too old is older than `LASTS_MS`, and on privacy than `PANEL_KEPT`.

        Returns:
            How many were new.

        Raises:
            InvalidValue: one is of another household, names somebody who is no member, or lies in the future; or there
                are more than `MOST_TAPS` that day. Nothing was kept.
        """
        now_ms, taps = to_ms(self._now()), list(taps)
        members = {member.person_id for member in self.members(household)}
        for tap in taps:
            if tap.key[:2] != household.key:
                raise InvalidValue("this was tapped in another household")
            if tap.person_id and tap.person_id not in members:
                raise InvalidValue("this was tapped for somebody who is no member")
            if tap.at_ms > now_ms:
                raise InvalidValue("this was tapped in the future")
        oldest_ms = to_ms(self._now() - PANEL_KEPT)
        recent = [tap for tap in taps if tap.at_ms > (oldest_ms if tap.about_privacy else now_ms - LASTS_MS)]
        # Those on privacy count apart: no other tap keeps a wish out.
        for together, day in {(tap.key[2], day_of(tap.at_ms)) for tap in recent}:
            there = [
                *self._store.all(Tap, *household.key, together),
                *(tap for tap in recent if tap.key[2] == together),
            ]
            if sum(day_of(tap.at_ms) == day for tap in there) > MOST_TAPS:
                raise InvalidValue(f"more than {MOST_TAPS} taps a day are not kept")
        new = sum(self._store.put_new(tap) for tap in recent)
        wishes = [tap.at_ms for tap in recent if tap.action == "privacy on"]
        if wishes:
            self._erase_private(household, min(wishes), now_ms + 1)
        return new

    def record(self, minute: SeenMinute) -> SeenMinute | None:
        """Keeps what cameras saw in one minute, as far as it may be kept; in place of what is there.

        Returns:
            What was kept; None where the household wanted privacy.

        Raises:
            InvalidValue: the household is unknown.
        """
        household = self.household(minute.roster_id, minute.household_id)
        until_ms = minute.minute_ms + MINUTE_MS
        if self._private(household, minute.minute_ms, until_ms)[0]:
            return None
        joined = self._may_join(household, from_ms(minute.minute_ms))
        kept = replace(minute, seen=_allowed(minute.seen, joined))
        self._store.put(kept)
        return kept

    def presence(self, household: Household, from_ms: int, until_ms: int) -> HouseholdPresence:
        """The presence of a household in a stretch, milliseconds since the epoch.

        Raises:
            InvalidValue: the stretch is empty.
        """
        return household_presence(
            household,
            self.members(household),
            self._taps(household, from_ms, until_ms),
            self._seen(household, from_ms, until_ms),
            from_ms=from_ms,
            until_ms=until_ms,
            joins=[person for person, joins in self._may_join(household, self._now()).items() if joins],
        )

    def export(self, roster_id: str, person_id: str) -> dict[str, Any] | None:
        """What is kept of a person in their household, as JSON has it; None if they are in none."""
        for member in self._store.all(Member, roster_id):
            if member.person_id == person_id:
                key = (roster_id, member.household_id)
                return {
                    "member": asdict(member),
                    "taps": [asdict(tap) for tap in self._store.all(Tap, *key) if tap.person_id == person_id],
                    "seen": [
                        {"minute_ms": minute.minute_ms, **asdict(seen)}
                        for minute in self._store.all(SeenMinute, *key)
                        for seen in minute.seen
                        if person_id in seen.people
                    ],
                }
        return None

    def forget(self, roster_id: str, person_id: str) -> None:
        """Removes a person from their household, with what was tapped for them and seen of them."""
        for member in self._store.all(Member, roster_id):
            if member.person_id != person_id:
                continue
            household = self._store.get(Household, roster_id, member.household_id)
            if household is not None and any(person_id in pair for pair in household.alike):
                left = tuple(pair for pair in household.alike if person_id not in pair)
                self._store.put(replace(household, alike=left))
            taps = self._store.all(Tap, roster_id, member.household_id)
            self._store.drop(*(tap for tap in taps if tap.person_id == person_id))
            for minute in self._store.all(SeenMinute, roster_id, member.household_id):
                if any(person_id in seen.people for seen in minute.seen):
                    left_seen = tuple(seen for seen in minute.seen if person_id not in seen.people)
                    self._store.put(replace(minute, seen=left_seen))
            self._store.drop(member)

    def erase(self, household: Household) -> None:
        """Removes a household with its links, taps and minutes. Its members stay on the roster, as people."""
        self.revoke_links(household)
        for kind in (Tap, SeenMinute, Member):
            self._store.drop(*self._store.all(kind, *household.key))
        self._store.drop(household)
        self._audit("household erased", household.roster_id, household.household_id)

    def end_old(self, roster_id: str) -> None:
        """Removes what is older than `PANEL_KEPT`, but for the last tap on privacy: a wish holds until it is ended."""
        oldest_ms = to_ms(self._now() - PANEL_KEPT)
        for household in self.households(roster_id):
            holds = in_order(self._store.all(Tap, *household.key, PRIVACY))[-1:]
            old = (tap for tap in self._store.all(Tap, *household.key) if tap.at_ms < oldest_ms)
            self._store.drop(*(tap for tap in old if tap not in holds))
            self._store.drop(*(one for one in self._store.all(SeenMinute, *household.key) if one.minute_ms < oldest_ms))

    def roster(self, roster_id: str) -> Roster:
        """A roster whose purpose is a panel.

        Raises:
            InvalidValue: there is none of this id.
        """
        found = self._store.get(Roster, roster_id)
        if found is None or found.purpose != "panel":
            raise InvalidValue(f"there is no roster {roster_id!r} for panels: set one up first")
        return found

    def _taps(self, household: Household, from_ms: int, until_ms: int) -> list[Tap]:
        """What was tapped in a stretch, and before it as long as it holds."""
        days = days_between(from_ms - LASTS_MS, until_ms)
        return [tap for key in (*days, PRIVACY) for tap in self._store.all(Tap, *household.key, key)]

    def _seen(self, household: Household, from_ms: int, until_ms: int) -> list[SeenMinute]:
        days = days_between(from_ms, until_ms)
        return [minute for day in days for minute in self._store.all(SeenMinute, *household.key, day)]

    def _private(self, household: Household, from_ms: int, until_ms: int) -> NDArray[np.bool_]:
        taps = self._taps(household, from_ms, until_ms)
        return household_presence(household, (), taps, (), from_ms=from_ms, until_ms=until_ms).private

    def _erase_private(self, household: Household, from_ms: int, until_ms: int) -> None:
        first_ms = from_ms // MINUTE_MS * MINUTE_MS
        private = self._private(household, first_ms, until_ms)
        self._store.drop(
            *(
                minute
                for minute in self._seen(household, first_ms, until_ms)
                if first_ms <= minute.minute_ms < until_ms and private[(minute.minute_ms - first_ms) // MINUTE_MS]
            )
        )

    def _may_join(self, household: Household, at: datetime) -> dict[str, bool]:
        """Members whose consent holds, each with whether their expressions may be joined with them."""
        found = {}
        for member in self.members(household):
            consent = self._store.get(Consent, member.roster_id, member.person_id, "panel")
            if consent is not None and consent.holds(at):
                found[member.person_id] = consent.joins_expressions
        return found

    def _audit(self, action: str, roster_id: str, subject_id: str, detail: str = "") -> None:
        AuditTrail(self._store).add(
            at=self._now(),
            actor=self._actor,
            action=action,
            roster_id=roster_id,
            subject_id=subject_id,
            detail=detail[:200],
        )


def _allowed(seen: Sequence[Seen], may_join: dict[str, bool]) -> tuple[Seen, ...]:
    """What may be kept of who was seen: nobody without consent, and no smile that may not be joined."""
    return tuple(
        one if one.smiling_s is None or may_join[one.people[0]] else replace(one, smiling_s=None)
        for one in seen
        if all(person in may_join for person in one.people)
    )
