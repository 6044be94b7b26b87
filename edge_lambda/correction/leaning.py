"""How faces lie in a picture, by their landmarks.

CenterFace and YuNet find many faces that lie on their side or upside down, if with less certainty, and CenterFace's
landmarks turn with them (`Detector.landmarks_turn`). So the faces of any one picture say which way is up, at no cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from edge_lambda.detectors import CLEAR, SURE, Detection

LYING: Final = 45.0
"""A face that is turned further, degrees, lies another way than upright."""

PLAIN: Final = 0.65
APART: Final = 0.3
"""Confidence and `eyes_apart` of a face that leaves no doubt: of upright photos all but the smallest faces reach both,
of turned ones none but a few large ones."""

PEOPLE_LEAN: Final = 7.0
"""Standard deviation of how far people hold their heads to one side, degrees; measured on group photos."""

LEAST_LEAN: Final = 4.0
"""A camera that is tilted by less costs neither faces nor accuracy, degrees."""

ENOUGH_FACES: Final = 20
ENOUGH_FRAMES: Final = 10
"""Faces, or else frames, from which on a tilt is told."""


def lean_of(face: Detection) -> float | None:
    """How far a face is turned clockwise, degrees, -180..180; None without landmarks.

    The line of its eyes and the line from its mouth to its eyes count by their lengths: each is short, and says little,
    where the head is turned away or bent.
    """
    if face.landmarks is None:
        return None
    (x1, y1), (x2, y2), _, (x3, y3), (x4, y4) = face.landmarks
    up_x, up_y = (x1 + x2 - x3 - x4) / 2, (y1 + y2 - y3 - y4) / 2
    return math.degrees(math.atan2(y2 - y1 + up_x, x2 - x1 - up_y))


def leans_of(faces: Iterable[Detection]) -> list[tuple[float, float]]:
    """How far each face leans, degrees clockwise, and its confidence; without those that have no landmarks."""
    leans = ((lean_of(face), face.confidence) for face in faces)
    return [(lean, confidence) for lean, confidence in leans if lean is not None]


def eye_lines_of(faces: Iterable[Detection]) -> list[float]:
    """How far the eyes of each sure face that stands upright lean, degrees clockwise: finer than `lean_of`."""
    lines = []
    for face in faces:
        lean = lean_of(face) if face.confidence >= SURE else None
        if face.landmarks is not None and lean is not None and abs(lean) <= LYING:
            (x1, y1), (x2, y2) = face.landmarks[:2]
            lines.append(math.degrees(math.atan2(y2 - y1, x2 - x1)))
    return lines


def eyes_apart(face: Detection) -> float:
    """How far apart the eyes of a face are, in sizes of its box (the root of its area); 0 without landmarks.

    .4 where it looks at the camera; .1 to .25 where the landmarks are guessed, as of many faces that lie.
    """
    if face.landmarks is None:
        return 0.0
    return math.dist(face.landmarks[0], face.landmarks[1]) / math.sqrt(face.width * face.height)


def are_plainly_upright(faces: Sequence[Detection]) -> bool:
    """Whether a quarter of the faces are so clear, and so much like upright ones, that nobody need look again."""
    plain = sum(
        face.confidence >= PLAIN and eyes_apart(face) >= APART and abs(lean_of(face) or 0) <= LYING for face in faces
    )
    return 4 * plain >= len(faces)


def uprightness(faces: Iterable[Detection]) -> float:
    """How much speaks for a picture being upright: the clear faces in it, each by its confidence, by how upright it is
    and by whether its eyes are as far apart as a face's are. 0 where there are none."""
    total = 0.0
    for face in faces:
        lean = lean_of(face) if face.confidence >= CLEAR else None
        if lean is not None:
            total += face.confidence * max(0.0, math.cos(math.radians(lean))) * min(1.0, eyes_apart(face) / APART)
    return total


def tilt(frames: Sequence[Sequence[float]]) -> float | None:
    """How far a camera is tilted, as its faces tell.

    It is the median over faces and frames, where that lies further off than `LEAST_LEAN` and twice the standard error
    that the median of so many people has by the way they hold their heads (1.25 s / √n; Kendall and Stuart, "The
    Advanced Theory of Statistics", volume 1, 1977). Of few people a longer look is needed.

    Args:
        frames: of each of the last frames that showed faces, their `eye_lines_of`.

    Returns:
        Degrees clockwise; None where nothing is to be straightened.
    """
    leans = [lean for frame in frames for lean in frame]
    if len(leans) < ENOUGH_FACES and len(frames) < ENOUGH_FRAMES:
        return None
    at_once = len(leans) / len(frames)
    middle = float(np.median(leans))
    return middle if abs(middle) >= LEAST_LEAN + 2 * 1.25 * PEOPLE_LEAN / math.sqrt(at_once) else None
