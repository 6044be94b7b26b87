"""The two delivery paths of a camera: best crops on contact sheets, or windows scored on the device."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from audience.deliveries.delivery import Delivery
from edge_lambda.correction import PictureCorrector
from edge_lambda.delivery.contact_sheet import crop_for_sheet
from edge_lambda.delivery.sheets import SheetBuilder
from edge_lambda.delivery.windows import WindowFileBuilder
from edge_lambda.detectors import Detector
from edge_lambda.facing import RoomAxis
from edge_lambda.pipeline import CameraKey, OnFrame, TimedFrame, TrackedFrame, scored_windows, unscored_windows
from edge_lambda.preview.live import Smile, smiles_in
from edge_lambda.scorers import Scorer, scorer_record
from edge_lambda.tracking import Tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowResult:
    """Result of one window.

    Attributes:
        start_ms, end_ms: the window, milliseconds since the epoch.
        frames: number of frames processed.
        faces: distinct tracks in it.
        kept: its frames if requested, else empty.
        smiles: by track; empty if faces are not scored on the device.
        deliveries: deliveries now ready to send, in order; often none.
    """

    start_ms: int
    end_ms: int
    frames: int
    faces: int
    kept: tuple[TrackedFrame, ...]
    smiles: Mapping[str, Smile]
    deliveries: tuple[Delivery, ...]


class DeliveryPath(Protocol):
    """Turns frames into deliveries.

    Attributes:
        detector, scorer: name and version of each; the scorer's is "" if faces are not scored on the device.
        corrector: corrects the camera's pictures, and reports what it changed.
    """

    detector: str
    scorer: str
    corrector: PictureCorrector

    def process(self, frames: Iterable[TimedFrame], tracker: Tracker) -> Generator[WindowResult, None, None]:
        """Processes frames, window by window; see `edge_lambda.pipeline.unscored_windows`."""
        ...

    def flush(self) -> list[Delivery]:
        """Returns the unfinished deliveries."""
        ...


class SheetDeliveryPath:
    """Sends faces on contact sheets, to be scored in the cloud."""

    def __init__(
        self,
        camera: CameraKey,
        detector: Detector,
        *,
        interval_s: float,
        room: RoomAxis | None = None,
        keep_frames: bool = False,
        on_frame: OnFrame | None = None,
    ) -> None:
        """Starts with an empty sheet.

        Args:
            camera: the key of the windows.
            detector: finds faces.
            interval_s: seconds of windows after which a sheet is sent, over 0.
            room: judges which faces are turned to where the room looks; None to leave that out.
            keep_frames: whether results keep their frames, for a preview.
            on_frame: see `edge_lambda.pipeline.unscored_windows`.

        Raises:
            InvalidValue: the interval is not over 0.
        """
        self.detector, self.scorer = detector.name, ""
        self._camera, self._room, self._keep_frames, self._on_frame = camera, room, keep_frames, on_frame
        self.corrector = PictureCorrector(detector)
        self._builder = SheetBuilder(camera, interval_s=interval_s)
        self.flush = self._builder.flush

    def process(self, frames: Iterable[TimedFrame], tracker: Tracker) -> Generator[WindowResult, None, None]:
        """See `DeliveryPath.process`."""
        windows = unscored_windows(
            frames,
            camera=self._camera,
            corrector=self.corrector,
            tracker=tracker,
            cut=crop_for_sheet,
            room=self._room,
            keep_frames=self._keep_frames,
            on_frame=self._on_frame,
        )
        with closing(windows):
            for window in windows:
                yield WindowResult(
                    start_ms=window.start_ms,
                    end_ms=window.start_ms + self._camera.width_ms,
                    frames=window.frames,
                    faces=len(window.faces),
                    kept=window.kept,
                    smiles={},
                    deliveries=tuple(self._builder.add(window)),
                )


class WindowFileDeliveryPath:
    """Scores faces on the device, or only counts heads; no picture leaves the device."""

    def __init__(
        self,
        camera: CameraKey,
        detector: Detector,
        scorer: Scorer | None,
        *,
        interval_s: float,
        room: RoomAxis | None = None,
        keep_frames: bool = False,
        on_frame: OnFrame | None = None,
    ) -> None:
        """Starts with an empty file.

        Args:
            camera, detector, interval_s, room, keep_frames, on_frame: as for `SheetDeliveryPath`.
            scorer: scores the faces; None in head-count mode.

        Raises:
            InvalidValue: the interval is not over 0.
        """
        self.detector, self.scorer = detector.name, scorer.name if scorer else ""
        self._camera, self._scorer, self._keep_frames, self._on_frame = camera, scorer, keep_frames, on_frame
        self._room = room
        self.corrector = PictureCorrector(detector)
        self._builder = WindowFileBuilder(scorer_record(scorer) if scorer else None, interval_s=interval_s)
        self.flush = self._builder.flush

    def process(self, frames: Iterable[TimedFrame], tracker: Tracker) -> Generator[WindowResult, None, None]:
        """See `DeliveryPath.process`."""
        windows = scored_windows(
            frames,
            camera=self._camera,
            corrector=self.corrector,
            tracker=tracker,
            scorer=self._scorer,
            room=self._room,
            keep_frames=self._keep_frames,
            on_frame=self._on_frame,
        )
        thresholds = self._scorer.thresholds if self._scorer else {}
        with closing(windows):
            for window in windows:
                yield WindowResult(
                    start_ms=window.record.start_ms,
                    end_ms=window.end_ms,
                    frames=window.frames,
                    faces=window.record.faces,
                    kept=window.kept,
                    smiles=smiles_in(window, thresholds),
                    deliveries=tuple(self._builder.add(window)),
                )
