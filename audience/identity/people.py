"""Enrolling people on rosters, and ending it: with consent, checked by the gate, written to the audit trail.

Ending an enrolment destroys the person's key first, so that nothing of them can be read from then on, and then removes
what it opened: here, in the cloud's collection, and on the devices. The receipt says where that is done and where it is
still waited for.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final, Protocol

from audience.errors import InvalidValue
from audience.identity.audit import AuditEntry, AuditTrail
from audience.identity.gate import check, gate
from audience.identity.links import SecretLink
from audience.identity.panels import HouseholdPanel
from audience.identity.records import (
    Consent,
    Enrolment,
    Notice,
    Person,
    PhotoQuality,
    Purpose,
    Roster,
    Sighting,
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
from audience.language import N_, gettext
from audience.time import instant_text, to_ms

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far this machine's clock may be behind the last entry of the trail."""

UNFINISHED_KEPT: Final = timedelta(days=1)
"""How long somebody is kept who was added and never consented, because the adding was interrupted."""

CHECK_IN_HOLDS: Final = timedelta(hours=12)
"""How long somebody who checked in and did not come is looked for."""

LARGEST_PHOTO: Final = 256 * 1024

SIGHTINGS_KEPT: Final[Mapping[Purpose, timedelta]] = {
    "register": timedelta(days=30),
    "welcome desk": timedelta(hours=12),
    "search": timedelta(hours=72),
    "panel": timedelta(days=7),
}
"""How long sightings are kept, by the purpose of their roster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFace:
    """A template of somebody who may be recognised now.

    Attributes:
        roster_id, subject_id: whose it is, a person or a watch entry.
        vector: the template, unit length.
        recogniser: the model that made it.
        photos: number of photos it is the mean of.
    """

    roster_id: str
    subject_id: str
    vector: Vector
    recogniser: str
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One place where a person's data was.

    Attributes:
        place: "this store", "the collection in the cloud" or a device's id.
        done_at: when it was gone, aware UTC; None while it is waited for.
        remark: one line on what was found or is waited for; "" for nothing.
    """

    place: str
    done_at: datetime | None
    remark: str = ""

    @property
    def line(self) -> str:
        """One line of a receipt."""
        if self.done_at is None:
            remark = gettext(self.remark) or gettext("asked, not confirmed yet")
            return f"{gettext(self.place)}: {remark}"
        return gettext(
            "{place}: erased at {time} UTC", place=gettext(self.place), time=f"{self.done_at:%Y-%m-%d %H:%M:%S}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a person's data after withdrawal.

    Attributes:
        roster_id, subject_id: whose; the id stands for nobody any more.
        at: when it was asked for, aware UTC.
        removals: by place.
    """

    roster_id: str
    subject_id: str
    at: datetime
    removals: tuple[Removal, ...]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is waited for."""
        return all(removal.done_at is not None for removal in self.removals)


class Elsewhere(Protocol):
    """A place outside the store where templates lie."""

    def remove(self, roster_id: str, subject_id: str) -> Iterable[Removal]:
        """Removes a subject there, and proves it; removals that only a device can report have no `done_at` yet."""
        ...


class People:
    """The people of a store's rosters."""

    def __init__(
        self,
        store: IdentityStore,
        *,
        actor: str,
        now: Callable[[], datetime],
        elsewhere: Sequence[Elsewhere] = (),
    ) -> None:
        """Creates the object without I/O.

        Args:
            store: where they are kept.
            actor: account of whoever acts, for the audit trail.
            now: the clock, aware UTC.
            elsewhere: where else templates lie.
        """
        self._store, self._actor, self._now, self._elsewhere = store, actor, now, tuple(elsewhere)
        self._trail = AuditTrail(store)

    def set_up(self, roster: Roster) -> Roster:
        """Writes a roster, if the gate allows it.

        Raises:
            AccessRefused: it does not; the line has the article, or the conditions that are not met.
            InvalidValue: a roster with that id has another purpose, setting or country, or fewer stages and people who
                consented to those.
        """
        check(gate(roster.purpose, roster.setting, roster.country, roster.actor, law=roster.law), roster.accepted)
        known = self._store.get(Roster, *roster.key)
        if known is not None:
            for what in ("purpose", "setting", "country"):
                if getattr(known, what) != getattr(roster, what):
                    raise InvalidValue(
                        f"the roster {roster.roster_id} is for another {what}, to which its people consented: set up "
                        "another roster"
                    )
            if set(roster.stages) - set(known.stages) and self.people(roster.roster_id):
                raise InvalidValue(
                    f"people on {roster.roster_id} consented to these stages: {', '.join(known.stages) or 'none'}; for "
                    "others set up another roster"
                )
        self._store.put(roster)
        accepted = ", ".join(roster.accepted)
        self._audit("roster set up", roster.roster_id, detail=f"{roster.purpose}; accepted: {accepted}")
        return roster

    def rosters(self) -> list[Roster]:
        """All rosters, sorted by id."""
        return self._store.all(Roster)

    def roster(self, roster_id: str) -> Roster:
        """A roster.

        Raises:
            InvalidValue: there is none with that id.
        """
        found = self._store.get(Roster, roster_id)
        if found is None:
            raise InvalidValue(f"there is no roster {roster_id!r}: set it up with `houselights people roster`")
        return found

    def add(
        self,
        roster_id: str,
        profile: Profile,
        *,
        notice: str,
        language: str = "en",
        how: Any,
        form: str = "",
        child: bool = False,
        given_by: Any = "the person",
        keeps_photo: bool = False,
        joins_expressions: bool = False,
    ) -> Person:
        """Adds somebody who consents now to the purpose of a roster.

        Args:
            roster_id: the roster.
            profile: who they are.
            notice, language, how, form, given_by, keeps_photo, joins_expressions: see `Consent`.
            child: whether they are under age.

        Returns:
            The person, with a new id.

        Raises:
            AccessRefused: the gate does not allow it.
            InvalidValue: the roster is unknown, or has no people of its own.
        """
        roster = self.roster(roster_id)
        if roster.purpose == "search":
            raise InvalidValue("people who are searched for are requested and approved, not added")
        check(
            gate(roster.purpose, roster.setting, roster.country, subject="child" if child else "adult", law=roster.law),
            # A guardian speaks for one child, not for a roster.
            {*roster.accepted} - {"guardian"} | ({"guardian"} if given_by == "a guardian" else set()),
        )
        at = self._now()
        person = Person(roster_id=roster_id, person_id=new_id("p"), added_at=at, child=child)
        consent = Consent(
            roster_id=roster_id,
            person_id=person.person_id,
            purpose=roster.purpose,
            notice=notice,
            language=language,
            given_at=at,
            expires_at=at + timedelta(days=roster.consent_days),
            given_by=given_by,
            how=how,
            form=form,
            recorded_by="" if how == "the enrolment page" else self._actor,
            keeps_photo=keeps_photo,
            joins_expressions=joins_expressions,
        )
        # The records first: sealed content that no record names would be found by nobody.
        self._store.put(person, consent)
        self._store.seal(person.person_id, {PROFILE: profile_bytes(profile)})
        self._audit("added", roster_id, person.person_id, f"notice {notice}; by {given_by}; {how}")
        return person

    def enrol(
        self,
        roster_id: str,
        person_id: str,
        vector: Vector,
        *,
        recogniser: str,
        photos: Sequence[PhotoQuality],
        photo: bytes | None = None,
    ) -> Enrolment:
        """Keeps a person's template, in place of an earlier one.

        Args:
            roster_id, person_id: the person.
            vector: the template, made unit length; the mean over the photos.
            recogniser: the model that made it.
            photos: what was measured on each photo.
            photo: a JPEG of the face to keep, where they consented to that.

        Raises:
            InvalidValue: there is no such person, their consent does not hold, or the photo is too large or unwanted.
        """
        person = self.person(roster_id, person_id)
        consent = self.consent(person)
        if consent is None or not consent.holds(self._now()):
            raise InvalidValue(f"{person_id} has no consent that holds: nobody is enrolled without")
        if photo is not None and not consent.keeps_photo:
            raise InvalidValue(f"{person_id} did not consent that a photo is kept")
        if photo is not None and len(photo) > LARGEST_PHOTO:
            raise InvalidValue(f"a photo of {len(photo)} bytes is too large to be kept: use at most {LARGEST_PHOTO}")
        enrolment = Enrolment(
            roster_id=roster_id,
            person_id=person_id,
            recogniser=recogniser,
            photos=tuple(photos),
            enrolled_at=self._now(),
        )
        content = {TEMPLATE: template_bytes(vector)} | ({PHOTO: photo} if photo is not None else {})
        self._store.seal(person_id, content)
        self._store.put(enrolment)
        if self._store.get(Person, roster_id, person_id) is None:  # withdrawn meanwhile
            self._store.destroy(person_id)
            self._store.drop(enrolment)
            raise InvalidValue(f"{person_id} has withdrawn meanwhile")
        self._audit("enrolled", roster_id, person_id, f"{len(photos)} photos; {recogniser}")
        return enrolment

    def person(self, roster_id: str, person_id: str) -> Person:
        """A person.

        Raises:
            InvalidValue: there is none with that id: never added, or withdrawn.
        """
        found = self._store.get(Person, roster_id, person_id)
        if found is None:
            raise InvalidValue(f"nobody with the id {person_id!r} is on the roster {roster_id}")
        return found

    def people(self, roster_id: str) -> list[Person]:
        """Everybody on a roster, sorted by id."""
        return self._store.all(Person, roster_id)

    def consent(self, person: Person) -> Consent | None:
        """A person's consent to the purpose of their roster; None if it was never given."""
        found = self._store.all(Consent, person.roster_id, person.person_id)
        return found[0] if found else None

    def enrolment(self, person: Person) -> Enrolment | None:
        """A person's enrolment; None before it."""
        return self._store.get(Enrolment, *person.key)

    def profile(self, subject_id: str) -> Profile | None:
        """Who somebody is; None if that is not kept, or not any more."""
        return profile_of(self._store, subject_id)

    def photo(self, subject_id: str) -> bytes | None:
        """The photo that somebody let be kept, a JPEG; None if there is none."""
        return self._store.unseal(subject_id, PHOTO)

    def check_in(self, roster_id: str, person_id: str, *, out: bool = False) -> Person:
        """Checks a person in for the welcome desk, or out.

        Raises:
            InvalidValue: there is no such person.
        """
        person = replace(self.person(roster_id, person_id), checked_in_at=None if out else self._now())
        self._store.put(person)
        self._audit("checked out" if out else "checked in", roster_id, person_id)
        return person

    def faces_to_differ_from(self, roster: Roster) -> list[KnownFace]:
        """Templates of everybody on a roster, checked in or not, whom a newcomer must not be one of.

        None for a panel: members of one household may be twins.
        """
        if roster.purpose == "panel":
            return []
        enrolments = {one.person_id: one for one in self._store.all(Enrolment, roster.roster_id)}
        return self._faces(roster, enrolments, list(enrolments))

    def known_faces(self, roster: Roster) -> list[KnownFace]:
        """Templates of everybody on a roster who may be recognised now.

        Their consent holds, and for a welcome desk they checked in within `CHECK_IN_HOLDS`.

        Read each time: a template that is kept in memory longer would outlive a withdrawal.
        """
        now = self._now()
        # The first of a person's consents, as in `consent`; read at once, because cameras ask every few seconds.
        consents = {one.person_id: one for one in reversed(self._store.all(Consent, roster.roster_id))}
        enrolments = {one.person_id: one for one in self._store.all(Enrolment, roster.roster_id)}
        wanted = [
            person.person_id
            for person in self.people(roster.roster_id)
            if person.person_id in enrolments
            and person.person_id in consents
            and consents[person.person_id].holds(now)
            and (roster.purpose != "welcome desk" or _is_expected(person, now))
        ]
        return self._faces(roster, enrolments, wanted)

    def _faces(self, roster: Roster, enrolments: Mapping[str, Enrolment], wanted: Sequence[str]) -> list[KnownFace]:
        templates = self._store.unseal_each(wanted, TEMPLATE)
        return [
            KnownFace(
                roster_id=roster.roster_id,
                subject_id=person_id,
                vector=template_of(templates[person_id]),
                recogniser=enrolments[person_id].recogniser,
                photos=len(enrolments[person_id].photos),
            )
            for person_id in wanted
            if person_id in templates
        ]

    def record(self, sighting: Sighting) -> bool:
        """Keeps a sighting of somebody who is on the roster; returns whether it did."""
        if self._store.get(Person, sighting.roster_id, sighting.subject_id) is None:
            return False  # withdrawn meanwhile
        self._store.put(sighting)
        return True

    def rosters_for(self, session_id: str, stage_id: str) -> list[Roster]:
        """The rosters whose people may be recognised on a stage."""
        return [roster for roster in self.rosters() if covers(roster.stages, session_id, stage_id)]

    def purposes_for(self, session_id: str, stage_ids: Iterable[str]) -> tuple[Purpose, ...]:
        """What people may be recognised for on some stages of a session, sorted; () where nobody may be."""
        rosters = [roster for stage_id in stage_ids for roster in self.rosters_for(session_id, stage_id)]
        return tuple(sorted({roster.purpose for roster in rosters}))

    def export(self, roster_id: str, person_id: str) -> dict[str, Any]:
        """Everything that is kept of a person, as JSON has it (GDPR, articles 15 and 20); the photo as base64.

        Raises:
            InvalidValue: there is no such person.
        """
        person = self.person(roster_id, person_id)
        profile = self.profile(person_id)
        enrolment = self.enrolment(person)
        content = self._store.unseal(person_id, TEMPLATE)
        photo = self.photo(person_id)
        self._audit("exported", roster_id, person_id)
        return {
            "person": _plain(person),
            "profile": asdict(profile) if profile else None,
            "consents": [_plain(one) for one in self._store.all(Consent, roster_id, person_id)],
            "enrolment": _plain(enrolment) if enrolment else None,
            "template": template_of(content).tolist() if content else None,
            "photo": b64encode(photo).decode() if photo else None,
            "trail": [_plain(one) for one in self._trail.entries() if one.subject_id == person_id],
            "household": self._households().export(roster_id, person_id),
            "sightings": [_plain(one) for one in self._store.all(Sighting, roster_id, person_id)],
        }

    def withdraw(self, roster_id: str, person_id: str, *, why: str = "withdrawn") -> Receipt:
        """Ends an enrolment and removes everything that is kept of the person but the audit trail's entries.

        Doing it twice is no error, and completes what was interrupted, or could not be reached.

        Args:
            roster_id, person_id: the person.
            why: "withdrawn", "expired" or "erased", for the audit trail.

        Raises:
            InvalidValue: nobody with that id ever was on the roster: no key of somebody else is destroyed, and no
                receipt given of a mistyped id.
        """
        if not self._was_here(roster_id, person_id):
            self.person(roster_id, person_id)
        at = self._now()
        self._store.destroy(person_id)
        self._store.drop(
            *self._store.all(Sighting, roster_id, person_id), *self._store.all(Notice, roster_id, person_id)
        )
        self._store.drop(*self._store.all(Consent, roster_id, person_id))
        self._store.drop(*(one for one in self._store.all(SecretLink, roster_id) if one.subject_id == person_id))
        self._households().forget(roster_id, person_id)
        for found in (
            self._store.get(Enrolment, roster_id, person_id),
            self._store.get(Person, roster_id, person_id),  # last: until then an interrupted withdrawal is listed
        ):
            if found is not None:
                self._store.drop(found)
        self._store.destroy(person_id)  # a camera or an enrolment may have sealed something meanwhile
        removals = [
            Removal(
                place=N_("this store"),
                done_at=None,
                remark=N_("another program still reads what was there before"),
            )
            if self._store.has_pending_erasure
            else Removal(place=N_("this store"), done_at=self._now())
        ]
        for place in self._elsewhere:
            removals += place.remove(roster_id, person_id)
        self._audit(why, roster_id, person_id, "; ".join(_removal_text(removal) for removal in removals))
        return Receipt(roster_id=roster_id, subject_id=person_id, at=at, removals=tuple(removals))

    def end_roster(self, roster_id: str) -> list[Receipt]:
        """Removes everybody of a roster, its links, and the roster itself.

        Raises:
            InvalidValue: there is no such roster, or searches or households are on it, which are ended first.
        """
        roster = self.roster(roster_id)
        if self._store.all(WatchEntry, roster_id) or self._households().households(roster_id):
            raise InvalidValue(f"there are searches or households on {roster_id}: end them first")
        receipts = [self.withdraw(roster_id, person.person_id, why="erased") for person in self.people(roster_id)]
        self._store.drop(*self._store.all(SecretLink, roster_id))
        self._store.drop(roster)
        self._audit("roster erased", roster_id)
        return receipts

    def end_expired(self) -> list[Receipt]:
        """Removes everybody whose consent has expired or was withdrawn, and what has been kept for long enough.

        These are sightings past `SIGHTINGS_KEPT`, and what households tapped and cameras saw of them past `PANEL_KEPT`.

        Raises:
            InvalidValue: the clock is behind what was done here before; nothing was removed.
        """
        now, receipts = self._now(), []
        last = self._trail.last()
        if last is not None and now < last.at - CLOCK_TOLERANCE:
            raise InvalidValue(
                f"this machine's clock says {instant_text(now)}, which is before the last thing that was done here: "
                "set the clock first"
            )
        for roster in self.rosters():
            for person in self.people(roster.roster_id):
                consent = self.consent(person)
                unfinished = consent is None and person.added_at < now - UNFINISHED_KEPT
                if unfinished or (consent is not None and consent.has_ended(now)):
                    receipts.append(self.withdraw(roster.roster_id, person.person_id, why="expired"))
            if roster.purpose == "search":
                continue  # its sightings end with their search
            kept_from = to_ms(now - SIGHTINGS_KEPT[roster.purpose])
            for sighting in self._store.all(Sighting, roster.roster_id):
                if sighting.at_ms < kept_from:
                    self._store.drop(sighting, *self._store.all(Notice, *sighting.key))
            if roster.purpose == "panel":
                self._households().end_old(roster.roster_id)
        return receipts

    def _was_here(self, roster_id: str, person_id: str) -> bool:
        if self._store.get(Person, roster_id, person_id) is not None:
            return True
        added = (one for one in self._trail.entries() if one.action == "added")
        return any((one.roster_id, one.subject_id) == (roster_id, person_id) for one in added)

    def _households(self) -> HouseholdPanel:
        return HouseholdPanel(self._store, actor=self._actor, now=self._now)

    def _audit(self, action: str, roster_id: str, subject_id: str = "", detail: str = "") -> None:
        self._trail.add(
            at=self._now(),
            actor=self._actor,
            action=action,
            roster_id=roster_id,
            subject_id=subject_id,
            detail=detail[:200],
        )


def _is_expected(person: Person, now: datetime) -> bool:
    return person.checked_in_at is not None and now - person.checked_in_at < CHECK_IN_HOLDS


def covers(stages: Iterable[str], session_id: str, stage_id: str) -> bool:
    """Whether patterns such as "festival-*/barn" name a stage of a session."""
    return any(fnmatchcase(f"{session_id}/{stage_id}", pattern) for pattern in stages)


def _plain(record: Person | Consent | Enrolment | Sighting | WatchEntry | AuditEntry) -> dict[str, Any]:
    return {
        name: instant_text(value) if isinstance(value, datetime) else value for name, value in asdict(record).items()
    }


def _removal_text(removal: Removal) -> str:
    return f"{removal.place}: {'gone' if removal.done_at else 'waiting'}"
