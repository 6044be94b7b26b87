"""Measures where a room looks, as its camera sees it: the axis with which faces are compared later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from audience.errors import ScoringRefused
from edge_lambda.correction import PictureCorrector
from edge_lambda.detectors import Detector
from edge_lambda.facing import FURTHEST, HeadPose, RoomAxis
from edge_lambda.pipeline_types import TimedFrame

LEAST_LOOKS: Final = 30
"""Faces, counted in every frame, from which a median says where a room looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredAxis:
    """Where a room looks.

    Attributes:
        axis: the median of all looks, whole degrees.
        looks: how many there were, each face counted in every frame.
        frames: frames with a face whose pose is known.
        most_within: angle to the axis within which four of five looks were, degrees.
    """

    axis: HeadPose
    looks: int
    frames: int
    most_within: float


def measure_axis(frames: Iterable[TimedFrame], detector: Detector) -> MeasuredAxis:
    """Measures where the people in some frames look, who were asked to look at the stage.

    Args:
        frames: in chronological order, about one a second.
        detector: finds the faces.

    Raises:
        ScoringRefused: the detector gives no landmarks, too few faces were seen, or the room looks so far to the side
            that half of its faces would not be found.
    """
    corrector, room = PictureCorrector(detector), RoomAxis(detector.name)
    if not room.can_judge:
        raise ScoringRefused(f"{detector.name} gives no landmarks, so nobody can say where faces turn: use centerface")
    poses: list[HeadPose] = []
    seen = 0
    for frame in frames:
        corrected = corrector.correct(frame.image, interlaced=frame.interlaced)
        known = [pose for pose in room.poses(corrected.detections) if pose is not None]
        seen += bool(known) and not corrected.unusable
        if not corrected.unusable:
            poses += known
    if len(poses) < LEAST_LOOKS:
        raise ScoringRefused(
            f"{len(poses)} looks were seen, {LEAST_LOOKS} are needed: let it watch for longer, or bring the camera "
            "nearer until faces are 24 pixels high"
        )
    angles = np.array([(pose.yaw, pose.pitch) for pose in poses])
    yaw, pitch = np.rint(np.median(angles, axis=0)).tolist()
    if max(abs(yaw), abs(pitch)) > FURTHEST:
        raise ScoringRefused(
            f"the room looks {abs(yaw):.0f}° aside and {abs(pitch):.0f}° up or down from the camera, and at most "
            f"{FURTHEST:.0f}° can be judged: put the camera nearer to the stage"
        )
    apart = np.hypot(*(angles - (yaw, pitch)).T)
    return MeasuredAxis(
        axis=HeadPose(yaw, pitch), looks=len(poses), frames=seen, most_within=float(np.quantile(apart, 0.8))
    )
