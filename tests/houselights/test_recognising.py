"""`watch --recognise` on one machine: a roster is followed as it changes, and sightings reach what the purpose says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audience.errors import AccessRefused, InvalidValue
from audience.identity import thresholds
from audience.identity.records import Sighting
from audience.stores import open_identity
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers.alignment import aligned
from edge_lambda.tracking import TrackedFace
from houselights import recognising
from houselights.recognising import CameraRecognition
from tests.audience.identity.conftest import QUALITY, Desk
from tests.audience.identity.test_searches import APPROVES, requested
from tests.edge.test_recognition import FACE, GRACE, TINY


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "TABLE", {TINY.name: {(1, 1, 40): (0.5,) * len(thresholds.ROSTERS)}})
    monkeypatch.setattr(recognising, "REFRESH_S", 0.0)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_identity(f"sqlite:///{tmp_path / 'a.db'}") as store:
        yield Desk(store, now=datetime.now(UTC))  # searches and consents are asked by the wall clock here


class Gate:
    """A camera at the gate of the fair."""

    def __init__(self, desk: Desk, *rosters: str) -> None:
        self.lines: list[str] = []
        self.recognition = CameraRecognition(
            desk.store,
            rosters,
            session_id="fair-1",
            stage_id="gate",
            camera_id="left",
            setting="event",
            country="CH",
            recogniser=TINY,
            log=self.lines.append,
        )
        self._at_ms = round(desk.now.timestamp() * 1000)
        self._track = 0

    def passes(self) -> None:
        """Somebody comes in: one track over two seconds."""
        self._track += 1
        for _ in range(5):
            self._at_ms += 500
            tracked = (TrackedFace(track=f"run-{self._track}", detection=FACE),)
            self.recognition.see(TrackedFrame(at_ms=self._at_ms, image=GRACE, tracked=tracked))


def enrolled(desk: Desk, roster_id: str, name: str = "Grace") -> str:
    people = desk.people()
    person = desk.member(people.roster(roster_id), name)
    vector = TINY.templates([aligned(GRACE, FACE, TINY.geometry)])[0]
    people.enrol(roster_id, person.person_id, vector, recogniser=TINY.name, photos=[QUALITY])
    return person.person_id


def test_a_registered_person_is_seen_until_they_withdraw(desk: Desk) -> None:
    desk.roster("register", "list")
    gate = Gate(desk, "list")
    gate.passes()
    assert desk.store.all(Sighting) == []
    person_id = enrolled(desk, "list")
    gate.passes()
    (sighting,) = desk.store.all(Sighting)
    assert (sighting.subject_id, sighting.stage_id, sighting.camera_id) == (person_id, "gate", "left")
    assert "Grace" not in "".join(gate.lines)
    desk.people().withdraw("list", person_id)
    gate.passes()
    assert desk.store.all(Sighting) == []


def test_a_member_is_seen_at_the_desk_only_while_checked_in(desk: Desk) -> None:
    roster = desk.roster("welcome desk", "members")
    person_id = enrolled(desk, "members")
    gate = Gate(desk, "members")
    gate.passes()
    assert desk.store.all(Sighting) == []
    desk.people().check_in(roster.roster_id, person_id)
    gate.passes()
    assert len(desk.store.all(Sighting)) == 1


def test_a_search_begins_with_its_approval_and_keeps_a_sealed_picture(desk: Desk, tmp_path: Path) -> None:
    roster = desk.roster("search", "missing", stages=("fair-1/*",))
    vector = TINY.templates([aligned(GRACE, FACE, TINY.geometry)])[0]
    entry = requested(desk, roster, vector=vector, recogniser=TINY.name)
    gate = Gate(desk, "missing")
    gate.passes()
    assert desk.store.all(Sighting) == []
    desk.searches(APPROVES).approve(*entry.key)
    gate.passes()
    (sighting,) = desk.store.all(Sighting)
    picture = desk.searches(APPROVES).picture(sighting)
    assert picture is not None
    assert picture[:2] == b"\xff\xd8"
    assert all(picture[50:90] not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_template_of_another_model_is_named_and_the_others_are_recognised(desk: Desk) -> None:
    roster = desk.roster("register", "list")
    desk.member(roster, "Alan")  # by another model
    enrolled(desk, "list")
    gate = Gate(desk, "list")
    gate.passes()
    assert len(desk.store.all(Sighting)) == 1
    assert any("enrol anew" in line for line in gate.lines)


@pytest.mark.parametrize("roster_id", ["nobody", "hall-only"])
def test_a_roster_that_is_not_for_this_stage_is_refused_in_a_line(desk: Desk, roster_id: str) -> None:
    desk.roster("register", "hall-only", stages=("fair-1/hall",))
    with pytest.raises(InvalidValue, match=roster_id):
        Gate(desk, roster_id)


def test_a_camera_at_a_workplace_recognises_nobody_whatever_the_roster_names(desk: Desk) -> None:
    desk.roster("register", "list", stages=("*/*",))
    with pytest.raises(AccessRefused, match="At work"):
        CameraRecognition(
            desk.store,
            ["list"],
            session_id="office",
            stage_id="main",
            camera_id="left",
            setting="workplace",
            country="CH",
            recogniser=TINY,
            log=print,
        )
