"""Face alignment: the similarity transform that puts a face's five landmarks where a recogniser expects them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Detection, Image
from edge_lambda.recognisers import AlignedGeometry

Points = NDArray[np.float64]


def similarity(source: Points, target: Points) -> Points:
    """The rotation, scaling and shift that brings points nearest to others, by least squares; never a reflection.

    With points as complex numbers the transform is z -> az + b, and a = Σ conj(z - mean z)(w - mean w) / Σ |z - mean
    z|² (the plane's case of Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", IEEE TPAMI 13, 1991).

    Args:
        source: n x 2 points (x, y), not all the same.
        target: n x 2 points that they should come to lie on.

    Returns:
        2 x 3 matrix M; a point lands at M · (x, y, 1).

    Raises:
        ValueError: all points of `source` are the same.
    """
    z, w = source @ (1, 1j), target @ (1, 1j)
    from_middle = z - z.mean()
    spread = float(np.square(np.abs(from_middle)).sum())
    if spread == 0:
        raise ValueError("landmarks that all lie on one point cannot be aligned")
    a = complex((from_middle.conj() * (w - w.mean())).sum()) / spread
    b = complex(w.mean()) - a * complex(z.mean())
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def aligned(image: Image, detection: Detection, geometry: AlignedGeometry) -> Image:
    """Cuts one face out of an image, upright and of one size.

    Args:
        image: height x width x 3, BGR, 0..255.
        detection: the face, in pixels of `image`.
        geometry: of the recogniser.

    Returns:
        size x size x 3, BGR; outside the image, the edge pixels are repeated.

    Raises:
        ValueError: the detection has no landmarks, or all are on one point.
    """
    if detection.landmarks is None:
        raise ValueError("a face without landmarks cannot be aligned: use a detector that gives them")
    matrix = similarity(np.array(detection.landmarks, dtype=np.float64), np.array(geometry.landmarks))
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    shrink = int(1 / max(scale, 1e-6))
    if shrink > 1:
        image, matrix = _shrunk(image, matrix, geometry.size, shrink)
    size = (geometry.size, geometry.size)
    # Of faces 40 pixels high, Lanczos resampling keeps more than bilinear does (docs/decisions/0040-recognising.md).
    turned = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, dtype=np.uint8)


def _shrunk(image: Image, matrix: Points, size: int, shrink: int) -> tuple[Image, Points]:
    """The part of an image that a crop shows, shrunk by area, and the transform of that part to the crop.

    Sampling every second or third pixel of a far larger face would alias.
    """
    corners = np.array([(0, 0), (size, 0), (0, size), (size, size)], dtype=np.float64)
    shown = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    height, width = image.shape[:2]
    left, top = np.clip(np.floor(shown.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(shown.max(axis=0)), (left + 1, top + 1), (width, height)).astype(int)
    columns, rows = max(1, (right - left) // shrink), max(1, (bottom - top) // shrink)
    part = cv2.resize(image[top:bottom, left:right], (columns, rows), interpolation=cv2.INTER_AREA)
    across, down = (right - left) / columns, (bottom - top) / rows
    # Pixel centres lie at whole numbers: x of the image = left + across (x + 1/2) - 1/2.
    to_image = np.array([[across, 0, left + (across - 1) / 2], [0, down, top + (down - 1) / 2], [0, 0, 1]])
    return np.asarray(part, dtype=np.uint8), matrix @ to_image


def careful_views(crop: Image, *, shift_px: int) -> list[Image]:
    """The same face six times: as it is, a little higher and lower, and each of these mirrored.

    Args:
        crop: size x size x 3.
        shift_px: how far up and down, pixels of the crop; the edge pixels are repeated.
    """
    size = len(crop)
    shifted = [crop[np.clip(np.arange(size) + shift, 0, size - 1)] for shift in (0, shift_px, -shift_px)]
    return [view for image in shifted for view in (image, np.ascontiguousarray(image[:, ::-1]))]


def unit_mean(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean of some vectors, each scaled to length 1 before and the mean after."""
    total = np.sum([vector / np.linalg.norm(vector) for vector in vectors], axis=0)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)
