"""`watch --recognise` in a household: minutes of its members, and nothing while it wants privacy."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audience.errors import InvalidValue
from audience.identity import thresholds
from audience.identity.households import SeenMinute, Tap
from audience.identity.matching import Gallery, TrackMatcher
from audience.identity.panels import HouseholdPanel
from audience.identity.people import People
from audience.identity.records import Sighting
from audience.stores import open_identity
from edge_lambda.detectors import Detection
from edge_lambda.facing import LEAST_HEIGHT, HeadPose, RoomAxis
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers.alignment import aligned
from edge_lambda.tracking import TrackedFace
from houselights import household_camera, recognising
from houselights.recognising import CameraRecognition
from tests.audience.identity.conftest import QUALITY, Desk
from tests.edge.test_recognition import FACE, GRACE, STRANGER, TINY

MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "TABLE", {TINY.name: {(1, 1, 40): (0.5,) * len(thresholds.ROSTERS)}})
    monkeypatch.setattr(recognising, "REFRESH_S", 0.0)
    monkeypatch.setattr(household_camera, "ASKS_S", 0.0)


class Room:
    """A living room with a camera; Grace belongs to the household, and is enrolled."""

    def __init__(self, desk: Desk) -> None:
        self.store, self.lines = desk.store, list[str]()
        desk.now = datetime.now(UTC) - timedelta(hours=2)
        self.began_ms = round(desk.now.timestamp() * 1000) // MINUTE_MS * MINUTE_MS + MINUTE_MS
        people, roster = desk.people(), desk.roster("panel", "panel", stages=("evening-*/home-*",))
        self.panel = HouseholdPanel(desk.store, actor="ada", now=lambda: datetime.now(UTC))
        self.homes = [self.panel.set_up("panel", name) for name in ("home-1", "home-2")]
        vector = TINY.templates([aligned(GRACE, FACE, TINY.geometry)])[0]
        self.grace = desk.member(roster, "Grace").person_id
        people.enrol("panel", self.grace, vector, recogniser=TINY.name, photos=[QUALITY])
        self.panel.add_member(self.homes[0], self.grace)

    def camera(self, stage_id: str = "home-1") -> CameraRecognition:
        return CameraRecognition(
            self.store,
            ["panel"],
            session_id="evening-1",
            stage_id=stage_id,
            camera_id="shelf",
            setting="home",
            country="CH",
            recogniser=TINY,
            log=self.lines.append,
            room=RoomAxis("yunet-1", HeadPose(0, 0)),
        )

    def seen(
        self, camera: CameraRecognition, image=GRACE, *, minutes: int = 3, track: str = "run-1", then: Detection = FACE
    ) -> list:
        """The minutes of a face, which is another detection of the same track after the first minute."""
        for at_ms in range(self.began_ms, self.began_ms + minutes * MINUTE_MS, 500):
            first = at_ms < self.began_ms + MINUTE_MS
            tracked = (TrackedFace(track=track, detection=FACE if first else then),)
            camera.see(TrackedFrame(at_ms=at_ms, image=image, tracked=tracked))
        camera.close()
        return self.store.all(SeenMinute)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with open_identity(f"sqlite:///{tmp_path / 'a.db'}") as store:
        yield Room(Desk(store))


def test_a_member_before_the_set_is_there_in_every_minute_and_no_sighting_is_kept(room: Room) -> None:
    minutes = room.seen(room.camera())
    assert [one.minute_ms for one in minutes] == [room.began_ms + at * MINUTE_MS for at in range(3)]
    assert [one.looked_s for one in minutes] == [60, 60, 60]
    for one in minutes:
        (seen,) = one.seen
        assert (seen.people, seen.at_once) == ((room.grace,), 1)
        assert seen.seconds >= 58
        assert seen.facing_s == seen.in_view_s
        assert seen.smiling_s is None
    assert room.store.all(Sighting) == []
    assert room.grace not in "".join(room.lines)


def test_a_head_that_bends_down_is_in_view_and_not_turned_to_the_screen(room: Room) -> None:
    eyes = ((170, 130), (220, 130))
    bent = replace(FACE, landmarks=(*eyes, (195, 172), (175, 180), (215, 180)))
    _, *later = [one.seen[0] for one in room.seen(room.camera(), then=bent)]
    assert [one.facing_s for one in later] == [0, 0]
    assert all(one.in_view_s >= 58 for one in later)


def test_of_a_far_face_it_is_not_known_where_it_is_turned(room: Room) -> None:
    far = replace(FACE, height=LEAST_HEIGHT - 1)
    _, *later = [one.seen[0] for one in room.seen(room.camera(), then=far)]
    assert [one.facing_s for one in later] == [None, None]


def test_of_a_stranger_only_that_there_is_one(room: Room) -> None:
    assert [one.people for minute in room.seen(room.camera(), STRANGER) for one in minute.seen] == [()] * 3


def test_somebody_of_another_household_is_nobody_here(room: Room) -> None:
    assert room.seen(room.camera("home-2")) == []  # nobody of it is enrolled, so its camera compares nobody


def test_while_the_household_wants_privacy_nobody_is_looked_at(room: Room) -> None:
    at_ms = round(datetime.now(UTC).timestamp() * 1000) - 1000
    wish = Tap(roster_id="panel", household_id="home-1", tap_id="t1", at_ms=at_ms, action="privacy on")
    room.panel.take(room.homes[0], [wish])
    assert room.seen(room.camera()) == []
    assert room.lines == []


def galleries_and_tracks() -> list[object]:
    """Every gallery with somebody in it, and every track with its crops, in the memory of this process."""
    gc.collect()
    return [
        one for one in gc.get_objects() if isinstance(one, TrackMatcher) or (isinstance(one, Gallery) and len(one) > 0)
    ]


def test_whoever_withdraws_during_privacy_leaves_the_cameras_memory(room: Room) -> None:
    elsewhere = galleries_and_tracks()
    camera = room.camera()
    room.seen(camera, minutes=1)
    assert len(galleries_and_tracks()) > len(elsewhere)
    at_ms = round(datetime.now(UTC).timestamp() * 1000) - 1000
    wish = Tap(roster_id="panel", household_id="home-1", tap_id="t1", at_ms=at_ms, action="privacy on")
    room.panel.take(room.homes[0], [wish])
    People(room.store, actor="ada", now=lambda: datetime.now(UTC)).withdraw("panel", room.grace)
    camera.see(TrackedFrame(at_ms=room.began_ms + 2 * MINUTE_MS, image=GRACE, tracked=()))
    assert len(galleries_and_tracks()) == len(elsewhere)


def test_a_stage_that_is_no_household_is_refused_in_a_line(room: Room) -> None:
    with pytest.raises(InvalidValue, match="home-9"):
        room.camera("home-9")
