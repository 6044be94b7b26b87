"""Runs several scorers on the same faces of a recording, on the device and in the cloud.

Faces are found once. Device scorers score the best crop of each track in each second; the cloud's scorer gets the same
faces on contact sheets, made as a camera makes them. No picture is written to disk.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from audience.deliveries.delivery import Delivery
from audience.deliveries.reading import read_delivery
from audience.deliveries.sheet import Sheet
from audience.errors import InvalidValue, RecordingUnreadable
from audience.faces import FaceRecord
from audience.windows import tallies_of, window_start
from edge_lambda.correction import PictureCorrector
from edge_lambda.delivery.contact_sheet import crop_for_sheet
from edge_lambda.delivery.sheets import SheetBuilder
from edge_lambda.delivery.windows import WindowFileBuilder
from edge_lambda.detectors import Detector, Image
from edge_lambda.pipeline import BestCrop, CameraKey, ScoredWindow, TimedFrame, UnscoredWindow, scored_windows
from edge_lambda.recording import Recording, open_recording
from edge_lambda.scorers import Scorer, scorer_record
from edge_lambda.tracking import Tracker

Ints = NDArray[np.int64]
Place = Literal["device", "cloud"]
Scores = Mapping[str, float] | None

STRETCH_S: Final = 60.0
"""Length of each of the stretches that are compared of a long recording, seconds."""

_ABSTAINED: Final = "covered"
_ASKED: Final = ("", _ABSTAINED)  # of a face's `unscored`: its crop was given to the scorer

CAMERA: Final = CameraKey(session_id="comparison", stage_id="main", camera_id="cam-1", written_ms=0)


class CloudScorer(Protocol):
    """Scores contact sheets, such as `ingest_lambda.rekognition.RekognitionScorer`."""

    name: str
    thresholds: Mapping[str, float]

    def score(self, sheet: Sheet) -> list[Scores]:
        """See `ingest_lambda.scoring.SheetScorer.score`."""
        ...


@dataclass(slots=True, kw_only=True)
class ScorerRun:
    """What one scorer did with the faces of a recording, so far.

    Attributes:
        name: the scorer's name and version.
        place: where it scores.
        thresholds: its thresholds by expression.
        scores: the scores of face n; None where it gave none, missing where it was not asked yet.
        delays_s: for each window with faces, seconds from the window's end until its scores are there.
        busy_s: seconds that it worked, or was waited for.
        calls: paid calls.
        deliveries, bytes, pictures: what leaves the device: files, their bytes, and pictures of faces in them.
    """

    name: str
    place: Place
    thresholds: Mapping[str, float]
    scores: dict[int, Scores] = field(default_factory=dict)
    delays_s: list[float] = field(default_factory=list)
    busy_s: float = 0.0
    calls: int = 0
    deliveries: int = 0
    bytes: int = 0
    pictures: int = 0

    def sent(self, deliveries: Iterable[Delivery]) -> None:
        """Counts deliveries that leave the device."""
        for delivery in deliveries:
            self.deliveries += 1
            self.bytes += len(delivery.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFaces:
    """The faces of a recording.

    Attributes:
        seconds: windows looked at, each a second.
        track: (n,) number of the track of each face.
        start_ms: (n,) start of its window, milliseconds from the recording's first frame.
        number: the number of a face by window and track id.
        runs: the device scorers' results.
        deliveries: what a camera would send for the cloud to score: sheets, and window files of empty windows.
    """

    seconds: int
    track: Ints
    start_ms: Ints
    number: Mapping[tuple[int, str], int]
    runs: tuple[ScorerRun, ...]
    deliveries: tuple[Delivery, ...]

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """The contact sheets among the deliveries."""
        found = (read_delivery(delivery.key, delivery.data) for delivery in self.deliveries)
        return tuple(one for one in found if isinstance(one, Sheet))


def see_faces(
    video: Path,
    *,
    detector: Detector,
    scorers: Sequence[Scorer],
    minutes: float,
    interval_s: float,
    on_progress: Callable[[int], None] = lambda seconds: None,
) -> SeenFaces:
    """Finds the faces of a recording, scores them with every device scorer, and puts them on contact sheets.

    Args:
        video: the recording.
        detector: finds the faces.
        scorers: device scorers, one at least, with names of their own.
        minutes: at most this much is looked at: of a longer recording, stretches of a minute from all over it.
        interval_s: seconds of windows in a delivery, over 0.
        on_progress: called after each window with the number of windows so far.

    Raises:
        InvalidValue: two scorers have the same name.
        RecordingUnreadable: the recording cannot be read, or shows no face.
    """
    check_distinct(scorers)
    recording = open_recording(video)
    together = _Together(scorers)
    builders = [WindowFileBuilder(scorer_record(scorer), interval_s=interval_s) for scorer in scorers]
    sheets = SheetBuilder(CAMERA, interval_s=interval_s)
    windows = scored_windows(
        _frames(recording, minutes),
        camera=CAMERA,
        corrector=PictureCorrector(detector),
        tracker=Tracker(run=CAMERA.session_id),
        scorer=together,
        keep_frames=True,
    )
    tracks: dict[str, int] = {}
    number: dict[tuple[int, str], int] = {}
    deliveries: list[Delivery] = []
    seconds, before_ms = 0, None
    with closing(windows):
        for window in windows:
            start_ms = window.record.start_ms
            if before_ms is not None and start_ms != before_ms + CAMERA.width_ms:
                # A camera's deliveries do not reach over what was left out.
                deliveries += sheets.flush()
                for run, builder in zip(together.runs, builders, strict=True):
                    run.sent(builder.flush())
            before_ms, seconds = start_ms, seconds + 1
            first = len(number)
            for face in window.faces.faces:
                tracks.setdefault(face.track_id, len(tracks))
                number[start_ms, face.track_id] = len(number)
            together.number(first, window)
            for run, builder in zip(together.runs, builders, strict=True):
                run.sent(builder.add(_scored_by(run, window, first)))
            deliveries += sheets.add(_for_a_sheet(window))
            on_progress(seconds)
    deliveries += sheets.flush()
    for run, builder in zip(together.runs, builders, strict=True):
        run.sent(builder.flush())
    if not number:
        raise RecordingUnreadable(f"no face was found in {video}: choose a recording of an audience")
    return SeenFaces(
        seconds=seconds,
        track=np.array([tracks[track] for _, track in number], dtype=np.int64),
        start_ms=np.array([start_ms for start_ms, _ in number], dtype=np.int64),
        number=number,
        runs=tuple(together.runs),
        deliveries=tuple(deliveries),
    )


def check_distinct(scorers: Sequence[Scorer]) -> None:
    """Checks that no scorer would be compared with itself.

    Raises:
        InvalidValue: two have the same name, and so the same model.
    """
    names = [scorer.name for scorer in scorers]
    if len(set(names)) < len(names):
        raise InvalidValue(f"{names[0]} would be compared with itself: give --model another file")


class CloudScoring:
    """Scores the faces in the cloud, sheet by sheet; the results so far are available at any time.

    Attributes:
        run: the results so far.
    """

    def __init__(self, seen: SeenFaces, scorer: CloudScorer) -> None:
        """Creates the object without calls."""
        self._seen, self._scorer = seen, scorer
        self.run = ScorerRun(name=scorer.name, place="cloud", thresholds=scorer.thresholds)
        self.run.sent(delivery for delivery in seen.deliveries)
        self.run.pictures = sum(len(sheet.manifest.tiles) for sheet in seen.sheets)

    def score(self, on_progress: Callable[[int], None] = lambda calls: None) -> None:
        """Scores all sheets, one call after the other.

        Args:
            on_progress: called after each call with the number of answered calls.

        Raises:
            SheetRejected: a sheet cannot be scored.
            ScorerUnavailable: the scorer does not answer; earlier results are kept.
        """
        for sheet in self._seen.sheets:
            began_s = time.perf_counter()
            scores = self._scorer.score(sheet)
            took_s = time.perf_counter() - began_s
            self.run.calls += 1
            self.run.busy_s += took_s
            manifest = sheet.manifest
            for tile, found in zip(manifest.tiles, scores, strict=True):
                face = self._seen.number[window_start(tile.at_ms, manifest.width_ms), tile.track_id]
                self.run.scores[face] = found
            sent_ms = manifest.windows[-1].start_ms + manifest.width_ms
            self.run.delays_s += [
                (sent_ms - window.start_ms - manifest.width_ms) / 1000 + took_s
                for window in manifest.windows
                if window.faces
            ]
            on_progress(self.run.calls)


class _Together:
    """Scores with several scorers at once; the pipeline gets the first one's scores."""

    def __init__(self, scorers: Sequence[Scorer]) -> None:
        first = scorers[0]
        self.name, self.expressions, self.thresholds = first.name, first.expressions, first.thresholds
        self.experimental, self.model_sha256 = first.experimental, first.model_sha256
        self.score_tables = first.score_tables
        self._scorers = scorers
        self._latest: list[NDArray[np.float32]] = []
        self.runs = [ScorerRun(name=scorer.name, place="device", thresholds=scorer.thresholds) for scorer in scorers]

    def score(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        self._latest = []
        for scorer, run in zip(self._scorers, self.runs, strict=True):
            began_s = time.perf_counter()
            self._latest.append(scorer.score(crops))
            took_s = time.perf_counter() - began_s
            run.busy_s += took_s
            run.delays_s.append(took_s)
        return self._latest[0]

    def number(self, first: int, window: ScoredWindow) -> None:
        """Files the latest scores under the numbers of the window's faces, from `first` on.

        The pipeline asks for no scores of faces that it knows to be too small or turned away; they get none.
        """
        faces = window.faces.faces
        asked = [first + place for place, face in enumerate(faces) if face.unscored in _ASKED]
        for run in self.runs:
            run.scores.update(dict.fromkeys(range(first, first + len(faces))))
        if not asked:
            return  # the latest scores, if there are any, are of an earlier window
        for scorer, run, rows in zip(self._scorers, self.runs, self._latest, strict=True):
            for face, row in zip(asked, rows.tolist(), strict=True):
                known = all(map(math.isfinite, row))
                run.scores[face] = dict(zip(scorer.expressions, row, strict=True)) if known else None


def _frames(recording: Recording, minutes: float) -> Iterator[TimedFrame]:
    # Times count from the first frame, so that the true time is not sent.
    for start_s, until_s in _stretches(recording.duration_s, minutes * 60):
        for frame in recording.sample(CAMERA.width_ms / 1000, start_s=start_s):
            if frame.at_s >= until_s:
                break
            yield TimedFrame(at_ms=round(frame.at_s * 1000), image=frame.image, interlaced=frame.interlaced)


def _stretches(duration_s: float | None, most_s: float) -> list[tuple[float, float]]:
    """Which parts of a recording are looked at: all of it, or stretches of equal length at equal distances."""
    if duration_s is None or duration_s <= most_s:
        return [(0.0, most_s)]
    count = math.ceil(most_s / STRETCH_S)
    # On whole seconds, as the windows are, so that no stretch reaches into the next.
    length_s = math.floor(most_s / count)
    middles = ((place + 0.5) * duration_s / count for place in range(count))
    starts = (float(math.floor(middle - length_s / 2)) for middle in middles)
    return [(start, start + length_s) for start in starts]


def _scored_by(run: ScorerRun, window: ScoredWindow, first: int) -> ScoredWindow:
    """A window as a device that runs this scorer alone would have it."""
    faces = tuple(
        replace(face, confidences=run.scores[first + place] or {}, unscored=_reason(face, run.scores[first + place]))
        for place, face in enumerate(window.faces.faces)
    )
    record = replace(window.record, tallies=tallies_of(faces, run.thresholds), scorer=run.name)
    return replace(window, record=record, faces=replace(window.faces, faces=faces, scorer=run.name))


def _reason(face: FaceRecord, scores: Scores) -> str:
    """Why a face has no scores by this scorer; "" if it has."""
    return "" if scores else face.unscored or _ABSTAINED


def _for_a_sheet(window: ScoredWindow) -> UnscoredWindow:
    """The window with its faces cut out of the same frames as for a contact sheet."""
    frames = {frame.at_ms: frame for frame in window.kept}
    cut = []
    for face in window.faces.faces:
        frame = frames[face.at_ms]
        (seen,) = (tracked.detection for tracked in frame.tracked if tracked.track == face.track_id)
        cut.append(
            BestCrop(
                track_id=face.track_id,
                at_ms=face.at_ms,
                box=face.box,
                quality=face.quality,
                crop=crop_for_sheet(frame.image, seen),
            )
        )
    return UnscoredWindow(start_ms=window.record.start_ms, expected=window.record.expected, faces=tuple(cut))
