"""Face detection: the `Detector` port, and the `Detection` it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

DETECTORS = ("libfacedetection", "centerface", "yunet", "haar")
DEFAULT_DETECTOR = "libfacedetection"

SURE = 0.5
"""Confidence from which a detection counts as a face."""

CLEAR = 0.6
"""Confidence from which a face is clear; CenterFace gives a less certain one a second look."""

DOUBTFUL = 0.3
"""Minimum confidence of a doubtful face: enough to continue a track, never to start one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One face in one image, in pixels of that image.

    Attributes:
        left: x of the box's left edge, pixels; may lie outside the image.
        top: y of the box's top edge, pixels; may lie outside the image.
        width: box width, pixels, over 0.
        height: box height, pixels, over 0; forehead to chin.
        confidence: the detector's certainty, 0..1.
        landmarks: five points (x, y) in pixels (the eye on the image's left, the eye on its right, nose tip,
            mouth corner left, mouth corner right); None if the detector gives none.
    """

    left: float
    top: float
    width: float
    height: float
    confidence: float
    landmarks: tuple[tuple[float, float], ...] | None = None


class Detector(Protocol):
    """Finds faces.

    Attributes:
        name: name and version, stored in every record.
    """

    name: str

    @property
    def landmarks_turn(self) -> bool | None:
        """Whether its landmarks follow a face that lies on its side or upside down; None if it gives none."""
        ...

    def detect(self, image: Image) -> list[Detection]:
        """Finds the faces of one image.

        Args:
            image: height x width x 3, BGR, 0..255, any size.

        Returns:
            The faces, most certain first; empty if there are none.
        """
        ...
