"""People in the cloud: how long a withdrawal and an approval take to reach three devices, and what goes over topics.

On the stand-ins that the tests use: S3 and Rekognition over real HTTP, a real MQTT broker, devices that poll every five
seconds as they do at work.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Final
from unittest import mock

import numpy as np
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from audience.identity import thresholds
from audience.identity.records import Sighting
from audience.identity.sealed import Profile
from bench.figures import Figure
from houselights.local_cloud.cloud import running_cloud
from houselights.local_cloud.stack import Stack
from ingest_lambda.rekognition_people import RekognitionPeople
from tests.audience.identity.test_searches import APPROVES, requested
from tests.edge.test_recognition import STRANGER, TINY
from tests.local_cloud.pictures import encoded
from tests.mosquitto import a_broker
from tests.people_cloud import VECTOR, PeopleSite, a_people_site, now
from tests.portraits import portrait

TIMES: Final = 8
_GIVE_UP_S: Final = 90.0
_NAME: Final = b"Grace Hopper of the bench"


class _Topics:
    """Everything that is said on a broker."""

    def __init__(self, port: int) -> None:
        self.messages: list[bytes] = []
        ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _client, _data, message: self.messages.append(bytes(message.payload))
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("#", qos=1)
        ready.wait(_GIVE_UP_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def run() -> Iterator[Figure]:
    """Measures; takes about two minutes."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        table = {TINY.name: {(1, 1, 40): (0.5,) * len(thresholds.ROSTERS)}}
        stack.enter_context(mock.patch.object(thresholds, "TABLE", table))
        broker = stack.enter_context(a_broker(folder, "allow_anonymous true"))
        broker.start()
        topics = _Topics(broker.port)
        stack.callback(topics.close)
        cloud = stack.enter_context(running_cloud(Stack(name="bench-people")))
        (folder / "site").mkdir()
        site = stack.enter_context(a_people_site(folder / "site", cloud, broker.port))
        yield from _approvals(site)
        yield from _withdrawals(site)
        yield from _topics(site, topics)


def _approvals(site: PeopleSite) -> Iterator[Figure]:
    roster = site.desk.roster("search", "missing", stages=("fair-1/*",))
    took = []
    for _ in range(TIMES):
        entry = requested(site.desk, roster, vector=VECTOR, recogniser=TINY.name)
        site.desk.searches(APPROVES).approve(*entry.key)
        took.append(site.seconds_until(lambda: all(device.people() for device in site.devices), at_most=_GIVE_UP_S))
        site.desk.searches(APPROVES).end(entry.roster_id, entry.entry_id, "found")
        site.seconds_until(lambda: not any(device.people() for device in site.devices), at_most=_GIVE_UP_S)
    yield Figure(
        name=f"search approved → looked for by three devices, p95 of {TIMES}",
        value=float(np.quantile(took, 0.95)),
        unit="s",
        reach=10,
        direction="at most",
    )


def _withdrawals(site: PeopleSite) -> Iterator[Figure]:
    site.desk.roster("register", "list", stages=("fair-1/*",))
    collection = RekognitionPeople(site.cloud.client("rekognition"), now=now)
    photo = encoded(portrait(400), ".jpg")
    took, left, waiting = [], 0, 0
    for _ in range(TIMES):
        person_id = site.enrolled("list", _NAME.decode())
        collection.enrol("list", person_id, [photo])
        site.seconds_until(lambda: all(device.people() for device in site.devices), at_most=_GIVE_UP_S)
        seen_by = site.devices[0]
        seen_by.passes()
        seen_by.passes(STRANGER)
        site.seconds_until(lambda: site.desk.store.all(Sighting, "list"), at_most=_GIVE_UP_S)
        began = now()
        receipt = site.desk.people(elsewhere=[collection, site.bundles]).withdraw("list", person_id)
        took.append((now() - began).total_seconds())
        waiting += not receipt.is_complete
        left += len(site.places_with(VECTOR.astype("<f4").tobytes(), _NAME))
        # In the store of people the id stays, in the audit trail.
        own = str(site.folder / "site.db-people")
        left += sum(not place.startswith(own) for place in site.places_with(person_id.encode()))
        left += sum(device.people() for device in site.devices)
    what = "withdrawn → gone from store, collection and three devices"
    yield Figure(name=f"{what}, longest of {TIMES}", value=max(took), unit="s", reach=60, direction="at most")
    yield Figure(name=f"{what}: places with bytes of theirs left", value=left, reach=0, direction="exactly")
    yield Figure(name=f"{what}: receipts that still wait", value=waiting, reach=0, direction="exactly")


def _topics(site: PeopleSite, topics: _Topics) -> Iterator[Figure]:
    """What went over topics meanwhile."""
    profile = {field.name for field in fields(Profile)}
    found = 0
    for message in topics.messages:
        found += len(profile & json.loads(message).keys())
        found += _NAME in message
    yield Figure(name="messages on topics", value=len(topics.messages), unit="messages")
    yield Figure(name="profile fields on a topic", value=found, reach=0, direction="exactly")
