"""A simulated evening of a household panel: families before their sets, what they tap, what a camera sees, the truth.

People come and go, turn away, bend over a phone, forget to tap, and tap late; a camera follows their faces, recognises
most of them, some as nobody, hardly any as somebody else, and cannot tell twins apart. Nobody here is real.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.identity.households import MINUTE_MS, Guests, Household, Member, SeenMinute, Sex, Tap
from audience.identity.minutes import FaceNow, MinuteCounter
from audience.identity.panels import HouseholdPanel
from audience.identity.people import People
from audience.identity.records import LONGEST_CONSENT, Consent, Person, Roster
from audience.identity.sealed import PROFILE
from audience.identity.store import MOST_RECORDS, IdentityRecord, IdentityStore
from audience.sessions import Session, Stage
from audience.store import Store
from audience.time import from_ms, to_ms
from audience.timelines import Segment, Timeline, start_cues

Bools = NDArray[np.bool_]

BEGINS_AT: Final = datetime(2026, 5, 9, 19, 0, tzinfo=UTC)
MINUTES: Final = 60
HALF: Final = 30
PRIVATE: Final = (2460, 2640)
"""In these seconds the first household wants privacy."""

GUEST: Final = (900, 2100)
"""In these seconds the first household has a guest."""

PROGRAMMES: Final = (("News", 0, 900), ("Quiz night", 900, 2700), ("Late film: first part", 2700, 3600))

# Mean lengths in seconds.
_THERE_S, _AWAY_S = 1100.0, 420.0
_FACING_S, _TURNED_S, _HIDDEN_S = 25.0, 7.0, 6.0
_SMILE_S, _NO_SMILE_S = 4.0, 40.0

# A face that is hidden for longer than this begins a new track, as in `edge_lambda.tracking`; a track is matched once
# three crops over a second are there.
_KEPT_S = 5
_UNTIL_MATCHED_S = 2

# What becomes of a track: matched to nobody, to somebody else of the household; and a guest's to a member. Of tracks of
# photographs (`bench.people`: 40 px, 2 photos, rosters of 5 to 50) 6 of 537 were missed, none confused, and up to 3 of
# 1,000 strangers named; nobody has measured living rooms.
_MISSED, _CONFUSED, _FALSE_NAME = 0.02, 0.003, 0.003

# Of the times that somebody comes or goes: how often they tap, and how many seconds later on average.
_TAPS_IN, _TAPS_OUT, _LATE_S = 0.95, 0.88, 15.0

_FAMILY: Final[tuple[tuple[str, Sex, int], ...]] = (
    ("Rosa", "female", 1983),
    ("Ben", "male", 1981),
    ("Mila", "female", 2012),
    ("Nele", "female", 2012),
    ("Otto", "male", 1949),
)
TWINS: Final = (2, 3)
_OF_AGE: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedHousehold:
    """A household's evening.

    Attributes:
        household, members: who.
        names: by person id.
        born: years of birth by person id.
        stage: of the session, with what was shown.
        taps: what they tapped.
        minutes: what a camera saw.
        there: (seconds, members) who was truly in the room.
    """

    household: Household
    members: tuple[Member, ...]
    names: dict[str, str]
    stage: Stage
    taps: tuple[Tap, ...]
    minutes: tuple[SeenMinute, ...]
    there: Bools

    def truth(self) -> Bools:
        """(minutes, members) who was there for at least half of each minute."""
        seconds = self.there.reshape(MINUTES, 60, len(self.members)).sum(axis=1)
        return np.asarray(seconds >= HALF)


@dataclass(slots=True)
class _Person:
    """What one person does, second by second, and the track that follows their face."""

    there: Bools
    visible: Bools
    facing: Bools
    smiling: Bools
    hidden_s: int = _KEPT_S + 1
    track_s: int = 0
    match: FaceNow = field(default_factory=FaceNow)


def panel_session(session_id: str = "simulated-panel", begins_at: datetime = BEGINS_AT) -> Session:
    """The session of a simulated evening."""
    return Session(
        session_id=session_id,
        title="Simulated panel evening",
        kind="panel",
        started_at=begins_at,
        ended_at=from_ms(to_ms(begins_at) + MINUTES * MINUTE_MS),
        setting="home",
        country="PL",
        notice_given=True,
        simulated=True,
    )


def simulate_panel(
    households: int = 1, *, seed: int = 1, begins_at: datetime = BEGINS_AT, roster_id: str = "simulated-panel"
) -> Iterator[SimulatedHousehold]:
    """Simulates households before their sets for an hour; the first has five members, two of them alike.

    Args:
        households: how many.
        seed: the same seed gives the same evening.
        begins_at: when, a full minute.
        roster_id: of the panel.
    """
    for number in range(households):
        rng = np.random.default_rng([seed, number])
        size = len(_FAMILY) if number == 0 else int(rng.choice([1, 2, 3, 4], p=[0.3, 0.35, 0.15, 0.2]))
        chosen = range(size) if number == 0 else sorted(rng.choice([0, 1, 2, 4], size, replace=False).tolist())
        yield _evening(number, [_FAMILY[place] for place in chosen], rng, to_ms(begins_at), roster_id)


def load_panel(
    store: Store, people: IdentityStore, session: Session, households: Sequence[SimulatedHousehold], *, now: datetime
) -> None:
    """Writes a simulated evening: its session, and its households with pretend members; an earlier one is replaced.

    Args:
        store: of the sessions.
        people: the store of people.
        session: see `panel_session`.
        households: see `simulate_panel`.
        now: when its pretend members consented, aware UTC.
    """
    roster = Roster(
        roster_id=households[0].household.roster_id,
        title="Simulated panel",
        purpose="panel",
        setting="home",
        country=session.country,
        stages=(f"{session.session_id}/*",),
        accepted=("consent", "household", "guardian", "impact assessment"),
        created_at=now,
        created_by="simulation",
        pretend=True,
    )
    People(people, actor="simulation", now=lambda: now).set_up(roster)
    panel = HouseholdPanel(people, actor="simulation", now=lambda: now)
    for earlier in panel.households(roster.roster_id):
        panel.erase(earlier)
    store.put_session(session)
    for one in households:
        store.put_stage(session.session_id, one.stage)
        records: list[IdentityRecord] = [one.household, *one.members]
        for member in one.members:
            child = member.born is not None and session.started_at.year - member.born < _OF_AGE
            records += _signed_up(member, session.started_at, child=child)
            people.seal(member.person_id, {PROFILE: json.dumps({"name": one.names[member.person_id]}).encode()})
        records += [*one.taps, *one.minutes]
        for place in range(0, len(records), MOST_RECORDS):
            people.put(*records[place : place + MOST_RECORDS])


def _signed_up(member: Member, at: datetime, *, child: bool) -> tuple[Person, Consent]:
    """A member on the roster, with a consent; grown-ups let their expressions be joined with them."""
    return (
        Person(roster_id=member.roster_id, person_id=member.person_id, added_at=at, child=child),
        Consent(
            roster_id=member.roster_id,
            person_id=member.person_id,
            purpose="panel",
            notice="simulated",
            given_at=at,
            expires_at=at + LONGEST_CONSENT,
            given_by="a guardian" if child else "the person",
            how="a signed form",
            recorded_by="simulation",
            joins_expressions=not child,
        ),
    )


def truth_document(session: Session, households: Sequence[SimulatedHousehold]) -> str:
    """Serialises who was there in each minute: for each member one digit a minute, 1 for at least half of it."""
    return json.dumps(
        {
            "simulated": True,
            "session": session.session_id,
            "begins_at": session.started_at.isoformat(),
            "minutes": MINUTES,
            "households": {
                one.household.household_id: {
                    "alike": [list(pair) for pair in one.household.alike],
                    "there": {
                        member.person_id: "".join("01"[int(yes)] for yes in one.truth()[:, place])
                        for place, member in enumerate(one.members)
                    },
                }
                for one in households
            },
        },
        indent=1,
    )


def _evening(
    number: int,
    family: Sequence[tuple[str, Sex, int]],
    rng: np.random.Generator,
    began_ms: int,
    roster_id: str,
) -> SimulatedHousehold:
    household_id = f"household-{number + 1}"
    ids = [f"p-{household_id}-{name.lower()}" for name, _, _ in family]
    first = number == 0
    household = Household(
        roster_id=roster_id,
        household_id=household_id,
        title=f"Household {number + 1}",
        alike=((ids[TWINS[0]], ids[TWINS[1]]),) if first else (),
        set_up_at=from_ms(began_ms),
        set_up_by="simulation",
    )
    set_on = first or rng.random() < 0.8
    people = [_person(rng, busy=0.0 if set_on else 0.85) for _ in family]
    guest = _person(rng) if first else None
    if guest is not None:
        within = np.zeros(MINUTES * 60, dtype=bool)
        within[slice(*GUEST)] = True
        guest.there &= within
        guest.visible &= within
    there = np.stack([person.there for person in people], axis=1)
    taps = list(_taps(household, ids, there, rng, began_ms, first=first)) if set_on else []
    minutes = _seen(household, ids, people, guest, rng, began_ms)
    timeline = Timeline(
        title="Programmes",
        segments=tuple(Segment(title=title, start_s=begin, end_s=end) for title, begin, end in PROGRAMMES),
    )
    return SimulatedHousehold(
        household=household,
        members=tuple(
            Member(roster_id=roster_id, household_id=household_id, person_id=person_id, sex=sex, born=born)
            for person_id, (_, sex, born) in zip(ids, family, strict=True)
        ),
        names={person_id: name for person_id, (name, _, _) in zip(ids, family, strict=True)},
        stage=Stage(
            stage_id=household_id,
            title=household.title,
            audience_size=len(ids),
            timelines=(timeline,),
            cues=start_cues(from_ms(began_ms)),
        ),
        taps=tuple(taps),
        minutes=tuple(minutes),
        there=there,
    )


def _person(rng: np.random.Generator, *, busy: float = 0.0) -> _Person:
    seconds = MINUTES * 60
    there = _alternating(rng, seconds, _THERE_S * (1 - busy), _AWAY_S / (1 - busy), rng.random() < 0.75 * (1 - busy))
    hidden = _alternating(rng, seconds, _HIDDEN_S, _FACING_S, False)
    facing = _alternating(rng, seconds, _FACING_S, _TURNED_S, True)
    return _Person(
        there=there,
        visible=there & ~hidden,
        facing=facing,
        smiling=_alternating(rng, seconds, _SMILE_S, _NO_SMILE_S, False),
    )


def _alternating(rng: np.random.Generator, seconds: int, on_s: float, off_s: float, on: bool) -> Bools:
    """(seconds,) a state that is on and off for exponentially distributed times."""
    state = np.zeros(seconds, dtype=bool)
    at = 0
    while at < seconds:
        until = at + max(1, round(rng.exponential(on_s if on else off_s)))
        state[at:until] = on
        at, on = until, not on
    return state


def _taps(
    household: Household, ids: Sequence[str], there: Bools, rng: np.random.Generator, began_ms: int, *, first: bool
) -> Iterator[Tap]:
    count = 0

    def tap(second: float, action: str, person_id: str = "", guests: tuple[Guests, ...] = ()) -> Tap:
        nonlocal count
        count += 1
        return Tap(
            roster_id=household.roster_id,
            household_id=household.household_id,
            tap_id=f"t{count:04d}",
            at_ms=began_ms + round(1000 * second) + count % 10,
            action=action,  # type: ignore[arg-type]
            person_id=person_id,
            guests=guests,
        )

    yield tap(0, "set on")
    for place, person_id in enumerate(ids):
        changes = np.flatnonzero(np.diff(there[:, place].astype(int), prepend=0))
        for second in changes.tolist():
            comes = bool(there[second, place])
            if rng.random() < (_TAPS_IN if comes else _TAPS_OUT):
                yield tap(second + rng.exponential(_LATE_S), "in" if comes else "out", person_id)
    if first:
        yield tap(GUEST[0] + 20, "guests", guests=(Guests(sex="female", ages="25 to 44", count=1),))
        yield tap(GUEST[1] + 10, "guests")
        yield tap(PRIVATE[0], "privacy on")
        yield tap(PRIVATE[1] - 1, "privacy off")


def _seen(
    household: Household,
    ids: Sequence[str],
    people: Sequence[_Person],
    guest: _Person | None,
    rng: np.random.Generator,
    began_ms: int,
) -> Iterator[SeenMinute]:
    counter = MinuteCounter(household)
    for second in range(MINUTES * 60):
        faces = []
        for person, person_id in [*zip(people, ids, strict=True), *([(guest, "")] if guest else [])]:
            _follow(person, second, person_id, ids, rng)
            if person.track_s > _UNTIL_MATCHED_S and person.visible[second]:
                faces.append(
                    FaceNow(
                        person_id=person.match.person_id,
                        facing=bool(person.facing[second]),
                        smiling=bool(person.smiling[second]),
                    )
                )
        if household.alike and PRIVATE[0] <= second < PRIVATE[1]:
            continue  # nothing is looked at
        yield from counter.add(began_ms + 1000 * second, faces)
    yield from counter.finish()


def _follow(person: _Person, second: int, person_id: str, ids: Sequence[str], rng: np.random.Generator) -> None:
    """Continues somebody's track, or begins another and matches it."""
    if not person.visible[second]:
        person.hidden_s += 1
        return
    if person.hidden_s > _KEPT_S:
        person.track_s = 0
        person.match = FaceNow(person_id=_matched(person_id, ids, rng))
    person.hidden_s = 0
    person.track_s += 1


def _matched(person_id: str, ids: Sequence[str], rng: np.random.Generator) -> str:
    chance = rng.random()
    others = [other for other in ids if other != person_id]
    if not person_id:
        return str(rng.choice(others)) if chance < _FALSE_NAME else ""
    if chance < _MISSED:
        return ""
    return str(rng.choice(others)) if others and chance < _MISSED + _CONFUSED else person_id
