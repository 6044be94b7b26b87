"""The colours of what somebody wears: how somebody who left the picture and comes back is told from somebody else.

Only the place below the chin is looked at, never the face. A few colours fit many people, so they say nothing without
a place and a time: the tracker compares them for a minute, near where somebody left, and keeps them no longer.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Detection, Image

Colours = NDArray[np.float64]
"""Shares of a place's pixels by colour, adding up to 1."""

_SIDE = 12  # pixels of the looked-at place, each direction
_LIGHT, _HUES = 6, 8  # steps of lightness, and of each of the two colour axes
_LEAST_SEEN = 0.4  # of the place that lies within the image


def _spread(steps: int) -> NDArray[np.float64]:
    """Matrix that moves a quarter of each step's count to either side; a little more light makes no other colour."""
    spread: NDArray[np.float64] = np.eye(steps) / 2 + np.eye(steps, k=1) / 4 + np.eye(steps, k=-1) / 4
    return spread


_SPREAD_LIGHT, _SPREAD_HUES = _spread(_LIGHT), _spread(_HUES)


def clothing_colours(image: Image, face: Detection) -> Colours | None:
    """The colours below a face, in the colour space CIELAB, in coarse and smoothed steps.

    Args:
        image: height x width x 3, BGR, 0..255.
        face: in pixels of `image`.

    Returns:
        384 shares that add up to 1; None if the image ends too soon below the face.
    """
    height, width = image.shape[:2]
    middle, chin = face.left + face.width / 2, face.top + 1.15 * face.height
    left, right = round(middle - 0.6 * face.height), round(middle + 0.6 * face.height)
    top, bottom = round(chin), round(chin + 0.8 * face.height)
    inside = image[max(top, 0) : max(min(bottom, height), 0), max(left, 0) : max(min(right, width), 0)]
    if inside.size == 0 or inside.shape[0] * inside.shape[1] < _LEAST_SEEN * (bottom - top) * (right - left):
        return None
    pixels = cv2.resize(inside, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(pixels, cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(np.int64)
    # Clothes are rarely saturated: the middle 96 of 256 steps hold nearly all of their colours.
    light = lab[:, 0] * _LIGHT // 256
    green, blue = ((np.clip(lab[:, 1:], 80, 175) - 80) * _HUES // 96).T
    counts = np.bincount((light * _HUES + green) * _HUES + blue, minlength=_LIGHT * _HUES * _HUES).astype(np.float64)
    smooth = (_SPREAD_LIGHT @ counts.reshape(_LIGHT, -1)).reshape(_LIGHT, _HUES, _HUES)
    smooth = _SPREAD_HUES @ smooth @ _SPREAD_HUES.T
    shares: Colours = (smooth / smooth.sum()).ravel()
    return shares


def unlikeness(first: Colours, second: Colours) -> float:
    """How unlike two places' colours are: 0 for equal shares, 1 for no colour in common.

    One minus the Bhattacharyya coefficient, as in Comaniciu, Ramesh and Meer, "Kernel-based object tracking", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 25, 2003.
    """
    return max(0.0, 1.0 - float(np.sqrt(first * second).sum()))
