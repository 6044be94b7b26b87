"""A recogniser without a model: a few random projections of a small picture, alike for pictures that are alike."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image
from edge_lambda.recognisers import AlignedGeometry
from edge_lambda.recognisers.alignment import careful_views, unit_mean

_SIDE = 12


class TinyRecogniser:
    """Keeps the promises of a `Recogniser`, and knows faces no better than chance does."""

    name = "tiny-1+00000000"
    size = 16
    geometry = AlignedGeometry(size=48, landmarks=((16, 16), (32, 16), (24, 25), (17, 34), (31, 34)))

    def __init__(self) -> None:
        generator = np.random.default_rng(5)
        self._projection = generator.normal(size=(_SIDE * _SIDE * 3, self.size)).astype(np.float32)
        strangers = generator.normal(size=(4, self.size)).astype(np.float32)
        self.strangers = strangers / np.linalg.norm(strangers, axis=1, keepdims=True)

    def templates(self, crops: Sequence[Image], *, carefully: bool = False) -> NDArray[np.float32]:
        result = np.empty((len(crops), self.size), np.float32)
        for row, crop in enumerate(crops):
            views = careful_views(crop, shift_px=1) if carefully else [crop]
            result[row] = unit_mean([self._project(view) for view in views])
        return result

    def _project(self, crop: Image) -> NDArray[np.float32]:
        small = cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).reshape(-1)
        return np.asarray((small - 127) @ self._projection, dtype=np.float32)
