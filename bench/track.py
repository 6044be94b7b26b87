"""How many tracks the tracker makes of how many people, at the pace of a recording and at that of a live camera.

The seat clip shows 24 people; two of its seats are empty for twelve seconds each, longer than a track waits, so 26
tracks are right. In the street clip about a dozen people walk by, some of them for less than a second, one of them
hurrying across the picture.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure
from edge_lambda.detectors import Detection, Detector
from edge_lambda.detectors.load import load_detector
from edge_lambda.recording import open_recording
from edge_lambda.tracking import Tracker
from training.corpus import data_folder

NEEDS = ("data",)

STREET_FPS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the detector saw in one frame.

    Attributes:
        at_ms: the frame's time in the clip, milliseconds.
        size: its width and height, pixels.
        detections: the faces, doubtful ones included.
    """

    at_ms: int
    size: tuple[int, int]
    detections: list[Detection]


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What the tracker made of a clip.

    Attributes:
        faces: tracked faces of each frame.
        tracks: how many tracks there were.
    """

    faces: list[int]
    tracks: int


def run() -> list[Figure]:
    """Follows the faces of two clips, each at one frame a second and faster."""
    clips = data_folder() / "clips"
    detector = load_detector(doubtful=True)
    seats = _seen(detector, clips / "audience.mp4", 0.1)
    street = _seen(detector, clips / "facenet_pytorch_video_1080p_105f.mp4", 1 / STREET_FPS)
    slow, fast = _follow(seats[::10]), _follow(seats)
    truth = _truth(clips / "audience.csv")
    wrong = sum(seen != there for seen, there in zip(slow.faces, truth, strict=True))
    figures = [
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
    ]
    for pace, followed in (
        ("1 frame a second", _follow(street[::STREET_FPS])),
        (f"{STREET_FPS} frames a second", _follow(street)),
    ):
        figures += [
            Figure(name=f"tracks in the street, {pace}", value=followed.tracks),
            Figure(name=f"faces a track in the street, {pace}", value=sum(followed.faces) / followed.tracks),
        ]
    return figures


def _seen(detector: Detector, clip: Path, every_s: float) -> list[Seen]:
    return [
        Seen(
            at_ms=round(frame.at_s * 1000),
            size=(frame.image.shape[1], frame.image.shape[0]),
            detections=detector.detect(frame.image),
        )
        for frame in open_recording(clip).sample(every_s)
    ]


def _follow(frames: list[Seen]) -> Followed:
    tracker = Tracker(run="bench")
    tracked = [tracker.update(frame.detections, frame.at_ms, frame.size) for frame in frames]
    return Followed(
        faces=[len(faces) for faces in tracked], tracks=len({face.track for faces in tracked for face in faces})
    )


def _truth(path: Path) -> list[int]:
    with path.open(newline="") as file:
        return [int(row["faces"]) for row in csv.DictReader(file)]
