"""The manifest of a contact sheet: the track on each tile, and the windows they belong to.

A window's tracks may be spread over several sheets. Each sheet is then one **part** of the window, and parts add up
(see `audience.windows`):

- A track has one tile on one sheet per window, so no part counts it twice.
- `SheetWindow.faces` are the window's tiles on this sheet. The record made of the part has as many faces as could be
  scored, which may be fewer.
- `SheetWindow.expected` are the same tiles, and on the window's first sheet also the faces that are probably present
  but were not detected.

So over all parts `expected` adds up to the faces that the camera expected in the window. A tile on which no face, or
more than one, is detected again is not scored: it counts in its part's `expected` but not in its faces, and lowers the
window's coverage by one face. A window with nobody in view has no tiles and is listed with 0 faces.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from audience.deliveries.grid import Grid
from audience.errors import InvalidValue
from audience.faces import Box
from audience.ids import check_id
from audience.privacy import Mode
from audience.windows import LATEST_MS, window_start

MOST_WINDOWS: Final = 1000
"""The most windows of a sheet or window file."""

MOST_EXPECTED: Final = 1_000_000
"""More faces than any camera can resolve; keeps sums of hostile records within integer range."""

FURTHEST: Final = 10.0  # distance from the image, in images: further than any tracker follows a face


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One track's best crop in one window.

    Attributes:
        place: index of the tile in the grid, row by row from 0.
        track_id: the track, a valid id; never reused on its camera.
        at_ms: when the crop was taken, milliseconds since the epoch; determines its window.
        box: the face in the camera's image.
        quality: how clearly the face is visible, 0..1.
        facing: probability that the face was turned to where the room looks, 0..1; None where nobody can say.
    """

    place: int
    track_id: str
    at_ms: int
    box: Box
    quality: float
    facing: float | None = None

    def __post_init__(self) -> None:
        check_id("track id", self.track_id)
        if not 0 <= self.at_ms <= LATEST_MS:
            raise InvalidValue(f"a tile at {self.at_ms} ms is not within the years 1970 to 2286")
        if not 0 <= self.quality <= 1:
            raise InvalidValue(f"quality {self.quality} is not within 0..1")
        if self.facing is not None and not 0 <= self.facing <= 1:
            raise InvalidValue(f"facing {self.facing} is not within 0..1")
        if max(abs(self.box.left), abs(self.box.top), self.box.width, self.box.height) > FURTHEST:
            raise InvalidValue(f"box of track {self.track_id!r} lies more than {FURTHEST:g} images from the image")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetWindow:
    """This sheet's part of one window.

    Attributes:
        start_ms: the window's start, milliseconds since the epoch, a multiple of the manifest's `width_ms`.
        faces: the window's tiles on this sheet; 0 if nobody was in view.
        expected: this part's expected faces, at least `faces`; see the module's docstring.
    """

    start_ms: int
    faces: int
    expected: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms <= LATEST_MS:
            raise InvalidValue(f"window at {self.start_ms} ms is not within the years 1970 to 2286")
        if not 0 <= self.faces <= self.expected <= MOST_EXPECTED:
            raise InvalidValue(
                f"a window of {self.faces} faces cannot expect {self.expected}: use {self.faces} to {MOST_EXPECTED}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The contents of one sheet.

    Attributes:
        session_id, stage_id, camera_id: the camera of the windows.
        width_ms: width of the windows.
        mode: the session's mode according to the sender. Sheets are sent only if expressions may be scored, so any
            other mode is refused; the receiver also checks its own session's mode.
        grid: the grid of tiles.
        tiles: 1 to as many as the grid holds, sorted by place.
        windows: sorted by start; every tile belongs to one of them.
    """

    session_id: str
    stage_id: str
    camera_id: str
    width_ms: int
    mode: Mode
    grid: Grid
    tiles: tuple[Tile, ...]
    windows: tuple[SheetWindow, ...]

    def __post_init__(self) -> None:
        check_id("session id", self.session_id)
        check_id("stage id", self.stage_id)
        check_id("camera id", self.camera_id)
        if self.mode != "expressions":
            raise InvalidValue(f"a contact sheet of a session in mode {self.mode!r} is not allowed")
        self._check_tiles()
        self._check_windows()

    def _check_tiles(self) -> None:
        if not 1 <= len(self.tiles) <= self.grid.places:
            raise InvalidValue(f"{len(self.tiles)} tiles do not fit a grid of {self.grid.places}")
        places = [tile.place for tile in self.tiles]
        if places[0] < 0 or places[-1] >= self.grid.places:
            raise InvalidValue(f"a tile lies outside the grid of {self.grid.places}")
        if any(place >= later for place, later in pairwise(places)):
            raise InvalidValue("tiles are repeated or out of order")

    def _check_windows(self) -> None:
        if not 1 <= self.width_ms <= LATEST_MS:
            raise InvalidValue(f"windows cannot be {self.width_ms} ms wide")
        if not 1 <= len(self.windows) <= MOST_WINDOWS:
            raise InvalidValue(f"a sheet of {len(self.windows)} windows is not allowed: use 1 to {MOST_WINDOWS}")
        starts = [window.start_ms for window in self.windows]
        if any(start % self.width_ms for start in starts):
            raise InvalidValue(f"a window is not aligned to its width of {self.width_ms} ms")
        if any(start >= later for start, later in pairwise(starts)):
            raise InvalidValue("windows are repeated or out of order")
        tracks = Counter((window_start(tile.at_ms, self.width_ms), tile.track_id) for tile in self.tiles)
        if len(tracks) < len(self.tiles):
            raise InvalidValue(f"track {tracks.most_common(1)[0][0][1]!r} has more than one tile in a window")
        faces = Counter(start for start, _ in tracks)
        if faces != Counter({window.start_ms: window.faces for window in self.windows}):
            raise InvalidValue("the faces of the windows are not those of the tiles")

    @property
    def start_ms(self) -> int:
        """Start of the first window."""
        return self.windows[0].start_ms

    def tiles_of(self, window: SheetWindow) -> tuple[Tile, ...]:
        """The tiles of one window, sorted by place."""
        return tuple(tile for tile in self.tiles if window_start(tile.at_ms, self.width_ms) == window.start_ms)
