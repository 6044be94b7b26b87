"""A contact sheet as one file: a JPEG with its manifest in the comment.

The comment is `houselights-sheet`, the schema, a line break, and the manifest as JSON. In schema 2 a tile says whether
its face was turned to the front, or null; a sheet of which no tile says so is of schema 1, as before. The largest
possible manifest, a hundred tiles with the longest track ids in a thousand windows, fits in one comment segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from audience.deliveries.delivery import Delivery, content_id, key_of
from audience.deliveries.grid import MOST_TILES, Grid
from audience.deliveries.jpeg import read_header, with_comment
from audience.deliveries.manifest import MOST_WINDOWS, Manifest, SheetWindow, Tile
from audience.deliveries.strict_json import dump, fields_of, items_of, number, parse, text, whole
from audience.errors import InvalidValue, SheetRejected
from audience.faces import Box

SCHEMA: Final = 2
LARGEST_SHEET: Final = 5_000_000
"""Bytes; the limit of Rekognition for a request. A full sheet has about 0.2 MB."""

_NAME = b"houselights-sheet "
_SCHEMAS: Final = {f"{number}".encode(): number for number in range(1, SCHEMA + 1)}
_TILE_VALUES: Final = {1: 5, 2: 6}
_MANIFEST = ("session", "stage", "camera", "width_ms", "mode", "columns", "rows", "tiles", "windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A contact sheet.

    Attributes:
        manifest: its contents.
        jpeg: the whole file, including the manifest.
    """

    manifest: Manifest
    jpeg: bytes

    @property
    def sheet_id(self) -> str:
        """An id derived from the file's bytes; also the part of the sheet's window records."""
        return content_id(self.jpeg)

    def delivery(self) -> Delivery:
        """The sheet as a delivery."""
        key = key_of(
            "sheets",
            session_id=self.manifest.session_id,
            stage_id=self.manifest.stage_id,
            camera_id=self.manifest.camera_id,
            start_ms=self.manifest.start_ms,
            content=self.sheet_id,
        )
        return Delivery(key=key, data=self.jpeg, start_ms=self.manifest.start_ms)


def seal_sheet(manifest: Manifest, picture: bytes) -> Sheet:
    """Combines a manifest and the picture of its tiles into a sheet.

    Args:
        manifest: the contents of the picture.
        picture: the drawn tiles, as a JPEG without comments.

    Raises:
        SheetRejected: the picture does not have the manifest's size, or the file is too large.
    """
    schema = 1 if all(tile.facing is None for tile in manifest.tiles) else SCHEMA
    comment = _NAME + f"{schema}\n".encode() + _dumped(manifest, schema)
    return read_sheet(with_comment(picture, comment))


def read_sheet(jpeg: bytes) -> Sheet:
    """Parses a contact sheet from an untrusted sender, without decoding a pixel.

    Raises:
        SheetRejected: it is not a contact sheet, has an unknown schema, or is damaged or too large.
    """
    if len(jpeg) > LARGEST_SHEET:
        raise SheetRejected(f"it has {len(jpeg)} bytes: a sheet has at most {LARGEST_SHEET}")
    header = read_header(jpeg)
    heading, line_break, document = header.comment.partition(b"\n")
    if not heading.startswith(_NAME) or not line_break:
        raise SheetRejected("the JPEG has no manifest: it is not a contact sheet")
    if (schema := _SCHEMAS.get(heading.removeprefix(_NAME))) is None:
        unknown = heading.removeprefix(_NAME)[:20].decode("ascii", "replace")
        raise SheetRejected(f"the sheet is of schema {unknown!r}, and this reads schemas 1 to {SCHEMA}")
    manifest = _manifest(parse(document, "the manifest"), schema)
    if (header.width, header.height) != manifest.grid.size_px:
        size = "x".join(map(str, manifest.grid.size_px))
        raise SheetRejected(f"the JPEG has {header.width}x{header.height} pixels, and its manifest says {size}")
    return Sheet(manifest=manifest, jpeg=jpeg)


def _dumped(manifest: Manifest, schema: int) -> bytes:
    return dump(
        {
            "session": manifest.session_id,
            "stage": manifest.stage_id,
            "camera": manifest.camera_id,
            "width_ms": manifest.width_ms,
            "mode": manifest.mode,
            "columns": manifest.grid.columns,
            "rows": manifest.grid.rows,
            "tiles": [
                [
                    tile.place,
                    tile.track_id,
                    tile.at_ms,
                    [tile.box.left, tile.box.top, tile.box.width, tile.box.height],
                    tile.quality,
                    tile.facing,
                ][: _TILE_VALUES[schema]]
                for tile in manifest.tiles
            ],
            "windows": [[window.start_ms, window.faces, window.expected] for window in manifest.windows],
        }
    )


def _manifest(value: Any, schema: int) -> Manifest:
    session, stage, camera, width_ms, mode, columns, rows, tiles, windows = fields_of(value, "the manifest", _MANIFEST)
    if mode != "expressions":
        raise SheetRejected("the sheet is of a session in which expressions may not be scored")
    try:
        return Manifest(
            session_id=text(session, "the session's id"),
            stage_id=text(stage, "the stage's id"),
            camera_id=text(camera, "the camera's id"),
            width_ms=whole(width_ms, "the windows' width"),
            mode="expressions",
            grid=Grid(columns=whole(columns, "the number of columns"), rows=whole(rows, "the number of rows")),
            tiles=tuple(_tile(tile, schema) for tile in items_of(tiles, "tiles", MOST_TILES)),
            windows=tuple(_window(window) for window in items_of(windows, "windows", MOST_WINDOWS)),
        )
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None


def _tile(value: Any, schema: int) -> Tile:
    place, track_id, at_ms, box, quality, *facing = _row(value, "a tile", _TILE_VALUES[schema])
    left, top, width, height = (number(side, "a side of a box") for side in _row(box, "a box", 4))
    return Tile(
        place=whole(place, "a tile's place"),
        track_id=text(track_id, "a track's id"),
        at_ms=whole(at_ms, "a tile's instant"),
        box=Box(left=left, top=top, width=width, height=height),
        quality=number(quality, "a tile's quality"),
        facing=None if facing in ([], [None]) else number(facing[0], "a tile's facing"),
    )


def _window(value: Any) -> SheetWindow:
    start_ms, faces, expected = _row(value, "a window", 3)
    return SheetWindow(
        start_ms=whole(start_ms, "a window's start"),
        faces=whole(faces, "a window's faces"),
        expected=whole(expected, "a window's expected faces"),
    )


def _row(value: Any, what: str, length: int) -> list[Any]:
    row = items_of(value, f"the values of {what}", length)
    if len(row) < length:
        raise SheetRejected(f"{what} has {len(row)} values and should have {length}")
    return row
