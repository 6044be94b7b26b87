"""Things in front of a face, drawn on crops: masks, hands, sunglasses, bars.

They teach two things: to read a face of which something harmless is covered, and to say so when the mouth is covered.
Everything is drawn before a crop loses pixels, so that its edges blur with the face.
"""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image

Gray = NDArray[np.uint8]
Points = NDArray[np.float64]

TYPICAL_POINTS: Final = ((0.31, 0.36), (0.69, 0.36), (0.5, 0.56), (0.36, 0.75), (0.64, 0.75))
"""The eyes, the nose tip and the mouth corners in a crop, as fractions of its side; used where a detector gave none."""

COVERED_FROM: Final = 0.6
CLEAR_BELOW: Final = 0.2
"""Share of the mouth behind something from which it counts as covered, and below which as clear."""

_TRIES: Final = 30
_NOTICEABLE: Final = 0.03  # share of a crop's pixels

_GRID: Final = 3  # a line of thickness 1 in a 48 px crop is drawn with anti-aliasing at this many times its size

Kind = Literal["mask", "hand", "bar", "glasses"]

KINDS: Final[tuple[Kind, ...]] = ("mask", "hand", "bar", "glasses")
CHANCES: Final = (0.3, 0.3, 0.25, 0.15)
"""How often each is drawn in training."""


def covered(crop: Gray, points: Points, generator: np.random.Generator, kind: Kind | None = None) -> tuple[Gray, float]:
    """Draws one thing in front of a face.

    Args:
        crop: side x side gray levels.
        points: 5 x 2, the landmarks in pixels of the crop, in the order of `Detection.landmarks`.
        generator: random generator.
        kind: what to draw; None for any.

    Returns:
        The crop, and the share of the mouth that is behind the thing, 0..1.
    """
    side = crop.shape[0]
    if kind is None:
        kind = KINDS[generator.choice(len(KINDS), p=CHANCES)]
    shape = np.zeros((side * _GRID, side * _GRID), dtype=np.uint8)
    draw = {"mask": _mask, "hand": _hand, "bar": _bar, "glasses": _glasses}[kind]
    draw(shape, points * _GRID, generator)
    alpha = cv2.resize(shape, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    if kind == "glasses":
        alpha *= generator.uniform(0.5, 1)
    surface = _surface(crop, kind, generator)
    drawn = crop * (1 - alpha) + surface * alpha
    return np.clip(drawn, 0, 255).astype(np.uint8), float(alpha[_mouth(side, points)].mean())


def covered_crop(crop: Image, points: Points, *, seed: int, kind: Kind | None = None, over_mouth: bool) -> Image | None:
    """A crop as the scorer sees it with something in front of the face, for measuring.

    Args:
        crop: side x side x 3, BGR.
        points: see `covered`.
        seed: the same seed draws the same.
        kind: what to draw; None for any.
        over_mouth: whether it covers the mouth, or leaves all of it free.

    Returns:
        side x side x 3; None if nothing that was drawn did that, as where the mouth lies outside the crop.
    """
    generator = np.random.default_rng(seed)
    gray = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    for _ in range(_TRIES):
        drawn, hidden = covered(gray, points, generator, kind)
        if (hidden >= COVERED_FROM) if over_mouth else (hidden == 0 and (drawn != gray).mean() >= _NOTICEABLE):
            return np.repeat(drawn[:, :, None], 3, axis=2)
    return None


def _mouth(side: int, points: Points) -> NDArray[np.bool_]:
    """The pixels of the mouth: an ellipse around its corners."""
    left, right = points[3], points[4]
    centre, across = (left + right) / 2, right - left
    wide = max(float(np.hypot(*across)), side / 8)
    turn = np.arctan2(across[1], across[0])
    y, x = np.mgrid[:side, :side]
    x, y = x - centre[0], y - centre[1]
    along, over = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    inside = (along / (0.6 * wide)) ** 2 + (over / (0.4 * wide)) ** 2 <= 1
    if not inside.any():  # the mouth lies outside the crop
        inside[-1] = True
    return np.asarray(inside)


def _axes(points: Points) -> tuple[Points, Points, Points]:
    """The middle of the mouth, the way from one eye to the other, and that from the eyes to the mouth."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    return mouth, points[1] - points[0], mouth - eyes


def _fill(shape: Gray, corners: Points) -> None:
    cv2.fillPoly(shape, [np.round(corners).astype(np.int32)], 255)


def _mask(shape: Gray, points: Points, generator: np.random.Generator) -> None:
    """A face mask, sometimes pulled down under the nose or the chin."""
    mouth, across, down = _axes(points)
    top = mouth - down * generator.uniform(0.35, 0.8)
    if generator.random() < 0.12:
        top = mouth + down * generator.uniform(-0.1, 0.4)
    bottom = np.maximum(mouth + down * generator.uniform(0.4, 0.75), top + down * 0.2)
    half = across * generator.uniform(0.7, 1.15)
    middle = (top * 0.5 + bottom * 0.5) if generator.random() < 0.5 else top
    corners = [top - half * 0.9, top - down * generator.uniform(0, 0.15), top + half * 0.9]
    corners += [middle + half, bottom + half * 0.55, bottom + down * 0.08, bottom - half * 0.55, middle - half]
    _fill(shape, np.array(corners))


def _hand(shape: Gray, points: Points, generator: np.random.Generator) -> None:
    """Some fingers side by side, or a fist, from any side; more often than not near the mouth."""
    side = shape.shape[0]
    mouth, across, _ = _axes(points)
    size = max(float(np.hypot(*across)), side / 6)
    spread = 0.25 if generator.random() < 0.7 else 1.0
    centre = mouth + generator.normal(0, spread, 2) * size
    turn = generator.uniform(0, 2 * np.pi)
    way = np.array([np.cos(turn), np.sin(turn)])
    aside = np.array([-way[1], way[0]])
    thick = size * generator.uniform(0.22, 0.36)
    for finger in range(int(generator.integers(1, 5))):
        tip = centre + aside * thick * 0.95 * (finger - 1.5) + way * generator.uniform(0, 0.3) * size
        base = tip - way * size * generator.uniform(1.0, 2.5)
        ends = [tuple(int(value) for value in np.round(end)) for end in (tip, base)]
        cv2.line(shape, ends[0], ends[1], 255, max(round(thick), 1))
    if generator.random() < 0.5:
        at = np.round(centre - way * size * generator.uniform(0.3, 1)).astype(int)
        cv2.circle(shape, (int(at[0]), int(at[1])), round(size * generator.uniform(0.4, 0.8)), 255, -1)


def _bar(shape: Gray, points: Points, generator: np.random.Generator) -> None:
    """A rectangle anywhere: a head in front, a phone, a cup, a microphone, the edge of a seat."""
    side = shape.shape[0]
    width, height = generator.uniform(0.12, 0.6, 2) * side
    centre = generator.uniform(0, side, 2)
    if generator.random() < 0.4:
        centre = _axes(points)[0] + generator.normal(0, 0.1, 2) * side
    if generator.random() < 0.3:
        cv2.ellipse(shape, ((*centre,), (width, height), generator.uniform(0, 180)), 255, -1)
        return
    corners = cv2.boxPoints(((*centre,), (width, height), generator.normal(0, 20)))
    _fill(shape, np.asarray(corners, dtype=np.float64))


def _glasses(shape: Gray, points: Points, generator: np.random.Generator) -> None:
    """Sunglasses, or the light on glasses."""
    across = points[1] - points[0]
    wide = max(float(np.hypot(*across)), 6.0)
    size = (wide * generator.uniform(0.65, 0.95), wide * generator.uniform(0.4, 0.75))
    turn = float(np.degrees(np.arctan2(across[1], across[0])))
    for eye in points[:2]:
        cv2.ellipse(shape, ((*eye,), size, turn), 255, -1)
    ends = [tuple(int(value) for value in np.round(eye)) for eye in points[:2]]
    cv2.line(shape, ends[0], ends[1], 255, max(round(wide * 0.08), 1))


def _surface(crop: Gray, kind: Kind, generator: np.random.Generator) -> NDArray[np.float32]:
    """Gray levels of the thing: a level, light from a side, and a coarse and a fine pattern."""
    side = crop.shape[0]
    level = generator.uniform(0, 255)
    if kind == "hand":
        level = float(np.median(crop)) * generator.uniform(0.7, 1.3)
    elif kind == "glasses":
        level = generator.uniform(0, 60) if generator.random() < 0.85 else generator.uniform(180, 255)
    ramp = np.linspace(-1, 1, side, dtype=np.float32)
    light = ramp[None, :] * generator.normal(0, 18) + ramp[:, None] * generator.normal(0, 18)
    cells = int(generator.integers(3, 9))
    coarse = generator.normal(0, generator.uniform(0, 25), (cells, cells)).astype(np.float32)
    pattern = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    if kind == "mask" and generator.random() < 0.4:  # pleats
        pattern = pattern + 14 * np.sin(np.arange(side) * generator.uniform(0.4, 1.2))[:, None]
    elif kind == "hand":  # the shadow between fingers
        pattern = (
            pattern + 20 * np.sin(np.arange(side) * generator.uniform(0.5, 1.0) + generator.uniform(0, 6))[None, :]
        )
    return np.asarray(level + light + pattern, dtype=np.float32)
