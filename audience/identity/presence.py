"""Who of a household was there in each minute: by what they tapped, and by what a camera saw.

Both are kept beside each other and never mixed: by button, by face, in the room, facing the screen, smiling are
columns of their own, and each may be unknown (NaN).

**The vote.** A clock minute belongs to what holds for at least half of it, as in television audience measurement
(Global Guidelines for Television Audience Measurement, 1999): the set on, somebody logged in, and for faces half of the
time in which the camera looked. A face is in view for less than its person is there, who turns or bends over a phone,
so the time between two sightings counts too (`minutes.BRIDGE_S`). `python -m bench household` measures how often the
vote is right.

**Unknown.** A minute with privacy is a gap in every column, never an absence. Where the camera looked for less than
half of a minute nothing is known by face. One face of two people who look alike says that one of them is there, and not
which: both are unsure. Two such faces at once are both of them. A face that is nobody's, and no guest's whom somebody
typed, may be that of any member who was not recognised: whether they are in the room is unknown then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from audience.agreement import cohens_kappa
from audience.errors import InvalidValue
from audience.identity.households import (
    LASTS_MS,
    MINUTE_MS,
    Ages,
    Household,
    Member,
    SeenMinute,
    Sex,
    Tap,
    in_order,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Source = Literal["button", "camera"]
SOURCES: tuple[Source, ...] = get_args(Source)

HALF_S: Final = 30.0
"""For so many seconds of a whole minute something has to hold."""

GuestGroup = tuple[Sex, Ages]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceMinute:
    """One member in one minute; None where something is unknown.

    Attributes:
        household_id, person_id: who.
        minute_ms: start of the minute, milliseconds since the epoch.
        set_on: whether the set was on.
        by_button: whether the member was logged in; unknown while the set is off.
        by_face: whether their own face was recognised.
        in_room: whether they were there as far as a camera can say: recognised, or all who look alike at once.
        facing: for which part of the time their face was seen it was turned to the screen, 0..1.
        smiling: for which part of that time it smiled, 0..1; where they consented to joining the two.
        private: whether the household wanted privacy in this minute: then all of the above is unknown.
    """

    household_id: str
    person_id: str
    minute_ms: int
    set_on: bool | None
    by_button: bool | None
    by_face: bool | None
    in_room: bool | None
    facing: float | None
    smiling: float | None
    private: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdPresence:
    """A household over n minutes with m members. Figures are 0 or 1, unless said otherwise, and NaN where unknown.

    Attributes:
        household, members: who.
        start_ms: (n,) starts of the minutes, milliseconds since the epoch.
        set_on: (n,) whether the set was on.
        private: (n,) whether the household wanted privacy.
        by_button, by_face, in_room: (n, m), see `PresenceMinute`.
        facing, smiling: (n, m) 0..1.
        unsure: (n, m) whether the camera looked, and cannot say whether the member was there.
        guests: (n,) mean number of guests logged in, by sex and ages as typed.
        uncovered: (n,) whether the set was on and nobody was logged in.
        strangers: (n,) mean number of faces in view that are no member's; NaN where no camera looked.
    """

    household: Household
    members: tuple[Member, ...]
    start_ms: Ints
    set_on: Floats
    private: Bools
    by_button: Floats
    by_face: Floats
    in_room: Floats
    facing: Floats
    smiling: Floats
    unsure: Bools
    guests: dict[GuestGroup, Floats]
    uncovered: Floats
    strangers: Floats

    @property
    def guest_count(self) -> Floats:
        """(n,) mean number of guests logged in."""
        none = np.where(self.set_on == 1, 0.0, np.nan)
        return none + sum(self.guests.values(), np.zeros(len(none)))

    def watching(self, source: Source) -> Floats:
        """(n, m) whether each member was there while the set was on; an unlit set has no audience.

        Args:
            source: "button" for what they tapped, "camera" for who was in the room.
        """
        there = self.by_button if source == "button" else self.in_room
        with_set = np.where(self.set_on[:, None] == 0, 0.0, there)
        return np.where(np.isnan(self.set_on)[:, None], np.nan, with_set)

    def rows(self) -> Iterator[PresenceMinute]:
        """Each member in each minute, in the order of time."""
        for at, minute_ms in enumerate(self.start_ms.tolist()):
            for place, member in enumerate(self.members):
                yield PresenceMinute(
                    household_id=self.household.household_id,
                    person_id=member.person_id,
                    minute_ms=minute_ms,
                    set_on=_yes_no(self.set_on[at]),
                    by_button=_yes_no(self.by_button[at, place]),
                    by_face=_yes_no(self.by_face[at, place]),
                    in_room=_yes_no(self.in_room[at, place]),
                    facing=_number(self.facing[at, place]),
                    smiling=_number(self.smiling[at, place]),
                    private=bool(self.private[at]),
                )


def household_presence(
    household: Household,
    members: Sequence[Member],
    taps: Sequence[Tap],
    seen: Sequence[SeenMinute],
    *,
    from_ms: int,
    until_ms: int,
    joins: Collection[str] = (),
) -> HouseholdPresence:
    """Votes on every minute of a stretch.

    Args:
        household, members: whose.
        taps: of this household, from `LASTS_MS` before the stretch on, and all on privacy; in any order.
        seen: minutes of this household; others than those of the stretch are left out.
        from_ms, until_ms: the stretch, milliseconds since the epoch; minutes it touches count.
        joins: ids of members whose expressions may be joined with them.

    Raises:
        InvalidValue: the stretch is empty.
    """
    if until_ms <= from_ms:
        raise InvalidValue("there are no minutes in a stretch that ends before it begins")
    start_ms = np.arange(from_ms // MINUTE_MS, -(-until_ms // MINUTE_MS), dtype=np.int64) * MINUTE_MS
    tapped = _Taps(members, in_order(taps), start_ms)
    known_s, on_s = tapped.seconds(~np.isnan(tapped.set)), tapped.seconds(tapped.set == 1)
    private = tapped.seconds(tapped.privacy) > 0
    set_on = np.where((known_s < HALF_S) | private, np.nan, on_s >= HALF_S)
    watched = set_on == 1
    logged_s = np.zeros((len(start_ms), len(members)))
    for place, login in enumerate(tapped.logins):
        logged_s[:, place] = tapped.seconds(login * (tapped.set == 1))
    guests = {
        group: np.where(watched, tapped.seconds(count * (tapped.set == 1)) / 60, np.nan)
        for group, count in tapped.guests.items()
    }
    nobody = (tapped.set == 1) & (sum((*tapped.logins, *tapped.guests.values()), np.zeros(len(tapped.set))) == 0)
    faces = _Faces(members, start_ms)
    for minute in seen:
        at = (minute.minute_ms - int(start_ms[0])) // MINUTE_MS
        if 0 <= at < len(start_ms) and not private[at] and minute.looked_s >= HALF_S:
            typed = sum(float(count[at]) for count in guests.values() if not np.isnan(count[at]))
            faces.add(at, minute, ceil(typed - 1e-9), joins)
    return HouseholdPresence(
        household=household,
        members=tuple(members),
        start_ms=start_ms,
        set_on=set_on,
        private=private,
        by_button=np.where(watched[:, None], logged_s >= HALF_S, np.nan),
        by_face=faces.by_face(),
        in_room=faces.in_room(),
        facing=faces.facing,
        smiling=faces.smiling,
        unsure=np.isnan(faces.in_room()) & ~np.isnan(faces.looked_s)[:, None],
        guests=guests,
        uncovered=np.where(watched, tapped.seconds(nobody) >= HALF_S, np.nan),
        strangers=faces.strangers,
    )


class _Taps:
    """What was tapped, as steps between k instants at which something changed."""

    def __init__(self, members: Sequence[Member], taps: Sequence[Tap], start_ms: Ints) -> None:
        self._edges = np.append(start_ms, start_ms[-1:] + MINUTE_MS)
        groups = sorted({(guests.sex, guests.ages) for tap in taps for guests in tap.guests})
        changes: list[tuple[float, list[tuple[int, float]]]] = [
            (np.nan, [(tap.at_ms, tap.action == "set on") for tap in taps if tap.action in ("set on", "set off")]),
        ]
        privacy: list[tuple[int, float]] = [
            (tap.at_ms, tap.action == "privacy on") for tap in taps if tap.about_privacy
        ]
        for member in members:
            own = [tap for tap in taps if tap.person_id == member.person_id or tap.action == "set off"]
            changes.append((0.0, [(tap.at_ms, tap.action == "in") for tap in own]))
        for group in groups:
            own = [tap for tap in taps if tap.action in ("guests", "set off")]
            counts = [sum(one.count for one in tap.guests if (one.sex, one.ages) == group) for tap in own]
            changes.append((0.0, [(tap.at_ms, count) for tap, count in zip(own, counts, strict=True)]))
        lasting = [(0.0, privacy)] + [(default, _until_forgotten(default, steps)) for default, steps in changes]
        instants = {at for _, steps in lasting for at, _ in steps}
        self._knots = np.array(sorted({*instants, int(self._edges[0]), int(self._edges[-1])}), dtype=np.int64)
        values = [_at(self._knots, default, steps) for default, steps in lasting]
        self.privacy, self.set = values[:2]
        self.logins = values[2 : 2 + len(members)]
        self.guests = dict(zip(groups, values[2 + len(members) :], strict=True))

    def seconds(self, values: NDArray[np.generic]) -> Floats:
        """(n,) the integral over each minute of values (k,) that hold from each instant to the next, seconds."""
        lengths = np.diff(self._knots) / 1000
        integral = np.concatenate([[0.0], np.cumsum(np.asarray(values, dtype=np.float64)[:-1] * lengths)])
        return np.diff(np.interp(self._edges, self._knots, integral))


class _Faces:
    """What cameras saw, minute by minute."""

    def __init__(self, members: Sequence[Member], start_ms: Ints) -> None:
        shape = (len(start_ms), len(members))
        self._places = {member.person_id: place for place, member in enumerate(members)}
        self.looked_s = np.full(len(start_ms), np.nan)
        self.strangers = np.full(len(start_ms), np.nan)
        self._strange_s = np.zeros(len(start_ms))
        self._own_s, self._sure_s, self._maybe_s = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.facing, self.smiling = np.full(shape, np.nan), np.full(shape, np.nan)

    def add(self, at: int, minute: SeenMinute, guests: int, joins: Collection[str]) -> None:
        """Adds a minute in which a camera looked; so many guests were logged in."""
        self.looked_s[at] = minute.looked_s
        strangers_s = 0.0
        known: dict[int, list[tuple[float, float | None, float | None]]] = {}
        for seen in minute.seen:
            places = [self._places[person] for person in seen.people if person in self._places]
            if len(places) < len(seen.people) and len(seen.people) > 1:
                continue  # of a group somebody has left: whose face it was cannot be told any more
            if seen.at_once >= len(places):
                self._sure_s[at, places] += seen.seconds
                strangers_s += (seen.at_once - len(places)) * seen.seconds
                if seen.at_once - len(places) > guests:
                    self._strange_s[at] += seen.seconds
            else:
                self._maybe_s[at, places] += seen.seconds
            if len(places) == 1:
                self._own_s[at, places] += seen.seconds
                smiling_s = seen.smiling_s if seen.people[0] in joins else None
                known.setdefault(places[0], []).append((seen.in_view_s, seen.facing_s, smiling_s))
        self.strangers[at] = strangers_s / minute.looked_s
        for place, parts in known.items():
            self.facing[at, place] = _part([(seconds, facing_s) for seconds, facing_s, _ in parts])
            self.smiling[at, place] = _part([(seconds, smiling_s) for seconds, _, smiling_s in parts])

    def by_face(self) -> Floats:
        """(n, m) whether each member's own face was recognised; unknown where only faces like theirs were."""
        return self._voted(self._own_s, self._sure_s + self._maybe_s)

    def in_room(self) -> Floats:
        """(n, m) whether each member was there, as far as faces say."""
        return self._voted(self._sure_s, self._sure_s + self._maybe_s + self._strange_s[:, None])

    def _voted(self, certain_s: Floats, possible_s: Floats) -> Floats:
        # A rounding error of an accumulated second must not decide a vote.
        needed = self.looked_s[:, None] / 2 - 1e-6
        voted = np.where(certain_s >= needed, 1.0, np.where(possible_s >= needed, np.nan, 0.0))
        return np.where(np.isnan(self.looked_s)[:, None], np.nan, voted)


def _until_forgotten(default: float, steps: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Steps of a value that falls back to its default `LASTS_MS` after the last of them."""
    lasting: list[tuple[int, float]] = []
    for at_ms, value in steps:
        if lasting and at_ms > lasting[-1][0] + LASTS_MS:
            lasting.append((lasting[-1][0] + LASTS_MS, default))
        lasting.append((at_ms, value))
    return [*lasting, (lasting[-1][0] + LASTS_MS, default)] if lasting else []


def _at(knots: Ints, default: float, steps: Sequence[tuple[int, float]]) -> Floats:
    """(k,) a value from each instant on; of steps at the same instant the last counts."""
    at_ms = np.array([at for at, _ in steps], dtype=np.int64)
    values = np.array([default, *(float(value) for _, value in steps)])
    return values[np.searchsorted(at_ms, knots, side="right")]


def _part(parts: Sequence[tuple[float, float | None]]) -> float:
    known = [(seconds, part_s) for seconds, part_s in parts if part_s is not None]
    whole = sum(seconds for seconds, _ in known)
    return min(1.0, sum(part_s for _, part_s in known) / whole) if whole else float("nan")


def _yes_no(value: float) -> bool | None:
    return None if np.isnan(value) else bool(value)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far what was tapped and what was seen agree, over the member-minutes for which both are known.

    Attributes:
        both, button_only, camera_only, neither: member-minutes by what each of them says.
    """

    both: int
    button_only: int
    camera_only: int
    neither: int

    @property
    def minutes(self) -> int:
        """All member-minutes for which both are known."""
        return self.both + self.button_only + self.camera_only + self.neither

    @property
    def share(self) -> float:
        """Of these, the part for which both say the same; NaN if there are none."""
        return (self.both + self.neither) / self.minutes if self.minutes else float("nan")

    @property
    def kappa(self) -> float:
        """Cohen's kappa; NaN where both say the same of everything, or nothing is known."""
        return float(cohens_kappa(self.both, self.button_only, self.camera_only, self.neither))


def agreement(households: Sequence[HouseholdPresence]) -> Agreement:
    """The agreement over all members of some households."""
    counts = np.zeros((2, 2), dtype=np.int64)
    for one in households:
        known = ~np.isnan(one.by_button) & ~np.isnan(one.in_room)
        button, camera = one.by_button[known].astype(int), one.in_room[known].astype(int)
        np.add.at(counts, (button, camera), 1)
    return Agreement(
        both=int(counts[1, 1]),
        button_only=int(counts[1, 0]),
        camera_only=int(counts[0, 1]),
        neither=int(counts[0, 0]),
    )
