"""The two ways a camera's windows leave it: their best crops on contact sheets, or scored, as window files."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from audience.deliveries.delivery import Delivery
from edge_lambda.correction import PictureCorrector
from edge_lambda.delivery.contact_sheet import crop_for_sheet
from edge_lambda.delivery.sheets import SheetBuilder
from edge_lambda.delivery.windows import WindowGatherer
from edge_lambda.detectors import Detector
from edge_lambda.pipeline import CameraKey, TimedFrame, TrackedFrame, scored_windows, seen_windows
from edge_lambda.preview.live import Smile, smiles_in
from edge_lambda.scorers import Scorer, scorer_record
from edge_lambda.tracking import Tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one window brought.

    Attributes:
        start_ms, end_ms: the window, milliseconds since the epoch.
        frames: how many were looked at.
        faces: distinct tracks in it.
        kept: its frames, where they were asked for; else empty.
        smiles: by track; empty where they are not scored here.
        deliveries: what is now to be sent, in order; often nothing.
    """

    start_ms: int
    end_ms: int
    frames: int
    faces: int
    kept: tuple[TrackedFrame, ...]
    smiles: Mapping[str, Smile]
    deliveries: tuple[Delivery, ...]


class Way(Protocol):
    """From frames to deliveries.

    Attributes:
        detector, scorer: name and version of each; the scorer's is "" where nothing is scored here.
        corrector: puts the camera's pictures right, and says what it did.
    """

    detector: str
    scorer: str
    corrector: PictureCorrector

    def looked(self, frames: Iterable[TimedFrame], tracker: Tracker) -> Generator[Looked, None, None]:
        """Looks at frames, window by window; see `edge_lambda.pipeline.seen_windows`."""
        ...

    def flush(self) -> list[Delivery]:
        """What waits for a delivery to be full or old enough, now."""
        ...


class SheetWay:
    """Faces are scored elsewhere."""

    def __init__(self, camera: CameraKey, detector: Detector, *, interval_s: float, keep_frames: bool = False) -> None:
        """Starts with an empty sheet.

        Args:
            camera: whose windows they are.
            detector: finds faces.
            interval_s: seconds of windows after which a sheet is sent, over 0.
            keep_frames: whether to hand over each window's frames, for a preview.

        Raises:
            InvalidValue: the interval is not over 0.
        """
        self.detector, self.scorer = detector.name, ""
        self._camera, self._keep_frames = camera, keep_frames
        self.corrector = PictureCorrector(detector)
        self._builder = SheetBuilder(camera, interval_s=interval_s)
        self.flush = self._builder.flush

    def looked(self, frames: Iterable[TimedFrame], tracker: Tracker) -> Generator[Looked, None, None]:
        """See `Way.looked`."""
        windows = seen_windows(
            frames,
            camera=self._camera,
            corrector=self.corrector,
            tracker=tracker,
            cut=crop_for_sheet,
            keep_frames=self._keep_frames,
        )
        with closing(windows):
            for window in windows:
                yield Looked(
                    start_ms=window.start_ms,
                    end_ms=window.start_ms + self._camera.width_ms,
                    frames=window.frames,
                    faces=len(window.faces),
                    kept=window.kept,
                    smiles={},
                    deliveries=tuple(self._builder.add(window)),
                )


class WindowFileWay:
    """Faces are scored here, or only heads are counted; no picture of anybody leaves the device."""

    def __init__(
        self,
        camera: CameraKey,
        detector: Detector,
        scorer: Scorer | None,
        *,
        interval_s: float,
        keep_frames: bool = False,
    ) -> None:
        """Starts with an empty file.

        Args:
            camera, detector, interval_s, keep_frames: as for a `SheetWay`.
            scorer: scores the faces; None where only heads are counted.

        Raises:
            InvalidValue: the interval is not over 0.
        """
        self.detector, self.scorer = detector.name, scorer.name if scorer else ""
        self._camera, self._scorer, self._keep_frames = camera, scorer, keep_frames
        self.corrector = PictureCorrector(detector)
        self._gatherer = WindowGatherer(scorer_record(scorer) if scorer else None, interval_s=interval_s)
        self.flush = self._gatherer.flush

    def looked(self, frames: Iterable[TimedFrame], tracker: Tracker) -> Generator[Looked, None, None]:
        """See `Way.looked`."""
        windows = scored_windows(
            frames,
            camera=self._camera,
            corrector=self.corrector,
            tracker=tracker,
            scorer=self._scorer,
            keep_frames=self._keep_frames,
        )
        thresholds = self._scorer.thresholds if self._scorer else {}
        with closing(windows):
            for window in windows:
                yield Looked(
                    start_ms=window.record.start_ms,
                    end_ms=window.end_ms,
                    frames=window.frames,
                    faces=window.record.faces,
                    kept=window.kept,
                    smiles=smiles_in(window, thresholds),
                    deliveries=tuple(self._gatherer.add(window)),
                )
