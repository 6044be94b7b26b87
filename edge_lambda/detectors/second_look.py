"""A second look at doubtful faces: each is cut out, scaled to one size and detected again, also mirrored.

In the whole image, a far face may be a dozen pixels high. A doubtful detection is mostly either a small face or a hand,
a lens, or the back of a head. At a size that the network handles well, true faces gain confidence and others lose it.
The mirror image halves the random effect of how a face falls on the network's cells. The mean of the first look and the
two second looks ranks true faces above others much better than the first look alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image
from edge_lambda.detectors.boxes import Boxes, overlap

# A tile is three faces wide, to show hair and shoulders: with less context the network doubts a near face it was sure
# of. Its side is a multiple of 32, as the network requires.
TILE_PIXELS = 128
FACE_PIXELS = 40  # geometric mean of a face's width and height in its tile
MOST_FACES = 64  # bounds the cost of a second look to that of two 1280x720 frames
_SAME_FACE = 0.4  # IoU from which the face found in a tile is the expected one


def tiles(image: Image, boxes: Boxes) -> list[Image]:
    """Cuts out faces with their surroundings.

    Args:
        image: height x width x 3.
        boxes: n x 4 (left, top, width, height), pixels of the image, their centres inside it.

    Returns:
        2n tiles of one size: each face as it is, then mirrored.
    """
    result: list[Image] = []
    for left, top, width, height in boxes:
        side = TILE_PIXELS / FACE_PIXELS * np.sqrt(width * height)
        tile = _cut(image, centre=(left + width / 2, top + height / 2), side=side)
        result += [tile, np.ascontiguousarray(tile[:, ::-1])]
    return result


def confirmed_confidence(
    boxes: Boxes, first: NDArray[np.float64], looks: Sequence[tuple[Boxes, NDArray[np.float64]]]
) -> NDArray[np.float64]:
    """Combines the first and the second look.

    Args:
        boxes: n x 4, the doubtful faces in the image.
        first: n, their confidence at the first look, 0..1.
        looks: detections in each of the 2n tiles: m x 4 boxes in the tile and their m confidences.

    Returns:
        n confidences: the mean of the first look and of the mean of the two tiles; a face not found counts as 0.
    """
    again = np.zeros(2 * len(boxes))
    for index, (found, confidence) in enumerate(looks):
        shape = boxes[index // 2, 2:] * FACE_PIXELS / np.sqrt(np.prod(boxes[index // 2, 2:]))
        expected = np.hstack([(TILE_PIXELS - shape) / 2, shape])
        same = overlap(expected[None], found)[0] >= _SAME_FACE
        again[index] = np.max(confidence, where=same, initial=0.0)
    joined: NDArray[np.float64] = (first + again.reshape(-1, 2).mean(axis=1)) / 2
    return joined


def _cut(image: Image, *, centre: tuple[float, float], side: float) -> Image:
    """A square of the image scaled to a tile; black beyond the edge. The centre must be in the image."""
    height, width = image.shape[:2]
    pixels = max(2, round(side))  # at least two, so that the centre's own pixel is included
    left, top = math.floor(centre[0] - pixels / 2), math.floor(centre[1] - pixels / 2)
    right, bottom = left + pixels, top + pixels
    square = cv2.copyMakeBorder(
        image[max(top, 0) : bottom, max(left, 0) : right],
        max(-top, 0),
        max(bottom - height, 0),
        max(-left, 0),
        max(right - width, 0),
        cv2.BORDER_CONSTANT,
    )
    shrinks = pixels > TILE_PIXELS
    tile = cv2.resize(square, (TILE_PIXELS, TILE_PIXELS), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(tile, dtype=np.uint8)
