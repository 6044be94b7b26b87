"""How many faces the detectors find in group photos, how many they invent, and how long a frame takes.

A detection is right when it overlaps a marked face by IoU >= 0.4, one to one, matched so that as many as possible are.
One that lies at least half inside a region marked `ignore` counts neither way. The photos are also shown mirrored and
smaller, which tells whether a figure is the detector's or the photos'. Times are of one 1280x720 frame of a seated
audience on all cores, the detectors taking turns: the median, and the least, which is what the frame costs where
nothing else runs on the machine.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from bench.figures import Figure
from edge_lambda.detectors import DEFAULT_DETECTOR, DETECTORS, Detection, Detector, Image
from edge_lambda.detectors.boxes import Boxes, intersection, overlap
from edge_lambda.detectors.load import load_detector
from edge_lambda.recording import open_recording
from training.corpus import CorpusUnreadable, data_folder

NEEDS = ("data",)

SAME_FACE: Final = 0.4
"""Least overlap (IoU) of a detection with the face it is counted for."""

SMALLER: Final = ((0.75, "three quarters", 0.96), (0.5, "half", 0.92))
"""Of the photos shown smaller: the factor, its name, and the least recall aimed at."""

MOST_INVENTED: Final = 4
"""Detections that are no face, in all photos at one size."""

TIMED_FRAMES: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photo:
    """A photo with its marked faces.

    Attributes:
        image: BGR.
        faces: n x 4 (left, top, width, height) to be found, pixels.
        ignore: m x 4 that count neither way, pixels.
    """

    image: Image
    faces: Boxes
    ignore: Boxes

    def mirrored(self) -> Photo:
        """The photo and its boxes, left and right exchanged."""
        width = self.image.shape[1]
        faces, ignore = self.faces.copy(), self.ignore.copy()
        for boxes in (faces, ignore):
            boxes[:, 0] = width - boxes[:, 0] - boxes[:, 2]
        return Photo(image=np.ascontiguousarray(self.image[:, ::-1]), faces=faces, ignore=ignore)

    def scaled(self, factor: float) -> Photo:
        """The photo and its boxes at another size."""
        image = cv2.resize(self.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return Photo(image=np.asarray(image, np.uint8), faces=self.faces * factor, ignore=self.ignore * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts over several photos."""

    faces: int = 0
    found: int = 0
    invented: int = 0

    @property
    def recall(self) -> float:
        """Part of the faces that was found, 0..1."""
        return self.found / self.faces


def run() -> list[Figure]:
    """Measures every detector on the photos, the default one also on clips: of nobody, and of seats that are known."""
    folder = data_folder()
    photos = list(_photos(folder / "photos"))
    detectors = {name: load_detector(name, yunet_model=_yunet_model(folder)) for name in DETECTORS}
    figures = []
    for name, detector in detectors.items():
        tally = _tally(detector, photos)
        default = name == DEFAULT_DETECTOR
        figures += [
            Figure(
                name=f"{detector.name}: recall, {tally.faces} faces",
                value=tally.recall,
                reach=0.985 if default else None,
            ),
            Figure(
                name=f"{detector.name}: false positives, {len(photos)} photos",
                value=tally.invented,
                reach=MOST_INVENTED if default else None,
                direction="at most",
            ),
        ]
    default_detector = detectors[DEFAULT_DETECTOR]
    tally = _tally(default_detector, [photo.mirrored() for photo in photos])
    figures += [
        Figure(name=f"{default_detector.name}: recall, photos mirrored", value=tally.recall),
        Figure(name=f"{default_detector.name}: false positives, photos mirrored", value=tally.invented),
    ]
    for factor, size, least in SMALLER:
        shown = [photo.scaled(factor) for photo in photos]
        for name, detector in detectors.items():
            tally, default = _tally(detector, shown), name == DEFAULT_DETECTOR
            figures += [
                Figure(
                    name=f"{detector.name}: recall, photos at {size} of their size",
                    value=tally.recall,
                    reach=least if default else None,
                ),
                Figure(
                    name=f"{detector.name}: false positives, photos at {size} of their size",
                    value=tally.invented,
                    reach=MOST_INVENTED if default else None,
                    direction="at most",
                ),
            ]
    clip = folder / "clips" / "audience.mp4"
    figures.append(
        Figure(
            name=f"{default_detector.name}: seconds of the seat clip with another count of faces than the truth",
            value=_wrong_seconds(default_detector, clip),
            reach=0,
            direction="at most",
        )
    )
    nobody = folder / "clips" / "no_face.mp4"
    figures.append(
        Figure(
            name=f"{default_detector.name}: faces found in a clip without any",
            value=sum(len(default_detector.detect(frame.image)) for frame in open_recording(nobody).sample(1.0)),
            reach=0,
            direction="exactly",
        )
    )
    frame = next(open_recording(clip).sample(1.0)).image
    for name, milliseconds in _timed(detectors, frame).items():
        label = f"{detectors[name].name}: time of a {frame.shape[1]}x{frame.shape[0]} frame"
        reach = 200 if name == DEFAULT_DETECTOR else None
        figures += [
            Figure(name=f"{label}, least", value=min(milliseconds), unit="ms", reach=reach, direction="at most"),
            Figure(name=f"{label}, median", value=median(milliseconds), unit="ms"),
        ]
    return figures


def _yunet_model(folder: Path) -> Path | None:
    """The evaluation data's copy of YuNet's model; None, for the cache folder's, where there is none."""
    model = folder / "models" / "yunet_n_320_320.onnx"
    return model if model.is_file() else None


def _photos(folder: Path) -> Iterator[Photo]:
    marked = json.loads((folder / "faces.json").read_text())
    for name, regions in marked.items():
        image = cv2.imread(str(folder / name))
        if image is None:
            raise CorpusUnreadable(f"{folder / name} is not an image")
        faces, ignore = (np.array(regions[kind], dtype=float).reshape(-1, 4) for kind in ("faces", "ignore"))
        yield Photo(image=np.asarray(image, np.uint8), faces=faces, ignore=ignore)


def _tally(detector: Detector, photos: list[Photo]) -> Tally:
    tally = Tally()
    for photo in photos:
        found, invented = judged(detector.detect(photo.image), photo)
        tally = Tally(
            faces=tally.faces + len(photo.faces), found=tally.found + found, invented=tally.invented + invented
        )
    return tally


def judged(detections: list[Detection], photo: Photo) -> tuple[int, int]:
    """Counts the faces of a photo that were found, and the detections that are no face."""
    boxes = np.array([(face.left, face.top, face.width, face.height) for face in detections]).reshape(-1, 4)
    same = overlap(boxes, photo.faces) >= SAME_FACE
    rows, columns = linear_sum_assignment(same, maximize=True)
    right = {int(row) for row, column in zip(rows, columns, strict=True) if same[row, column]}
    areas = np.prod(boxes[:, 2:], axis=1)
    ignored = (intersection(boxes, photo.ignore) >= 0.5 * areas[:, None]).any(axis=1)
    return len(right), sum(row not in right and not ignored[row] for row in range(len(boxes)))


def _wrong_seconds(detector: Detector, clip: Path) -> int:
    with clip.with_suffix(".csv").open(newline="") as file:
        truth = [int(row["faces"]) for row in csv.DictReader(file)]
    counted = [len(detector.detect(frame.image)) for frame in open_recording(clip).sample(1.0)]
    return sum(seen != there for seen, there in zip(counted, truth, strict=True))


def _timed(detectors: dict[str, Detector], frame: Image) -> dict[str, list[float]]:
    """Milliseconds of one frame, several times; the detectors take turns, so that a busy machine is unfair to none."""
    milliseconds: dict[str, list[float]] = {name: [] for name in detectors}
    for _ in range(TIMED_FRAMES):
        for name, detector in detectors.items():
            begun = time.perf_counter()
            detector.detect(frame)
            milliseconds[name].append((time.perf_counter() - begun) * 1000)
    return milliseconds
