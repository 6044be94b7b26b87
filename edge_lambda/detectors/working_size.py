"""The size an image is looked at: its own, up to a number of pixels that bounds what one look costs."""

from __future__ import annotations

import math

import cv2
import numpy as np

from edge_lambda.detectors import Image

MOST_PIXELS = 1920 * 1080


def bounded(image: Image, *, most_pixels: int = MOST_PIXELS) -> tuple[Image, tuple[float, float]]:
    """Scales an image down where it has too many pixels.

    Args:
        image: height x width x 3, not empty.
        most_pixels: pixels the result has at most, give or take the rounding of its sides.

    Returns:
        The image to look at, and what its x and y are multiplied by to get those of the image given.
    """
    height, width = image.shape[:2]
    shrink = math.sqrt(most_pixels / (height * width))
    if shrink >= 1:
        return image, (1.0, 1.0)
    columns, rows = max(1, round(width * shrink)), max(1, round(height * shrink))
    smaller = np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return smaller, (width / columns, height / rows)
