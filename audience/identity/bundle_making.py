"""Whom a camera may recognise now, and the bundle that tells it so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from audience.identity.bundle import USUAL_LIFE, Bundle, pack
from audience.identity.bundle_keys import camera_key, installation_key
from audience.identity.panels import HouseholdPanel
from audience.identity.people import KnownFace, People, covers
from audience.identity.records import Roster
from audience.identity.searches import Searches
from audience.identity.store import IdentityStore
from audience.identity.thresholds import VERSION
from audience.time import from_ms, to_ms


def faces_at(
    store: IdentityStore, roster: Roster, session_id: str, stage_id: str, *, now: Callable[[], datetime]
) -> list[KnownFace]:
    """Templates of those of a roster who may be recognised on a stage now; none where it is not for that stage.

    Args:
        store: of people.
        roster: as it is in the store.
        session_id, stage_id: the stage.
        now: the clock, aware UTC.

    Raises:
        InvalidValue: the roster is a panel's, and the stage no household of it.
    """
    if not covers(roster.stages, session_id, stage_id):
        return []
    if roster.purpose == "search":
        return Searches(store, actor="camera", now=now).known_faces(roster, session_id, stage_id)
    faces = People(store, actor="camera", now=now).known_faces(roster)
    if roster.purpose == "panel":
        # A household's camera knows this household, and no other of the panel.
        panel = HouseholdPanel(store, actor="camera", now=now)
        members = {member.person_id for member in panel.members(panel.household(roster.roster_id, stage_id))}
        faces = [face for face in faces if face.subject_id in members]
    return faces


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBundle:
    """A bundle as a camera gets it.

    Attributes:
        number: its number.
        data: signed and encrypted.
        content: SHA-256 of whom it holds: the same as long as nobody comes or goes. Kept in memory only.
        people: how many people it holds.
        left_out: how many are not in it, because their templates are of another model.
    """

    number: int
    data: bytes
    content: bytes
    people: int
    left_out: int


class BundleMaker:
    """Makes the bundles of an installation's cameras."""

    def __init__(
        self,
        store: IdentityStore,
        *,
        recogniser: str,
        now: Callable[[], datetime],
        life: timedelta = USUAL_LIFE,
    ) -> None:
        """Creates the object without I/O.

        Args:
            store: of people.
            recogniser: name of the model that the cameras match with; templates of others are left out.
            now: the clock, aware UTC.
            life: how long a bundle may be used.
        """
        self._store, self._recogniser, self._now, self._life = store, recogniser, now, life
        self._last = 0

    def make(self, session_id: str, stage_id: str, camera_id: str) -> MadeBundle:
        """Makes the bundle of a camera: everybody who may be recognised at its stage now.

        Its number is the time at which the rosters began to be read, in milliseconds. So whoever was removed before is
        in no bundle with that number or a higher one, whichever process makes it.

        Panels are left out: a household's camera runs on the machine that has its store.

        Raises:
            InvalidValue: one is no id, or there are too many people for a camera.
            StoreUnavailable: the store cannot be used.
        """
        number = self._last = max(to_ms(self._now()), self._last + 1)
        people = People(self._store, actor="camera", now=self._now)
        rosters = [roster for roster in people.rosters_for(session_id, stage_id) if roster.purpose != "panel"]
        known = [
            face for roster in rosters for face in faces_at(self._store, roster, session_id, stage_id, now=self._now)
        ]
        faces = sorted(
            (face for face in known if face.recogniser == self._recogniser),
            key=lambda face: (face.roster_id, face.subject_id),
        )
        made_at = from_ms(number)
        bundle = Bundle(
            session_id=session_id,
            stage_id=stage_id,
            camera_id=camera_id,
            rosters=tuple(sorted(roster.roster_id for roster in rosters)),
            number=number,
            recogniser=self._recogniser,
            thresholds=VERSION,
            made_at=made_at,
            expires_at=made_at + self._life,
            faces=tuple(faces),
            pictures=tuple(sorted(roster.roster_id for roster in rosters if roster.purpose == "search")),
        )
        content = hashlib.sha256(repr(bundle.rosters).encode())
        for face in faces:
            content.update(f"{face.roster_id}/{face.subject_id}/{face.photos}/".encode() + face.vector.tobytes())
        signer = installation_key(self._store, now=made_at)
        key = camera_key(self._store, session_id, stage_id, camera_id, now=made_at)
        return MadeBundle(
            number=number,
            data=pack(bundle, signing_key=signer, camera_key=key),
            content=content.digest(),
            people=len(faces),
            left_out=len(known) - len(faces),
        )
