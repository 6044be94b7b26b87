"""The people of a camera's bundle: taken where it may be used, and refused in one line where it must not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audience.errors import StatusNotSent
from audience.identity import thresholds
from audience.identity.bundle import Bundle, BundleReader, SigningKey, bundle_name, new_camera_key, pack
from audience.identity.people import KnownFace
from audience.identity.records import Sighting
from audience.identity.sightings import read_sighting
from audience.identity.thresholds import VERSION
from edge_lambda.bundled import BundledRecognition, BundledRosters, FolderSource, SightingSender
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers.alignment import aligned
from edge_lambda.tracking import TrackedFace
from tests.builders import a_heartbeat
from tests.edge.test_recognition import FACE, GRACE, TINY
from tests.ticking import until

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
CAMERA = ("fair-1", "gate", "left")
SIGNER, KEY = SigningKey.new(), new_camera_key()
VECTOR = TINY.templates([aligned(GRACE, FACE, TINY.geometry)])[0]


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "TABLE", {TINY.name: {(1, 1, 40): (0.5,) * len(thresholds.ROSTERS)}})


def bundle(number: int = 7, *people: str, **named: object) -> Bundle:
    faces = tuple(
        KnownFace(roster_id="missing", subject_id=person, vector=VECTOR, recogniser=TINY.name, photos=2)
        for person in sorted(people or ("w-1",))
    )
    fields: dict[str, object] = {
        "session_id": CAMERA[0],
        "stage_id": CAMERA[1],
        "camera_id": CAMERA[2],
        "rosters": ("missing",),
        "number": number,
        "recogniser": TINY.name,
        "thresholds": VERSION,
        "made_at": NOW,
        "expires_at": NOW + timedelta(hours=24),
        "faces": faces,
        "pictures": ("missing",),
    }
    return Bundle(**(fields | named))  # type: ignore[arg-type]


class Device:
    """What a device does with bundles, its clock, and the folder they lie in."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.folder = folder
        self.file = folder / bundle_name(*CAMERA)
        self.file.parent.mkdir(parents=True)
        self.reader = BundleReader(
            public_key=SIGNER.public,
            camera_key=KEY,
            session_id=CAMERA[0],
            stage_id=CAMERA[1],
            camera_id=CAMERA[2],
            recogniser=TINY.name,
        )
        self.start()

    def start(self) -> None:
        self.rosters = BundledRosters(
            FolderSource(self.file), self.reader, TINY, folder=self.folder, now=lambda: self.now
        )

    def put(self, made: Bundle, *, signer: SigningKey = SIGNER, key: bytes = KEY) -> None:
        self.put_bytes(pack(made, signing_key=signer, camera_key=key))

    def put_bytes(self, content: bytes) -> None:
        new = self.file.with_suffix(".new")
        new.write_bytes(content)
        new.replace(self.file)

    @property
    def people(self) -> int:
        return sum(map(len, self.rosters.galleries().values()))


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def test_the_newest_bundle_says_whom_to_recognise(device: Device) -> None:
    assert device.people == 0
    device.put(bundle(7))
    device.rosters.refresh()
    assert (device.people, device.rosters.number, device.rosters.problem) == (1, 7, "")
    device.put(bundle(8, "w-1", "w-2"))
    device.rosters.refresh()
    assert (device.people, device.rosters.number) == (2, 8)


def test_a_bundle_that_did_not_change_is_not_read_again(device: Device) -> None:
    device.put(bundle())
    device.rosters.refresh()
    before = device.rosters.galleries()["missing"]
    device.rosters.refresh()
    assert device.rosters.galleries()["missing"] is before  # else each track would be compared again


@pytest.mark.parametrize(
    ("put", "says"),
    [
        (lambda device: device.put(bundle(9), signer=SigningKey.new()), "not used"),
        (lambda device: device.put(bundle(9), key=new_camera_key()), "another key"),
        (lambda device: device.put(bundle(9, stage_id="hall")), "fair-1/hall/left"),
        (lambda device: device.put(bundle(6)), "number 6"),
        (
            lambda device: device.put(
                bundle(9, made_at=NOW - timedelta(hours=30), expires_at=NOW - timedelta(hours=6))
            ),
            "expired",
        ),
        (
            lambda device: device.put(bundle(9, made_at=NOW + timedelta(hours=1), expires_at=NOW + timedelta(hours=9))),
            "clock is behind",
        ),
        (lambda device: device.put(bundle(9, recogniser="other-1+0", faces=())), "other-1"),
        (lambda device: device.put(bundle(9, thresholds="99")), "thresholds"),
        (lambda device: device.put_bytes(b"HLbundle"), "cut off"),
    ],
)
def test_a_bundle_that_must_not_be_used_is_one_line_and_the_one_before_stands(
    device: Device, put: Callable[[Device], None], says: str
) -> None:
    device.put(bundle(7))
    device.rosters.refresh()
    put(device)
    device.rosters.refresh()
    assert says in device.rosters.problem
    assert "\n" not in device.rosters.problem
    assert (device.people, device.rosters.number) == (1, 7)


def test_once_the_clock_is_set_the_bundle_is_taken(device: Device) -> None:
    device.put(bundle(9))
    device.now -= timedelta(hours=2)
    device.rosters.refresh()
    assert device.people == 0
    device.now += timedelta(hours=2)
    device.rosters.refresh()
    assert (device.people, device.rosters.problem) == (1, "")


def test_a_stale_bundle_stops_matching(device: Device) -> None:
    device.put(bundle())
    device.rosters.refresh()
    device.now += timedelta(hours=24)
    assert device.people == 0
    assert "expired" in device.rosters.problem


def test_a_restart_does_not_bring_back_who_was_removed(device: Device) -> None:
    old = bundle(7, "w-1", "w-2")
    device.put(bundle(8, "w-1"))
    device.rosters.refresh()
    device.put(old)
    device.start()
    device.rosters.refresh()
    assert device.people == 0
    assert "number 7" in device.rosters.problem


def test_where_the_bundle_was_taken_away_nobody_is_recognised(device: Device) -> None:
    device.put(bundle())
    device.rosters.refresh()
    device.file.unlink()
    device.rosters.refresh()
    assert device.people == 0
    assert "no bundle" in device.rosters.problem


def test_a_heartbeat_acknowledges_the_bundle_and_names_what_is_wrong(device: Device) -> None:
    sender = SightingSender(lambda topic, message: None, write_line=print)
    recognition = BundledRecognition(
        device.rosters, TINY, camera=CAMERA, sightings=sender, on_picture=lambda *_: None, poll_s=0.02
    )
    beat = a_heartbeat("fair-1", "gate", "left", detail="dark")
    try:
        assert recognition.noted(beat).bundle is None
        device.put(bundle(7))
        until(lambda: recognition.noted(beat).bundle == 7)
        assert recognition.noted(beat) == replace(beat, bundle=7)
        device.put(bundle(6))
        until(lambda: "number 6" in recognition.noted(beat).detail)
        assert recognition.noted(beat).detail.startswith("dark; ")
    finally:
        recognition.close()


def test_a_sighting_is_published_by_ids_alone_and_its_picture_goes_another_way(device: Device) -> None:
    sent: list[tuple[str, bytes]] = []
    pictures: list[tuple[Sighting, bytes]] = []
    refusals = ["the network is away"]

    def publish(topic: str, message: bytes) -> None:
        if refusals:
            raise StatusNotSent(refusals.pop())
        sent.append((topic, message))

    device.put(bundle())
    device.rosters.refresh()
    lines: list[str] = []
    recognition = BundledRecognition(
        device.rosters,
        TINY,
        camera=CAMERA,
        sightings=SightingSender(publish, write_line=lines.append),
        on_picture=lambda sighting, jpeg: pictures.append((sighting, jpeg)),
    )
    for at_ms in range(0, 2500, 500):
        recognition.see(TrackedFrame(at_ms=at_ms, image=GRACE, tracked=(TrackedFace(track="run-1", detection=FACE),)))
    until(lambda: sent)
    recognition.close()
    ((topic, message),) = sent
    sighting = read_sighting(message, topic=topic)
    assert (sighting.subject_id, sighting.camera_id) == ("w-1", "left")
    ((of, jpeg),) = pictures
    assert of == sighting
    assert jpeg[:2] == b"\xff\xd8"
    assert len(message) < 500
    assert len(lines) == 2
    assert "w-1" not in "".join(lines)
