"""People who enrolled are recognised once a track; of everybody else nothing is said and nothing is kept."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from audience.identity import thresholds
from audience.identity.matching import Gallery
from audience.identity.people import KnownFace
from edge_lambda.detectors import Detection, Image
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers.alignment import aligned
from edge_lambda.recognition import FORGOTTEN_MS, Recognised, Recognition
from edge_lambda.tracking import TrackedFace
from tests.portraits import portrait
from tests.tiny_recogniser import TinyRecogniser

TINY = TinyRecogniser()
GRACE = portrait(400)
STRANGER = np.ascontiguousarray(GRACE[:, ::-1] // 2 + np.random.default_rng(1).integers(0, 60, GRACE.shape, np.uint8))
FACE = Detection(
    left=140,
    top=70,
    width=110,
    height=150,
    confidence=0.99,
    landmarks=((170, 130), (220, 130), (195, 160), (175, 190), (215, 190)),
)


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if thresholds had been measured for the tiny recogniser."""
    monkeypatch.setattr(thresholds, "TABLE", {TINY.name: {(1, 1, 40): (0.5,) * len(thresholds.ROSTERS)}})


def gallery(*people: str) -> Gallery:
    vector = TINY.templates([aligned(GRACE, FACE, TINY.geometry)])[0]
    faces = [
        KnownFace(roster_id="members", subject_id=name, vector=vector, recogniser=TINY.name, photos=2)
        for name in people
    ]
    return Gallery(faces, recogniser=TINY.name, strangers=TINY.strangers)


class Roster:
    """A roster that a test changes."""

    def __init__(self, now: Gallery | None) -> None:
        self.now = now

    def gallery(self) -> Gallery | None:
        return self.now


class Camera:
    """A camera's frames, and who was recognised in them."""

    def __init__(self, now: Gallery | None) -> None:
        self.roster, self.seen = Roster(now), list[Recognised]()
        self.recognition = Recognition(TINY, self.roster, on_recognised=self.seen.append)

    def sees(self, image: Image, at_s: float, track: str = "run-1", face: Detection = FACE) -> None:
        tracked = (TrackedFace(track=track, detection=face),)
        self.recognition.see(TrackedFrame(at_ms=round(at_s * 1000), image=image, tracked=tracked))


def test_a_track_is_recognised_once_from_three_crops_over_a_second():
    camera = Camera(gallery("p-1"))
    camera.sees(GRACE, 0)
    camera.sees(GRACE, 0.5)
    assert camera.seen == []
    for at_s in (1.0, 1.5, 2.0, 2.5):
        camera.sees(GRACE, at_s)
    (found,) = camera.seen
    assert found.match.subject_id == "p-1"
    assert found.match.crops == 3
    assert found.at_ms == 1000
    assert found.picture()[:2] == b"\xff\xd8"


def test_of_a_stranger_nothing_is_said_and_no_template_stays():
    camera = Camera(gallery("p-1"))
    for at_s in range(6):
        camera.sees(STRANGER, at_s)
    assert camera.seen == []
    gc.collect()
    known = {id(one) for one in gc.get_referrers(camera.roster.now)}
    left = [
        one
        for one in gc.get_objects()
        if isinstance(one, np.ndarray) and one.shape == (TINY.size,) and id(one) not in known
    ]
    assert not any(np.allclose(one, TINY.templates([aligned(STRANGER, FACE, TINY.geometry)])[0]) for one in left)


def test_somebody_who_is_there_already_is_recognised_once_the_roster_holds_them():
    camera = Camera(gallery())
    for at_s in range(5):
        camera.sees(GRACE, at_s)
    assert camera.seen == []
    camera.roster.now = gallery("p-1")
    for at_s in range(5, 9):
        camera.sees(GRACE, at_s)
    assert len(camera.seen) == 1
    camera.roster.now = None
    for at_s in range(9, 13):
        camera.sees(GRACE, at_s, track="run-2")
    assert len(camera.seen) == 1  # withdrawn


def test_a_roster_that_changes_says_nobody_twice():
    camera = Camera(gallery("p-1"))
    for at_s in range(4):
        camera.sees(GRACE, at_s)
    camera.roster.now = gallery("p-1", "p-2")
    for at_s in range(4, 8):
        camera.sees(GRACE, at_s)
    assert len(camera.seen) == 1


@pytest.mark.parametrize(
    "face",
    [
        Detection(left=140, top=70, width=25, height=39, confidence=0.99, landmarks=FACE.landmarks),
        Detection(left=140, top=70, width=110, height=150, confidence=0.99, landmarks=None),
    ],
    ids=["under 40 px", "no landmarks"],
)
def test_a_small_or_unclear_face_is_nobody(face: Detection):
    camera = Camera(gallery("p-1"))
    for at_s in range(6):
        camera.sees(GRACE, at_s, face=face)
    assert camera.seen == []


def test_tracks_that_are_gone_are_forgotten():
    camera = Camera(gallery("p-1"))
    for number in range(50):
        camera.sees(STRANGER, number, track=f"run-{number}")
    assert len(camera.recognition._tracks) <= FORGOTTEN_MS // 1000 + 1
