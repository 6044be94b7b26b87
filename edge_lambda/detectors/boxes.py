"""Arithmetic on arrays of boxes, each row (left, top, width, height)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]


def intersection(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection area of every box of one array with every box of another.

    Args:
        first: n x 4.
        second: m x 4, in the same unit.

    Returns:
        n x m areas, 0 if two boxes do not touch.
    """
    left_top = np.maximum(first[:, None, :2], second[None, :, :2])
    right_bottom = np.minimum(first[:, None, :2] + first[:, None, 2:], second[None, :, :2] + second[None, :, 2:])
    shared: NDArray[np.float64] = np.prod(np.clip(right_bottom - left_top, 0, None), axis=2)
    return shared


def overlap(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of every box of one array with every box of another.

    Args:
        first: n x 4, widths and heights over 0.
        second: m x 4, in the same unit.

    Returns:
        n x m values, 0..1.
    """
    shared = intersection(first, second)
    areas = np.prod(first[:, 2:], axis=1)[:, None] + np.prod(second[:, 2:], axis=1)[None, :]
    result: NDArray[np.float64] = shared / (areas - shared)
    return result
