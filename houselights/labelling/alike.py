"""Faces whose pictures are nearly the same: from one photo, saved twice, made smaller, or with other light.

A picture is reduced to 32 x 32 gray pixels and its cosine transform; a bit for each of the 16 x 16 lowest frequencies
says whether it is over their median. Size, compression and light hardly change which are (C. Zauner, "Implementation
and Benchmarking of Perceptual Image Hash Functions", 2010; there 8 x 8, but faces are more alike than photos are).

Two faces are nearly the same where their own pictures are, or where they are at the same place of photos that are: a
detector's box is not quite the same in a photo that was saved again, and so is the face that was cut out by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image
from houselights.labelling.dataset import Face

SIDE: Final = 16
BITS: Final = SIDE * SIDE

NEARLY_SAME: Final = 40
"""Bits of `BITS` in which nearly the same pictures differ at most: docs/decisions/0050 has the measurement."""

_SMALL_PX: Final = 32
_WORDS: Final = BITS // 64
_ROWS_AT_ONCE: Final = 256
_SAME_PLACE: Final = 0.5  # of the face's height


def picture_hash(image: Image) -> str:
    """The hash of a picture: `BITS` bits, hexadecimal.

    Args:
        image: height x width x 3, BGR, 0..255.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, (_SMALL_PX, _SMALL_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[:SIDE, :SIDE]
    return np.packbits(lowest > np.median(lowest)).tobytes().hex()


def nearly_same_faces(faces: Sequence[Face]) -> list[tuple[int, int, int]]:
    """Every two faces that are nearly the same, but for those of one video: both places, and the bits that differ.

    Compares all with all, a few seconds for 13,000 faces.

    Args:
        faces: the faces.

    Returns:
        Pairs of places in `faces`, the smaller first, in order.
    """
    found: dict[tuple[int, int], int] = {}
    for one, other, bits in _nearly_same([face.found.face_hash for face in faces]):
        found[one, other] = bits
    pictures: defaultdict[tuple[str, int | None], list[int]] = defaultdict(list)
    for place, face in enumerate(faces):
        pictures[face.file, face.found.at_ms].append(place)
    groups = list(pictures.values())
    for first, second, bits in _nearly_same([faces[group[0]].found.photo_hash for group in groups]):
        for one in groups[first]:
            for other in groups[second]:
                if _same_place(faces[one], faces[other]):
                    pair = min(one, other), max(one, other)
                    found[pair] = min(bits, found.get(pair, bits))
    return sorted((*pair, bits) for pair, bits in found.items() if not _in_one_video(*(faces[place] for place in pair)))


def _nearly_same(hashes: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Every two hashes that differ in at most `NEARLY_SAME` bits: their places, the smaller first, and the bits."""
    every: NDArray[np.uint64] = np.frombuffer(bytes.fromhex("".join(hashes)), dtype="<u8").reshape(-1, _WORDS)
    for start in range(0, len(every), _ROWS_AT_ONCE):
        some, others = every[start : start + _ROWS_AT_ONCE], every[start:]
        differ = np.zeros((len(some), len(others)), dtype=np.uint16)
        for word in range(_WORDS):
            differ += np.bitwise_count(some[:, word, None] ^ others[None, :, word])
        for row, column in np.argwhere(differ <= NEARLY_SAME):
            if row < column:
                yield start + int(row), start + int(column), int(differ[row, column])


def _same_place(one: Face, other: Face) -> bool:
    (x, y), (u, v) = one.found.centre, other.found.centre
    width, height = one.found.extent
    return abs(x - u) <= _SAME_PLACE * width and abs(y - v) <= _SAME_PLACE * height


def _in_one_video(one: Face, other: Face) -> bool:
    return one.file == other.file and one.found.at_ms is not None
