"""How many tracks the tracker makes of how many people, and how often a track is lost or goes to somebody else.

The seat clip shows 24 people; two of its seats are empty for twelve seconds each. In the street clip about a dozen
people walk by, some of them for less than a second, one of them hurrying across the picture; the camera is carried
along. Then the seat clip is shown as a moving camera would see it (`bench.moving_camera`): an identity change is a
person whose track differs from the one before, a mixed track one that two people had.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from bench.figures import Figure
from bench.moving_camera import ELSEWHERE, MARGIN, Page, Person, pages
from edge_lambda.detectors import Detection, Detector, Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.recording import open_recording
from edge_lambda.tracking import Tracker
from training.corpus import data_folder

NEEDS = ("data",)

STREET_FPS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What the tracker made of a clip.

    Attributes:
        faces: tracked faces of each frame.
        tracks: how many tracks there were.
    """

    faces: list[int]
    tracks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """What the tracker made of people who are known.

    Attributes:
        changes: how often a person's track differs from the one they had before.
        mixed: tracks that more than one person had.
        ms: processor time of the tracker a frame, milliseconds, median.
    """

    changes: int
    mixed: int
    ms: float


def run() -> Iterator[Figure]:
    """Follows the faces of two clips, each at one frame a second and faster, and those of each page."""
    clips = data_folder() / "clips"
    detector = load_detector(doubtful=True)
    slow, fast = _follow(detector, clips / "audience.mp4", 0.1, (10, 1))
    street = _follow(detector, clips / "facenet_pytorch_video_1080p_105f.mp4", 1 / STREET_FPS, (STREET_FPS, 1))
    truth = _truth(clips / "audience.csv")
    wrong = sum(seen != there for seen, there in zip(slow.faces, truth, strict=True))
    yield from (
        Figure(name="tracks of 24 people in seats, 1 frame a second", value=slow.tracks, reach=30, direction="at most"),
        Figure(
            name="tracks of 24 people in seats, 10 frames a second", value=fast.tracks, reach=30, direction="at most"
        ),
        Figure(
            name="seconds with another count of tracked faces than the truth",
            value=wrong,
            reach=0,
            direction="at most",
        ),
    )
    for pace, followed in zip(("1 frame a second", f"{STREET_FPS} frames a second"), street, strict=True):
        yield Figure(name=f"tracks in the street, {pace}", value=followed.tracks)
        yield Figure(name=f"faces a track in the street, {pace}", value=sum(followed.faces) / followed.tracks)
    yield from _pages(detector, clips)


def _follow(detector: Detector, clip: Path, every_s: float, strides: tuple[int, ...]) -> list[Followed]:
    """Follows a clip once for each stride, in frames; only one frame is in memory at a time."""
    trackers = [Tracker(run="bench") for _ in strides]
    faces: list[list[int]] = [[] for _ in strides]
    for number, frame in enumerate(open_recording(clip).sample(every_s)):
        found, size = detector.detect(frame.image), (frame.image.shape[1], frame.image.shape[0])
        for tracker, stride, counts in zip(trackers, strides, faces, strict=True):
            if number % stride == 0:
                counts.append(len(tracker.update(found, round(frame.at_s * 1000), size, frame.image)))
    return [Followed(faces=counts, tracks=tracker.started) for tracker, counts in zip(trackers, faces, strict=True)]


def _pages(detector: Detector, clips: Path) -> Iterator[Figure]:
    """Identity changes and mixed tracks of each page; then what boxes alone make of them all."""
    clip = [frame.image for frame in open_recording(clips / "audience.mp4").sample(1.0)]
    height, width = clip[0].shape[:2]
    street = next(iter(open_recording(clips / "facenet_pytorch_video_1080p_105f.mp4").sample(1.0))).image
    alone: list[Identities] = []
    for page in pages((width, height), np.asarray(cv2.resize(street, (width, height)), dtype=np.uint8)):
        seen = [(picture, detector.detect(picture)) for picture in page.pictures(clip)]
        made = _identities(page, seen, (width, height), with_picture=True)
        alone.append(_identities(page, seen, (width, height), with_picture=False))
        # Whoever changes seats behind the camera's back cannot be known again.
        reach = None if page.swapped_from is not None else 2
        yield Figure(name=f"{page.name}: identity changes", value=made.changes, reach=reach, direction="at most")
        yield Figure(name=f"{page.name}: mixed tracks", value=made.mixed, reach=0, direction="at most")
        if page.name.startswith(("still", "swinging")):
            yield Figure(
                name=f"{page.name}: processor time of the tracker, a picture of {width + 2 * MARGIN[0]} pixels, median",
                value=made.ms,
                unit="ms",
            )
    yield Figure(name="all of these by boxes alone: identity changes", value=sum(one.changes for one in alone))
    yield Figure(name="all of these by boxes alone: mixed tracks", value=sum(one.mixed for one in alone))


def _identities(
    page: Page, seen: list[tuple[Image, list[Detection]]], clip_size: tuple[int, int], *, with_picture: bool
) -> Identities:
    tracker = Tracker(run="bench")
    latest: dict[Person, str] = {}
    owners: dict[str, set[Person]] = {}
    changes, took_ms = 0, []
    for second, (picture, found) in enumerate(seen):
        size = picture.shape[1], picture.shape[0]
        began = time.thread_time()
        tracked = tracker.update(found, second * 1000, size, picture if with_picture else None)
        took_ms.append((time.thread_time() - began) * 1000)
        for face in tracked:
            person = page.person(face.detection, second, clip_size)
            changes += person != ELSEWHERE and latest.get(person, face.track) != face.track
            latest[person] = face.track
            owners.setdefault(face.track, set()).add(person)
    return Identities(changes=changes, mixed=sum(len(people) > 1 for people in owners.values()), ms=median(took_ms))


def _truth(path: Path) -> list[int]:
    with path.open(newline="") as file:
        return [int(row["faces"]) for row in csv.DictReader(file)]
