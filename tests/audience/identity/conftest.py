"""A store of people, a clock that stands still, and people as tests need them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from audience.identity.gate import CONDITIONS
from audience.identity.people import People
from audience.identity.records import Person, PhotoQuality, Purpose, Roster, Sighting, new_id
from audience.identity.sealed import Profile, Vector
from audience.identity.searches import Searches
from audience.identity.store import IdentityStore
from audience.stores import open_identity

BEGAN = datetime(2026, 5, 4, 9, tzinfo=UTC)
QUALITY = PhotoQuality(face_px=120, sharpness=0.8, brightness=0.6, turn=0.1)


def vector(seed: int) -> Vector:
    """A template; those of different seeds are nearly orthogonal."""
    return np.random.default_rng(seed).normal(size=128).astype(np.float32)


@dataclass
class Desk:
    """A store and its clock, and whoever acts."""

    store: IdentityStore
    now: datetime = field(default=BEGAN)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def people(self, actor: str = "ada@example.org", **named: object) -> People:
        return People(self.store, actor=actor, now=lambda: self.now, **named)  # type: ignore[arg-type]

    def searches(self, actor: str) -> Searches:
        return Searches(self.store, actor=actor, now=lambda: self.now)

    def roster(self, purpose: Purpose = "register", roster_id: str = "", **named: object) -> Roster:
        fields: dict[str, object] = {
            "roster_id": roster_id or purpose.replace(" ", "-"),
            "purpose": purpose,
            "setting": "home" if purpose == "panel" else "event",
            "country": "CH",
            "stages": ("fair-*/gate",) if purpose != "search" else ("fair-*/*",),
            "accepted": tuple(CONDITIONS),
            "created_at": self.now,
            "created_by": "ada@example.org",
        }
        return self.people().set_up(Roster(**(fields | named)))  # type: ignore[arg-type]

    def member(self, roster: Roster, name: str = "Grace", seed: int = 1, **named: object) -> Person:
        people = self.people()
        person = people.add(roster.roster_id, Profile(name=name), notice="2026-1", how="at the desk", **named)  # type: ignore[arg-type]
        people.enrol(roster.roster_id, person.person_id, vector(seed), recogniser="none-1+00000000", photos=[QUALITY])
        return person

    def sighting(self, roster: Roster, subject_id: str, **named: object) -> Sighting:
        fields: dict[str, object] = {
            "roster_id": roster.roster_id,
            "subject_id": subject_id,
            "sighting_id": new_id("s"),
            "session_id": "fair-1",
            "stage_id": "gate",
            "camera_id": "left",
            "at_ms": round(self.now.timestamp() * 1000),
            "similarity": 0.96,
            "runner_up": 0.9,
            "crops": 3,
            "recogniser": "none-1+00000000",
        }
        return Sighting(**(fields | named))  # type: ignore[arg-type]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_identity(f"sqlite:///{tmp_path / 'a.db'}") as store:
        yield Desk(store)
