"""Scales images for detection: down, which bounds its cost, or up, which finds small faces."""

from __future__ import annotations

import math

import cv2
import numpy as np

from edge_lambda.detectors import Image

MAX_PIXELS = 1920 * 1080
SMALL_PIXELS = 1280 * 720
MAX_ENLARGED = 2.0


def working_size(image: Image) -> tuple[Image, tuple[float, float]]:
    """Scales an image to the size at which small faces are found best: between 720p and 1080p.

    Args:
        image: height x width x 3, not empty.

    Returns:
        The image enlarged to `SMALL_PIXELS`, at most by `MAX_ENLARGED`, or scaled down to `MAX_PIXELS`; and the factors
        that convert its x and y to those of the original.
    """
    height, width = image.shape[:2]
    enlarge = min(MAX_ENLARGED, math.sqrt(SMALL_PIXELS / (height * width)))
    if enlarge <= 1:
        return bounded(image)
    columns, rows = round(width * enlarge), round(height * enlarge)
    larger = np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    return larger, (width / columns, height / rows)


def bounded(image: Image, *, max_pixels: int = MAX_PIXELS) -> tuple[Image, tuple[float, float]]:
    """Scales down an image that has too many pixels.

    Args:
        image: height x width x 3, not empty.
        max_pixels: maximum number of pixels of the result, apart from rounding.

    Returns:
        The scaled image, and the factors that convert its x and y to those of the original.
    """
    height, width = image.shape[:2]
    shrink = math.sqrt(max_pixels / (height * width))
    if shrink >= 1:
        return image, (1.0, 1.0)
    columns, rows = max(1, round(width * shrink)), max(1, round(height * shrink))
    smaller = np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return smaller, (width / columns, height / rows)
