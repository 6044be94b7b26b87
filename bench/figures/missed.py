"""How many faces are missed: what coverage estimates, against scenes of training people in which every face is known.

Faces of 32 and 60 pixels, from full light down to a tenth, with noise and blur. `recall` has one number that was fitted
here; the clips of `bench.figures.pictures` hold other people.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from bench.figures import Figure
from edge_lambda.detectors import CLEAR, SURE, Detector, Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.expected_faces import recall
from training.corpus import Photo, default_corpus, read
from training.faces import decoded

WIDTH, HEIGHT = 960, 540
FACE_OF_PHOTO: Final = 1.55
"""Side of a photo, in heights of the face in it."""

CONDITIONS: Final = (
    (1.0, 0.0, 0.0),
    (1.0, 40.0, 0.0),
    (1.0, 55.0, 0.0),
    (1.0, 65.0, 0.0),
    (0.25, 10.0, 0.0),
    (0.25, 14.0, 0.0),
    (0.25, 17.0, 0.0),
    (0.1, 6.0, 0.0),
    (1.0, 0.0, 0.06),
    (1.0, 0.0, 0.09),
)
"""Light, noise in gray levels, and blur in heights of a face."""

FRAMES: Final = 2
FOUND_AT_LEAST: Final = 0.25  # worse than this nothing is promised
NEEDED_ERROR: Final = 0.08


def run() -> Iterator[Figure]:
    """Looks at every scene in every condition."""
    people = {photo.person: photo for photo in read(default_corpus()) if photo.part == "training"}
    detector, chance = load_detector(doubtful=True), np.random.default_rng(5)
    photos = random.Random(5).sample(sorted(people.values(), key=lambda photo: photo.file), 400)
    errors = []
    for face_px in (32, 60):
        scene, there = _scene(photos, face_px)
        for light, noise, blur in CONDITIONS:
            found, told = _looked_at(scene, there, detector, chance, light=light, noise=noise, blur=blur * face_px)
            if found >= FOUND_AT_LEAST:
                errors.append(told - found)
    yield Figure(name="scenes of training people in which a quarter of the faces is found", value=len(errors), reach=12)
    yield Figure(
        name="part of the faces found, told less true, root mean square",
        value=float(np.sqrt(np.square(errors).mean())),
        reach=NEEDED_ERROR,
        direction="at most",
    )
    yield Figure(name="part of the faces found, told less true, furthest off", value=float(np.abs(errors).max()))


def _scene(photos: list[Photo], face_px: int) -> tuple[Image, int]:
    """A hall of people, and how many they are."""
    side = round(face_px * FACE_OF_PHOTO)
    columns, rows = min(9, WIDTH // (side + 8)), min(5, HEIGHT // (side + 8))
    scene = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    for place in range(columns * rows):
        photo = decoded(photos[place])
        left = int((place % columns + 0.5) * WIDTH / columns) - side // 2
        top = int((place // columns + 0.5) * HEIGHT / rows) - side // 2
        scene[top : top + side, left : left + side] = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
    return scene, columns * rows


def _looked_at(
    scene: Image,
    there: int,
    detector: Detector,
    chance: np.random.Generator,
    *,
    light: float,
    noise: float,
    blur: float,
) -> tuple[float, float]:
    """Part of the faces that a detector is sure of in a frame, and what its doubts tell of that."""
    seen = cv2.GaussianBlur(scene, (0, 0), blur) if blur else scene
    found: list[float] = []
    for _ in range(FRAMES):
        noisy = seen * light + chance.normal(0, noise, seen.shape)
        found += [face.confidence for face in detector.detect(noisy.clip(0, 255).astype(np.uint8))]
    sure = sum(confidence >= SURE for confidence in found)
    doubted = sum(confidence < CLEAR for confidence in found)
    return sure / FRAMES / there, recall(doubted / max(1, len(found)))
