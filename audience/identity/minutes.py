"""Counts what a camera sees of a household into minutes: from faces each second to one record a minute."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audience.errors import InvalidValue
from audience.identity.households import MINUTE_MS, Household, Seen, SeenMinute

BRIDGE_S: Final = 45.0
"""Who is seen twice within so many seconds was there in between: bent over a phone, or behind somebody."""

_BRIDGE_MS: Final = round(1000 * BRIDGE_S)

People = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceNow:
    """A face in view at an instant.

    Attributes:
        person_id: whom its track was matched to; "" for nobody.
        instead: others whom it may be as well, where the match was not sure.
        facing: whether it is turned to the screen; None if not known.
        smiling: whether it smiles; None if not known.
    """

    person_id: str = ""
    instead: tuple[str, ...] = ()
    facing: bool | None = None
    smiling: bool | None = None


@dataclass(frozen=True, slots=True)
class _Instant:
    """An instant in which a camera looked: when, how long it stands for, and the faces by whom they may be."""

    at_ms: int
    seconds: float
    faces: Mapping[People, Sequence[FaceNow]]

    def count(self, people: People) -> int:
        """How many faces of these people are in view."""
        return len(self.faces.get(people, ()))


class MinuteCounter:
    """Counts the faces of one household, instant by instant in the order of time, and keeps no more than two minutes.

    A minute is finished `BRIDGE_S` after its end, when it is known who was seen again.
    """

    def __init__(self, household: Household) -> None:
        """Starts with nothing counted.

        Args:
            household: whose; its look-alikes are never told apart.
        """
        self._household = household
        self._instants: list[_Instant] = []
        self._next_ms = 0

    def add(self, at_ms: int, faces: Sequence[FaceNow], *, seconds: float = 1.0) -> list[SeenMinute]:
        """Counts one instant in which the camera looked.

        Args:
            at_ms: when, milliseconds since the epoch.
            faces: all that are in view.
            seconds: how long it stands for.

        Returns:
            The minutes that are finished now, mostly none.

        Raises:
            InvalidValue: it is earlier than the one before.
        """
        if self._instants and at_ms < self._instants[-1].at_ms:
            raise InvalidValue("faces are counted in the order of time")
        by_people: defaultdict[People, list[FaceNow]] = defaultdict(list)
        for face in faces:
            by_people[self._people(face)].append(face)
        self._instants.append(_Instant(at_ms, seconds, by_people))
        return list(self._finished(at_ms - _BRIDGE_MS))

    def finish(self) -> list[SeenMinute]:
        """The minutes that are being counted, as far as they have come; then begins anew."""
        finished = list(self._finished(self._instants[-1].at_ms + MINUTE_MS)) if self._instants else []
        self._instants.clear()
        return finished

    def _finished(self, until_ms: int) -> Iterator[SeenMinute]:
        """Yields each minute that ends at an instant or before, and has not been yielded."""
        while True:
            waiting = next((one.at_ms for one in self._instants if one.at_ms >= self._next_ms), None)
            if waiting is None or (start_ms := waiting // MINUTE_MS * MINUTE_MS) + MINUTE_MS > until_ms:
                return
            yield self._minute(start_ms)
            self._next_ms = start_ms + MINUTE_MS
            self._instants = [one for one in self._instants if one.at_ms >= self._next_ms - _BRIDGE_MS]

    def _minute(self, start_ms: int) -> SeenMinute:
        places = [at for at, one in enumerate(self._instants) if start_ms <= one.at_ms < start_ms + MINUTE_MS]
        own = [self._instants[at] for at in places]
        looked_s = sum(one.seconds for one in own)
        scale = min(1.0, 60.0 / looked_s)
        seen = []
        for people in sorted({people for one in self._instants for people in one.faces}):
            at_once = self._at_once(people)
            for number in sorted({at_once[at] for at in places} - {0}):
                of_number = [self._instants[at] for at in places if at_once[at] == number]
                seen.append(_seen(people, number, of_number, scale))
        return SeenMinute(
            roster_id=self._household.roster_id,
            household_id=self._household.household_id,
            minute_ms=start_ms,
            looked_s=looked_s * scale,
            seen=tuple(seen),
        )

    def _at_once(self, people: People) -> list[int]:
        """For each instant, how many faces of some people were there, those between two sightings included."""
        counts = [one.count(people) for one in self._instants]
        for number in range(1, max(counts) + 1):
            sightings = [at for at, count in enumerate(counts) if count >= number]
            for before, after in itertools.pairwise(sightings):
                if self._instants[after].at_ms - self._instants[before].at_ms <= _BRIDGE_MS:
                    for at in range(before + 1, after):
                        counts[at] = max(counts[at], number)
        return counts

    def _people(self, face: FaceNow) -> People:
        if not face.person_id:
            return ()
        could_be = (self._household.could_be(person) for person in (face.person_id, *face.instead))
        return tuple(sorted({person for people in could_be for person in people}))


def _seen(people: People, at_once: int, instants: Sequence[_Instant], scale: float) -> Seen:
    in_view = [(one.seconds * scale, one.faces[people]) for one in instants if one.count(people)]
    faces = [face for _, faces in in_view for face in faces]
    facing_s = sum(seconds * sum(bool(face.facing) for face in faces) / len(faces) for seconds, faces in in_view)
    smiling_s = sum(seconds * sum(bool(face.smiling) for face in faces) / len(faces) for seconds, faces in in_view)
    knows_smiles = len(people) == 1 and all(face.smiling is not None for face in faces)
    return Seen(
        people=people,
        at_once=at_once,
        seconds=sum(one.seconds for one in instants) * scale,
        in_view_s=sum(seconds for seconds, _ in in_view),
        facing_s=facing_s if all(face.facing is not None for face in faces) else None,
        smiling_s=smiling_s if knows_smiles else None,
    )
