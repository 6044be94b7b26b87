"""Detection of the labelled face in every photograph of a corpus, with the device's detector.

Boxes are cached in a file of the training run, because detection takes minutes.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.crops import SCORING
from edge_lambda.detectors import Detection, Detector, Image
from training.corpus import CorpusUnreadable, Photo
from training.covering import TYPICAL_POINTS

TYPICAL: Final = (0.10, 0.04, 0.80, 0.94)
"""Left, top, width and height of a typical box in these tightly cropped photographs, as fractions; used if no face is
detected."""

SMALL_PX: Final = 100
"""A photograph with a side below this is enlarged twice before detection: a face that fills 48 x 48 pixels is found in
.94 of them then, and in .79 as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One labelled face with its box.

    Attributes:
        photo: the labelled photograph.
        detection: its box, pixels of the photograph.
        found: whether it was detected; otherwise the box is a typical one.
    """

    photo: Photo
    detection: Detection
    found: bool


def decoded(photo: Photo) -> Image:
    """The photograph as height x width x 3, BGR.

    Raises:
        CorpusUnreadable: it is not an image.
    """
    image = cv2.imdecode(np.frombuffer(photo.jpeg, dtype=np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise CorpusUnreadable(f"{photo.file} is not an image")
    return np.asarray(image, dtype=np.uint8)


def find(photos: Sequence[Photo], detector: Detector, step: Callable[[], None] = lambda: None) -> list[Face]:
    """Finds the labelled face of each photograph: the large one in the middle.

    Args:
        photos: the photographs.
        detector: applied to each photograph as to a frame of a camera.
        step: callback after every photograph.
    """
    faces = []
    for photo in photos:
        image = decoded(photo)
        found = _detected(image, detector)
        height, width = image.shape[:2]
        detection = max(found, key=lambda face: _prominence(face, height, width)) if found else _typical(height, width)
        faces.append(Face(photo=photo, detection=detection, found=bool(found)))
        step()
    return faces


def _detected(image: Image, detector: Detector) -> list[Detection]:
    if min(image.shape[:2]) >= SMALL_PX:
        return detector.detect(image)
    larger = np.asarray(cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    return [
        Detection(
            left=face.left / 2,
            top=face.top / 2,
            width=face.width / 2,
            height=face.height / 2,
            confidence=face.confidence,
            landmarks=face.landmarks and tuple((x / 2, y / 2) for x, y in face.landmarks),
        )
        for face in detector.detect(larger)
    ]


def content_hash(photos: Sequence[Photo]) -> str:
    """A hash of the pictures of a corpus, in their order."""
    return hashlib.sha256(b"".join(hashlib.sha256(photo.jpeg).digest() for photo in photos)).hexdigest()


def find_cached(
    photos: Sequence[Photo],
    make_detector: Callable[[], Detector],
    file: Path,
    step: Callable[[], None] = lambda: None,
) -> list[Face]:
    """Like `find`, but caches the boxes in `file`; the detector is created only if needed."""
    corpus = content_hash(photos)
    # A damaged file is as none.
    damaged = (EOFError, KeyError, ValueError, zipfile.BadZipFile)
    with contextlib.suppress(FileNotFoundError, *damaged), file.open("rb") as packed, np.load(packed) as cached:
        if str(cached["corpus"]) == corpus:
            return [_face(photo, row) for photo, row in zip(photos, cached["rows"], strict=True)]
    faces = find(photos, make_detector(), step)
    part = file.with_suffix(".part")
    with part.open("wb") as output:
        np.savez(output, corpus=np.array(corpus), rows=np.array([_row(face) for face in faces]))
    part.replace(file)
    return faces


def gray_photos(faces: Sequence[Face]) -> list[NDArray[np.uint8]]:
    """Every photograph as height x width gray levels, the network's input."""
    return [np.asarray(cv2.cvtColor(decoded(face.photo), cv2.COLOR_BGR2GRAY), dtype=np.uint8) for face in faces]


def squares(faces: Sequence[Face]) -> NDArray[np.float64]:
    """n x 3: centre x, centre y and side of the scorer's crop, pixels of the photograph."""
    return np.array([SCORING.square(face.detection) for face in faces])


def landmarks(faces: Sequence[Face]) -> NDArray[np.float64]:
    """n x 5 x 2, pixels of the photograph, in the order of `Detection.landmarks`; typical ones where there are none."""
    found = []
    for face in faces:
        x, y, side = SCORING.square(face.detection)
        typical = np.array(TYPICAL_POINTS) * side + (x - side / 2, y - side / 2)
        found.append(typical if face.detection.landmarks is None else np.array(face.detection.landmarks))
    return np.array(found)


def crop_landmarks(faces: Sequence[Face]) -> NDArray[np.float64]:
    """n x 5 x 2, pixels of the scorer's crop; see `landmarks`."""
    corners = squares(faces)[:, None, :2] - squares(faces)[:, None, 2:] / 2
    return np.asarray((landmarks(faces) - corners) / squares(faces)[:, None, 2:] * SCORING.size)


def _prominence(face: Detection, height: int, width: int) -> float:
    x, y = face.left + face.width / 2, face.top + face.height / 2
    return face.height - math.hypot(x - width / 2, y - height / 2)


def _typical(height: int, width: int) -> Detection:
    left, top, wide, high = TYPICAL
    return Detection(left=left * width, top=top * height, width=wide * width, height=high * height, confidence=0.0)


def _row(face: Face) -> list[float]:
    box = face.detection
    points = [value for point in box.landmarks or () for value in point] or [math.nan] * 10
    return [box.left, box.top, box.width, box.height, box.confidence, float(face.found), *points]


def _face(photo: Photo, row: NDArray[np.float64]) -> Face:
    left, top, width, height, confidence, found, *points = row.tolist()
    landmarks = None if math.isnan(points[0]) else tuple(zip(points[::2], points[1::2], strict=True))
    detection = Detection(left=left, top=top, width=width, height=height, confidence=confidence, landmarks=landmarks)
    return Face(photo=photo, detection=detection, found=bool(found))
