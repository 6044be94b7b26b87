"""The grid of a contact sheet: positions of tiles and crops.

The numbers are explained in `docs/decisions/0006-contact-sheets.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Self

from audience.errors import InvalidValue

TILE_PX: Final = 128
"""Side of a tile, pixels; a multiple of 16, so that no chroma block of the JPEG spans two tiles."""

GROUND_PX: Final = 8
"""Neutral border on each side of a tile, pixels; crops of adjacent tiles are twice this apart."""

CROP_PX: Final = TILE_PX - 2 * GROUND_PX
"""Side of the crop on a tile, pixels."""

MARGIN: Final = 1.5
"""Side of the crop as a multiple of the height of the face's box, with the same centre: faces are 75 px high."""

MOST_COLUMNS: Final = 10
MOST_TILES: Final = MOST_COLUMNS**2
"""Rekognition returns the 100 largest faces of an image."""

CORE: Final = 0.2
"""How far the centre of a tile's own face may be from the centre of the tile, as a fraction of the tile's side.

The crop is centred on its face, so a face further out belongs to a neighbour who reaches into the crop.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The tiles of one sheet, row by row; the last row may be partly empty.

    Attributes:
        columns, rows: 1 to `MOST_COLUMNS` each.
    """

    columns: int
    rows: int

    def __post_init__(self) -> None:
        if not (1 <= self.columns <= MOST_COLUMNS and 1 <= self.rows <= MOST_COLUMNS):
            raise InvalidValue(
                f"a grid of {self.columns} x {self.rows} tiles is not allowed: use 1 to {MOST_COLUMNS} each way"
            )

    @classmethod
    def of(cls, tiles: int) -> Self:
        """The smallest nearly square grid for a number of tiles, because empty tiles cost bytes too.

        Raises:
            InvalidValue: the number is 0, or over `MOST_TILES`.
        """
        if not 1 <= tiles <= MOST_TILES:
            raise InvalidValue(f"a sheet of {tiles} tiles is not allowed: use 1 to {MOST_TILES}")
        columns = math.ceil(math.sqrt(tiles))
        return cls(columns=columns, rows=math.ceil(tiles / columns))

    @property
    def places(self) -> int:
        """The number of tiles."""
        return self.columns * self.rows

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the sheet, pixels."""
        return self.columns * TILE_PX, self.rows * TILE_PX

    def corner_px(self, place: int) -> tuple[int, int]:
        """Left and top of the crop on a tile, pixels of the sheet."""
        row, column = divmod(place, self.columns)
        return column * TILE_PX + GROUND_PX, row * TILE_PX + GROUND_PX

    def place_at(self, x: float, y: float) -> int | None:
        """The tile whose own face has its centre at a position.

        Args:
            x, y: centre of a face found on the sheet, as fractions of the sheet's width and height.

        Returns:
            The tile's place; None near a tile's edge or outside the sheet, where no tile's own face can be.
        """
        column, across = divmod(x * self.columns, 1)
        row, down = divmod(y * self.rows, 1)
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        if max(abs(across - 0.5), abs(down - 0.5)) > CORE:
            return None
        return int(row) * self.columns + int(column)
