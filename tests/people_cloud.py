"""A site whose people are recognised by devices: three cameras, a broker, a bucket, and the store of people.

Cameras are what `python -m edge_lambda` makes of its settings, with a recogniser that needs no model: their bundles
come over real HTTP from S3's stand-in, their sightings go through a real broker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from audience.identity.bundle import BundleReader, bundle_name
from audience.identity.bundle_keys import camera_key, installation_key
from audience.identity.records import Sighting
from audience.identity.sealed_picture import sealed_picture
from audience.sessions import Session
from audience.store import Heartbeat
from audience.stores import open_identity, open_store
from edge_lambda.bundled import BucketSource, BundledRecognition, BundledRosters, SightingSender
from edge_lambda.delivery.s3_bucket import S3Bucket
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers.alignment import aligned
from edge_lambda.status.latest_sender import LatestStatusSender
from edge_lambda.status.mqtt import MqttTransport
from edge_lambda.tracking import TrackedFace
from houselights.bundling import BucketBundles, CameraBundles
from houselights.local_cloud.cloud import LocalCloud
from houselights.sighting_intake import PictureBucket, SightingIntake, listen, take_pictures
from tests.audience.identity.conftest import QUALITY, Desk
from tests.builders import a_heartbeat
from tests.edge.test_recognition import FACE, GRACE, TINY

CAMERAS = [("fair-1", "gate", name) for name in ("left", "middle", "right")]
VECTOR = TINY.templates([aligned(GRACE, FACE, TINY.geometry)])[0]
SEEN_EVERY_S = 0.2


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class SiteDevice:
    """A camera that recognises by bundles."""

    def __init__(self, camera: tuple[str, str, str], site: PeopleSite) -> None:
        self.camera, self.folder = camera, site.folder / camera[2]
        self.folder.mkdir()
        key = camera_key(site.desk.store, *camera, now=now())
        reader = BundleReader(
            public_key=installation_key(site.desk.store, now=now()).public,
            camera_key=key,
            session_id=camera[0],
            stage_id=camera[1],
            camera_id=camera[2],
            recogniser=TINY.name,
        )
        s3, name = site.cloud.client("s3"), site.cloud.stack.bucket
        bucket = S3Bucket(name, lambda: s3, now=now)

        def on_picture(sighting: Sighting, jpeg: bytes) -> None:
            bucket.put(sealed_picture(sighting, jpeg, camera_key=key))

        self.rosters = BundledRosters(
            BucketSource(lambda: s3, name, bundle_name(*camera)), reader, TINY, folder=self.folder, now=now
        )
        transport = MqttTransport("127.0.0.1", site.broker_port, client_id="", context=None)
        self.status = LatestStatusSender(transport, write_line=site.lines.append)
        self.recognition = BundledRecognition(
            self.rosters,
            TINY,
            camera=camera,
            sightings=SightingSender(self.status.publish, write_line=site.lines.append),
            on_picture=on_picture,
        )
        self._track = 0

    def passes(self, image: object = GRACE) -> None:
        """Somebody comes by: one track over two seconds."""
        self._track += 1
        at_ms = round(time.time() * 1000) - 2500
        for step in range(5):
            tracked = (TrackedFace(track=f"run-{self._track}", detection=FACE),)
            self.recognition.see(TrackedFrame(at_ms=at_ms + 500 * step, image=image, tracked=tracked))  # type: ignore[arg-type]

    def heartbeat(self) -> Heartbeat:
        """What it would send now."""
        at_ms = round(time.time() * 1000)
        return self.recognition.noted(replace(a_heartbeat(*self.camera), at_ms=at_ms, received_ms=at_ms))

    def people(self) -> int:
        """How many people it looks for now."""
        return sum(map(len, self.rosters.galleries().values()))

    def close(self) -> None:
        self.recognition.close()
        self.status.close()


class PeopleSite:
    """See the module."""

    def __init__(self, folder: Path, cloud: LocalCloud, broker_port: int, stack: ExitStack) -> None:
        self.folder, self.cloud, self.broker_port = folder, cloud, broker_port
        self.lines: list[str] = []
        store = stack.enter_context(open_identity(f"sqlite:///{folder / 'site.db'}"))
        self.desk = Desk(store, now=now())
        self.sessions = stack.enter_context(open_store(f"sqlite:///{folder / 'site.db'}"))
        self.sessions.put_session(Session(session_id="fair-1", title="Fair", started_at=now()))
        self.intake = SightingIntake(store, now=now, log=self.lines.append)
        stack.callback(listen("127.0.0.1", broker_port, self.intake, self.lines.append))
        self.bundles = CameraBundles(
            store,
            BucketBundles(cloud.client("s3"), cloud.stack.bucket),
            recogniser=TINY.name,
            now=now,
            sessions=self.sessions,
        )
        self.pictures = PictureBucket(cloud.client("s3"), cloud.stack.bucket)
        self.devices = [SiteDevice(camera, self) for camera in CAMERAS]
        for device in self.devices:
            stack.callback(device.close)
        self._stop = threading.Event()
        for work in (self._heartbeats, self._bundles):
            thread = threading.Thread(target=work)
            thread.start()
            stack.callback(thread.join)
        stack.callback(self._stop.set)

    def enrolled(self, roster_id: str, name: str) -> str:
        """Adds somebody with the face that comes by."""
        people = self.desk.people()
        person = self.desk.member(people.roster(roster_id), name)
        people.enrol(roster_id, person.person_id, VECTOR, recogniser=TINY.name, photos=[QUALITY])
        return person.person_id

    def take_pictures(self) -> int:
        """Takes in the pictures that cameras delivered."""
        return take_pictures(self.pictures, self.intake)

    def seconds_until(self, condition: Callable[[], object], *, at_most: float) -> float:
        """How long it takes until something holds; at_most and more where it does not."""
        began = time.monotonic()
        while not condition() and time.monotonic() - began < at_most:
            time.sleep(0.05)
        return time.monotonic() - began

    def places_with(self, *wanted: bytes) -> list[str]:
        """Where any of some bytes are kept: files of stores and devices, the bucket, the collections."""
        kept = {str(file): file.read_bytes() for file in self.folder.rglob("*") if file.is_file()}
        s3, bucket = self.cloud.client("s3"), self.cloud.stack.bucket
        for one in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            kept[one["Key"]] = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() + one["Key"].encode()
        kept["the collections"] = self.cloud.rekognition.collections.kept_bytes()
        return [place for place, content in kept.items() if any(one in content for one in wanted)]

    def _heartbeats(self) -> None:
        while not self._stop.wait(SEEN_EVERY_S):
            for device in self.devices:
                self.sessions.put_heartbeat(device.heartbeat())

    def _bundles(self) -> None:
        self.bundles.run(self._stop, self.lines.append)


@contextmanager
def a_people_site(folder: Path, cloud: LocalCloud, broker_port: int) -> Iterator[PeopleSite]:
    """A site that runs until the context ends."""
    with ExitStack() as stack:
        yield PeopleSite(folder, cloud, broker_port, stack)
