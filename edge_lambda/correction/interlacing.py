"""Detects and deinterlaces interlaced pictures: two fields of alternate lines, taken a fiftieth of a second apart.

Moving parts show combing. Only there are the lines of one field replaced by the mean of the lines above and below;
still parts keep their full resolution, and so do small faces in them.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image

COMBED_FROM: Final = 0.02
"""Share of combed pixels from which a picture counts as interlaced although its file does not say so. Measured: at most
.007 in progressive clips and photos, at least .04 where something moved two pixels or more between the fields."""

_SURE_TOOTH = 10  # gray levels by which a line differs from both of its neighbours
_ANY_TOOTH = 6
_EVERY_COLUMN = 16  # every n-th column (and, for noise, line) is checked for combing
_AROUND_TEETH = np.ones((5, 9), np.uint8)  # pixels down and across that are corrected around a tooth


def is_combed(image: Image) -> bool:
    """Whether a picture shows combing; takes half a millisecond for 1280 x 720.

    Args:
        image: height x width x 3, BGR, at its original height; scaling hides combing.
    """
    down = _teeth(image[:, ::_EVERY_COLUMN], _SURE_TOOTH)
    if not down.size or down.mean() < COMBED_FROM:
        return False
    # Noise has teeth along the lines too.
    across = _teeth(image[::_EVERY_COLUMN].transpose(1, 0, 2), _SURE_TOOTH)
    return bool(down.mean() >= COMBED_FROM + 2 * across.mean())


def deinterlaced(image: Image) -> Image:
    """Removes combing: where the two fields differ, the picture shows the field of the even lines.

    Args:
        image: height x width x 3, BGR.

    Returns:
        A picture of the same size; `image` itself if it shows no combing.
    """
    teeth = _teeth(image, _ANY_TOOTH)
    if not teeth.any():
        return image
    combed = np.zeros(image.shape[:2], np.uint8)
    combed[1:-2] = teeth
    combed[2:-1] |= teeth
    combed = np.asarray(cv2.dilate(combed, _AROUND_TEETH), dtype=np.uint8)
    result = image.copy()
    even = image[::2]
    between = cv2.addWeighted(even[:-1], 0.5, even[1:], 0.5, 0)
    odd = result[1::2][: len(between)]
    cv2.copyTo(between, np.ascontiguousarray(combed[1::2][: len(between)]), odd)
    return result


def _teeth(image: Image, least: int) -> NDArray[np.bool_]:
    """Where a line and the next differ from their neighbours in opposite directions, as only combing does.

    Returns:
        (height - 3) x width; row y is about the lines y + 1 and y + 2.
    """
    green = image[:, :, 1].astype(np.int16)
    above, below = green[1:-1] - green[:-2], green[1:-1] - green[2:]
    apart = np.minimum(np.abs(above), np.abs(below))
    # Lines of the same field are similar; otherwise it is an edge or a slope.
    tooth = (above * below > 0) & (apart >= least) & (2 * np.abs(green[:-2] - green[2:]) < apart)
    teeth: NDArray[np.bool_] = tooth[:-1] & tooth[1:] & ((above[:-1] > 0) != (above[1:] > 0))
    return teeth
