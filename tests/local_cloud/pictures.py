"""Pictures of the portrait, on tiles of a contact sheet and elsewhere."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from audience.deliveries.grid import CROP_PX
from edge_lambda.delivery.contact_sheet import crop_for_sheet
from edge_lambda.detectors.load import load_detector
from tests.portraits import portrait

Image = NDArray[np.uint8]
NOBODY: Image = np.full((CROP_PX, CROP_PX, 3), 90, np.uint8)


def encoded(picture: Image, kind: str = ".png") -> bytes:
    """The picture as a file."""
    return bytes(cv2.imencode(kind, picture)[1])


@functools.cache
def on_a_tile() -> Image:
    """The portrait's face as it lies on a contact sheet."""
    picture = portrait(400)
    (face,) = load_detector().detect(picture)
    return crop_for_sheet(picture, face)


def frowning(crop: Image) -> Image:
    """The face of `on_a_tile` with its mouth turned over: it smiles much less."""
    turned = crop.copy()
    turned[58:86, 36:74] = crop[58:86, 36:74][::-1]
    return turned


def hall(rows: int, columns: int, *, side: int) -> Image:
    """Portraits of one size, side by side."""
    return np.asarray(np.tile(portrait(side), (rows, columns, 1)), dtype=np.uint8)
