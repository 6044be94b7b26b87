"""Looking at a picture with the project's own detector and scorer, and saying what is seen as Amazon Rekognition does.

What neither of them sees is not made up. ExpressionNet does not know CONFUSED, so its confidence is 0 and the other
seven keep theirs, which add up to 100. A smile is a yes from ExpressionNet's own threshold on. Ages, genders, glasses,
beards, open eyes and mouths, the direction of a gaze, yaw and pitch are left out of answers, where Rekognition would
have them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Set
from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np

from edge_lambda.crops import crop_for_scoring, sharpness
from edge_lambda.detectors import Detection, Image, load_detector
from edge_lambda.scorers import load_scorer

MOST_FACES: Final = 100
"""Faces in an answer: the largest."""

LEAST_FACE_PX: Final = 40
"""Least width and height of a face, pixels, in a picture of 1920 x 1080; in larger ones proportionally more."""

ATTRIBUTES: Final = frozenset(
    {"DEFAULT", "ALL", "AGE_RANGE", "BEARD", "EMOTIONS", "EYE_DIRECTION", "EYEGLASSES", "EYES_OPEN", "GENDER"}
    | {"MOUTH_OPEN", "MUSTACHE", "FACE_OCCLUDED", "SMILE", "SUNGLASSES"}
)
"""What a request may name."""

_EXPRESSIONS = ("happy", "sad", "angry", "confused", "disgusted", "surprised", "calm", "fear")
_LANDMARKS = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
_LOOKED_AT_PX = 24  # what the smallest face that is answered is looked at with: on a full sheet every one is found


class FaceDescriber:
    """Describes the faces of pictures. May be used by several threads at once."""

    def __init__(self) -> None:
        """Loads the models.

        Raises:
            ModelUnavailable: the detector's is missing or damaged.
            ScorerUnavailable: the scorer's is.
        """
        self._detector = load_detector()
        self._scorer = load_scorer("expressionnet", threads=os.cpu_count() or 1)

    def describe(self, picture: Image, attributes: Set[str]) -> list[dict[str, Any]]:
        """What an answer's `FaceDetails` hold.

        Args:
            picture: height x width x 3, BGR.
            attributes: of `ATTRIBUTES`; bounding box, confidence, landmarks, pose and quality are always given.

        Returns:
            The faces that are large enough, the largest first, at most `MOST_FACES`.
        """
        faces = self._faces(picture)
        details = [_seen(picture, face) for face in faces]
        if faces and attributes & {"ALL", "EMOTIONS", "SMILE"}:
            scores = self._scorer.score([crop_for_scoring(picture, face) for face in faces])
            for detail, row in zip(details, scores, strict=True):
                confidences = dict(zip(self._scorer.expressions, map(float, row), strict=True))
                if attributes & {"ALL", "SMILE"}:
                    detail["Smile"] = yes_or_no(confidences["smile"], self._scorer.thresholds["smile"])
                if attributes & {"ALL", "EMOTIONS"}:
                    detail["Emotions"] = _emotions(confidences)
        return details

    def _faces(self, picture: Image) -> list[Detection]:
        height, width = picture.shape[:2]
        # However the picture is held, neither of its sides may be larger in proportion than the face is.
        least = LEAST_FACE_PX * max(1.0, max(height, width) / 1920, min(height, width) / 1080)
        # Smaller faces are not answered, so they need not be seen.
        scale = _LOOKED_AT_PX / least
        columns, rows = round(width * scale), round(height * scale)
        smaller = np.asarray(cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        found = (_scaled(face, across=width / columns, down=height / rows) for face in self._detector.detect(smaller))
        large = [face for face in found if min(face.width, face.height) >= least]
        return sorted(large, key=lambda face: face.width * face.height, reverse=True)[:MOST_FACES]


def _scaled(face: Detection, *, across: float, down: float) -> Detection:
    landmarks = face.landmarks and tuple((x * across, y * down) for x, y in face.landmarks)
    return replace(
        face,
        left=face.left * across,
        top=face.top * down,
        width=face.width * across,
        height=face.height * down,
        landmarks=landmarks,
    )


def _seen(picture: Image, face: Detection) -> dict[str, Any]:
    """The attributes that are always given."""
    height, width = picture.shape[:2]
    landmarks = face.landmarks or ()
    return {
        "BoundingBox": {
            "Left": face.left / width,
            "Top": face.top / height,
            "Width": face.width / width,
            "Height": face.height / height,
        },
        "Confidence": _percent(face.confidence),
        "Landmarks": [
            {"Type": name, "X": x / width, "Y": y / height}
            for name, (x, y) in zip(_LANDMARKS, landmarks, strict=bool(landmarks))
        ],
        "Pose": {"Roll": _roll(face)},
        "Quality": {
            "Brightness": _percent(float(crop_for_scoring(picture, face).mean()) / 255),
            "Sharpness": _percent(sharpness(picture, face)),
        },
    }


def _roll(face: Detection) -> float:
    """How far the line of the eyes is turned, degrees, clockwise."""
    (left_x, left_y), (right_x, right_y) = face.landmarks[:2] if face.landmarks else ((0.0, 0.0), (1.0, 0.0))
    return math.degrees(math.atan2(right_y - left_y, right_x - left_x))


def yes_or_no(confidence: float, threshold: float) -> dict[str, Any]:
    """Rekognition's word on what a face has or has not, and how certain that word is.

    Args:
        confidence: of the scorer, 0..1.
        threshold: the confidence from which the scorer's word is yes, within 0..1.

    Returns:
        The word, and its certainty: 50 at the threshold, 100 where the scorer's confidence is 0 or 1, straight lines
        between them.
    """
    yes = confidence >= threshold
    certainty = (confidence - threshold) / (1 - threshold) if yes else (threshold - confidence) / threshold
    return {"Value": yes, "Confidence": _percent((1 + certainty) / 2)}


def _emotions(confidences: dict[str, float]) -> list[dict[str, Any]]:
    """All eight, the most certain first."""
    every = [{"Type": name.upper(), "Confidence": _percent(confidences.get(name, 0.0))} for name in _EXPRESSIONS]
    return sorted(every, key=lambda one: one["Confidence"], reverse=True)


def _percent(confidence: float) -> float:
    """0..100; a scorer's arithmetic may be a hair over 1."""
    return 100 * min(1.0, max(0.0, confidence))
