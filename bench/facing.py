"""How often a face is judged correctly as turned to the axis: on photographs turned to known angles, and a clip.

Balanced: the mean of the rates right among faces turned by less than the border of 30°, and among those turned further.
A face that is not found, or whose pose is unknown, counts neither way; how many there are is given. The constants of
`edge_lambda.facing` were set on 64 people of the same archive, drawn otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bench.figures import Figure
from bench.turned_faces import near_frontal, turned
from edge_lambda.detectors import Detection, Detector
from edge_lambda.detectors.load import load_detector
from edge_lambda.facing import BORDER, HeadPose, RoomAxis
from edge_lambda.recording import open_recording
from training.corpus import data_folder

NEEDS = ("data",)

PEOPLE = 40
YAWS = (-60, -50, -40, -20, -10, 0, 10, 20, 40, 50, 60)
NODS = (-40, -20, 20)
STREET = {
    0: ([(1105, 638), (886, 646), (710, 598), (314, 658)], [(338, 778), (946, 678), (1494, 570), (481, 630)]),
    1: ([(1018, 738), (682, 626), (302, 714), (946, 701), (1110, 686)], [(1266, 842), (1381, 714), (506, 686)]),
    2: ([(990, 766), (1157, 726), (243, 718), (606, 686), (1109, 694)], [(1382, 730)]),
    3: ([(1202, 714), (1113, 698), (222, 710)], [(886, 730), (1366, 722), (1474, 698)]),
    4: ([(790, 734), (1206, 722), (937, 706), (430, 638)], [(1302, 706), (1350, 726)]),
}
"""Middles of faces in the street clip by second, pixels: those turned to the camera by less than 30°, and those turned
away; by eye, without two of which nobody could say."""

SMALLER = 0.3  # of the turned photographs, in which faces are about 30 pixels high


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A face with known angles.

    Attributes:
        yaw, pitch: in truth, degrees.
        facing: the probability that it is turned to the camera; None if it was not found or its pose is unknown.
        pose: as measured.
    """

    yaw: float
    pitch: float
    facing: float | None
    pose: HeadPose | None

    @property
    def is_turned_to(self) -> bool:
        """Whether it is within the border in truth."""
        return bool(np.hypot(self.yaw, self.pitch) < BORDER)


def run() -> Iterator[Figure]:
    """Turns photographs of people and has them judged."""
    detector = load_detector()
    people = list(near_frontal(data_folder() / "expressions-train.zip", detector, PEOPLE))
    angles = [(yaw, 0) for yaw in YAWS] + [(0, nod) for nod in NODS]
    pictures = [(turned(image, points, *angle), angle) for image, points in people for angle in angles]
    large = [_judged(detector, picture, angle) for picture, angle in pictures]
    aside = [one for one in large if one.pitch == 0]
    yield _balanced(f"faces turned by 0 to 60° aside, {PEOPLE} people: judged correctly, balanced", aside, reach=0.9)
    yield _balanced("the same and faces that nod by 20 and 40°: judged correctly, balanced", large, reach=0.9)
    small = [
        _judged(
            detector, np.asarray(cv2.resize(picture, None, fx=SMALLER, fy=SMALLER, interpolation=cv2.INTER_AREA)), angle
        )
        for picture, angle in pictures
        if angle[1] == 0
    ]
    yield _balanced("faces turned aside, 30 pixels high: judged correctly, balanced", small)
    for limit, name in ((30, "turned by less than 30°"), (90, "turned by 40 to 60°")):
        some = [one for one in aside if (abs(one.yaw) < 30) == (limit == 30)]
        yield Figure(
            name=f"faces {name}: not found, or pose unknown", value=float(np.mean([one.pose is None for one in some]))
        )
    street = data_folder() / "clips" / "facenet_pytorch_video_1080p_105f.mp4"
    yield _balanced("faces of people who walk by: judged correctly, balanced", list(_walking_by(detector, street)))
    errors = [one.pose.yaw - one.yaw for one in aside if one.pose is not None and abs(one.yaw) in (20, 40)]
    yield Figure(
        name="yaw at 20 and 40°: standard deviation of what is measured", value=float(np.std(errors)), unit="°"
    )


def _judged(detector: Detector, picture: np.ndarray, angle: tuple[float, float]) -> Judged:
    faces: list[Detection] = detector.detect(picture)[:1]
    room = RoomAxis(detector.name, HeadPose(0, 0))
    (pose,), (facing,) = room.poses(faces) or [None], room.update(faces, 0) or [None]
    return Judged(yaw=angle[0], pitch=angle[1], facing=facing, pose=pose)


def _walking_by(detector: Detector, street: Path) -> Iterator[Judged]:
    room = RoomAxis(detector.name, HeadPose(0, 0))
    for frame in open_recording(street).sample(1.0):
        faces = detector.detect(frame.image)
        towards, away = STREET.get(round(frame.at_s), ([], []))
        for middle in (*towards, *away):
            face = min(
                faces,
                key=lambda one: np.hypot(
                    one.left + one.width / 2 - middle[0],
                    one.top + one.height / 2 - middle[1],
                ),
            )
            if abs(face.left + face.width / 2 - middle[0]) < face.width / 2:
                (pose,), (facing,) = room.poses([face]), room.update([face], round(frame.at_s * 1000))
                yield Judged(yaw=0 if middle in towards else 90, pitch=0, facing=facing, pose=pose)


def _balanced(name: str, faces: list[Judged], *, reach: float | None = None) -> Figure:
    known = [one for one in faces if one.facing is not None]
    rates = [
        np.mean([(one.facing or 0.0) >= 0.5 for one in known if one.is_turned_to]),
        np.mean([(one.facing or 0.0) < 0.5 for one in known if not one.is_turned_to]),
    ]
    return Figure(name=name, value=float(np.mean(rates)), reach=reach)
