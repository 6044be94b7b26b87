"""Recognition of people who enrolled: the port of all recognisers.

A recogniser turns the picture of a face into a template, some numbers that are alike for pictures of one person. It
knows nobody: `audience.identity.matching` compares templates with those of a roster.

    crops = [aligned(image, face, recogniser.geometry) for face in faces]
    templates = recogniser.templates(crops)

Nothing in this package is imported, and no model is opened or downloaded, unless somebody calls
`edge_lambda.recognisers.load.load_recogniser`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image

RECOGNISERS = ("dlib", "sface")
DEFAULT_RECOGNISER = "dlib"

Progress = Callable[[int, int], None]
"""Called during a download with the bytes so far, and all bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedGeometry:
    """Where the landmarks lie in an aligned crop.

    Attributes:
        size: side of the crop, pixels.
        landmarks: the five points (x, y) in the order of `Detection.landmarks`, pixels of the crop.
    """

    size: int
    landmarks: tuple[tuple[float, float], ...]


class Recogniser(Protocol):
    """Turns faces into templates.

    Attributes:
        name: name, version and start of the model's SHA-256, such as "dlib-resnet-1+0a1b2c3d"; kept with every
            template, because templates of two models cannot be compared.
        size: how many numbers a template has.
        geometry: the crops it takes.
        strangers: m x size, rows of length 1: templates of nobody, each the mean over many people, which say where
            templates of different people crowd (`audience.identity.matching`).
    """

    name: str
    size: int
    geometry: AlignedGeometry
    strangers: NDArray[np.float32]

    def templates(self, crops: Sequence[Image], *, carefully: bool = False) -> NDArray[np.float32]:
        """Computes the template of each face.

        Args:
            crops: n crops from `edge_lambda.recognisers.alignment.aligned` with this recogniser's geometry: size x size
                x 3, BGR, 0..255. May be empty.
            carefully: whether to look at each crop several times, mirrored and shifted, and take the mean: for the
                photos that people enrol with. It takes about six times as long.

        Returns:
            n x size, each row of length 1. The same crop always gives the same template, whatever lies beside it.
        """
        ...
