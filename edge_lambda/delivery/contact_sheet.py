"""Draws contact sheets, and cuts the faces out of them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from audience.deliveries.grid import CROP_PX, MARGIN, Grid
from audience.deliveries.sheet import Sheet
from audience.errors import SheetRejected
from edge_lambda.crops import SCORING, CropGeometry, cut, resized
from edge_lambda.detectors import Detection, Image

ON_SHEET: Final = CropGeometry(scale=MARGIN, down=0.0, size=CROP_PX)
"""Crop geometry of a tile. Part of the sheet's format: it stays when the crop geometry of the device's scorer changes,
which lies well within it."""

QUALITY: Final = 75
"""JPEG quality, 0..100: 1.5 kB a tile. Measured in `docs/decisions/0006-contact-sheets.md`."""

_BACKGROUND: Final = 128  # gray: costs a JPEG least, and no detector finds a face in it


def crop_for_sheet(image: Image, detection: Detection) -> Image:
    """Cuts out one face for a tile; see `CropGeometry.crop`."""
    return ON_SHEET.crop(image, detection)


def draw_sheet(crops: Sequence[Image]) -> bytes:
    """Draws the tiles of a sheet.

    Args:
        crops: 1 to 100, each `CROP_PX` x `CROP_PX` x 3, BGR, from `crop_for_sheet`; placed row by row.

    Returns:
        A JPEG of the size of `Grid.of(len(crops))`; deterministic.

    Raises:
        InvalidValue: there are no crops, or more than fit on a sheet.
    """
    grid = Grid.of(len(crops))
    width, height = grid.size_px
    picture = np.full((height, width, 3), _BACKGROUND, dtype=np.uint8)
    for place, crop in enumerate(crops):
        left, top = grid.corner_px(place)
        picture[top : top + CROP_PX, left : left + CROP_PX] = crop
    # Optimised Huffman tables: 4 to 6 % fewer bytes for a few milliseconds a sheet.
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    _, encoded = cv2.imencode(".jpg", picture, options)
    return bytes(encoded)


def scoring_crops(sheet: Sheet) -> list[Image]:
    """Cuts the faces out of a sheet for an on-device scorer.

    Args:
        sheet: from `read_sheet`, which limits its size.

    Returns:
        For each tile of the manifest, in order, the crop that `crop_for_scoring` would give, apart from JPEG losses.

    Raises:
        SheetRejected: the picture cannot be decoded.
    """
    picture = cv2.imdecode(np.frombuffer(sheet.jpeg, dtype=np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise SheetRejected("the picture of the sheet cannot be decoded")
    return [
        scoring_crop(np.asarray(picture, dtype=np.uint8), *sheet.manifest.grid.corner_px(tile.place))
        for tile in sheet.manifest.tiles
    ]


def scoring_crop(picture: Image, left: float = 0, top: float = 0) -> Image:
    """Cuts what a scorer on the device sees out of a tile.

    Args:
        picture: a sheet, or a crop from `crop_for_sheet`.
        left, top: corner of the tile's crop in it, pixels.
    """
    face_px = CROP_PX / MARGIN
    x, y = left + CROP_PX / 2, top + CROP_PX / 2 + face_px * SCORING.down
    return resized(cut(picture, x, y, face_px * SCORING.scale), SCORING.size)
