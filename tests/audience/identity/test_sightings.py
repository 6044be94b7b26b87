"""Sightings that devices send: ids alone, on their own topic; and where they are recorded."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from audience.errors import SheetRejected
from audience.identity.records import Sighting
from audience.identity.sealed import Profile
from audience.identity.sealed_picture import camera_of, open_picture, sealed_picture
from audience.identity.sightings import read_sighting, record_sighting, sighting_message, sighting_topic
from tests.audience.identity.conftest import Desk
from tests.audience.identity.test_searches import APPROVES, requested

TOPIC = "houselights/sightings/fair-1/gate/left"
JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 20
KEY = bytes(range(32))


@pytest.fixture
def sighting(desk: Desk) -> Sighting:
    roster = desk.roster("register", "list")
    return desk.sighting(roster, desk.member(roster, "Grace Hopper").person_id)


def test_a_sighting_arrives_as_it_was_sent(sighting: Sighting) -> None:
    assert sighting_topic("fair-1", "gate", "left") == TOPIC
    assert read_sighting(sighting_message(sighting), topic=TOPIC) == sighting
    alone = replace(sighting, runner_up=None)
    assert read_sighting(sighting_message(alone), topic=TOPIC) == alone


def test_a_message_holds_no_field_of_a_profile(sighting: Sighting) -> None:
    message = json.loads(sighting_message(sighting))
    assert not message.keys() & {field.name for field in fields(Profile)}
    assert b"Grace" not in sighting_message(sighting)


def test_the_topic_that_aws_iot_adds_authenticates_the_camera(sighting: Sighting) -> None:
    message = json.loads(sighting_message(sighting))
    assert read_sighting(json.dumps(message | {"topic": TOPIC}).encode()) == sighting
    for wrong in ({"topic": "houselights/sightings/fair-1/gate/right"}, {}):
        with pytest.raises(SheetRejected, match="topic"):
            read_sighting(json.dumps(message | wrong).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Grace"},
        {"schema": 2},
        {"at_ms": "now"},
        {"similarity": 9.0},
        {"camera": "left/#"},
        {"subject": 7},
        {"crops": 0},
        {"recogniser": "x" * 5000},
        {"format": "houselights-status"},
    ],
)
def test_anything_else_in_a_message_is_refused_in_one_line(sighting: Sighting, change: dict[str, object]) -> None:
    message = json.dumps(json.loads(sighting_message(sighting)) | change).encode()
    with pytest.raises(SheetRejected) as caught:
        read_sighting(message, topic=TOPIC)
    assert "\n" not in str(caught.value)


def test_a_sighting_is_recorded_once_and_never_of_who_withdrew(desk: Desk, sighting: Sighting) -> None:
    assert record_sighting(desk.store, sighting, now=lambda: desk.now)
    assert not record_sighting(desk.store, sighting, now=lambda: desk.now)
    assert desk.store.all(Sighting) == [sighting]
    desk.people().withdraw("list", sighting.subject_id)
    assert not record_sighting(desk.store, replace(sighting, sighting_id="s-2"), now=lambda: desk.now)
    assert desk.store.all(Sighting) == []


@pytest.mark.parametrize(
    "change", [{"stage_id": "hall"}, {"roster_id": "other"}, {"at_ms": 1}, {"at_ms": 2_000_000_000_000}]
)
def test_a_sighting_of_another_stage_roster_or_time_is_dropped(
    desk: Desk, sighting: Sighting, change: dict[str, object]
) -> None:
    assert not record_sighting(desk.store, replace(sighting, **change), now=lambda: desk.now)  # type: ignore[arg-type]


def test_the_picture_of_a_search_may_come_before_its_message_or_after(desk: Desk) -> None:
    roster = desk.roster("search", "missing", stages=("fair-1/*",))
    entry = requested(desk, roster)
    desk.searches(APPROVES).approve(*entry.key)
    for number, order in enumerate(((None, JPEG), (JPEG, None))):
        sighting = replace(desk.sighting(roster, entry.entry_id), sighting_id=f"s-{number}")
        for picture in order:
            record_sighting(desk.store, sighting, picture, now=lambda: desk.now)
        assert desk.store.get(Sighting, *sighting.key) == replace(sighting, picture=True)
        assert desk.searches(APPROVES).picture(sighting) == JPEG


def test_a_picture_is_read_by_nobody_without_the_cameras_key(sighting: Sighting) -> None:
    delivery = sealed_picture(sighting, JPEG, camera_key=KEY)
    assert JPEG[100:140] not in delivery.data
    assert sighting.subject_id.encode() not in delivery.data
    assert sighting.subject_id not in delivery.key
    camera = camera_of(delivery.key)
    assert camera == ("fair-1", "gate", "left")
    assert open_picture(delivery.data, camera, camera_key=KEY) == (sighting, JPEG)
    changed = delivery.data[:-1] + bytes([delivery.data[-1] ^ 1])
    for data, of, key in (
        (delivery.data, camera, bytes(32)),
        (delivery.data, ("fair-1", "gate", "right"), KEY),
        (changed, camera, KEY),
        (b"\xff\xd8\xff", camera, KEY),
    ):
        with pytest.raises(SheetRejected):
            open_picture(data, of, camera_key=key)


@pytest.mark.parametrize(
    "key", ["sheets/a/b/c/2026/05/04/09/1.jpg", "pictures/a/b/c/1.sealed", "pictures/../b/c.sealed"]
)
def test_a_key_that_is_no_pictures_is_refused(key: str) -> None:
    with pytest.raises(SheetRejected):
        camera_of(key)
