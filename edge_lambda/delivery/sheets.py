"""Places the best crops of windows on contact sheets, each sent when it is full or old enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from audience.deliveries.delivery import Delivery
from audience.deliveries.grid import MOST_TILES, Grid
from audience.deliveries.manifest import MOST_WINDOWS, Manifest, SheetWindow, Tile
from audience.deliveries.sheet import seal_sheet
from audience.deliveries.window_file import WindowFile
from audience.errors import InvalidValue
from audience.faces import Box
from audience.windows import WindowRecord
from edge_lambda.delivery.contact_sheet import draw_sheet
from edge_lambda.pipeline import BestCrop, CameraKey, UnscoredWindow

LIVE_INTERVAL_S: Final = 2.0
"""Seconds of windows on a sheet where delay matters: a face is sent after at most this."""

THRIFTY_INTERVAL_S: Final = 12.0
"""The same where cost matters more: fewer, fuller sheets."""

_FULL_ENOUGH: Final = MOST_TILES * 9 // 10
"""From this many tiles on, a sheet is sent rather than split a window: each part of a window costs a database write."""


@dataclass(slots=True)
class _Open:
    """The sheet that is being filled."""

    faces: list[BestCrop] = field(default_factory=list)
    windows: list[SheetWindow] = field(default_factory=list)


class SheetBuilder:
    """Collects the windows of one camera on contact sheets.

    A window goes on the open sheet. If its faces do not fit, they all go on the next sheet if this one is nine tenths
    full; otherwise the window is split. A sheet is sent when the windows on it span the interval, by their own
    timestamps. Windows with nobody in view go on the sheet too; if all are empty, they are sent as a window file, since
    there is nothing to score.
    """

    def __init__(self, camera: CameraKey, *, interval_s: float = LIVE_INTERVAL_S) -> None:
        """Starts with an empty sheet.

        Args:
            camera: the key of the windows.
            interval_s: seconds of windows after which a sheet is sent even if it is not full, over 0.

        Raises:
            InvalidValue: the interval is not over 0.
        """
        if not interval_s > 0:
            raise InvalidValue(f"a sheet interval of {interval_s:g} s is not allowed: use more than 0")
        self._camera = camera
        self._interval_ms = interval_s * 1000
        self._open = _Open()

    def add(self, window: UnscoredWindow) -> list[Delivery]:
        """Adds the next window.

        Args:
            window: later than those before; its faces cut out by `crop_for_sheet`.

        Returns:
            Deliveries now ready to send, in order; often none.
        """
        ready = []
        room = MOST_TILES - len(self._open.faces)
        if room < len(window.faces) and len(self._open.faces) >= _FULL_ENOUGH:
            ready += self.flush()
        # Expected faces that were not seen have no tile; the window's first part counts them.
        unseen = window.expected - len(window.faces)
        left = window.faces
        while True:
            fitting, left = left[: MOST_TILES - len(self._open.faces)], left[MOST_TILES - len(self._open.faces) :]
            self._open.faces += fitting
            self._open.windows.append(
                SheetWindow(start_ms=window.start_ms, faces=len(fitting), expected=len(fitting) + unseen)
            )
            unseen = 0
            span_ms = window.start_ms + self._camera.width_ms - self._open.windows[0].start_ms
            full = len(self._open.faces) == MOST_TILES or len(self._open.windows) == MOST_WINDOWS
            if full or span_ms >= self._interval_ms:
                ready += self.flush()
            if not left:
                return ready

    def set_interval(self, interval_s: float) -> None:
        """Changes the interval, from the next window on.

        Args:
            interval_s: seconds, over 0.
        """
        self._interval_ms = interval_s * 1000

    def flush(self) -> list[Delivery]:
        """Returns the open sheet's delivery; empty if nothing waits."""
        opened, self._open = self._open, _Open()
        if not opened.windows:
            return []
        return [self._sheet(opened) if opened.faces else self._empty_windows(opened)]

    def _sheet(self, opened: _Open) -> Delivery:
        manifest = Manifest(
            session_id=self._camera.session_id,
            stage_id=self._camera.stage_id,
            camera_id=self._camera.camera_id,
            width_ms=self._camera.width_ms,
            mode="expressions",
            grid=Grid.of(len(opened.faces)),
            tiles=tuple(
                Tile(
                    place=place,
                    track_id=face.track_id,
                    at_ms=face.at_ms,
                    box=_shortened(face.box),
                    quality=round(face.quality, 4),
                    facing=None if face.facing is None else round(face.facing, 4),
                )
                for place, face in enumerate(opened.faces)
            ),
            windows=tuple(opened.windows),
        )
        crops = [face.crop for face in opened.faces if face.crop is not None]
        if len(crops) < len(opened.faces):
            raise InvalidValue("faces without a crop cannot be placed on a contact sheet")
        return seal_sheet(manifest, draw_sheet(crops)).delivery()

    def _empty_windows(self, opened: _Open) -> Delivery:
        records = tuple(
            WindowRecord(
                session_id=self._camera.session_id,
                stage_id=self._camera.stage_id,
                camera_id=self._camera.camera_id,
                start_ms=window.start_ms,
                width_ms=self._camera.width_ms,
                faces=0,
                expected=window.expected,
                tallies={},
                scorer="",
                expires_ms=self._camera.kept_from_ms(window.start_ms) + self._camera.windows_kept_ms,
            )
            for window in opened.windows
        )
        return WindowFile(windows=records).delivery()


def _shortened(box: Box) -> Box:
    """Rounds a box to five digits, a fiftieth of a Full HD pixel; more digits would make up a third of a manifest."""
    least = 1e-5
    return Box(
        left=round(box.left, 5),
        top=round(box.top, 5),
        width=max(least, round(box.width, 5)),
        height=max(least, round(box.height, 5)),
    )
