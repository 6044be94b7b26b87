"""Whether faces are turned to where the room looks: head poses from landmarks, and the axis they are compared with.

It is not attention, nor interest: somebody may listen with their eyes shut, or face the stage and think of lunch.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from edge_lambda.detectors import Detection

Floats = NDArray[np.float64]

BORDER: Final = 30.0
"""Angle to the axis up to which a face is turned to it, degrees: the middle of what landmarks tell apart, 0 to 60°, and
wide enough for a stage whose ends lie 20° to either side."""

OFF_BY: Final = 8.0
"""Standard deviation of a measured angle near the border, degrees (`bench/facing.py`)."""

LEAST_HEIGHT: Final = 24.0
"""Height of a face's box from which its landmarks tell a pose, pixels."""

LEAST_FACES: Final = 5
"""Faces in a frame from which its median is the room's; of fewer, one who reads would be where all look."""

HALF_LIFE_S: Final = 300.0
"""Time in which a look loses half of its weight in the room's median, seconds."""

FURTHEST: Final = 45.0
"""Largest angle of an axis to the camera, degrees: from there on half of the faces are not found."""

_DEGREES = 90  # the median is taken among whole degrees from minus to plus this many
_LEAST_LOOKS = 0.01  # so few looks are kept whoever comes: the axis stays where it was until others are seen
_FIRST_LOOKS = 20.0  # weight of the camera itself as the axis, in looks, before anybody was seen


@dataclass(frozen=True, slots=True)
class MeanFace:
    """Where a detector finds the points of a face that is turned to the camera, in distances between the eyes.

    Attributes:
        nose, mouth: how far below the eyes.
        nose_depth: how far the nose's tip stands out before the eyes; .55 in people. Landmarks follow a turned head
            less far, and this value makes the angles of turned photographs right at the border.
        nod: how much further a head nods than its landmarks say, over 1.
    """

    nose: float
    mouth: float
    nose_depth: float
    nod: float


MEAN_FACES: Final = {
    "centerface": MeanFace(nose=0.53, mouth=0.93, nose_depth=0.50, nod=2.4),
    "libfacedetection": MeanFace(nose=0.57, mouth=1.01, nose_depth=0.43, nod=2.2),
    "yunet": MeanFace(nose=0.53, mouth=1.01, nose_depth=0.36, nod=1.5),
}
"""By detector. Measured on photographs of 20 to 64 people, turned as in `bench/facing.py`."""

_MOUTH_HALF = 0.42  # half the width of a mouth


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Where a face is turned, degrees: (0, 0) is the camera.

    Attributes:
        yaw: over 0 if turned to the picture's right.
        pitch: over 0 if turned up.
    """

    yaw: float
    pitch: float


def head_pose(face: Detection, mean: MeanFace) -> HeadPose | None:
    """Where a face is turned, from its five landmarks.

    The rotation that brings a mean face's points nearest to the landmarks, seen from afar: least squares gives two rows
    of a rotation times a scale (DeMenthon and Davis, "Model-based object pose in 25 lines of code", International
    Journal of Computer Vision 15, 1995, first step), and the rotation nearest to them is that of their singular value
    decomposition.

    Args:
        face: with its landmarks.
        mean: of the detector that found it, see `MEAN_FACES`.

    Returns:
        The pose; None if the face has no landmarks, is too small, or they make no face.
    """
    if face.landmarks is None or face.height < LEAST_HEIGHT:
        return None
    points = np.array(face.landmarks, dtype=np.float64)
    left, sizes, right = np.linalg.svd((points - points.mean(axis=0)).T @ _inverse(mean), full_matrices=False)
    if not sizes[1] > 1e-6:
        return None
    across, down = left @ right
    # Under 0 where a face in profile has its eyes in the wrong order; it is then turned by over 90°.
    towards = across[0] * down[1] - across[1] * down[0]
    yaw = math.atan2(-across[2], towards)
    pitch = math.atan2(down[2], math.hypot(across[2], towards))
    # A nod is along the face's own vertical, which leans with the head.
    lean = math.atan2(down[0], across[0])
    aside, up = (
        yaw * math.cos(lean) - pitch * math.sin(lean),
        mean.nod * (pitch * math.cos(lean) + yaw * math.sin(lean)),
    )
    return HeadPose(
        yaw=math.degrees(aside * math.cos(lean) + up * math.sin(lean)),
        pitch=math.degrees(up * math.cos(lean) - aside * math.sin(lean)),
    )


def turned_to(pose: HeadPose, axis: HeadPose) -> float:
    """Probability that a face is turned to an axis by at most `BORDER`, given what its landmarks may be off by; 0..1.

    .5 at the border; both angles count alike.
    """
    apart = math.hypot(pose.yaw - axis.yaw, pose.pitch - axis.pitch)
    return 0.5 * math.erfc((apart - BORDER) / (OFF_BY * math.sqrt(2)))


class RoomAxis:
    """Where a room looks, as seen by its camera: set beforehand, or the median of the faces seen until now.

    The median begins at the camera itself and follows the room within some minutes; a look loses half of its weight in
    five. It knows only the past, so that a figure is the same live and in review.
    """

    def __init__(self, detector: str, axis: HeadPose | None = None) -> None:
        """Starts before anybody was seen.

        Args:
            detector: its name with version, as in records.
            axis: where the room looks, from `houselights axis`; None to learn it.
        """
        self._mean = MEAN_FACES.get(detector.split("-")[0])
        self._given = axis
        self._at_ms: int | None = None
        self._looks = np.zeros((2, 2 * _DEGREES + 1))
        self._looks[:, _DEGREES] = _FIRST_LOOKS

    @property
    def axis(self) -> HeadPose:
        """Where the room looks."""
        if self._given is not None:
            return self._given
        yaw, pitch = (_median(looks) for looks in self._looks)
        return HeadPose(*np.clip((yaw, pitch), -FURTHEST, FURTHEST).tolist())

    @property
    def can_judge(self) -> bool:
        """Whether the detector's landmarks are known, so that anything can be said."""
        return self._mean is not None

    def poses(self, faces: Sequence[Detection]) -> list[HeadPose | None]:
        """The head poses of some faces; None for each whose pose is unknown."""
        return [None if self._mean is None else head_pose(face, self._mean) for face in faces]

    def update(self, faces: Sequence[Detection], at_ms: int) -> list[float | None]:
        """Judges the faces of the next frame, and learns from them afterwards.

        Args:
            faces: the faces of one frame.
            at_ms: its instant, milliseconds, not before that of the frame before.

        Returns:
            The probability that each is turned to the axis, 0..1; None where its pose is unknown.
        """
        poses, axis = self.poses(faces), self.axis
        since_s = 0.0 if self._at_ms is None else max(0.0, (at_ms - self._at_ms) / 1000)
        self._at_ms = at_ms
        known = [pose for pose in poses if pose is not None]
        if self._looks.sum() > _LEAST_LOOKS:
            self._looks *= 0.5 ** (since_s / HALF_LIFE_S)
        if len(known) >= LEAST_FACES:
            # By the time a frame stands for, so that ten frames a second are not ten times as many looks.
            for looks, angles in zip(
                self._looks, zip(*((one.yaw, one.pitch) for one in known), strict=True), strict=True
            ):
                at = np.clip(np.rint(angles), -_DEGREES, _DEGREES).astype(int) + _DEGREES
                np.add.at(looks, at, min(1.0, since_s))
        return [None if pose is None else turned_to(pose, axis) for pose in poses]


def axis_of(text: str) -> HeadPose:
    """Reads an axis from text, as `houselights axis` prints it: "12,-5", degrees.

    Raises:
        InvalidValue: it is none.
    """
    found = re.fullmatch(r"\s*([+-]?\d{1,2}(?:\.\d)?)\s*,\s*([+-]?\d{1,2}(?:\.\d)?)\s*", text)
    pose = HeadPose(float(found[1]), float(found[2])) if found else None
    if pose is None or max(abs(pose.yaw), abs(pose.pitch)) > FURTHEST:
        raise InvalidValue(
            f"use yaw and pitch in degrees from -{FURTHEST:g} to {FURTHEST:g} with a comma between, such as 12,-5"
        )
    return pose


def _median(looks: Floats) -> float:
    """The median of whole degrees by weight, spread evenly within its degree."""
    until = np.cumsum(looks)
    at = int(np.searchsorted(until, until[-1] / 2))
    before = until[at - 1] if at else 0.0
    return at - _DEGREES - 0.5 + float((until[-1] / 2 - before) / looks[at])


@functools.cache
def _inverse(mean: MeanFace) -> Floats:
    """5 x 3 pseudo-inverse of a mean face: x to the picture's right, y down, z away from the camera."""
    eyes = [[-0.5, 0, 0], [0.5, 0, 0]]
    mouth = [[-_MOUTH_HALF, mean.mouth, 0], [_MOUTH_HALF, mean.mouth, 0]]
    face = np.array([*eyes, [0, mean.nose, -mean.nose_depth], *mouth], dtype=np.float64)
    inverse: Floats = np.linalg.pinv((face - face.mean(axis=0)).T)
    return inverse
