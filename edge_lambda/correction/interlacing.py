"""Interlaced pictures: two fields, every other line each, taken a fiftieth of a second apart.

What moved in between has teeth like a comb's. Only there are the lines of one field replaced, by the mean of the lines
above and below; what stood still keeps all its lines, and small faces with it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image

COMBED_FROM: Final = 0.02
"""Part of the pixels in a comb from which a picture is interlaced though its file does not say so. Measured: .007 at
most in progressive clips and photos, .04 and more where something moved two pixels or more between the fields."""

_SURE_TOOTH = 10  # gray levels a line stands out from both of its neighbours
_ANY_TOOTH = 6
_EVERY_COLUMN = 16  # a column (and, for noise, a line) in so many is looked at to tell whether a picture is combed
_AROUND_TEETH = np.ones((5, 9), np.uint8)  # pixels down and across that are mended with a tooth


def is_combed(image: Image) -> bool:
    """Whether a picture shows that it is interlaced, in half a millisecond where it is 1280 x 720.

    Args:
        image: height x width x 3, BGR, with the lines it was taken with; scaled, it shows nothing any more.
    """
    down = _teeth(image[:, ::_EVERY_COLUMN], _SURE_TOOTH)
    if not down.size or down.mean() < COMBED_FROM:
        return False
    # Noise has teeth along the lines as well.
    across = _teeth(image[::_EVERY_COLUMN].transpose(1, 0, 2), _SURE_TOOTH)
    return bool(down.mean() >= COMBED_FROM + 2 * across.mean())


def deinterlaced(image: Image) -> Image:
    """The picture without combs: as the field of its even lines saw it, wherever the two fields differ.

    Args:
        image: height x width x 3, BGR.

    Returns:
        A picture of the same size; `image` itself where it has no two teeth.
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
    """Where a line and the next stand out from their neighbours to opposite sides, as nothing but a comb does.

    Returns:
        (height - 3) x width; row y is about the lines y + 1 and y + 2.
    """
    green = image[:, :, 1].astype(np.int16)
    above, below = green[1:-1] - green[:-2], green[1:-1] - green[2:]
    apart = np.minimum(np.abs(above), np.abs(below))
    # Lines of one field are alike: else it is an edge or a slope.
    tooth = (above * below > 0) & (apart >= least) & (2 * np.abs(green[:-2] - green[2:]) < apart)
    teeth: NDArray[np.bool_] = tooth[:-1] & tooth[1:] & ((above[:-1] > 0) != (above[1:] > 0))
    return teeth
