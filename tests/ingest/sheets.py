"""Contact sheets and window files as cameras deliver them, without a camera."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from audience.deliveries.grid import CROP_PX, Grid
from audience.deliveries.manifest import Manifest, SheetWindow, Tile
from audience.deliveries.sheet import Sheet, seal_sheet
from audience.deliveries.window_file import WindowFile
from audience.faces import Box
from audience.store import ScorerRecord
from edge_lambda.delivery.contact_sheet import draw_sheet
from tests.builders import a_face, a_scorer, a_window, after_ms, window_faces

BOX = Box(left=0.1, top=0.2, width=0.05, height=0.08)


@functools.cache
def gray_picture(tiles: int) -> bytes:
    """Tiles without a face on them."""
    return draw_sheet([np.full((CROP_PX, CROP_PX, 3), 90, np.uint8)] * tiles)


def a_sheet(
    *faces: int,
    at_s: int = 0,
    session_id: str = "talk-1",
    stage_id: str = "main",
    camera_id: str = "cam-1",
    expected: Sequence[int] | None = None,
    picture: bytes | None = None,
) -> Sheet:
    """A sheet of windows with so many faces each, the first at `at_s`; one window of three unless said otherwise."""
    counts = faces or (3,)
    windows = [after_ms(at_s + index) for index in range(len(counts))]
    tracks = [(start, index) for start, count in zip(windows, counts, strict=True) for index in range(count)]
    manifest = Manifest(
        session_id=session_id,
        stage_id=stage_id,
        camera_id=camera_id,
        width_ms=1000,
        mode="expressions",
        grid=Grid.of(len(tracks)),
        tiles=tuple(
            Tile(place=place, track_id=f"run-{index}", at_ms=start + 40, box=BOX, quality=0.7)
            for place, (start, index) in enumerate(tracks)
        ),
        windows=tuple(
            SheetWindow(start_ms=start, faces=count, expected=count if expected is None else expected[index])
            for index, (start, count) in enumerate(zip(windows, counts, strict=True))
        ),
    )
    return seal_sheet(manifest, picture or gray_picture(len(tracks)))


def a_window_file(
    at_s: int = 0,
    *,
    smiles: Sequence[float] = (0.9, 0.1),
    session_id: str = "talk-1",
    scorer: ScorerRecord | None = None,
    width_ms: int = 1000,
) -> WindowFile:
    """A file of one window that was scored on the device; the camera says that it is to be forgotten at once."""
    made_by = scorer or a_scorer()
    seen = [
        a_face(f"t{index}", at_ms=after_ms(at_s) + 20, confidences={"smile": smile})
        for index, smile in enumerate(smiles)
    ]
    window = a_window(at_s, seen=seen, session_id=session_id, scorer=made_by.name, expires_ms=1, width_ms=width_ms)
    faces = window_faces(at_s, seen=seen, session_id=session_id, expires_ms=1)
    return WindowFile(windows=(window,), faces=(faces,), scorer=made_by)


def a_head_count_file(at_s: int = 0, *, heads: int = 4) -> WindowFile:
    """A file of one window in which heads were counted."""
    seen = [a_face(f"t{index}", confidences={}) for index in range(heads)]
    return WindowFile(windows=(a_window(at_s, seen=seen, scorer=""),))
