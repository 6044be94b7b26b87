"""Searching for a person: requested by one, approved by a second, each sighting confirmed by a third and a fourth.

Nothing is looked for before the approval, and nobody is notified before two people, neither of whom asked nor approved,
have each said of the same sighting that it is the same person. When a search ends, by whatever way, everything of it is
erased but the audit trail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from audience.errors import AccessRefused, InvalidValue
from audience.identity.audit import AuditEntry, AuditTrail
from audience.identity.gate import check, gate
from audience.identity.people import LARGEST_PHOTO, KnownFace, covers
from audience.identity.records import (
    LONGEST_SEARCH,
    Confirmation,
    Enrolment,
    Notice,
    PhotoQuality,
    Roster,
    Sighting,
    Verdict,
    WatchEntry,
    new_id,
)
from audience.identity.sealed import (
    PHOTO,
    PROFILE,
    TEMPLATE,
    Profile,
    Vector,
    profile_bytes,
    profile_of,
    template_bytes,
    template_of,
)
from audience.identity.store import IdentityStore

CONFIRMERS: Final = 2
"""How many people confirm a sighting before anybody is notified."""

PICTURE: Final = "sighting:"
"""Begins the name of a sighting's sealed picture; its id ends it."""

Ended = Literal["found", "withdrawn", "refused", "expired"]

State = Literal["unseen", "waiting", "confirmed", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingState:
    """A sighting of a search, and what was said of it.

    Attributes:
        sighting: which.
        confirmations: what each person said, sorted by account.
        state: "unseen" (nobody looked yet), "waiting" (for the second confirmation), "confirmed" by two, or "rejected"
            by one.
    """

    sighting: Sighting
    confirmations: tuple[Confirmation, ...]
    state: State


class Searches:
    """The searches of a store."""

    def __init__(self, store: IdentityStore, *, actor: str, now: Callable[[], datetime]) -> None:
        """Creates the object without I/O.

        Args:
            store: where they are kept.
            actor: account of whoever acts.
            now: the clock, aware UTC.
        """
        self._store, self._actor, self._now = store, actor, now
        self._trail = AuditTrail(store)

    def request(
        self,
        roster_id: str,
        description: Profile,
        vector: Vector,
        *,
        recogniser: str,
        photos: Sequence[PhotoQuality],
        photo: bytes,
        basis: str,
        reference: str,
        stages: Sequence[str],
        adult: bool,
        hours: int = 24,
    ) -> WatchEntry:
        """Asks for a search; nothing is looked for until it is approved.

        Args:
            roster_id: a roster whose purpose is "search".
            description: the person's name, and what they look like.
            vector, recogniser, photos: their template, the model that made it, and what was measured on each photo.
            photo: a JPEG of the face, for those who confirm.
            basis, reference, stages, hours: see `WatchEntry`.
            adult: whether the person is of age, as whoever asks says.

        Raises:
            AccessRefused: the gate does not allow searches on this roster.
            InvalidValue: the roster is unknown or of another purpose, something is missing, or the stages are not those
                of the roster.
        """
        roster = self._search_roster(roster_id)
        check(
            gate(
                "search",
                roster.setting,
                roster.country,
                roster.actor,
                subject="adult" if adult else "child",
                law=roster.law,
            ),
            roster.accepted,
        )
        for pattern in stages:
            session_id, _, stage_id = pattern.partition("/")
            if not covers(roster.stages, session_id, stage_id):
                raise InvalidValue(f"{pattern!r} is not within the area of {roster_id}: {', '.join(roster.stages)}")
        if len(photo) > LARGEST_PHOTO:
            raise InvalidValue(f"a photo of {len(photo)} bytes is too large to be kept: use at most {LARGEST_PHOTO}")
        entry = WatchEntry(
            roster_id=roster_id,
            entry_id=new_id("w"),
            basis=basis,
            reference=reference,
            stages=tuple(stages),
            requested_by=self._actor,
            requested_at=self._now(),
            hours=hours,
        )
        enrolment = Enrolment(
            roster_id=roster_id,
            person_id=entry.entry_id,
            recogniser=recogniser,
            photos=tuple(photos),
            enrolled_at=self._now(),
        )
        self._store.put(entry, enrolment)
        self._store.seal(
            entry.entry_id,
            {PROFILE: profile_bytes(description), PHOTO: photo, TEMPLATE: template_bytes(vector)},
        )
        # Neither basis nor reference: both may name the person, and the trail outlives the search.
        self._audit("search requested", entry, f"{hours} h; {', '.join(entry.stages)}")
        return entry

    def entry(self, roster_id: str, entry_id: str) -> WatchEntry:
        """A search.

        Raises:
            InvalidValue: there is none with that id.
        """
        found = self._store.get(WatchEntry, roster_id, entry_id)
        if found is None:
            raise InvalidValue(f"there is no search {entry_id!r} on {roster_id}")
        return found

    def entries(self, roster_id: str) -> list[WatchEntry]:
        """All searches of a roster, newest first, after those that have expired were ended.

        One that nobody approves expires after `LONGEST_SEARCH`.
        """
        now = self._now()
        for entry in self._store.all(WatchEntry, roster_id):
            if (entry.expires_at or entry.requested_at + LONGEST_SEARCH) <= now:
                self._end(entry, "expired")
        return sorted(self._store.all(WatchEntry, roster_id), key=lambda entry: entry.requested_at, reverse=True)

    def approve(self, roster_id: str, entry_id: str) -> WatchEntry:
        """Approves a search, which then runs for as long as it was asked for.

        Raises:
            AccessRefused: by whoever requested it.
            InvalidValue: there is none, or it does not wait.
        """
        entry = self._waiting(roster_id, entry_id)
        if entry.requested_by == self._actor:
            raise AccessRefused("a search is approved by another person than the one who requested it")
        now = self._now()
        approved = replace(
            entry, approved_by=self._actor, approved_at=now, expires_at=now + timedelta(hours=entry.hours)
        )
        self._store.put(approved)
        self._audit("search approved", approved, f"{entry.hours} h")
        return approved

    def refuse(self, roster_id: str, entry_id: str) -> WatchEntry:
        """Refuses a search that waits, and erases it.

        Raises:
            InvalidValue: there is none, or it does not wait.
        """
        return self._end(self._waiting(roster_id, entry_id), "refused")

    def renew(self, roster_id: str, entry_id: str) -> WatchEntry:
        """Has a running search run for as long again from now on; by another person than the one who requested it.

        Raises:
            AccessRefused: by whoever requested it.
            InvalidValue: there is none that runs.
        """
        entry = self._running(roster_id, entry_id)
        if entry.requested_by == self._actor:
            raise AccessRefused("a search is renewed by another person than the one who requested it")
        renewed = replace(entry, expires_at=self._now() + timedelta(hours=entry.hours))
        self._store.put(renewed)
        self._audit("search renewed", renewed, f"{entry.hours} h")
        return renewed

    def end(self, roster_id: str, entry_id: str, why: Literal["found", "withdrawn"]) -> WatchEntry:
        """Ends a search and erases it: the person was found, or the request is taken back.

        Raises:
            InvalidValue: there is none with that id.
        """
        entry = self.entry(roster_id, entry_id)
        return entry if entry.ended else self._end(entry, why)

    def known_faces(self, roster: Roster, session_id: str, stage_id: str) -> list[KnownFace]:
        """Templates of everybody who is searched for on a stage now."""
        now, found = self._now(), []
        for entry in self._store.all(WatchEntry, roster.roster_id):
            if not entry.runs(now) or not covers(entry.stages, session_id, stage_id):
                continue
            enrolment = self._store.get(Enrolment, *entry.key)
            content = self._store.unseal(entry.entry_id, TEMPLATE)
            if enrolment is not None and content is not None:
                found.append(
                    KnownFace(
                        roster_id=roster.roster_id,
                        subject_id=entry.entry_id,
                        vector=template_of(content),
                        recogniser=enrolment.recogniser,
                        photos=len(enrolment.photos),
                    )
                )
        return found

    def record(self, sighting: Sighting, picture: bytes | None = None) -> bool:
        """Records a sighting of a running search; returns whether it did.

        Args:
            sighting: from a camera.
            picture: a JPEG of the face, sealed until two people have looked at it or the search ends.
        """
        entry = self._store.get(WatchEntry, sighting.roster_id, sighting.subject_id)
        if entry is None or not entry.runs(self._now()):
            return False  # of a bundle that is older than the end
        self._store.put(replace(sighting, picture=picture is not None))
        if picture is not None:
            self._store.seal(entry.entry_id, {PICTURE + sighting.sighting_id: picture})
        if self._store.get(WatchEntry, sighting.roster_id, sighting.subject_id) is None:  # ended meanwhile
            self._store.destroy(entry.entry_id)
            self._store.drop(sighting)
            return False
        self._trail.add(
            at=self._now(),
            actor=sighting.camera_id,
            action="sighted",
            roster_id=sighting.roster_id,
            subject_id=sighting.subject_id,
            detail=sighting.sighting_id,
        )
        return True

    def sightings(self, entry: WatchEntry) -> list[SightingState]:
        """The sightings of a search, newest first."""
        states = []
        for sighting in self._store.all(Sighting, *entry.key):
            said = tuple(self._store.all(Confirmation, *sighting.key))
            states.append(SightingState(sighting=sighting, confirmations=said, state=_state(said)))
        return sorted(states, key=lambda state: state.sighting.at_ms, reverse=True)

    def to_look_at(self, roster_id: str) -> list[tuple[WatchEntry, Sighting]]:
        """Sightings that wait for the actor's own word, the latest first; what others said of them is left out."""
        waiting = [
            (entry, state.sighting)
            for entry in self.entries(roster_id)
            if entry.runs(self._now()) and self._actor not in (entry.requested_by, entry.approved_by)
            for state in self.sightings(entry)
            if state.state in ("unseen", "waiting") and all(one.by != self._actor for one in state.confirmations)
        ]
        return sorted(waiting, key=lambda pair: pair[1].at_ms, reverse=True)

    def description(self, entry: WatchEntry) -> Profile | None:
        """Who is searched for; None once the search has ended."""
        return profile_of(self._store, entry.entry_id)

    def photo(self, entry: WatchEntry) -> bytes | None:
        """The photo of who is searched for, a JPEG; None once the search has ended."""
        return self._store.unseal(entry.entry_id, PHOTO)

    def ended(self, roster_id: str) -> list[AuditEntry]:
        """The ends of searches of a roster, the latest first, from the trail: nothing else is left of them."""
        ends = {f"search {why}" for why in get_args(Ended)}
        found = [one for one in self._trail.entries() if one.roster_id == roster_id and one.action in ends]
        return found[::-1]

    def picture(self, sighting: Sighting) -> bytes | None:
        """The picture of a sighting, a JPEG; None if there is none, or not any more."""
        return self._store.unseal(sighting.subject_id, PICTURE + sighting.sighting_id)

    def confirm(self, sighting: Sighting, verdict: Verdict) -> SightingState:
        """Says of a sighting whether it is the person who is searched for.

        Returns:
            What was said of it so far; "confirmed" from the second confirmation on: then notify whoever waits.

        Raises:
            AccessRefused: by whoever requested or approved the search, or a second time by the same person.
            InvalidValue: the search does not run.
        """
        entry = self._running(sighting.roster_id, sighting.subject_id)
        if self._actor in (entry.requested_by, entry.approved_by):
            raise AccessRefused("a sighting is confirmed by people who neither requested nor approved the search")
        confirmation = Confirmation(
            roster_id=sighting.roster_id,
            subject_id=sighting.subject_id,
            sighting_id=sighting.sighting_id,
            by=self._actor,
            verdict=verdict,
            at=self._now(),
        )
        if not self._store.put_new(confirmation):
            raise AccessRefused("you have said this already: another person has to look")
        self._audit(f"sighting: {verdict}", entry, sighting.sighting_id)
        said = tuple(self._store.all(Confirmation, *sighting.key))
        state = _state(said)
        if state in ("confirmed", "rejected"):
            self._store.drop_sealed(entry.entry_id, PICTURE + sighting.sighting_id)
        return SightingState(sighting=sighting, confirmations=said, state=state)

    def _search_roster(self, roster_id: str) -> Roster:
        roster = self._store.get(Roster, roster_id)
        if roster is None or roster.purpose != "search":
            raise InvalidValue(f"there is no roster {roster_id!r} for searches: set one up first")
        return roster

    def _waiting(self, roster_id: str, entry_id: str) -> WatchEntry:
        entry = self.entry(roster_id, entry_id)
        if entry.ended or entry.approved_at is not None:
            raise InvalidValue(f"the search {entry_id} waits for no approval: it {_standing(entry)}")
        return entry

    def _running(self, roster_id: str, entry_id: str) -> WatchEntry:
        entry = self.entry(roster_id, entry_id)
        if not entry.runs(self._now()):
            raise InvalidValue(f"the search {entry_id} does not run: it {_standing(entry)}")
        return entry

    def _end(self, entry: WatchEntry, why: Ended) -> WatchEntry:
        """Erases what is kept of a search: the key first, then sightings, then basis and reference."""
        self._store.destroy(entry.entry_id)
        for sighting in self._store.all(Sighting, *entry.key):
            self._store.drop(*self._store.all(Confirmation, *sighting.key), *self._store.all(Notice, *sighting.key))
            self._store.drop(sighting)
        if (enrolment := self._store.get(Enrolment, *entry.key)) is not None:
            self._store.drop(enrolment)
        ended = replace(entry, ended=why, ended_at=self._now())
        self._audit(f"search {why}", entry, "erased")
        self._store.drop(entry)
        self._store.destroy(entry.entry_id)  # a camera may have sealed a picture meanwhile
        return ended

    def _audit(self, action: str, entry: WatchEntry, detail: str) -> None:
        self._trail.add(
            at=self._now(),
            actor=self._actor,
            action=action,
            roster_id=entry.roster_id,
            subject_id=entry.entry_id,
            detail=detail[:200],
        )


def _state(said: Sequence[Confirmation]) -> State:
    """One person who says no ends it; two who say yes confirm it."""
    if any(one.verdict == "somebody else" for one in said):
        return "rejected"
    if len({one.by for one in said}) >= CONFIRMERS:
        return "confirmed"
    return "waiting" if said else "unseen"


def _standing(entry: WatchEntry) -> str:
    if entry.ended:
        return f"ended ({entry.ended})"
    return "is approved already" if entry.approved_at is not None else "waits for approval"
