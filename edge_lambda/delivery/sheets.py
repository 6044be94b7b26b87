"""Laying the best crops of windows on contact sheets, and sending each sheet when it is full or old enough."""

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
from edge_lambda.delivery.contact_sheet import drawn
from edge_lambda.pipeline import CameraKey, SeenFace, SeenWindow

LIVE_INTERVAL_S: Final = 2.0
"""How much of time a sheet holds where delay matters: a face is on its way after at most this."""

THRIFTY_INTERVAL_S: Final = 12.0
"""The same where cost matters more: fuller sheets, so fewer of them."""

_FULL_ENOUGH: Final = MOST_TILES * 9 // 10
"""Tiles from which a sheet goes rather than take a part of a window: a second part is a second write a window."""


@dataclass(slots=True)
class _Open:
    """The sheet that is being filled."""

    faces: list[SeenFace] = field(default_factory=list)
    windows: list[SheetWindow] = field(default_factory=list)


class SheetBuilder:
    """Collects the windows of one camera.

    A window goes on the sheet that is open. Where its faces do not fit, all go on the next sheet if this one is nine
    tenths full, else the others do. Time is the data's own: a sheet is sent when the windows on it span the interval.
    Windows in which nobody was in view ride along on a sheet; a stretch of nothing else is sent as a window file, since
    there is nothing to score.
    """

    def __init__(self, camera: CameraKey, *, interval_s: float = LIVE_INTERVAL_S) -> None:
        """Starts with an empty sheet.

        Args:
            camera: whose windows they are.
            interval_s: seconds of windows after which a sheet is sent even if it is not full, over 0.

        Raises:
            InvalidValue: the interval is not over 0.
        """
        if not interval_s > 0:
            raise InvalidValue(f"a sheet interval of {interval_s:g} s is not allowed: use more than 0")
        self._camera = camera
        self._interval_ms = interval_s * 1000
        self._open = _Open()

    def add(self, window: SeenWindow) -> list[Delivery]:
        """Takes the next window.

        Args:
            window: later than those before; its faces cut out by `crop_for_sheet`.

        Returns:
            What is now to be sent, in order; often nothing.
        """
        ready = []
        room = MOST_TILES - len(self._open.faces)
        if room < len(window.faces) and len(self._open.faces) >= _FULL_ENOUGH:
            ready += self.flush()
        # Faces of the last minute that are not in this window are nobody's tile: its first part answers for them.
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

    def flush(self) -> list[Delivery]:
        """What waits on the open sheet, now; nothing where nothing waits."""
        opened, self._open = self._open, _Open()
        if not opened.windows:
            return []
        return [self._sheet(opened) if opened.faces else self._nobody(opened)]

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
                )
                for place, face in enumerate(opened.faces)
            ),
            windows=tuple(opened.windows),
        )
        crops = [face.crop for face in opened.faces if face.crop is not None]
        if len(crops) < len(opened.faces):
            raise InvalidValue("faces that were not cut out cannot lie on a contact sheet")
        return seal_sheet(manifest, drawn(crops)).delivery()

    def _nobody(self, opened: _Open) -> Delivery:
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
    """The box to five digits, a fiftieth of a pixel of Full HD: a third of a manifest would be digits without a use."""
    least = 1e-5
    return Box(
        left=round(box.left, 5),
        top=round(box.top, 5),
        width=max(least, round(box.width, 5)),
        height=max(least, round(box.height, 5)),
    )
