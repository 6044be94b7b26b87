"""Pictures that lie otherwise, lean, are interlaced or dark: is the curve right, or is nothing shown and that is said?

Variants of the clip of 24 seats, whose every smile is known, are written as files without any flag or word about it and
read as any recording is: decode, put right, find, follow, cut, score, sum up. A picture of every fourth second.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from bench.figures import Figure
from edge_lambda.correction import PictureCorrector
from edge_lambda.detectors import Detection, Detector, Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.pipeline import CameraKey, ScoredWindow, TimedFrame, scored_windows
from edge_lambda.recording import open_recording
from edge_lambda.scorers.expressionnet import ExpressionNet
from edge_lambda.tracking import Tracker
from training.corpus import data_folder

EVERY_S: Final = 4
MILLISECONDS: Final = Fraction(1, 1000)
NEEDED_CORRELATION: Final = 0.97
ALLOWED_ERROR: Final = 0.03
"""Mean error of the share a variant may have more than the clip as it is."""

WORST_ERROR: Final = 0.15
"""A figure further off than this has nothing to do with the audience."""

COVERAGE_ERROR: Final = 0.08

Change = Callable[[Image, Image], Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One variant, as it was scored.

    Attributes:
        share: of smiles, by second of the clip, where there is one.
        faces, expected: over all windows.
        notes: what was said of the pictures.
        seconds: the whole took.
    """

    share: dict[int, float]
    faces: int
    expected: int
    notes: tuple[str, ...]
    seconds: float


def run() -> Iterator[Figure]:
    """Makes every variant and scores it."""
    clip = data_folder() / "clips" / "audience.mp4"
    with clip.with_suffix(".csv").open(newline="") as file:
        rows = {int(row["second"]): row for row in csv.DictReader(file)}
    truth = {second: float(row["share"]) for second, row in rows.items()}
    there = sum(int(row["faces"]) for second, row in rows.items() if second % EVERY_S == 0)
    detector, scorer = load_detector(doubtful=True), ExpressionNet()
    yield from cost(clip, detector)
    errors, worst, correlations, coverages, shown = {}, 0.0, {}, {}, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, change in VARIANTS.items():
            path = Path(folder) / "variant.mkv"
            write(clip, path, change, flagged=name == "interlaced")
            measured = score(path, detector, scorer)
            coverages[name] = measured.faces / max(1, measured.expected) - measured.faces / there
            yield Figure(name=f"{name}: faces found of those there", value=measured.faces / there)
            yield Figure(
                name=f"{name}: coverage less the part that is truly found",
                value=abs(coverages[name]),
                reach=COVERAGE_ERROR,
                direction="at most",
            )
            if not measured.share:
                yield Figure(name=f"{name}: no figure, and said why", value=len(measured.notes), reach=1)
                continue
            shown += 1
            seconds = sorted(measured.share)
            true, told = (np.array([by[second] for second in seconds]) for by in (truth, measured.share))
            errors[name] = float(np.abs(true - told).mean())
            correlations[name] = float(np.corrcoef(true, told)[0, 1])
            worst = max(worst, errors[name])
            yield Figure(
                name=f"{name}: correlation of the share with the truth",
                value=correlations[name],
                reach=NEEDED_CORRELATION,
            )
            yield Figure(
                name=f"{name}: mean error of the share",
                value=errors[name],
                reach=errors["as it is"] + ALLOWED_ERROR,
                direction="at most",
            )
    yield Figure(name="variants with a figure", value=shown)
    yield Figure(name="largest mean error of any variant", value=worst, reach=WORST_ERROR, direction="at most")


class Remembering:
    """A detector that looks at a picture once, and then knows its faces."""

    def __init__(self, detector: Detector) -> None:
        self.name, self.more, self.seconds = detector.name, 0, 0.0
        self.landmarks_turn = detector.landmarks_turn
        self._detector = detector
        self._known: dict[int, list[Detection]] = {}

    def detect(self, image: Image) -> list[Detection]:
        """The faces; see `Detector.detect`. Those of a picture that is not known are counted in `more`."""
        if id(image) not in self._known:
            self.more += 1
            return self._detector.detect(image)
        return self._known[id(image)]

    def look_at(self, images: list[Image]) -> None:
        """Looks at pictures, and notes how long that takes."""
        begun = time.perf_counter()
        self._known = {id(image): self._detector.detect(image) for image in images}
        self.seconds = time.perf_counter() - begun


def cost(clip: Path, detector: Detector) -> Iterator[Figure]:
    """What is done to the pictures of an upright clip, and how long that takes beside finding their faces."""
    images = [frame.image for frame in open_recording(clip).sample(EVERY_S)]
    remembering = Remembering(detector)
    remembering.look_at(images)
    corrector = PictureCorrector(remembering)
    begun = time.perf_counter()
    changed = sum(corrector.correct(image).image is not image for image in images)
    took = time.perf_counter() - begun
    yield Figure(name="upright: pictures changed", value=changed, reach=0, direction="exactly")
    yield Figure(name="upright: looks more than one a picture", value=remembering.more, reach=0, direction="exactly")
    yield Figure(
        name="upright: time of correcting, of that of finding faces",
        value=100 * took / remembering.seconds,
        unit="%",
        reach=2,
        direction="at most",
    )


def score(path: Path, detector: Detector, scorer: ExpressionNet) -> Measured:
    """Scores a recording as `houselights score` does."""
    begun = time.perf_counter()
    corrector = PictureCorrector(detector)
    frames = (
        TimedFrame(at_ms=round(frame.at_s * 1000), image=frame.image, interlaced=frame.interlaced)
        for frame in open_recording(path).sample(EVERY_S)
    )
    camera = CameraKey(session_id="bench", stage_id="seats", camera_id="front", written_ms=0)
    windows: list[ScoredWindow] = list(
        scored_windows(frames, camera=camera, corrector=corrector, tracker=Tracker(run="bench"), scorer=scorer)
    )
    records = [window.record for window in windows]
    return Measured(
        share={
            record.start_ms // 1000: record.tallies["smile"].over / record.faces for record in records if record.faces
        },
        faces=sum(record.faces for record in records),
        expected=sum(record.expected for record in records),
        notes=corrector.notes(),
        seconds=time.perf_counter() - begun,
    )


def write(clip: Path, path: Path, change: Change, *, flagged: bool) -> None:
    """Writes a variant of every `EVERY_S`th second.

    Args:
        clip: the clip.
        path: where to.
        change: makes a picture of one and the one after it.
        flagged: whether the file is to say that it is interlaced.
    """
    options = {"preset": "ultrafast", "crf": "14", "bf": "0"}
    if flagged:
        options["x264-params"] = "interlaced=1:tff=1"
    with av.open(str(clip)) as source, av.open(str(path), "w") as output:
        stream = None
        pictures = [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in source.decode(video=0)]
        for number in range(0, len(pictures), 10 * EVERY_S):
            image = change(pictures[number], pictures[min(number + 1, len(pictures) - 1)])
            if stream is None:
                stream = output.add_stream("libx264", rate=10, options=options)
                stream.height, stream.width, stream.pix_fmt = image.shape[0] & ~1, image.shape[1] & ~1, "yuv420p"
                stream.codec_context.time_base, stream.codec_context.gop_size = MILLISECONDS, 1
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(image[: stream.height, : stream.width]), format="bgr24"
            )
            frame.pts, frame.time_base = number * 100, MILLISECONDS
            output.mux(stream.encode(frame))
        if stream is not None:
            output.mux(stream.encode(None))


def _quarters(count: int) -> Change:
    return lambda image, _: np.asarray(np.rot90(image, count), dtype=np.uint8)


def _tilted(degrees: float) -> Change:
    """As a tilted camera sees the seats: the corners are out of sight, so a little further off, and nothing is lost."""

    def change(image: Image, _: Image) -> Image:
        height, width = image.shape[:2]
        angle = np.radians(abs(degrees))
        wide, high = (
            width * np.cos(angle) + height * np.sin(angle),
            width * np.sin(angle) + height * np.cos(angle),
        )
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        matrix[:, 2] += ((wide - width) / 2, (high - height) / 2)
        return np.asarray(cv2.warpAffine(image, matrix, (round(wide), round(high)), borderValue=(60, 60, 60)), np.uint8)

    return change


def _woven(shift: int) -> Change:
    """Two fields; between them everything moved by some pixels."""

    def change(image: Image, following: Image) -> Image:
        woven = image.copy()
        woven[1::2] = np.roll(following, shift, axis=1)[1::2]
        return woven

    return change


def _dark(light: float, noise: float) -> Change:
    chance = np.random.default_rng(3)

    def change(image: Image, _: Image) -> Image:
        return (image * light + chance.normal(0, noise, image.shape)).clip(0, 255).astype(np.uint8)

    return change


VARIANTS: Final[dict[str, Change]] = {
    "as it is": _quarters(0),
    "tilted by 15°": _tilted(15),
    "tilted by 30° the other way": _tilted(-30),
    "lying on its left side": _quarters(1),
    "upside down": _quarters(2),
    "lying on its right side": _quarters(3),
    "interlaced": _woven(8),
    "interlaced without a flag": _woven(8),
    "a quarter of the light, some noise": _dark(0.25, 12),
    "a quarter of the light, much noise": _dark(0.25, 18),
    "a tenth of the light, much noise": _dark(0.1, 15),
}
