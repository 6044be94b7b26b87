"""What dlib itself makes of eight patterns: kept, so that its conversion is checked where dlib is not installed.

The patterns are squares of random colours, pictures of nobody. Made with dlib-bin 20.0.1 and
dlib_face_recognition_resnet_model_v1.dat: `face_recognition_model_v1(file).compute_face_descriptor(pattern)`, of each
pattern in RGB.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image

SQUARES = (2, 3, 5, 6, 10, 15, 25, 30)


def patterns() -> list[Image]:
    """150 x 150 x 3 each, BGR."""
    generator = np.random.default_rng(7)
    return [
        np.kron(
            generator.integers(0, 256, (across, across, 3), np.uint8), np.ones((150 // across,) * 2 + (1,), np.uint8)
        )
        for across in SQUARES
    ]


def reference() -> NDArray[np.float32]:
    """8 x 128, dlib's templates of the patterns, as it gives them."""
    return np.asarray(np.load(Path(__file__).with_name("dlib_reference.npy")), dtype=np.float32)


def cosines(templates: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """n, the cosine of each row with the same row of the other."""
    lengths = np.linalg.norm(templates, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray((templates * others).sum(axis=1) / lengths, dtype=np.float64)
