"""Camera frames in, windows out: detect, track, keep the best crop of every track; then score it and sum it up.

`seen_windows` is the way up to the crops, for a camera whose faces are scored elsewhere; `scored_windows` is the whole
of it. Decoding, detecting and scoring run at the same time, each in a thread of its own, a few frames apart.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from audience.errors import InvalidValue
from audience.faces import Box, FaceRecord, WindowFaces
from audience.windows import DEFAULT_WIDTH_MS, EXPECTED_OVER_MS, WindowRecord, tallies_of, window_start
from edge_lambda.ahead import ahead
from edge_lambda.crops import crop_for_scoring, crop_quality
from edge_lambda.detectors import Detection, Detector, Image
from edge_lambda.scorers import Scorer
from edge_lambda.tracking import TrackedFace, Tracker

DAY_MS = 86_400_000

Cut = Callable[[Image, Detection], Image]

# Two frames wait between stages: enough that neither stage waits on the other's jitter, and a 4K frame is 25 MB.
_FRAMES_AHEAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraKey:
    """Which camera the windows are from, how wide they are, and how long they are kept.

    Attributes:
        session_id, stage_id, camera_id: the key of every record made.
        width_ms: width of the windows.
        written_ms: when this run began, by the clock of this machine.
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
        """From when a record of a window is kept: from when it was written, whatever a camera's clock says.

        Args:
            start_ms: of the window, milliseconds since the epoch. A live one starts when it is written.
        """
        now_ms = self.written_ms + round((time.monotonic() - self.began_s) * 1000)
        return min(max(start_ms, self.written_ms), now_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedFrame:
    """One image and the instant it was taken, milliseconds since the epoch."""

    at_ms: int
    image: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFrame:
    """A frame and the faces followed in it."""

    at_ms: int
    image: Image
    tracked: tuple[TrackedFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFace:
    """The best crop of one track in one window.

    Attributes:
        track_id: the track.
        at_ms: when the crop was taken, milliseconds since the epoch.
        box: the face in the camera's image.
        quality: how well it could be seen, 0..1.
        crop: the face as it was cut out; None where only heads are counted.
    """

    track_id: str
    at_ms: int
    box: Box
    quality: float
    crop: Image | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWindow:
    """A finished window that is still to be scored.

    Attributes:
        start_ms: its start, milliseconds since the epoch.
        expected: the most faces the camera saw in a window of the last 60 s, this one included.
        faces: every track of the window, once.
        frames: how many frames were looked at.
        kept: those frames, where they were asked for; else empty.
    """

    start_ms: int
    expected: int
    faces: tuple[SeenFace, ...]
    frames: int = 1
    kept: tuple[TrackedFrame, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredWindow:
    """A finished window.

    Attributes:
        record: its sums.
        faces: the single faces behind them.
        frames: how many frames were looked at.
        kept: those frames, where they were asked for; else empty.
    """

    record: WindowRecord
    faces: WindowFaces
    frames: int
    kept: tuple[TrackedFrame, ...] = ()

    @property
    def end_ms(self) -> int:
        """The window ends before this instant."""
        return self.record.start_ms + self.record.width_ms


@dataclass(slots=True)
class _OpenWindow:
    start_ms: int
    best: dict[str, SeenFace] = field(default_factory=dict)
    frames: int = 0
    kept: list[TrackedFrame] = field(default_factory=list)


def seen_windows(
    frames: Iterable[TimedFrame],
    *,
    camera: CameraKey,
    detector: Detector,
    tracker: Tracker,
    cut: Cut | None,
    keep_frames: bool = False,
) -> Generator[SeenWindow, None, None]:
    """Finds the faces of frames and keeps the best crop of each, window by window.

    Args:
        frames: in order of their instants; iterated in a thread.
        camera: which camera they are from.
        detector: finds faces; used in a thread.
        tracker: follows them; new for every run.
        cut: cuts a face out; None where only heads are counted, and then no crop is ever cut out.
        keep_frames: whether to hand over each window's frames, for a preview.

    Yields:
        Every window that had a frame, once a later frame or the end of `frames` shows that it is over. Closing the
        generator drops the window that was still open.
    """
    found = ahead(_detected(ahead(frames, depth=_FRAMES_AHEAD, name="decode"), detector), depth=1, name="detect")
    recent: deque[tuple[int, int]] = deque()  # start and faces of the windows of the last minute
    window: _OpenWindow | None = None
    with closing(found):
        for frame, detections in found:
            start_ms = window_start(frame.at_ms, camera.width_ms)
            if window is not None and start_ms != window.start_ms:
                yield _finish(window, recent)
                window = None
            window = window or _OpenWindow(start_ms)
            height, width = frame.image.shape[:2]
            tracked = tuple(tracker.update(detections, at_ms=frame.at_ms, frame_size=(width, height)))
            _collect(window, frame, tracked, cut)
            if keep_frames:
                window.kept.append(TrackedFrame(at_ms=frame.at_ms, image=frame.image, tracked=tracked))
        if window is not None:
            yield _finish(window, recent)


def scored_windows(
    frames: Iterable[TimedFrame],
    *,
    camera: CameraKey,
    detector: Detector,
    tracker: Tracker,
    scorer: Scorer | None,
    keep_frames: bool = False,
) -> Generator[ScoredWindow, None, None]:
    """Scores frames, window by window; see `seen_windows`.

    Args:
        frames, camera, detector, tracker, keep_frames: as there.
        scorer: scores the faces; None where only heads are counted, and then no crop is ever cut out.

    Yields:
        As there.
    """
    cut = crop_for_scoring if scorer is not None else None
    windows = seen_windows(frames, camera=camera, detector=detector, tracker=tracker, cut=cut, keep_frames=keep_frames)
    with closing(windows):
        for window in windows:
            yield _scored(window, camera, scorer)


def _detected(
    frames: Generator[TimedFrame, None, None], detector: Detector
) -> Iterator[tuple[TimedFrame, list[Detection]]]:
    try:
        for frame in frames:
            yield frame, detector.detect(frame.image)
    finally:
        frames.close()


def _collect(window: _OpenWindow, frame: TimedFrame, tracked: Iterable[TrackedFace], cut: Cut | None) -> None:
    window.frames += 1
    height, width = frame.image.shape[:2]
    for seen in tracked:
        face = seen.detection
        quality = crop_quality(frame.image, face)
        best = window.best.get(seen.track)
        if best is not None and best.quality >= quality:
            continue
        window.best[seen.track] = SeenFace(
            track_id=seen.track,
            at_ms=frame.at_ms,
            box=Box(
                left=face.left / width, top=face.top / height, width=face.width / width, height=face.height / height
            ),
            quality=quality,
            crop=cut(frame.image, face) if cut is not None else None,
        )


def _finish(window: _OpenWindow, recent: deque[tuple[int, int]]) -> SeenWindow:
    recent.append((window.start_ms, len(window.best)))
    while recent[0][0] <= window.start_ms - EXPECTED_OVER_MS:
        recent.popleft()
    return SeenWindow(
        start_ms=window.start_ms,
        expected=max(seen for _, seen in recent),
        faces=tuple(window.best.values()),
        frames=window.frames,
        kept=tuple(window.kept),
    )


def _scored(window: SeenWindow, camera: CameraKey, scorer: Scorer | None) -> ScoredWindow:
    confidences: list[dict[str, float]] = [{} for _ in window.faces]
    if scorer is not None and window.faces:
        scores = scorer.score([face.crop for face in window.faces if face.crop is not None])
        if len(scores) != len(window.faces):
            raise InvalidValue(f"{scorer.name} gave {len(scores)} scores for {len(window.faces)} crops")
        confidences = [dict(zip(scorer.expressions, map(float, row), strict=True)) for row in scores]
    faces = tuple(
        FaceRecord(track_id=face.track_id, at_ms=face.at_ms, box=face.box, quality=face.quality, confidences=confidence)
        for face, confidence in zip(window.faces, confidences, strict=True)
    )
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
            tallies=tallies_of(faces, scorer.thresholds if scorer is not None else {}),
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
