"""Counts the minutes of one household at a camera of this machine: who of its members was there, and nothing else.

Nothing is said of single faces and no sighting is kept: what reaches the store are sums of a minute. While the
household wants privacy nobody is looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from audience.errors import StoreUnavailable
from audience.faces import FACING_THRESHOLD
from audience.identity.households import Household, SeenMinute
from audience.identity.matching import Gallery
from audience.identity.minutes import FaceNow, MinuteCounter
from audience.identity.panels import HouseholdPanel
from audience.identity.store import IdentityStore
from edge_lambda.facing import RoomAxis
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers import Recogniser
from edge_lambda.recognition import FORGOTTEN_MS, Recognised, Recognition, Roster

EVERY_MS: Final = 1000
"""How often faces are counted; a face that is matched between two counts waits for the next."""

LONGEST_MS: Final = 5000
"""A count stands for the time since the one before, and for no longer than this: after that the camera did not look."""

STRANGER_MS: Final = 10_000
"""A face that was in view for so long without matching anybody counts as nobody's."""

ASKS_S: Final = 2.0
"""How often the camera asks whether the household wants privacy."""


class HouseholdCamera:
    """One camera in one household."""

    def __init__(
        self,
        store: IdentityStore,
        household: Household,
        roster: Roster,
        recogniser: Recogniser,
        *,
        room: RoomAxis | None,
        now: Callable[[], datetime],
        log: Callable[[str], None],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Creates the object without I/O.

        Args:
            store: of people.
            household: whose room it is.
            roster: gives the gallery of its members.
            recogniser: makes templates.
            room: judges which faces are turned to the screen; None to leave that out.
            now: the wall clock, aware UTC.
            log: called with a line, by ids alone.
            monotonic_s: a clock that only goes forward, seconds.
        """
        self._panel = HouseholdPanel(store, actor="camera", now=now)
        self._household, self._roster, self._log, self._monotonic_s = household, roster, log, monotonic_s
        self._room = room
        self._recognition = Recognition(recogniser, roster, on_recognised=self._note)
        self._counter = MinuteCounter(household)
        self._gallery: Gallery | None = None
        self._who: dict[str, str] = {}
        self._since: dict[str, tuple[int, int]] = {}
        self._counted_ms: int | None = None
        self._asked_s: float | None = None
        self._private = True

    def see(self, frame: TrackedFrame) -> None:
        """Takes a frame and its tracked faces."""
        gallery = self._roster.gallery()  # before anything else: whoever withdrew leaves the memory during privacy too
        if self._wants_privacy():
            self._recognition.clear()
            self._gallery = self._counted_ms = None
            self._who.clear()
            self._since.clear()
            return
        self._recognition.see(frame)
        if gallery is not self._gallery:
            self._gallery = gallery
            self._who.clear()
            self._since.clear()
        if not gallery:
            return
        for face in frame.tracked:
            first_ms, _ = self._since.get(face.track, (frame.at_ms, 0))
            self._since[face.track] = first_ms, frame.at_ms
        if self._counted_ms is None or frame.at_ms - self._counted_ms >= EVERY_MS:
            since_ms = EVERY_MS if self._counted_ms is None else min(LONGEST_MS, frame.at_ms - self._counted_ms)
            self._counted_ms = frame.at_ms
            seen = zip(frame.tracked, self._facing(frame), strict=True)
            faces = [one for face, facing in seen if (one := self._face(face.track, facing, frame.at_ms))]
            for minute in self._counter.add(frame.at_ms, faces, seconds=since_ms / 1000):
                self._record(minute)
            for track in [track for track, (_, last) in self._since.items() if frame.at_ms - last > FORGOTTEN_MS]:
                del self._since[track]
                self._who.pop(track, None)

    def close(self) -> None:
        """Records the minutes that were still being counted."""
        for minute in self._counter.finish():
            self._record(minute)

    def _note(self, found: Recognised) -> None:
        assert found.match.subject_id is not None
        self._who[found.track_id] = found.match.subject_id

    def _facing(self, frame: TrackedFrame) -> list[bool | None]:
        """Whether each face is turned to the screen; None where nobody can say."""
        if self._room is None:
            return [None] * len(frame.tracked)
        values = self._room.update([face.detection for face in frame.tracked], frame.at_ms)
        return [None if value is None else value >= FACING_THRESHOLD for value in values]

    def _face(self, track: str, facing: bool | None, at_ms: int) -> FaceNow | None:
        """A face as it counts; None as long as it may still match somebody."""
        person_id = self._who.get(track, "")
        if not person_id and at_ms - self._since[track][0] < STRANGER_MS:
            return None
        return FaceNow(person_id=person_id, facing=facing)

    def _wants_privacy(self) -> bool:
        """Whether the household wants privacy; it does while nobody can be asked."""
        now_s = self._monotonic_s()
        if self._asked_s is None or now_s - self._asked_s >= ASKS_S:
            self._asked_s = now_s
            try:
                self._private = self._panel.state(self._household).private
            except StoreUnavailable:
                self._private = True
        return self._private

    def _record(self, minute: SeenMinute) -> None:
        try:
            kept = self._panel.record(minute)
        except StoreUnavailable as problem:
            self._log(f"{self._household.household_id}: a minute could not be recorded: {problem}")
        else:
            if kept is not None:
                people = {person for seen in kept.seen for person in seen.people}
                self._log(f"{self._household.household_id}: a minute recorded, {len(people)} members seen")
