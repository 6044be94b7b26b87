"""Finds faces in two looks of one network: at the whole image, then at each doubtful face alone.

In the whole image, a far face may be a dozen pixels high. A doubtful detection is mostly either a small face or a hand,
a lens, or the back of a head. So it is cut out, scaled to a size that the network handles well, and detected again,
also mirrored: true faces gain confidence and others lose it. The mirror image halves the random effect of how a face
falls on the network's cells. The mean of the first look and the two second looks ranks true faces above others much
better than the first look alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import CLEAR, SURE, Detection, Image
from edge_lambda.detectors.boxes import Boxes, overlap

STRIDE: Final = 32
"""Both networks halve the image five times, so the sides of what they see must be multiples of this."""

# A tile is three faces wide, to show hair and shoulders: with less context the network doubts a near face it was sure
# of. Its side is a multiple of 32, as the network requires.
TILE_PIXELS = 128
FACE_PIXELS = 40  # geometric mean of a face's width and height in its tile
MOST_FACES = 64  # bounds the cost of a second look to that of two 1280x720 frames
_SAME_FACE = 0.4  # IoU from which the face found in a tile is the expected one
ONE_FACE = 0.3  # IoU from which two boxes of the first look are one face


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Confidence thresholds, each 0..1 and in rising order.

    Attributes:
        candidate: from this on, a face gets a second look.
        kept: minimum confidence of a returned face; after a second look, the mean of both looks.
        certain: from this on, one look is enough.
    """

    candidate: float = 0.2
    kept: float = SURE
    certain: float = CLEAR

    def __post_init__(self) -> None:
        """Raises ValueError if the thresholds are not in rising order within 0..1."""
        if not 0 < self.candidate <= self.kept <= self.certain <= 1:
            raise ValueError(f"thresholds must rise from 0 to 1, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Possible faces in one image, most certain first.

    Attributes:
        boxes: n x 4 (left, top, width, height), pixels.
        confidence: n, 0..1.
        landmarks: n x 5 x 2 (x, y), pixels.
    """

    boxes: Boxes
    confidence: NDArray[np.float64]
    landmarks: NDArray[np.float64]


Look = Callable[[list[Image]], list[Candidates]]
"""Runs a network on images of one size, and gives the candidates in each, several of one face included."""


def look_twice(
    image: Image, look: Look, thresholds: Thresholds, *, scaled: Image, scale: tuple[float, float]
) -> list[Detection]:
    """Finds the faces of one image.

    Args:
        image: height x width x 3, BGR, not empty.
        look: runs the network.
        thresholds: which faces are looked at again, and which are returned.
        scaled: the image at the size of the first look.
        scale: factors that convert x and y in `scaled` to those in `image`.

    Returns:
        The faces, most certain first.
    """
    seen = _first_look(look, scaled, scale, thresholds)
    confidence = seen.confidence.copy()
    doubtful = np.flatnonzero(confidence < thresholds.certain)[:MOST_FACES]  # the most certain ones of them
    if doubtful.size:
        again = [(tile.boxes, tile.confidence) for tile in look(tiles(image, seen.boxes[doubtful]))]
        confidence[doubtful] = confirmed_confidence(seen.boxes[doubtful], confidence[doubtful], again)
    return [
        _detection(seen.boxes[row], seen.landmarks[row], confidence[row])
        for row in np.argsort(-confidence, kind="stable")
        if confidence[row] >= thresholds.kept
    ]


def _first_look(look: Look, scaled: Image, scale: tuple[float, float], thresholds: Thresholds) -> Candidates:
    rows, columns = scaled.shape[:2]
    # Padded rather than stretched to a multiple of the stride, which would distort faces.
    padded = cv2.copyMakeBorder(scaled, 0, -rows % STRIDE, 0, -columns % STRIDE, cv2.BORDER_CONSTANT)
    (seen,) = look([np.asarray(padded, dtype=np.uint8)])
    centres = seen.boxes[:, :2] + seen.boxes[:, 2:] / 2
    inside = ((centres >= 0) & (centres < (columns, rows))).all(axis=1)  # excludes the padding
    confidence = np.where(inside, seen.confidence, 0)
    once = cv2.dnn.NMSBoxes(seen.boxes.tolist(), confidence.tolist(), thresholds.candidate, ONE_FACE)
    kept = np.asarray(once, dtype=np.intp).reshape(-1)
    return Candidates(
        boxes=seen.boxes[kept] * np.tile(scale, 2),
        confidence=seen.confidence[kept],
        landmarks=seen.landmarks[kept] * scale,
    )


def _detection(box: Boxes, landmarks: NDArray[np.float64], confidence: float) -> Detection:
    left, top, width, height = map(float, box)
    return Detection(
        left=left,
        top=top,
        width=width,
        height=height,
        confidence=float(confidence),
        landmarks=tuple((float(x), float(y)) for x, y in landmarks),
    )


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
