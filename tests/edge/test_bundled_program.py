"""The device's program with a camera's keys: it fetches its bundle, says whom it saw, and acknowledges the bundle."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audience.identity import thresholds
from audience.identity.bundle import Bundle, SigningKey, bundle_name, new_camera_key, pack
from audience.identity.people import KnownFace
from audience.identity.sealed_picture import camera_of, open_picture
from audience.identity.sightings import read_sighting
from audience.identity.thresholds import VERSION
from audience.monitoring.status import read_status
from edge_lambda import program
from edge_lambda.detectors.load import load_detector
from edge_lambda.recognisers import load
from edge_lambda.recognisers.alignment import aligned
from tests.mosquitto import Listener, a_broker
from tests.portraits import people_video, portrait
from tests.tiny_recogniser import TinyRecogniser

TINY = TinyRecogniser()
CAMERA = ("talk-1", "main", "cam-1")
SIGNER, KEY = SigningKey.new(), new_camera_key()


def whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def put_bundle(bucket: Path, *, number: int) -> None:
    """A bundle with the person of the portrait, in whose sightings somebody confirms."""
    image = portrait(320)
    (face,) = load_detector().detect(image)
    vector = TINY.templates([aligned(image, face, TINY.geometry)])[0]
    known = KnownFace(roster_id="missing", subject_id="w-1", vector=vector, recogniser=TINY.name, photos=2)
    made = whole_second(datetime.now(UTC))
    bundle = Bundle(
        session_id=CAMERA[0],
        stage_id=CAMERA[1],
        camera_id=CAMERA[2],
        rosters=("missing",),
        number=number,
        recogniser=TINY.name,
        thresholds=VERSION,
        made_at=made,
        expires_at=made + timedelta(hours=24),
        faces=(known,),
        pictures=("missing",),
    )
    file = bucket / bundle_name(*CAMERA)
    file.parent.mkdir(parents=True)
    file.write_bytes(pack(bundle, signing_key=SIGNER, camera_key=KEY))


def test_a_device_recognises_the_people_of_its_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "TABLE", {TINY.name: {(1, 1, 40): (0.5,) * len(thresholds.ROSTERS)}})
    monkeypatch.setattr(load, "load_recogniser", lambda name: TINY)
    bucket = tmp_path / "bucket"
    put_bundle(bucket, number=41)
    clip = people_video(tmp_path / "people.mp4", [1] * 7, side=320)
    with a_broker(tmp_path, "allow_anonymous true") as broker:
        broker.start()
        listener = Listener(broker)
        try:
            code = program.run(
                {
                    "HOUSELIGHTS_SOURCE": f"file:{clip}",
                    "HOUSELIGHTS_SESSION": CAMERA[0],
                    "HOUSELIGHTS_SCORING": "cloud",
                    "HOUSELIGHTS_EVERY_S": "0.5",
                    "HOUSELIGHTS_BUCKET": f"dir:{bucket}",
                    "HOUSELIGHTS_OUTBOX": str(tmp_path / "outbox"),
                    "HOUSELIGHTS_STATUS": f"mqtt://127.0.0.1:{broker.port}",
                    "HOUSELIGHTS_CAMERA_KEY": KEY.hex(),
                    "HOUSELIGHTS_SIGNER": SIGNER.public.hex(),
                }
            )
            assert code == 0
            heard = [listener.next()]
            while json.loads(heard[-1].payload).get("state") != "finished":
                heard.append(listener.next())
        finally:
            listener.close()
    beats = [read_status(bytes(one.payload)) for one in heard if one.topic.endswith("/status")]
    assert beats[-1].bundle == 41
    (sighting,) = [read_sighting(bytes(one.payload), topic=one.topic) for one in heard if "/sightings/" in one.topic]
    assert (sighting.subject_id, sighting.camera_id, sighting.crops) == ("w-1", "cam-1", 3)
    (picture,) = bucket.rglob("*.sealed")
    key = picture.relative_to(bucket).as_posix()
    of, jpeg = open_picture(picture.read_bytes(), camera_of(key), camera_key=KEY)
    assert of == sighting
    assert jpeg[:3] == b"\xff\xd8\xff"
