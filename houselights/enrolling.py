"""Measures the photos that somebody enrols with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audience.errors import InvalidValue
from audience.identity.people import Vector
from audience.identity.records import PhotoQuality
from edge_lambda.detectors.load import load_detector
from edge_lambda.recognisers.load import load_recogniser
from edge_lambda.recognisers.photos import measure_photo


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPhotos:
    """The photos of one person.

    Attributes:
        vector: the mean of their templates, unit length.
        recogniser: the model that made them.
        qualities: what was measured on each.
        face: head and shoulders of the first one, a JPEG.
    """

    vector: Vector
    recogniser: str
    qualities: tuple[PhotoQuality, ...]
    face: bytes


def measure_photos(files: Sequence[Path], recogniser: str) -> MeasuredPhotos:
    """Measures photos and makes their mean template.

    Args:
        files: at least one photo.
        recogniser: one of `edge_lambda.recognisers.RECOGNISERS`.

    Raises:
        InvalidValue: one cannot be read or used; the line names it and says what is wrong.
        ModelUnavailable: the model cannot be loaded.
    """
    detector, model = load_detector(threads=1), load_recogniser(recogniser)
    measured = []
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as problem:
            raise InvalidValue(f"the photo {file} cannot be read: {problem.strerror}") from None
        photo = measure_photo(content, detector, model)
        if photo.problem or photo.template is None or photo.quality is None:
            raise InvalidValue(f"{file.name}: {photo.problem}")
        measured.append((photo.template, photo.quality, photo.face))
    mean = np.mean([template for template, _, _ in measured], axis=0)
    return MeasuredPhotos(
        vector=np.asarray(mean / np.linalg.norm(mean), dtype=np.float32),
        recogniser=model.name,
        qualities=tuple(quality for _, quality, _ in measured),
        face=measured[0][2],
    )
