"""Crop geometry: which part of a face a scorer sees, the same in training and on the device.

Geometry matters as much as the network, so no other module cuts faces out of images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge_lambda.detectors import Detection, Image

SHARP_VARIANCE: Final = 120.0
"""Variance of the Laplacian, in gray levels squared, at which a 64 px crop counts as half sharp."""

FULL_SIZE_PX: Final = 64.0
"""Height of a face box, pixels, from which more pixels add nothing to the quality."""

SHOULDERS_SCALE: Final = 1.8
SHOULDERS_DOWN: Final = 0.05
"""A picture of head and shoulders: its side, and how far its centre is below the face's, in heights of the face."""


SMALLEST_PX: Final = 12.0
"""Height of a face box, pixels, below which no face is scored."""

LEAST_FRONTALITY: Final = 0.15
"""Frontality below which no face is scored: the nose lies on the line through an eye, or beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropGeometry:
    """Position and size of the crop square relative to a detected face.

    Attributes:
        scale: side of the square as a multiple of the height of the box, over 0.
        down: distance of the square's centre below the box's centre, as a multiple of the box's height.
        size: side of the finished crop, pixels.
    """

    scale: float
    down: float
    size: int

    def __post_init__(self) -> None:
        if self.scale <= 0 or self.size < 1:
            raise ValueError(
                f"a crop needs a scale over 0 and a size of at least 1, not {self.scale:g} and {self.size}"
            )

    def square(self, detection: Detection) -> tuple[float, float, float]:
        """The square of one face: x and y of its centre and its side, pixels of the image."""
        return (
            detection.left + detection.width / 2,
            detection.top + detection.height * (0.5 + self.down),
            detection.height * self.scale,
        )

    def crop(self, image: Image, detection: Detection) -> Image:
        """Cuts out one face.

        Args:
            image: height x width x 3, BGR, 0..255.
            detection: the face, in pixels of `image`; may reach outside it.

        Returns:
            size x size x 3, BGR; outside the image, the edge pixels are repeated.
        """
        return resized(cut(image, *self.square(detection)), self.size)


SCORING: Final = CropGeometry(scale=0.85, down=0.05, size=48)
"""What ExpressionNet sees: brow to chin. Tuned on validation people, see training/NOTES.md."""


def crop_for_scoring(image: Image, detection: Detection) -> Image:
    """Cuts one face out for the scorer on the device; see `CropGeometry.crop`."""
    return SCORING.crop(image, detection)


def cut(image: Image, x: float, y: float, side: float) -> Image:
    """The square of `side` pixels, at least one, around (`x`, `y`); outside the image, the edge pixels are repeated.

    The square may lie wholly outside the image, since a tracker may predict a face there. The result may be a view of
    `image`.
    """
    height, width = image.shape[:2]
    pixels = max(round(side), 1)
    # Not round(): it rounds halves to even, so a face would jitter within its crop as it moves in the image.
    left, top = math.floor(x - pixels / 2 + 0.5), math.floor(y - pixels / 2 + 0.5)
    if left >= 0 and top >= 0 and left + pixels <= width and top + pixels <= height:
        return image[top : top + pixels, left : left + pixels]
    rows = np.clip(np.arange(top, top + pixels), 0, height - 1)
    columns = np.clip(np.arange(left, left + pixels), 0, width - 1)
    return image[rows[:, None], columns[None, :]]


def resized(square: Image, size: int) -> Image:
    """Resizes `square` to `size` x `size` pixels: by area when shrinking (no aliasing), bilinear when enlarging."""
    shrinks = square.shape[0] > size
    return np.asarray(
        cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), dtype=np.uint8
    )


def unscored(detection: Detection) -> str:
    """Why a face cannot be scored, whatever it shows: "small", "profile", or "" if it can.

    Args:
        detection: the face, in pixels of the frame.
    """
    if detection.height < SMALLEST_PX:
        return "small"
    if frontality(detection) < LEAST_FRONTALITY:
        return "profile"
    return ""


def head_and_shoulders(image: Image, detection: Detection, *, side: int, quality: int) -> bytes:
    """A face with its surroundings as a JPEG, for people to look at.

    Args:
        image: height x width x 3, BGR, 0..255.
        detection: the face, in pixels of `image`.
        side: of the picture, pixels.
        quality: of the JPEG, 1 to 100.
    """
    geometry = CropGeometry(scale=SHOULDERS_SCALE, down=SHOULDERS_DOWN, size=side)
    return bytes(cv2.imencode(".jpg", geometry.crop(image, detection), [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def sharpness(image: Image, detection: Detection) -> float:
    """How sharp a face is, 0..1: v / (v + SHARP_VARIANCE), v the variance of the Laplacian of the 64 px gray crop.

    The variance of the Laplacian as a focus measure: Pech-Pacheco et al., "Diatom autofocusing in brightfield
    microscopy", ICPR 2000. Taken on a crop of one size, so that it does not depend on the size of the face.
    """
    crop = crop_for_scoring(image, detection)
    variance = float(cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())
    return variance / (variance + SHARP_VARIANCE)


def frontality(detection: Detection) -> float:
    """How frontal a face is, 0..1: 1 - |2n - 1|, times the cosine of the head's roll.

    n is the position of the nose tip along the line between the eyes: 0.5 for a frontal face, 0 or 1 where it lies on
    an eye, as in a profile. Returns 0.5 without landmarks.
    """
    if detection.landmarks is None:
        return 0.5
    (x1, y1), (x2, y2), (nose_x, nose_y) = detection.landmarks[:3]
    across, down = x2 - x1, y2 - y1
    distance = math.hypot(across, down)
    if distance == 0:
        return 0.0
    n = ((nose_x - x1) * across + (nose_y - y1) * down) / distance**2
    return max(0.0, 1 - abs(2 * n - 1)) * max(0.0, across / distance)


def crop_quality(image: Image, detection: Detection) -> float:
    """Quality of a crop of this face, 0..1; the best crop of a track has the highest.

    The geometric mean of three parts, so that good parts cannot make up for a bad one:
    `sharpness`, size = min(1, box height / FULL_SIZE_PX) and `frontality`.

    Args:
        image: height x width x 3, BGR, 0..255.
        detection: the face, in pixels of `image`.
    """
    size = min(1.0, detection.height / FULL_SIZE_PX)
    return float((sharpness(image, detection) * size * frontality(detection)) ** (1 / 3))
