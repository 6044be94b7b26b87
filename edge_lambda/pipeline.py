"""Turns camera frames into windows: correct, detect, track, keep the best crop of every track, score, and sum up.

`unscored_windows` stops at the crops, for cameras whose faces are scored elsewhere; `scored_windows` runs all steps.
Decoding, detecting and scoring run at the same time, each in its own thread, a few frames apart.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from statistics import fmean

from audience.errors import InvalidValue
from audience.faces import FACING, FACING_THRESHOLD, Box, FaceRecord, WindowFaces
from audience.reaction.corrected_share import ShareEstimator
from audience.windows import DEFAULT_WIDTH_MS, WindowRecord, tallies_of, window_start
from edge_lambda.correction import CorrectedFrame, PictureCorrector
from edge_lambda.crops import crop_for_scoring, crop_quality, unscored
from edge_lambda.detectors import Detection, Image
from edge_lambda.expected_faces import ExpectedFaces
from edge_lambda.facing import RoomAxis
from edge_lambda.pipeline_types import BestCrop, ScoredWindow, TimedFrame, TrackedFrame, UnscoredWindow
from edge_lambda.prefetch import prefetch
from edge_lambda.scorers import Scorer
from edge_lambda.tracking import Tracker

__all__ = [
    "BestCrop",
    "CameraKey",
    "ScoredWindow",
    "TimedFrame",
    "TrackedFrame",
    "UnscoredWindow",
    "scored_windows",
    "unscored_windows",
]

DAY_MS = 86_400_000

Cut = Callable[[Image, Detection], Image]
OnFrame = Callable[[TrackedFrame], None]

# Two frames wait between stages: enough to absorb jitter; more would cost memory, as a 4K frame is 25 MB.
_FRAMES_AHEAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraKey:
    """A camera's identity, the width of its windows, and how long its records are kept.

    Attributes:
        session_id, stage_id, camera_id: the key of every record.
        width_ms: width of the windows.
        written_ms: start of this run by this machine's clock, milliseconds since the epoch.
        windows_kept_ms, faces_kept_ms: how long windows and single faces are kept.
    """

    session_id: str
    stage_id: str
    camera_id: str
    width_ms: int = DEFAULT_WIDTH_MS
    written_ms: int
    windows_kept_ms: int = 730 * DAY_MS
    faces_kept_ms: int = 30 * DAY_MS
    began_s: float = field(default_factory=time.monotonic, compare=False, repr=False)

    def kept_from_ms(self, start_ms: int) -> int:
        """Start of a record's retention period: when it was written, whatever a camera's clock says.

        Args:
            start_ms: start of the window, milliseconds since the epoch; a live window starts when it is written.
        """
        now_ms = self.written_ms + round((time.monotonic() - self.began_s) * 1000)
        return min(max(start_ms, self.written_ms), now_ms)


@dataclass(slots=True)
class _OpenWindow:
    start_ms: int
    best: dict[str, BestCrop] = field(default_factory=dict)
    frames: int = 0
    kept: list[TrackedFrame] = field(default_factory=list)
    found: list[float] = field(default_factory=list)  # confidences of all faces found
    unusable: int = 0  # most faces in a frame that cannot be scored
    facing: dict[str, list[float]] = field(default_factory=dict)  # of each track, a value a frame


def unscored_windows(
    frames: Iterable[TimedFrame],
    *,
    camera: CameraKey,
    corrector: PictureCorrector,
    tracker: Tracker,
    cut: Cut | None,
    room: RoomAxis | None = None,
    keep_frames: bool = False,
    on_frame: OnFrame | None = None,
    one_frame_each: bool = False,
) -> Generator[UnscoredWindow, None, None]:
    """Finds the faces in frames and keeps the best crop of each, window by window.

    Args:
        frames: in chronological order; iterated in a thread.
        camera: the camera they are from.
        corrector: corrects the pictures and finds faces; used in a thread.
        tracker: follows the faces; new for every run.
        cut: cuts out a face; None in head-count mode, in which no crop is made.
        room: judges which faces are turned to where the room looks; new for every run; None to leave that out.
        keep_frames: whether windows keep their frames, for a preview.
        on_frame: called with every frame and its tracked faces, to recognise people who enrolled; None, as usual, where
            there is no roster.
        one_frame_each: whether a window gets one frame at most, which completes it.

    Yields:
        Every window that had a frame, once its only frame, a later one or the end of `frames` completes it. Closing the
        generator drops the open window.
    """
    found = prefetch(
        _corrected(prefetch(frames, depth=_FRAMES_AHEAD, name="decode"), corrector), depth=1, name="detect"
    )
    if on_frame is not None:
        tracker.forbid_returns()  # a track may stand for somebody who was recognised, and clothes recognise nobody
    expected = ExpectedFaces()
    window: _OpenWindow | None = None
    with closing(found):
        for at_ms, seen in found:
            start_ms = window_start(at_ms, camera.width_ms)
            if window is not None and start_ms != window.start_ms:
                yield _finish(window, expected)
                window = None
            window = window or _OpenWindow(start_ms)
            frame = _follow(window, at_ms, seen, tracker)
            _collect(window, frame, cut)
            if room is not None:
                _judge(window, frame, room)
            if on_frame is not None:
                on_frame(frame)
            if keep_frames:
                window.kept.append(frame)
            if one_frame_each:
                yield _finish(window, expected)
                window = None
        if window is not None:
            yield _finish(window, expected)


def scored_windows(
    frames: Iterable[TimedFrame],
    *,
    camera: CameraKey,
    corrector: PictureCorrector,
    tracker: Tracker,
    scorer: Scorer | None,
    room: RoomAxis | None = None,
    keep_frames: bool = False,
    on_frame: OnFrame | None = None,
    one_frame_each: bool = False,
) -> Generator[ScoredWindow, None, None]:
    """Scores the faces in frames, window by window.

    Args:
        frames, camera, corrector, tracker, room, keep_frames, on_frame, one_frame_each: see `unscored_windows`.
        scorer: scores the faces; None in head-count mode, in which no crop is made.

    Yields:
        See `unscored_windows`.
    """
    cut = crop_for_scoring if scorer is not None else None
    windows = unscored_windows(
        frames,
        camera=camera,
        corrector=corrector,
        tracker=tracker,
        cut=cut,
        room=room,
        keep_frames=keep_frames,
        on_frame=on_frame,
        one_frame_each=one_frame_each,
    )
    estimator = ShareEstimator(scorer.score_tables if scorer is not None else {})
    with closing(windows):
        for window in windows:
            yield score_window(window, camera, scorer, estimator)


def _corrected(
    frames: Generator[TimedFrame, None, None], corrector: PictureCorrector
) -> Iterator[tuple[int, CorrectedFrame]]:
    try:
        for frame in frames:
            yield frame.at_ms, corrector.correct(frame.image, interlaced=frame.interlaced)
    finally:
        frames.close()


def _follow(window: _OpenWindow, at_ms: int, seen: CorrectedFrame, tracker: Tracker) -> TrackedFrame:
    """Tracks the faces of a frame and counts them in the window."""
    height, width = seen.image.shape[:2]
    if seen.moved:
        # The same people are at other positions now: continued tracks would count each of them twice in this window.
        tracker.forget()
        window.best.clear()
        window.facing.clear()
    window.found += [face.confidence for face in seen.detections]
    if seen.unusable:
        window.unusable = max(window.unusable, len(seen.detections))
    usable = [] if seen.unusable else seen.detections
    tracked = tuple(tracker.update(usable, at_ms=at_ms, frame_size=(width, height), image=seen.image))
    return TrackedFrame(at_ms=at_ms, image=seen.image, tracked=tracked)


def _collect(window: _OpenWindow, frame: TrackedFrame, cut: Cut | None) -> None:
    window.frames += 1
    height, width = frame.image.shape[:2]
    for seen in frame.tracked:
        face = seen.detection
        quality = crop_quality(frame.image, face)
        best = window.best.get(seen.track)
        if best is not None and best.quality >= quality:
            continue
        window.best[seen.track] = BestCrop(
            track_id=seen.track,
            at_ms=frame.at_ms,
            box=Box(
                left=face.left / width, top=face.top / height, width=face.width / width, height=face.height / height
            ),
            quality=quality,
            crop=cut(frame.image, face) if cut is not None else None,
            unscored=unscored(face) if cut is not None else "",
        )


def _judge(window: _OpenWindow, frame: TrackedFrame, room: RoomAxis) -> None:
    """Adds which faces of a frame are turned to where the room looks."""
    # All frames count, and not the best crop alone: that is the frame in which a face is the most frontal.
    values = room.update([seen.detection for seen in frame.tracked], frame.at_ms)
    for seen, value in zip(frame.tracked, values, strict=True):
        if value is not None:
            window.facing.setdefault(seen.track, []).append(value)


def _finish(window: _OpenWindow, expected: ExpectedFaces) -> UnscoredWindow:
    faces = expected.update(window.start_ms, tracks=len(window.best), frames=window.frames, found=window.found)
    return UnscoredWindow(
        start_ms=window.start_ms,
        expected=max(faces, window.unusable),
        faces=tuple(
            replace(face, facing=fmean(window.facing[track])) if track in window.facing else face
            for track, face in window.best.items()
        ),
        frames=window.frames,
        kept=tuple(window.kept),
    )


def _scores(faces: Sequence[BestCrop], scorer: Scorer | None) -> Iterator[tuple[dict[str, float], str]]:
    """The confidences of each face, or why it has none."""
    crops = [face.crop for face in faces if face.crop is not None and not face.unscored]
    if scorer is None or not crops:
        yield from (({}, face.unscored) for face in faces)
        return
    scores = scorer.score(crops)
    if len(scores) != len(crops):
        raise InvalidValue(f"{scorer.name} gave {len(scores)} scores for {len(crops)} crops")
    rows = iter(scores.tolist())
    for face in faces:
        if face.unscored:
            yield {}, face.unscored
        elif any(map(math.isnan, row := next(rows))):
            yield {}, "covered"
        else:
            yield dict(zip(scorer.expressions, row, strict=True)), ""


def score_window(
    window: UnscoredWindow, camera: CameraKey, scorer: Scorer | None, estimator: ShareEstimator
) -> ScoredWindow:
    """Scores a finished window.

    Args:
        window: the window, its faces cut out by `crop_for_scoring`.
        camera: its camera.
        scorer: see `scored_windows`.
        estimator: of the scorer's shares; the same for all windows of a run.
    """
    faces = tuple(
        FaceRecord(
            track_id=face.track_id,
            at_ms=face.at_ms,
            box=face.box,
            quality=face.quality,
            confidences=confidences if face.facing is None else {**confidences, FACING: face.facing},
            unscored=reason,
        )
        for face, (confidences, reason) in zip(window.faces, _scores(window.faces, scorer), strict=True)
    )
    tallies = tallies_of(faces, {FACING: FACING_THRESHOLD, **(scorer.thresholds if scorer is not None else {})})
    kept_from = camera.kept_from_ms(window.start_ms)
    name = scorer.name if scorer is not None else ""
    return ScoredWindow(
        record=WindowRecord(
            session_id=camera.session_id,
            stage_id=camera.stage_id,
            camera_id=camera.camera_id,
            start_ms=window.start_ms,
            width_ms=camera.width_ms,
            faces=len(faces),
            expected=window.expected,
            tallies=estimator.corrected(tallies, faces, window.start_ms),
            scorer=name,
            expires_ms=kept_from + camera.windows_kept_ms,
        ),
        faces=WindowFaces(
            session_id=camera.session_id,
            stage_id=camera.stage_id,
            camera_id=camera.camera_id,
            start_ms=window.start_ms,
            part="0",
            scorer=name,
            faces=faces,
            expires_ms=kept_from + camera.faces_kept_ms,
        ),
        frames=window.frames,
        kept=window.kept,
    )
