"""Synthetic pictures with trivially detectable faces, for tests of the pipeline rather than of detection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from audience.reaction.corrected_share import ScoreTable
from edge_lambda.detectors import Detection, Image

FACE_PX, APART_PX = 24, 60


def picture(faces: int, *, width: int = 640, height: int = 80) -> Image:
    """A dark picture with up to ten bright faces side by side; a face has the same place in every picture."""
    image = np.full((height, width, 3), 20, np.uint8)
    for place in range(faces):
        left = place * APART_PX + 10
        image[20 : 20 + FACE_PX, left : left + FACE_PX] = 220
    return image


class FacesInPlace:
    """Finds the faces of a `picture`."""

    name = "faces-in-place 1"
    landmarks_turn = None

    def detect(self, image: Image) -> list[Detection]:
        lefts = range(10, image.shape[1] - FACE_PX, APART_PX)
        return [
            Detection(left=left, top=20, width=FACE_PX, height=FACE_PX, confidence=0.9)
            for left in lefts
            if image[20, left, 0] > 100
        ]


class BrightScorer:
    """Scores bright faces as smiles."""

    name = "bright 1"
    expressions: tuple[str, ...] = ("happy", "smile")
    thresholds: Mapping[str, float] = {"happy": 0.5, "smile": 0.5}
    experimental: frozenset[str] = frozenset()
    model_sha256 = ""
    score_tables: Mapping[str, ScoreTable] = {}

    def score(self, crops: Sequence[Image]) -> np.ndarray:
        means = [float(crop.mean()) / 255 for crop in crops]
        return np.array([[mean / 2, mean] for mean in means], np.float32).reshape(len(crops), 2)
