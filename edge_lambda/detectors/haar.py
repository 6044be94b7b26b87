"""OpenCV's boosted cascade: frontal faces only, no model file to download, kept for comparison.

Viola and Jones, "Rapid object detection using a boosted cascade of simple features", CVPR 2001; the cascade is
`haarcascade_frontalface_alt` of the OpenCV wheel.
"""

from __future__ import annotations

from pathlib import Path

import cv2

from audience.errors import ModelUnavailable
from edge_lambda.detectors import Detection, Image
from edge_lambda.detectors.working_size import bounded

_SCALE_STEP = 1.1  # each pass searches for faces this much larger than the previous one
_LEAST_VOTES = 3  # windows around one face that must agree
# The cascade returns squares, ear to ear. The face inside, from medians over group photos: width and height relative to
# the square's side, and how far its centre is below the square's.
_WIDTH, _HEIGHT, _LOWER = 0.81, 1.02, 0.03


class Haar:
    """OpenCV's cascade for upright, frontal faces of 20 pixels or more; no landmarks."""

    name = "haar-1"
    landmarks_turn = None

    def __init__(self) -> None:
        """Reads the cascade.

        Raises:
            ModelUnavailable: the installed OpenCV wheel has no cascades (not included from 5.0 on).
        """
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt.xml"
        if not path.is_file():
            raise ModelUnavailable(f"OpenCV {cv2.__version__} contains no cascades: install houselights[edge]")
        self._cascade = cv2.CascadeClassifier(str(path))

    def detect(self, image: Image) -> list[Detection]:
        """Finds the faces of one image; see `Detector.detect`."""
        if image.size == 0:
            return []
        scaled, (across, down) = bounded(image)
        squares, votes = self._cascade.detectMultiScale2(
            cv2.cvtColor(scaled, cv2.COLOR_BGR2GRAY), scaleFactor=_SCALE_STEP, minNeighbors=_LEAST_VOTES
        )
        faces = [
            Detection(
                left=(left + (0.5 - _WIDTH / 2) * side) * across,
                top=(top + (0.5 + _LOWER - _HEIGHT / 2) * side) * down,
                width=_WIDTH * side * across,
                height=_HEIGHT * side * down,
                # A cascade gives no confidence; the more windows agree, the nearer to 1.
                confidence=agreeing / (agreeing + 1),
            )
            for (left, top, side, _), agreeing in zip(
                ((float(edge) for edge in square) for square in squares), map(float, votes), strict=True
            )
        ]
        return sorted(faces, key=lambda face: -face.confidence)
