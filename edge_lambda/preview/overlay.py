"""Draws faces and their scores on a picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from edge_lambda.detectors import Image

# Sky blue and orange of Okabe and Ito's palette (2008), distinct for every kind of colour blindness; as BGR.
SMILING = (233, 180, 86)
NOT_SMILING = (0, 159, 230)
NOT_MEASURED = (170, 170, 170)
DARK = (20, 20, 20)
# Line and letter sizes are for a picture whose shorter side has this many pixels, and scale with it.
DRAWN_FOR = 720
FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_SCALE = 0.5
SMALLEST_LABEL = 0.65
STROKE = 2  # of letters at scale 1, pixels
# Hidden margin around a face box, relative to its size: hair above, ears beside, chin and neck below.
HIDDEN_ABOVE, HIDDEN_BESIDE, HIDDEN_BELOW = 0.5, 0.4, 0.4
# Colours per side of the hidden area: under three across the face itself, too few to show eyes and mouth.
HIDDEN_CELLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A face to mark.

    Attributes:
        left: x of its box's left edge, pixels; may lie outside the picture.
        top: y of its box's top edge, pixels; may lie outside the picture.
        width: box width, pixels.
        height: box height, pixels.
        track_id: label, ASCII.
        smile: confidence that it smiles, 0..1; None if expressions are not measured.
        smiling: whether that counts as a smile; None if expressions are not measured.
    """

    left: float
    top: float
    width: float
    height: float
    track_id: str
    smile: float | None
    smiling: bool | None


def draw_overlay(image: Image, faces: Iterable[Marked], *, blur: bool = False) -> Image:
    """Draws a frame and a label for each face: blue for smiling faces, orange for others, gray if not measured.

    Args:
        image: height x width x 3, BGR; not changed.
        faces: the faces found in it.
        blur: whether to make the faces unrecognisable.

    Returns:
        The annotated copy.
    """
    drawn = image.copy()
    faces = list(faces)
    if blur:
        for face in faces:
            _hide(drawn, face)
    for face in faces:
        _frame(drawn, face)
    # Labels last, so that no neighbour's frame crosses them.
    for face in faces:
        _label(drawn, face)
    return drawn


def _hide(image: Image, face: Marked) -> None:
    """Replaces a face and its surroundings by a few blurred colours, the same number at every size."""
    height, width = image.shape[:2]
    left = max(0, round(face.left - HIDDEN_BESIDE * face.width))
    right = min(width, round(face.left + (1 + HIDDEN_BESIDE) * face.width))
    top = max(0, round(face.top - HIDDEN_ABOVE * face.height))
    bottom = min(height, round(face.top + (1 + HIDDEN_BELOW) * face.height))
    if right <= left or bottom <= top:
        return
    place = image[top:bottom, left:right]
    cells = cv2.resize(place, (HIDDEN_CELLS, HIDDEN_CELLS), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(cells, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
    image[top:bottom, left:right] = cv2.GaussianBlur(coarse, (0, 0), max(1.0, (right - left) / HIDDEN_CELLS / 2))


def _colour(face: Marked) -> tuple[int, int, int]:
    if face.smiling is None:
        return NOT_MEASURED
    return SMILING if face.smiling else NOT_SMILING


def _thickness(image: Image) -> int:
    return max(1, round(2 * float(min(image.shape[:2])) / DRAWN_FOR))


def _frame(image: Image, face: Marked) -> None:
    first = (round(face.left), round(face.top))
    last = (round(face.left + face.width), round(face.top + face.height))
    line = _thickness(image)
    # The dark outline is visible on a bright background, the coloured line on a dark one.
    cv2.rectangle(image, first, last, DARK, line * 3)
    cv2.rectangle(image, first, last, _colour(face), line)


def _label(image: Image, face: Marked) -> None:
    text = face.track_id if face.smile is None else f"{face.track_id} {face.smile:.0%}"
    if not text:
        return
    height, width = image.shape[:2]
    line = _thickness(image)
    largest = FONT_SCALE * max(1.0, min(height, width) / DRAWN_FOR)
    # In a crowd a label shrinks towards its face's width, down to a readable size.
    fitting = face.width / max(1, cv2.getTextSize(text, FONT, 1.0, 1)[0][0])
    scale = float(np.clip(fitting, SMALLEST_LABEL * largest, largest))
    stroke = max(1, round(STROKE * scale))
    (text_width, text_height), baseline = cv2.getTextSize(text, FONT, scale, stroke)
    pad = 2 * line
    label_width, label_height = text_width + 2 * pad, text_height + baseline + 2 * pad
    # Above the face if there is room, else just inside its top edge; always inside the picture.
    above = round(face.top) - label_height - line
    left = int(np.clip(round(face.left), 0, max(0, width - label_width)))
    top = int(np.clip(above if above >= 0 else round(face.top), 0, max(0, height - label_height)))
    cv2.rectangle(image, (left, top), (left + label_width - 1, top + label_height - 1), DARK, cv2.FILLED)
    origin = (left + pad, top + pad + text_height)
    cv2.putText(image, text, origin, FONT, scale, _colour(face), stroke, cv2.LINE_AA)
