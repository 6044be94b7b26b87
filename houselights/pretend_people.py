"""Plays the camera of a demonstration: pretend members come in, and a pretend search sees somebody."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime
from typing import Final

from audience.identity.desk import Desk
from audience.identity.people import People
from audience.identity.records import Roster, Sighting, WatchEntry, new_id
from audience.identity.searches import Searches
from audience.identity.store import IdentityStore
from audience.time import to_ms
from sample_data.pretend_people import DESK, MEMBERS, RECOGNISER, SEARCH, STAGE, load_pretend_people, portrait

FIRST_AFTER_S: Final = 5.0
EVERY_S: Final = 20.0
_CAMERA: Final = "pretend-camera"


def _now() -> datetime:
    return datetime.now(UTC)


def set_up(store: IdentityStore) -> None:
    """Sets up the pretend rosters; members of an earlier demonstration are replaced."""
    load_pretend_people(People(store, actor="demonstration", now=_now), _now())


def play(store: IdentityStore, stop: threading.Event) -> None:
    """Lets a member come in every `EVERY_S`, and each running search see somebody once, until `stop` is set."""
    people = People(store, actor="demonstration", now=_now)
    roster = people.roster(DESK)
    desk = Desk(store, roster, actor=_CAMERA, now=_now)
    searches = Searches(store, actor=_CAMERA, now=_now)
    seen: set[str] = set()
    wait_s = FIRST_AFTER_S
    for number in itertools.count():
        if stop.wait(wait_s):
            return
        wait_s = EVERY_S
        members = people.people(roster.roster_id)
        if members:
            person = people.check_in(roster.roster_id, members[number % len(members)].person_id)
            desk.record(_sighting(roster, person.person_id))
        for entry in store.all(WatchEntry, SEARCH):
            if entry.runs(_now()) and entry.entry_id not in seen:
                seen.add(entry.entry_id)
                searches.record(_sighting(people.roster(SEARCH), entry.entry_id), portrait(MEMBERS[1].face))


def _sighting(roster: Roster, subject_id: str) -> Sighting:
    return Sighting(
        roster_id=roster.roster_id,
        subject_id=subject_id,
        sighting_id=new_id("s"),
        session_id="demo-evening",
        stage_id=STAGE,
        camera_id=_CAMERA,
        at_ms=to_ms(_now()),
        similarity=0.962,
        runner_up=0.917,
        crops=3,
        recogniser=RECOGNISER,
    )
