"""What a contact sheet says of itself: whose faces lie on which tile, and of which windows they are.

A window's tracks may be spread over several sheets. Each sheet is then one **part** of the window, and parts add up as
`audience.windows` says they do:

- A track lies on one tile of one sheet for each window, so no part counts it twice.
- `SheetWindow.faces` are the window's tiles on this sheet. The record made of the part has as many faces as could be
  scored, which may be fewer.
- `SheetWindow.expected` are the same tiles, and on the window's first sheet also the faces that are likely to be there
  but were not found in this window.

So over all parts `expected` adds up to what the camera expected of the window. A tile on which no face was found again,
or two were, is never guessed: it is missing from its part's faces and still in its part's `expected`, and lowers the
window's coverage by one face. A window in which nobody was in view has no tiles; it stands on a sheet with faces 0.
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
"""Windows one sheet or window file may tell of."""

MOST_EXPECTED: Final = 1_000_000
"""More faces than any camera can tell apart; keeps sums of hostile records within their integers."""

FURTHEST: Final = 10.0  # images away from the image: more than any tracker follows a face


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One track's best crop in one window.

    Attributes:
        place: which tile of the grid, row by row from 0.
        track_id: the track, unique on its camera for good; allowed as an id is.
        at_ms: when the crop was taken, milliseconds since the epoch; says which window it is of.
        box: the face in the camera's image.
        quality: how well the face could be seen, 0..1.
    """

    place: int
    track_id: str
    at_ms: int
    box: Box
    quality: float

    def __post_init__(self) -> None:
        check_id("track id", self.track_id)
        if not 0 <= self.at_ms <= LATEST_MS:
            raise InvalidValue(f"a tile at {self.at_ms} ms is not within the years 1970 to 2286")
        if not 0 <= self.quality <= 1:
            raise InvalidValue(f"quality {self.quality} is not within 0..1")
        if max(abs(self.box.left), abs(self.box.top), self.box.width, self.box.height) > FURTHEST:
            raise InvalidValue(f"box of track {self.track_id!r} lies more than {FURTHEST:g} images from the image")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetWindow:
    """This sheet's part of one window.

    Attributes:
        start_ms: the window's start, milliseconds since the epoch, a multiple of the manifest's `width_ms`.
        faces: the window's tiles on this sheet; 0 where nobody was in view.
        expected: this part's share of the faces expected, at least `faces`; see above.
    """

    start_ms: int
    faces: int
    expected: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms <= LATEST_MS:
            raise InvalidValue(f"window at {self.start_ms} ms is not within the years 1970 to 2286")
        if not 0 <= self.faces <= self.expected <= MOST_EXPECTED:
            raise InvalidValue(f"a window of {self.faces} faces cannot expect {self.expected}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one sheet holds.

    Attributes:
        session_id, stage_id, camera_id: whose windows they are.
        width_ms: width of the windows.
        mode: what the session allows. A sheet leaves the camera only where expressions may be scored, so any
            other mode is refused; the field is the sender's word for it, and the receiver obeys its own session's mode.
        grid: where the tiles lie.
        tiles: 1 to as many as the grid holds, in the order of their places.
        windows: in the order of their starts; every tile is of one of them.
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
            raise InvalidValue(f"faces of a session in mode {self.mode!r} may not lie on a contact sheet")
        self._check_tiles()
        self._check_windows()

    def _check_tiles(self) -> None:
        if not 1 <= len(self.tiles) <= self.grid.places:
            raise InvalidValue(f"{len(self.tiles)} tiles do not fit a grid of {self.grid.places}")
        places = [tile.place for tile in self.tiles]
        if places[0] < 0 or places[-1] >= self.grid.places:
            raise InvalidValue(f"a tile lies outside the grid of {self.grid.places}")
        if any(place >= later for place, later in pairwise(places)):
            raise InvalidValue("tiles stand twice or out of order")

    def _check_windows(self) -> None:
        if not 1 <= self.width_ms <= LATEST_MS:
            raise InvalidValue(f"windows cannot be {self.width_ms} ms wide")
        if not 1 <= len(self.windows) <= MOST_WINDOWS:
            raise InvalidValue(f"a sheet of {len(self.windows)} windows is not allowed: use 1 to {MOST_WINDOWS}")
        starts = [window.start_ms for window in self.windows]
        if any(start % self.width_ms for start in starts):
            raise InvalidValue(f"a window is not aligned to its width of {self.width_ms} ms")
        if any(start >= later for start, later in pairwise(starts)):
            raise InvalidValue("windows stand twice or out of order")
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
        """The tiles of one window, in the order of their places."""
        return tuple(tile for tile in self.tiles if window_start(tile.at_ms, self.width_ms) == window.start_ms)
