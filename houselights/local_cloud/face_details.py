"""Analyses a picture with the project's own detector and scorer, in the response format of Amazon Rekognition.

Nothing is made up. ExpressionNet does not score CONFUSED, so its confidence is 0; the other seven add up to 100 once
contempt, which Rekognition does not know, is left out. A smile is true from ExpressionNet's own threshold. Unlike
Rekognition's, responses lack age, gender, glasses, beard, open eyes and mouth, eye direction, yaw and pitch.
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
from edge_lambda.detectors import Detection, Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.scorers.expressionnet import SMILE_IS, ExpressionNet

MOST_FACES: Final = 100
"""The most faces in a response: the largest ones."""

LEAST_FACE_PX: Final = 40
"""Smallest width and height of a face, pixels, in a picture of 1920 x 1080; proportionally more in larger ones."""

ATTRIBUTES: Final = frozenset(
    {"DEFAULT", "ALL", "AGE_RANGE", "BEARD", "EMOTIONS", "EYE_DIRECTION", "EYEGLASSES", "EYES_OPEN", "GENDER"}
    | {"MOUTH_OPEN", "MUSTACHE", "FACE_OCCLUDED", "SMILE", "SUNGLASSES"}
)
"""Valid attributes of a request."""

_EXPRESSIONS = ("happy", "sad", "angry", "confused", "disgusted", "surprised", "calm", "fear")
_LANDMARKS = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
_DETECTED_PX = 24  # pictures are scaled so that the smallest valid face has this size; finds all faces of a full sheet


class FaceDescriber:
    """Describes the faces of pictures. Thread-safe."""

    def __init__(self) -> None:
        """Loads the models.

        Raises:
            ModelUnavailable: the detector's model is missing or damaged.
            ScorerUnavailable: the scorer's model is missing or damaged.
        """
        self._detector = load_detector()
        self._scorer = ExpressionNet(threads=os.cpu_count() or 1)

    def describe(self, picture: Image, attributes: Set[str]) -> list[dict[str, Any]]:
        """Describes the faces of a picture as `FaceDetails` of a response.

        Args:
            picture: height x width x 3, BGR.
            attributes: from `ATTRIBUTES`; bounding box, confidence, landmarks, pose and quality are always included.

        Returns:
            The faces that are large enough, the largest first, at most `MOST_FACES`.
        """
        faces = self._faces(picture)
        details = [_default_attributes(picture, face) for face in faces]
        if faces and attributes & {"ALL", "EMOTIONS", "SMILE"}:
            # As Amazon's, it abstains from no face.
            scores, _ = self._scorer.read([crop_for_scoring(picture, face) for face in faces])
            for detail, row in zip(details, scores.tolist(), strict=True):
                confidences = dict(zip(self._scorer.expressions, row, strict=False))
                if attributes & {"ALL", "SMILE"}:
                    detail["Smile"] = yes_or_no(confidences[SMILE_IS], self._scorer.thresholds["smile"])
                if attributes & {"ALL", "EMOTIONS"}:
                    detail["Emotions"] = _emotions(confidences)
        return details

    def _faces(self, picture: Image) -> list[Detection]:
        height, width = picture.shape[:2]
        # In portrait and landscape: the minimum grows with the side that exceeds 1920 x 1080 the most.
        least = LEAST_FACE_PX * max(1.0, max(height, width) / 1920, min(height, width) / 1080)
        # Smaller faces are not returned, so they need not be detected.
        scale = _DETECTED_PX / least
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


def _default_attributes(picture: Image, face: Detection) -> dict[str, Any]:
    """The attributes that every response includes."""
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
    """The rotation of the line between the eyes, degrees clockwise."""
    (left_x, left_y), (right_x, right_y) = face.landmarks[:2] if face.landmarks else ((0.0, 0.0), (1.0, 0.0))
    return math.degrees(math.atan2(right_y - left_y, right_x - left_x))


def yes_or_no(confidence: float, threshold: float) -> dict[str, Any]:
    """Converts a scorer's confidence to a boolean attribute of Rekognition.

    Args:
        confidence: the scorer's confidence, 0..1.
        threshold: the confidence from which the value is true, between 0 and 1.

    Returns:
        `Value`, and its `Confidence`: 50 at the threshold, 100 at a scorer's confidence of 0 or 1, linear in between.
    """
    yes = confidence >= threshold
    certainty = (confidence - threshold) / (1 - threshold) if yes else (threshold - confidence) / threshold
    return {"Value": yes, "Confidence": _percent((1 + certainty) / 2)}


def _emotions(confidences: dict[str, float]) -> list[dict[str, Any]]:
    """All eight emotions, the highest confidence first."""
    known = {name: confidences.get(name, 0.0) for name in _EXPRESSIONS}
    total = sum(known.values())
    every = [{"Type": name.upper(), "Confidence": _percent(value / total)} for name, value in known.items()]
    return sorted(every, key=lambda one: one["Confidence"], reverse=True)


def _percent(confidence: float) -> float:
    """A confidence as 0..100; a scorer's arithmetic may slightly exceed 1."""
    return 100 * min(1.0, max(0.0, confidence))
