"""A clip of an audience whose faces move: what `bench.curve` measures where photographs that stand still would flatter.

Each seat is one person, morphed between a calm and a happy photograph: a smile comes in half a second and goes in one.
Meanwhile the head turns and nods on a surface of its own (`bench.turned_faces`), sways, and comes nearer; every fourth
person talks: the mouth widens, narrows and lengthens three times a second.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from bench.turned_faces import turned
from edge_lambda.detectors import Detector, Image
from training.corpus import Photo
from training.faces import Face, decoded, find

FPS: Final = 10
SECONDS: Final = 60
SIZE: Final = (1280, 720)
YAWS: Final = (-15.0, -7.5, 0.0, 7.5, 15.0)  # degrees
NOD: Final = 6.0  # degrees
SMILES: Final = 5  # pictures from calm to happy, both included
ONSET_S, OFFSET_S = 0.5, 1.0
JOKES: Final = ((9.0, 0.8), (27.0, 0.6), (45.0, 0.95))
"""Second of a joke, and the share of the audience that smiles then."""

_CELLS = 16  # of the grid on which a morph is computed, each direction

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Seat:
    """One person in pictures: smile x yaw, and again with the mouth of somebody who talks."""

    pictures: list[list[Image]]
    talking: list[list[Image]] | None


def write_moving_clip(
    photos: Sequence[Photo], detector: Detector, video: Path, truth: Path, *, seats: tuple[int, int], seed: int
) -> None:
    """Writes a clip and what is true in each of its seconds.

    Args:
        photos: photographs of people, some of whom have both a calm and a happy one.
        detector: finds the landmarks between which faces are morphed.
        video: MP4 to write.
        truth: CSV to write: second; faces; share of the faces that smile in the second's first picture, which is the
            one a recording is sampled at; and mean_share, over all the second's pictures.
        seats: columns and rows.
        seed: of the cast and the script.
    """
    rng = np.random.default_rng(seed)
    columns, rows = seats
    cast = [
        _seat(calm, happy, talks=number % 4 == 3)
        for number, (calm, happy) in enumerate(_cast(photos, detector, columns * rows, rng))
    ]
    shown = _smiles(len(cast), rng)
    width, height = SIZE
    cell = height // rows
    blurred = cv2.GaussianBlur(rng.normal(60, 25, (height // 8, width // 8, 3)).clip(0, 255), (0, 0), 3)
    ground = np.asarray(cv2.resize(blurred, SIZE, interpolation=cv2.INTER_CUBIC), np.float64)
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE)
    for frame in range(SECONDS * FPS):
        picture = ground.copy()
        for number, seat in enumerate(cast):
            at = frame / FPS + 7 * number
            yaw = 2 + 2 * math.sin(at / 2.3)  # an index into YAWS
            talk = seat.talking is not None and frame / FPS * 3 % 1 < 0.5
            pictures = seat.talking if talk and seat.talking else seat.pictures
            face = pictures[round(shown[frame, number] * (SMILES - 1))][round(yaw)]
            side = round(cell * 0.97 * (1 + 0.05 * math.sin(at / 3.1)))
            turn = cv2.getRotationMatrix2D((face.shape[1] / 2, face.shape[0] / 2), 5 * math.sin(at / 1.7), 1.0)
            face = cv2.warpAffine(face, turn, face.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
            left = round((number % columns + 0.5) * width / columns - side / 2 + 6 * math.sin(at))
            top = round((number // columns + 0.5) * height / rows - side / 2 + 4 * math.cos(at / 1.3))
            sized = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
            _paste(picture, np.asarray(sized, np.uint8), left, top)
        writer.write(np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8))
    writer.release()
    with truth.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["second", "faces", "share", "mean_share"])
        for second in range(SECONDS):
            smiling = shown[second * FPS : (second + 1) * FPS] >= 0.5
            table.writerow([second, len(cast), f"{smiling[0].mean():.4f}", f"{smiling.mean():.4f}"])


def _cast(
    photos: Sequence[Photo], detector: Detector, wanted: int, rng: np.random.Generator
) -> list[tuple[Face, Face]]:
    """A calm and a happy face of different people, both with landmarks."""
    by_person: dict[str, dict[str, list[Photo]]] = defaultdict(lambda: defaultdict(list))
    for photo in photos:
        by_person[photo.person][photo.expression].append(photo)
    people = sorted(person for person, kinds in by_person.items() if kinds["calm"] and kinds["happy"])
    chosen: list[tuple[Face, Face]] = []
    for person in rng.permutation(people):
        pair = [
            kinds[int(rng.integers(len(kinds)))] for kinds in (by_person[person]["calm"], by_person[person]["happy"])
        ]
        calm, happy = find(pair, detector)
        if calm.detection.landmarks and happy.detection.landmarks:
            chosen.append((calm, happy))
        if len(chosen) == wanted:
            break
    return chosen


def _seat(calm: Face, happy: Face, *, talks: bool) -> _Seat:
    """Everything one seat shows."""
    images = decoded(calm.photo), decoded(happy.photo)
    points = _points(calm), _points(happy)
    # The happy face is laid on the calm one, so that only what differs moves.
    onto, _ = cv2.estimateAffinePartial2D(points[1], points[0])
    height, width = images[0].shape[:2]
    laid = np.asarray(cv2.warpAffine(images[1], onto, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    there = points[1] @ onto[:, :2].T + onto[:, 2]
    steps = [step / (SMILES - 1) for step in range(SMILES)]
    still = [_morphed((images[0], points[0]), (laid, there), step) for step in steps]

    def heads(mouths: Sequence[tuple[Image, Floats]]) -> list[list[Image]]:
        return [
            [turned(image, marks, yaw, NOD * math.sin(number)) for number, yaw in enumerate(YAWS)]
            for image, marks in mouths
        ]

    return _Seat(heads(still), heads([_talking(image, marks) for image, marks in still]) if talks else None)


def _points(face: Face) -> Floats:
    return np.array(face.detection.landmarks, dtype=np.float64)


def _morphed(one: tuple[Image, Floats], other: tuple[Image, Floats], part: float) -> tuple[Image, Floats]:
    """A picture between two whose landmarks are known, and its landmarks; part is 0 for the first."""
    between = (1 - part) * one[1] + part * other[1]
    first, second = (_bent(image, between, marks).astype(np.float64) for image, marks in (one, other))
    return ((1 - part) * first + part * second).astype(np.uint8), between


def _talking(image: Image, marks: Floats) -> tuple[Image, Floats]:
    """The same face with its mouth narrow and long, as in "oh"."""
    middle, reach = marks[3:].mean(axis=0), np.linalg.norm(marks[1] - marks[0])
    moved = marks.copy()
    moved[3:] = middle + 0.8 * (marks[3:] - middle) + (0, 0.08 * reach)
    return _bent(image, moved, marks), moved


def _bent(image: Image, to: Floats, marks: Floats) -> Image:
    """The picture bent so that its landmarks lie elsewhere, by a thin plate; its border stays."""
    height, width = image.shape[:2]
    edge = [(x * (width - 1), y * (height - 1)) for x in (0, 0.5, 1) for y in (0, 0.5, 1) if (x, y) != (0.5, 0.5)]
    plate = RBFInterpolator(np.vstack([to, edge]), np.vstack([marks, edge]), kernel="thin_plate_spline")
    grid = np.stack(
        np.meshgrid(np.linspace(0, width - 1, _CELLS), np.linspace(0, height - 1, _CELLS), indexing="xy"), axis=-1
    )
    source = plate(grid.reshape(-1, 2)).reshape(_CELLS, _CELLS, 2).astype(np.float32)
    # Corners of the small grid and of the picture coincide, as cv2.resize would not have them.
    rows, columns = (np.linspace(0, _CELLS - 1, length, dtype=np.float32) for length in (height, width))
    wanted = np.meshgrid(columns, rows)
    source = cv2.remap(source, *wanted, cv2.INTER_LINEAR)
    bent = cv2.remap(image, source[..., 0], source[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, dtype=np.uint8)


def _smiles(seats: int, rng: np.random.Generator) -> Floats:
    """How far each seat's smile has come in each picture, 0..1: pictures x seats."""
    state, shown = rng.random(seats), np.zeros((SECONDS * FPS, seats))
    for frame in range(1, SECONDS * FPS):
        at = frame / FPS
        if frame % FPS == 0:
            state = np.where(rng.random(seats) < 0.15, rng.random(seats), state)
        likely = 0.08 + 0.06 * math.sin(2 * math.pi * at / SECONDS)
        likely += sum(share * math.exp(-(((at - joke) / 3.0) ** 2)) for joke, share in JOKES)
        step = np.where(state < likely, 1 / (ONSET_S * FPS), -1 / (OFFSET_S * FPS))
        shown[frame] = np.clip(shown[frame - 1] + step, 0, 1)
    return shown


def _paste(picture: Floats, face: Image, left: int, top: int) -> None:
    """Lays a face into the picture, as far as it lies inside."""
    height, width = picture.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + face.shape[1], width), min(top + face.shape[0], height)
    picture[y0:y1, x0:x1] = face[y0 - top : y1 - top, x0 - left : x1 - left]
