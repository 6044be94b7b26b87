"""Data augmentation: random views of a photograph, as a camera might have taken it.

Each view simulates the stages of a picture: pose and box, something in front of the face, resolution, compression,
light, and noise. Crops are those of `edge_lambda.crops`, with the square moved and rotated.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.crops import SCORING, cut, resized
from training.covering import Gray, Points, covered

Batch = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.intp]]
"""batch x size x size views, the share of each mouth that is covered, and the row of each."""

BATCHES_AHEAD: Final = 3
"""Batches prepared in advance by a second thread; OpenCV releases the GIL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Parameters of the augmentation. Lengths are fractions of the square's side unless noted.

    Attributes:
        zoom: range of the log of the zoom, in both directions.
        shift: standard deviation of the square's centre; detectors differ by about .03.
        turn: standard deviation of the roll, degrees, clipped at 2.5 of them.
        tilted: probability of a roll up to `tilt` instead, uniform.
        tilt: see `tilted`, degrees.
        stretch: standard deviation of the log of the aspect ratio; approximates yaw and pitch.
        small: probability of a small face, with a box height of 12..90 px, log-uniform.
        blurred: probability of a face out of focus, if it is not small.
        compressed: probability of JPEG artefacts on a small face.
        lit: probability of a change of gamma; half of it for light from a side.
        noisy: probability of image noise.
        covered: probability of something in front of the face.
    """

    zoom: float = 0.2
    shift: float = 0.035
    turn: float = 8.0
    tilted: float = 0.15
    tilt: float = 35.0
    stretch: float = 0.06
    small: float = 0.35
    blurred: float = 0.15
    compressed: float = 0.4
    lit: float = 0.3
    noisy: float = 0.2
    covered: float = 0.35

    def one(
        self, photo: Gray, square: NDArray[np.float64], points: Points, generator: np.random.Generator
    ) -> tuple[Gray, float]:
        """Generates one view.

        Args:
            photo: height x width gray levels.
            square: centre x, centre y and side of the scorer's crop, pixels.
            points: 5 x 2, the landmarks, pixels of the photo.
            generator: random generator.

        Returns:
            SCORING.size x SCORING.size gray levels, and the share of the mouth that is covered, 0..1.
        """
        crop, points = self._moved(photo, square, points, generator)
        hidden = 0.0
        if generator.random() < self.covered:
            crop, hidden = covered(crop, points, generator)
        chance = generator.random()
        if chance < self.small:
            crop = self._few_pixels(crop, generator)
        elif chance < self.small + self.blurred:
            crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), generator.uniform(0.4, 1.8)), dtype=np.uint8)
        if generator.random() < self.lit:
            gamma = np.exp(generator.uniform(-0.6, 0.6))
            curve = (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
            crop = np.asarray(cv2.LUT(crop, curve), dtype=np.uint8)
        if generator.random() < self.lit / 2:
            crop = _side_light(crop, generator)
        if generator.random() < self.noisy:
            crop = _noise(crop, 12, generator)
        return crop, hidden

    def _moved(
        self, photo: Gray, square: NDArray[np.float64], points: Points, generator: np.random.Generator
    ) -> tuple[Gray, Points]:
        size = SCORING.size
        side = square[2] * np.exp(generator.uniform(-self.zoom, self.zoom))
        centre = square[:2] + generator.normal(0, self.shift, 2) * side
        turn = np.radians(np.clip(generator.normal(0, self.turn), -2.5 * self.turn, 2.5 * self.turn))
        if generator.random() < self.tilted:
            turn = np.radians(generator.uniform(-self.tilt, self.tilt))
        stretch, shear = np.exp(generator.normal(0, self.stretch)), generator.normal(0, self.stretch)
        mirror = -1 if generator.random() < 0.5 else 1
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        to_photo = side / size * rotation @ np.array([[mirror * stretch, shear], [0, 1 / stretch]])
        offset = centre - 0.5 - to_photo @ np.full(2, (size - 1) / 2)
        matrix = np.column_stack([to_photo, offset]).astype(np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(photo, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        seen = (points - offset) @ np.linalg.inv(to_photo).T
        if mirror < 0:
            seen = seen[[1, 0, 2, 4, 3]]
        return np.asarray(moved, dtype=np.uint8), seen

    def _few_pixels(self, crop: Gray, generator: np.random.Generator) -> Gray:
        box = np.exp(generator.uniform(np.log(12), np.log(90)))
        pixels = max(6, round(box * SCORING.scale))
        if pixels >= crop.shape[0]:
            return crop
        small = resized(crop, pixels)
        if generator.random() < 0.5:
            small = _noise(small, 8, generator)
        if generator.random() < self.compressed:
            quality = int(generator.integers(35, 95))
            _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
            small = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
        return resized(small, SCORING.size)


def _noise(crop: Gray, most: float, generator: np.random.Generator) -> Gray:
    noisy = crop + generator.normal(0, generator.uniform(0, most), crop.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _side_light(crop: Gray, generator: np.random.Generator) -> Gray:
    ramp = np.linspace(-1, 1, crop.shape[0])
    light = 1 + generator.uniform(-0.5, 0.5) * ramp[None, :] + generator.uniform(-0.3, 0.3) * ramp[:, None]
    return np.clip(crop * light, 0, 255).astype(np.uint8)


def plain(photo: Gray, square: NDArray[np.float64], box_height: float | None = None) -> Gray:
    """The scorer's crop without augmentation, in gray.

    Args:
        photo: height x width gray levels.
        square: centre x, centre y and side of the scorer's crop, pixels.
        box_height: shrinks the face first, as if its box had this height in pixels; None to keep its size.
    """
    crop = cut(photo, *square)
    if box_height is not None:
        crop = resized(crop, min(max(round(box_height * SCORING.scale), 1), len(crop)))
    return resized(crop, SCORING.size)


def batches(
    photos: Sequence[Gray],
    squares: NDArray[np.float64],
    points: Points,
    rows: NDArray[np.intp],
    chances: NDArray[np.float64],
    *,
    views: Views,
    batch: int,
    seed: tuple[int, ...],
) -> Iterator[Batch]:
    """Yields one epoch: as many views as there are rows, drawn by their chances.

    Args:
        photos, squares, points: see `TrainingData`.
        rows: n, the rows to draw from.
        chances: n, of each row, summing to 1.
        views: the random views.
        batch: views per step; an incomplete last batch is dropped.
        seed: the same seed gives the same views.
    """
    order = np.random.default_rng(seed).choice(rows, size=len(rows), p=chances)

    def made(start: int) -> Batch:
        generator = np.random.default_rng((*seed, start))
        chosen = order[start : start + batch]
        made = [views.one(photos[row], squares[row], points[row], generator) for row in chosen]
        crops, hidden = zip(*made, strict=True)
        return np.stack(crops), np.array(hidden, dtype=np.float32), chosen

    with ThreadPoolExecutor(1) as maker:
        ahead: deque[Future[Batch]] = deque()
        for start in range(0, len(order) - batch + 1, batch):
            ahead.append(maker.submit(made, start))
            if len(ahead) > BATCHES_AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
