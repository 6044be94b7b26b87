"""Recognises enrolled people at one camera of this machine, for `houselights watch --recognise`.

Rosters are read from the store of people every few seconds, so that a withdrawal, an approval or a check-in counts
within `REFRESH_S`. Sightings go into that store; nothing else does. In a household of a panel minutes are counted
instead (`houselights.household_camera`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from audience.errors import InvalidValue, StoreUnavailable
from audience.identity.bundle_making import faces_at
from audience.identity.gate import check, gate
from audience.identity.matching import Gallery
from audience.identity.panels import HouseholdPanel
from audience.identity.people import People, covers
from audience.identity.records import Roster
from audience.identity.sightings import record_sighting
from audience.identity.store import IdentityStore
from audience.privacy import Setting
from edge_lambda.facing import RoomAxis
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers import Recogniser
from edge_lambda.recognition import Recognised, Recognition
from houselights.household_camera import HouseholdCamera

REFRESH_S: Final = 2.0
"""How often rosters are read."""


def now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


class StoredRoster:
    """Whom to recognise at one stage, of one roster in the store of people."""

    def __init__(
        self,
        store: IdentityStore,
        roster_id: str,
        *,
        session_id: str,
        stage_id: str,
        recogniser: Recogniser,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads the roster.

        Raises:
            InvalidValue: there is none, or it is not for this stage.
        """
        self._store, self._people = store, People(store, actor="camera", now=now)
        self.roster: Roster = self._people.roster(roster_id)
        if not covers(self.roster.stages, session_id, stage_id):
            raise InvalidValue(
                f"the roster {roster_id} is for {', '.join(self.roster.stages) or 'no stage'}, not for "
                f"{session_id}/{stage_id}: name the stage in the roster first"
            )
        self._session_id, self._stage_id = session_id, stage_id
        self._recogniser, self._monotonic_s = recogniser, monotonic_s
        self._read_at_s: float | None = None
        self._faces: list[tuple[str, bytes, int]] = []
        self._gallery: Gallery | None = None
        self.problem = ""

    def gallery(self) -> Gallery | None:
        """See `edge_lambda.recognition.Roster`. While the store cannot be read, nobody is recognised."""
        now_s = self._monotonic_s()
        if self._read_at_s is not None and now_s - self._read_at_s < REFRESH_S:
            return self._gallery
        self._read_at_s = now_s
        try:
            self._read()
        except (InvalidValue, StoreUnavailable) as problem:
            self._faces, self._gallery, self.problem = [], None, f"nobody is recognised: {problem}"
        return self._gallery

    def _read(self) -> None:
        roster = self._people.roster(self.roster.roster_id)
        faces = faces_at(self._store, roster, self._session_id, self._stage_id, now=now)
        usable = [face for face in faces if face.recogniser == self._recogniser.name]
        others = len(faces) - len(usable)
        self.problem = (
            f"{others} of {len(faces)} need to enrol anew: their templates are of another model" if others else ""
        )
        content = [(face.subject_id, face.vector.tobytes(), face.photos) for face in usable]
        if self._gallery is None or content != self._faces:
            self._faces = content
            self._gallery = Gallery(usable, recogniser=self._recogniser.name, strangers=self._recogniser.strangers)


class CameraRecognition:
    """Recognises the people of some rosters at one camera, and records their sightings."""

    def __init__(
        self,
        store: IdentityStore,
        roster_ids: Sequence[str],
        *,
        session_id: str,
        stage_id: str,
        camera_id: str,
        setting: Setting,
        country: str | None,
        recogniser: Recogniser,
        log: Callable[[str], None],
        room: RoomAxis | None = None,
    ) -> None:
        """Reads the rosters.

        Args:
            store: of people.
            roster_ids: which rosters.
            session_id, stage_id, camera_id: of the camera.
            setting, country: of its session.
            recogniser: makes templates.
            log: called with a line, by ids alone, for the person who started it.
            room: judges which faces of a household are turned to the screen; None to leave that out.

        Raises:
            InvalidValue: a roster is not there, or not for this stage.
            AccessRefused: nobody may be recognised for its purpose where the session is.
        """
        self._store, self._log = store, log
        self._place = (session_id, stage_id, camera_id)
        self._recogniser, self._room = recogniser, room
        self._rosters = [
            StoredRoster(store, roster_id, session_id=session_id, stage_id=stage_id, recogniser=recogniser)
            for roster_id in roster_ids
        ]
        for one in self._rosters:
            roster = one.roster
            # Asked again for where the camera looks: a pattern of stages may name a workplace's.
            check(gate(roster.purpose, setting, country, roster.actor, law=roster.law), roster.accepted)
        self._problems: dict[str, str] = {}
        self._recognitions = [
            self._household_camera(one)
            if one.roster.purpose == "panel"
            else Recognition(recogniser, one, on_recognised=self._recorder(one.roster))
            for one in self._rosters
        ]

    def see(self, frame: TrackedFrame) -> None:
        """Takes a frame and its tracked faces."""
        for recognition in self._recognitions:
            recognition.see(frame)
        for stored in self._rosters:
            roster_id = stored.roster.roster_id
            if stored.problem != self._problems.get(roster_id, ""):
                self._problems[roster_id] = stored.problem
                self._log(f"{roster_id}: {stored.problem or 'people are recognised again'}")

    def close(self) -> None:
        """Records what was still being counted."""
        for recognition in self._recognitions:
            if isinstance(recognition, HouseholdCamera):
                recognition.close()

    def _household_camera(self, stored: StoredRoster) -> HouseholdCamera:
        panel = HouseholdPanel(self._store, actor="camera", now=now)
        household = panel.household(stored.roster.roster_id, self._place[1])
        return HouseholdCamera(
            self._store, household, stored, self._recogniser, room=self._room, now=now, log=self._log
        )

    def _recorder(self, roster: Roster) -> Callable[[Recognised], None]:
        def record(found: Recognised) -> None:
            try:
                self._record(roster, found)
            except StoreUnavailable as problem:
                self._log(f"{roster.roster_id}: a sighting could not be recorded: {problem}")

        return record

    def _record(self, roster: Roster, found: Recognised) -> None:
        sighting = found.sighting(roster.roster_id, self._place, self._recogniser.name)
        picture = found.picture() if roster.purpose == "search" else None
        if record_sighting(self._store, sighting, picture, now=now):
            # No id: logs outlive a withdrawal.
            self._log(f"{roster.roster_id}: somebody of this roster was seen")
