"""A second look at doubtful faces: cut out, brought to one size and shown to the net again, as seen and mirrored.

A detector looks once at the whole image, where a far face may be a dozen pixels high. What it finds doubtful there is
mostly either a small face or a hand, a lens, the back of a head; seen again at a size the net is good at, faces become
surer and the rest fades. Looking also in a mirror halves the chance effects of how a face falls on the net's cells.
The mean of the first look and the second two orders true faces above others much better than the first look alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image
from edge_lambda.detectors.boxes import Boxes, overlap

# A tile is three faces wide, so that hair and shoulders are in view: with less around it the net doubts a near face
# it was sure of. Its side is a multiple of 32, as the net asks.
TILE_PIXELS = 128
FACE_PIXELS = 40  # geometric mean of a face's width and height in its tile
MOST_FACES = 64  # bounds the cost of a second look to that of two 1280x720 frames
_SAME_FACE = 0.4  # overlap from which the face seen in a tile is the one it was cut out for


def tiles(image: Image, boxes: Boxes) -> list[Image]:
    """Cuts faces out with their surroundings.

    Args:
        image: height x width x 3.
        boxes: n x 4 (left, top, width, height), pixels of the image, their centres inside it.

    Returns:
        2n tiles of one size: each face as seen, then mirrored.
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
    """Joins the first look with the second.

    Args:
        boxes: n x 4, the faces looked at, in the image.
        first: n, their confidence at the first look, 0..1.
        looks: for each of the 2n tiles what was found there: m x 4 boxes in the tile and their m confidences.

    Returns:
        n confidences: the mean of the first look and of the mean of the two tiles, where nothing found counts as 0.
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
    """A square of the image scaled to a tile; black where it reaches past the edge. The centre lies in the image."""
    height, width = image.shape[:2]
    pixels = max(2, round(side))  # two, so that at least the centre's own pixel is in it
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
