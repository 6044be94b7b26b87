"""Photographs of faces, turned to known angles: near-frontal ones laid on a head's surface, which is then turned.

The surface is an ellipsoid with a nose, in distances between the eyes, after mean heads of adults (a head is about 15
cm wide, its nose 2 cm high; eyes are 63 mm apart). It is nobody's own head; hair and ears are missing at the far side.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Detector, Image

SIDE: Final = 200
"""Side of a turned photograph, pixels; the face in it is about 100 pixels high."""

_BELOW, _WIDE, _HIGH, _DEEP = 0.4, 1.19, 1.9, 1.5  # the ellipsoid's middle below the eyes, and its half axes
_NOSE, _NOSE_TIP = 0.36, 0.55  # how far it stands out, and how far its tip is below the eyes
_FINER = 2  # pixels drawn for each of the photograph's, each direction
_ASYMMETRY = 0.06  # of nose and mouth in a near-frontal face, distances between the eyes

Floats = NDArray[np.float64]


def near_frontal(archive: Path, detector: Detector, most: int) -> Iterator[tuple[Image, Floats]]:
    """Photographs of different people who look about straight ahead, the same ones at every call.

    Args:
        archive: zip of photographs with a `labels.csv` (file, expression, person).
        detector: finds faces and their landmarks.
        most: number of people.

    Yields:
        The photograph, BGR; and 5 x 2 landmarks, pixels.
    """
    with zipfile.ZipFile(archive) as photos:
        labels = next(name for name in photos.namelist() if name.endswith("labels.csv"))
        with photos.open(labels) as file:
            first = {row["person"]: row["file"] for row in csv.DictReader(io.TextIOWrapper(file, encoding="utf-8"))}
        found = 0
        for person in sorted(first, key=lambda person: hashlib.sha256(person.encode()).digest()):
            packed = np.frombuffer(photos.read(labels.removesuffix("labels.csv") + first[person]), np.uint8)
            image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
            faces = detector.detect(image)
            if len(faces) != 1 or faces[0].landmarks is None:
                continue
            points = np.array(faces[0].landmarks)
            eyes = points[1] - points[0]
            nose, mouth = points[2] - points[0], points[3:].mean(axis=0) - points[0]
            if all(abs(point @ eyes / (eyes @ eyes) - 0.5) < _ASYMMETRY for point in (nose, mouth)):
                yield image, points
                found += 1
                if found == most:
                    return


def turned(image: Image, landmarks: Sequence[Sequence[float]] | Floats, yaw: float, pitch: float) -> Image:
    """A face turned by some angles, on plain ground.

    Args:
        image: height x width x 3, BGR; a near-frontal face.
        landmarks: its eyes first, pixels.
        yaw: degrees to the picture's right.
        pitch: degrees up.

    Returns:
        SIDE x SIDE x 3, BGR.
    """
    left, right = np.asarray(landmarks, dtype=np.float64)[:2]
    eyes, middle = right - left, (left + right) / 2
    fine = cv2.resize(image, None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_CUBIC)
    rows, columns = np.mgrid[0 : fine.shape[0], 0 : fine.shape[1]]
    across, down = (columns + 0.5) / _FINER - 0.5 - middle[0], (rows + 0.5) / _FINER - 0.5 - middle[1]
    size = float(eyes @ eyes)
    x, y = (across * eyes[0] + down * eyes[1]) / size, (down * eyes[0] - across * eyes[1]) / size
    bulge = 1 - (x / _WIDE) ** 2 - ((y - _BELOW) / _HIGH) ** 2
    head = bulge > 0
    x, y, bulge, colours = x[head], y[head], bulge[head], fine[head]
    ridge = np.where(y < _NOSE_TIP, 0.28, 0.1)  # long above the tip, short below
    z = -_DEEP * np.sqrt(bulge) - _NOSE * np.exp(-((x / 0.16) ** 2) / 2 - ((y - _NOSE_TIP) / ridge) ** 2 / 2)
    a, b = np.radians((yaw, pitch))
    y = y - _BELOW
    x, z = x * np.cos(a) - z * np.sin(a), x * np.sin(a) + z * np.cos(a)
    y, z = y * np.cos(b) + z * np.sin(b), z * np.cos(b) - y * np.sin(b)
    scale = SIDE / 4.2
    column, row = np.rint(SIDE / 2 + x * scale).astype(int), np.rint(SIDE / 2 + y * scale).astype(int)
    inside = (column >= 0) & (column < SIDE) & (row >= 0) & (row < SIDE)
    order = np.flatnonzero(inside)[np.argsort(-z[inside])]  # the nearest is drawn last
    picture = np.empty((SIDE, SIDE, 3), np.uint8)
    picture[:] = np.median(fine[~head], axis=0) if (~head).any() else 90
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    picture[row[order], column[order]], drawn[row[order], column[order]] = colours[order], 255
    holes = (cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0) & (drawn == 0)
    filled = cv2.inpaint(picture, holes.astype(np.uint8), 2, cv2.INPAINT_TELEA)
    return np.asarray(cv2.GaussianBlur(filled, (0, 0), 0.7), dtype=np.uint8)
