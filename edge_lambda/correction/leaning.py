"""Measures the orientation of faces from their landmarks.

Detectors find many faces that lie on their side or upside down, with lower confidence, and CenterFace's landmarks turn
with them (`Detector.landmarks_turn`). So the faces of a picture show which way is up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from edge_lambda.detectors import CLEAR, SURE, Detection

LYING: Final = 45.0
"""Angle from which a face no longer counts as upright, degrees."""

PLAIN: Final = 0.65
APART: Final = 0.3
"""Confidence and `eyes_apart` of a clearly upright face: in upright photos all but the smallest faces reach both, in
turned ones only a few large faces do."""

PEOPLE_LEAN: Final = 7.0
"""Standard deviation of people's head roll, degrees; measured on group photos."""

LEAST_LEAN: Final = 4.0
"""A smaller camera tilt costs neither faces nor accuracy, degrees."""

ENOUGH_FACES: Final = 20
ENOUGH_FRAMES: Final = 10
"""Number of faces, or else of frames, needed to estimate a tilt."""


def lean_of(face: Detection) -> float | None:
    """Roll of a face, degrees clockwise, -180..180; None without landmarks.

    Combines the line between the eyes and the line from mouth to eyes, weighted by their lengths: each is short, and
    tells little, when the head is turned away or bent.
    """
    if face.landmarks is None:
        return None
    (x1, y1), (x2, y2), _, (x3, y3), (x4, y4) = face.landmarks
    up_x, up_y = (x1 + x2 - x3 - x4) / 2, (y1 + y2 - y3 - y4) / 2
    return math.degrees(math.atan2(y2 - y1 + up_x, x2 - x1 - up_y))


def leans_of(faces: Iterable[Detection]) -> list[tuple[float, float]]:
    """Roll (degrees clockwise) and confidence of each face with landmarks."""
    leans = ((lean_of(face), face.confidence) for face in faces)
    return [(lean, confidence) for lean, confidence in leans if lean is not None]


def eye_lines_of(faces: Iterable[Detection]) -> list[float]:
    """Angle of the eye line of each sure, upright face, degrees clockwise; more precise than `lean_of`."""
    lines = []
    for face in faces:
        lean = lean_of(face) if face.confidence >= SURE else None
        if face.landmarks is not None and lean is not None and abs(lean) <= LYING:
            (x1, y1), (x2, y2) = face.landmarks[:2]
            lines.append(math.degrees(math.atan2(y2 - y1, x2 - x1)))
    return lines


def eyes_apart(face: Detection) -> float:
    """Distance between the eyes relative to the size of the box (the root of its area); 0 without landmarks.

    0.4 for a frontal face; 0.1 to 0.25 if the landmarks are guessed, as for many lying faces.
    """
    if face.landmarks is None:
        return 0.0
    return math.dist(face.landmarks[0], face.landmarks[1]) / math.sqrt(face.width * face.height)


def are_clearly_upright(faces: Sequence[Detection]) -> bool:
    """Whether at least a quarter of the faces are clearly upright, so that no check is needed."""
    plain = sum(
        face.confidence >= PLAIN and eyes_apart(face) >= APART and abs(lean_of(face) or 0) <= LYING for face in faces
    )
    return 4 * plain >= len(faces)


def uprightness(faces: Iterable[Detection]) -> float:
    """Evidence that a picture is upright: the sum over its clear faces of confidence x cosine of the roll x
    plausibility of the eye distance; 0 without clear faces."""
    total = 0.0
    for face in faces:
        lean = lean_of(face) if face.confidence >= CLEAR else None
        if lean is not None:
            total += face.confidence * max(0.0, math.cos(math.radians(lean))) * min(1.0, eyes_apart(face) / APART)
    return total


def tilt(frames: Sequence[Sequence[float]]) -> float | None:
    """Estimates the camera's tilt from the faces.

    The median over faces and frames, if it exceeds `LEAST_LEAN` plus twice the standard error of the median of that
    many people's head roll (1.25 s / √n; Kendall and Stuart, "The Advanced Theory of Statistics", volume 1, 1977). Few
    people need more frames.

    Args:
        frames: the `eye_lines_of` each of the latest frames with faces.

    Returns:
        Degrees clockwise; None if there is nothing to straighten.
    """
    leans = [lean for frame in frames for lean in frame]
    if len(leans) < ENOUGH_FACES and len(frames) < ENOUGH_FRAMES:
        return None
    at_once = len(leans) / len(frames)
    middle = float(np.median(leans))
    return middle if abs(middle) >= LEAST_LEAN + 2 * 1.25 * PEOPLE_LEAN / math.sqrt(at_once) else None
