"""Pretend people for a demonstration: a welcome desk and a search, with portraits that scikit-image ships.

The names are made up, nobody consented to anything, and nothing is recognised: the templates are random numbers of a
model that does not exist, so no camera can match them. Every record says that the people are pretend ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import cv2
import numpy as np

from audience.identity.gate import CONDITIONS
from audience.identity.people import People
from audience.identity.records import PhotoQuality, Roster
from audience.identity.sealed import Profile

RECOGNISER: Final = "pretend-0"
DESK: Final = "pretend-desk"
SEARCH: Final = "pretend-search"
STAGE: Final = "gate"

_PORTRAIT_PX: Final = 240
_QUALITY: Final = PhotoQuality(face_px=120, sharpness=0.8, brightness=0.6, turn=0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PretendMember:
    """A member of the pretend desk.

    Attributes:
        name, note: made up.
        face: number of the portrait among scikit-image's small faces; None for its portrait of an astronaut.
    """

    name: str
    note: str
    face: int | None


MEMBERS: Final = (
    PretendMember(name="Eileen (pretend)", note="Gives the opening talk. Water on stage, please.", face=None),
    PretendMember(name="Robin (pretend)", note="Vegetarian. First time here.", face=3),
    PretendMember(name="Sascha (pretend)", note="", face=17),
    PretendMember(name="Kim (pretend)", note="Brings a guest.", face=42),
)


def portrait(face: int | None) -> bytes:
    """A portrait as a JPEG; see `PretendMember.face`."""
    import skimage.data

    if face is None:
        astronaut = skimage.data.astronaut()
        image = cv2.cvtColor(astronaut[0:260, 95:355], cv2.COLOR_RGB2BGR)
    else:
        small = (skimage.data.lfw_subset()[face] * 255).astype(np.uint8)
        image = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    resized = cv2.resize(image, (_PORTRAIT_PX, _PORTRAIT_PX), interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", resized)[1])


def load_pretend_people(people: People, now: datetime) -> None:
    """Sets up a desk with its members and a roster for searches, in place of those of an earlier demonstration."""
    for roster_id in (DESK, SEARCH):
        for person in people.people(roster_id):
            people.withdraw(roster_id, person.person_id)
    for roster_id, purpose, title in (
        (DESK, "welcome desk", "Members' evening (pretend)"),
        (SEARCH, "search", "Missing persons (pretend)"),
    ):
        people.set_up(
            Roster(
                roster_id=roster_id,
                title=title,
                purpose=purpose,  # type: ignore[arg-type]
                country="CH",
                stages=(f"demo-*/{STAGE}",),
                accepted=tuple(name for name in CONDITIONS if name not in ("authorisation", "household", "guardian")),
                created_at=now,
                created_by="demonstration",
                pretend=True,
            )
        )
    for number, member in enumerate(MEMBERS):
        person = people.add(
            DESK,
            Profile(name=member.name, note=member.note),
            notice="pretend",
            how="at the desk",
            keeps_photo=True,
        )
        people.enrol(
            DESK,
            person.person_id,
            np.random.default_rng(number).normal(size=128).astype(np.float32),
            recogniser=RECOGNISER,
            photos=[_QUALITY, _QUALITY],
            photo=portrait(member.face),
        )
