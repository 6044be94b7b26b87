"""The two delivery paths of a camera: best crops on contact sheets, or windows scored on the device."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from audience.deliveries.delivery import Delivery
from audience.errors import HouselightsError
from audience.reaction.corrected_share import ShareEstimator
from audience.store import DeliveryStep
from edge_lambda.correction import PictureCorrector
from edge_lambda.delivery.contact_sheet import crop_for_sheet, scoring_crop
from edge_lambda.delivery.pressure import DeliveryLadder
from edge_lambda.delivery.sheets import THRIFTY_INTERVAL_S, SheetBuilder
from edge_lambda.delivery.windows import WindowFileBuilder
from edge_lambda.detectors import Detector
from edge_lambda.facing import RoomAxis
from edge_lambda.pipeline import (
    CameraKey,
    OnFrame,
    ScoredWindow,
    TimedFrame,
    TrackedFrame,
    UnscoredWindow,
    score_window,
    scored_windows,
    unscored_windows,
)
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
        step: how it delivers now.
        corrector: corrects the camera's pictures, and reports what it changed.
    """

    detector: str
    scorer: str
    step: DeliveryStep
    corrector: PictureCorrector

    def process(self, frames: Iterable[TimedFrame], tracker: Tracker) -> Generator[WindowResult, None, None]:
        """Processes frames, window by window; see `edge_lambda.pipeline.unscored_windows`."""
        ...

    def flush(self) -> list[Delivery]:
        """Returns the unfinished deliveries."""
        ...


class SheetDeliveryPath:
    """Sends faces on contact sheets, to be scored in the cloud; scores them here while the cloud lags far behind."""

    def __init__(
        self,
        camera: CameraKey,
        detector: Detector,
        *,
        interval_s: float,
        room: RoomAxis | None = None,
        keep_frames: bool = False,
        on_frame: OnFrame | None = None,
        one_frame_each: bool = False,
        ladder: DeliveryLadder | None = None,
        load_scorer: Callable[[], Scorer] | None = None,
    ) -> None:
        """Starts with an empty sheet.

        Args:
            camera: the key of the windows.
            detector: finds faces.
            interval_s: seconds of windows after which a sheet is sent, over 0.
            room: judges which faces are turned to where the room looks; None to leave that out.
            keep_frames: whether results keep their frames, for a preview.
            on_frame, one_frame_each: see `edge_lambda.pipeline.unscored_windows`.
            ladder: decides how to deliver, asked once a window; None to go on as set.
            load_scorer: loads the scorer for the step "device", when it is taken first; needed if the ladder has it.

        Raises:
            InvalidValue: the interval is not over 0.
        """
        self.detector, self.scorer = detector.name, ""
        self.step: DeliveryStep = "live"
        self._camera, self._room, self._keep_frames, self._on_frame = camera, room, keep_frames, on_frame
        self._interval_s, self._ladder, self._load_scorer = interval_s, ladder, load_scorer
        self._one_frame_each = one_frame_each
        self.corrector = PictureCorrector(detector)
        self._sheets = SheetBuilder(camera, interval_s=interval_s)
        self._own: _OwnScoring | None = None

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
            one_frame_each=self._one_frame_each,
        )
        with closing(windows):
            for window in windows:
                deliveries = self._next_step()
                smiles: Mapping[str, Smile] = {}
                if self.step == "device" and self._own is not None:
                    scored = self._own.scored(window)
                    smiles = smiles_in(scored, self._own.scorer.thresholds)
                    deliveries += self._own.files.add(scored)
                else:
                    deliveries += self._sheets.add(window)
                yield WindowResult(
                    start_ms=window.start_ms,
                    end_ms=window.start_ms + self._camera.width_ms,
                    frames=window.frames,
                    faces=len(window.faces),
                    kept=window.kept,
                    smiles=smiles,
                    deliveries=tuple(deliveries),
                )

    def flush(self) -> list[Delivery]:
        """See `DeliveryPath.flush`."""
        return self._sheets.flush() + (self._own.files.flush() if self._own is not None else [])

    def _next_step(self) -> list[Delivery]:
        """Takes the ladder's step; returns what the step before left unfinished."""
        if self._ladder is None or (step := self._ladder.step()) == self.step:
            return []
        if step == "device" and self._own is None:
            try:
                assert self._load_scorer is not None
                self._own = _OwnScoring(self._camera, self._load_scorer())
            except (HouselightsError, ImportError):
                self._ladder.without("device")
                return self._next_step()
        unfinished = self.flush()
        self.step = step
        self.scorer = self._own.scorer.name if step == "device" and self._own is not None else ""
        self._sheets.set_interval(_gathered_s(step, self._interval_s))
        return unfinished


class _OwnScoring:
    """Scores crops that were cut for a sheet on the device."""

    def __init__(self, camera: CameraKey, scorer: Scorer) -> None:
        self.scorer, self._camera = scorer, camera
        self.files = WindowFileBuilder(scorer_record(scorer), interval_s=THRIFTY_INTERVAL_S)
        self._estimator = ShareEstimator(scorer.score_tables)

    def scored(self, window: UnscoredWindow) -> ScoredWindow:
        faces = tuple(
            replace(face, crop=None if face.crop is None else scoring_crop(face.crop)) for face in window.faces
        )
        return score_window(replace(window, faces=faces), self._camera, self.scorer, self._estimator)


def _gathered_s(step: DeliveryStep, interval_s: float) -> float:
    """For how long windows are gathered at a step, seconds, given the interval that is set."""
    return interval_s if step == "live" else max(interval_s, THRIFTY_INTERVAL_S)


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
        one_frame_each: bool = False,
        ladder: DeliveryLadder | None = None,
    ) -> None:
        """Starts with an empty file.

        Args:
            camera, detector, interval_s, room, keep_frames, on_frame, one_frame_each, ladder: as for
                `SheetDeliveryPath`.
            scorer: scores the faces; None in head-count mode.

        Raises:
            InvalidValue: the interval is not over 0.
        """
        self.detector, self.scorer = detector.name, scorer.name if scorer else ""
        self.step: DeliveryStep = "live"
        self._interval_s, self._ladder, self._one_frame_each = interval_s, ladder, one_frame_each
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
            one_frame_each=self._one_frame_each,
        )
        thresholds = self._scorer.thresholds if self._scorer else {}
        with closing(windows):
            for window in windows:
                if self._ladder is not None:
                    self.step = self._ladder.step()
                    self._builder.set_interval(_gathered_s(self.step, self._interval_s))
                yield WindowResult(
                    start_ms=window.record.start_ms,
                    end_ms=window.end_ms,
                    frames=window.frames,
                    faces=window.record.faces,
                    kept=window.kept,
                    smiles=smiles_in(window, thresholds),
                    deliveries=tuple(self._builder.add(window)),
                )
