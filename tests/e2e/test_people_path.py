"""People in the cloud, end to end: approved, looked for by three devices, seen, and gone after a withdrawal.

Bundles and pictures go over real HTTP through S3's stand-in, sightings through a real MQTT broker, and the collection
is the local Rekognition's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from uuid import uuid4

import pytest

from audience.identity import thresholds
from audience.identity.records import Sighting
from audience.identity.sealed import Profile
from houselights.local_cloud.cloud import running_cloud
from houselights.local_cloud.stack import Stack
from ingest_lambda.rekognition_people import RekognitionPeople
from tests.audience.identity.test_searches import APPROVES, requested
from tests.edge.test_recognition import STRANGER, TINY
from tests.local_cloud.pictures import encoded
from tests.mosquitto import Listener, a_broker
from tests.people_cloud import VECTOR, PeopleSite, a_people_site, now
from tests.portraits import portrait
from tests.ticking import limit_s, until


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PeopleSite]:
    monkeypatch.setattr(thresholds, "TABLE", {TINY.name: {(1, 1, 40): (0.5,) * len(thresholds.ROSTERS)}})
    with (
        a_broker(tmp_path, "allow_anonymous true") as broker,
        running_cloud(Stack(name=f"test-{uuid4().hex[:12]}")) as cloud,
    ):
        broker.start()
        (tmp_path / "site").mkdir()
        with a_people_site(tmp_path / "site", cloud, broker.port) as running:
            running.listener = Listener(broker)  # type: ignore[attr-defined]
            try:
                yield running
            finally:
                running.listener.close()  # type: ignore[attr-defined]


def test_a_search_is_looked_for_once_approved_and_a_sighting_reaches_those_who_confirm(site: PeopleSite) -> None:
    roster = site.desk.roster("search", "missing", stages=("fair-1/*",))
    entry = requested(site.desk, roster, vector=VECTOR, recogniser=TINY.name)
    left = site.devices[0]
    until(lambda: left.rosters.number)
    left.passes()
    site.desk.searches(APPROVES).approve(*entry.key)
    waited_s = site.seconds_until(lambda: all(device.people() for device in site.devices), at_most=limit_s(60))
    assert waited_s <= limit_s(10)
    left.passes(STRANGER)
    left.passes()
    until(lambda: site.desk.store.all(Sighting))
    until(site.take_pictures)
    (sighting,) = site.desk.store.all(Sighting)
    assert (sighting.subject_id, sighting.camera_id, sighting.picture) == (entry.entry_id, "left", True)
    assert (site.desk.searches(APPROVES).picture(sighting) or b"")[:2] == b"\xff\xd8"
    heard = site.listener.next()  # type: ignore[attr-defined]
    assert heard.topic == "houselights/sightings/fair-1/gate/left"
    assert not json.loads(heard.payload).keys() & {field.name for field in fields(Profile)}
    assert site.listener.silent_for(0.3)  # type: ignore[attr-defined] # nothing of the stranger


def test_who_withdraws_is_gone_from_store_collection_and_three_devices(site: PeopleSite) -> None:
    site.desk.roster("register", "list", stages=("fair-1/*",))
    grace = site.enrolled("list", "Grace Hopper")
    collection = RekognitionPeople(site.cloud.client("rekognition"), now=now)
    collection.enrol("list", grace, [encoded(portrait(400), ".jpg")])
    until(lambda: all(device.people() for device in site.devices))
    site.devices[1].passes()
    until(lambda: site.desk.store.all(Sighting))
    traces = (grace.encode(), VECTOR.astype("<f4").tobytes(), b"Grace Hopper")
    assert site.places_with(*traces)
    began = now()
    receipt = site.desk.people(elsewhere=[collection, site.bundles]).withdraw("list", grace)
    took_s = (now() - began).total_seconds()
    assert took_s <= limit_s(60)
    assert receipt.is_complete
    assert [removal.place for removal in receipt.removals] == [
        "this store",
        "the collection in the cloud",
        *(f"camera fair-1/gate/{name}" for name in ("left", "middle", "right")),
    ]
    assert [device.people() for device in site.devices] == [0, 0, 0]
    # The audit trail keeps that there was an enrolment, under an id that stands for nobody any more.
    left = [place for place in site.places_with(*traces) if not place.endswith(("-people", "-people-wal"))]
    assert left == []
    assert [place for place in site.places_with(*traces[1:])] == []
    for device in site.devices:
        device.passes()
    assert site.desk.store.all(Sighting) == []
