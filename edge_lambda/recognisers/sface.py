"""SFace, a recogniser whose model file is given by whoever wants it: nothing downloads it.

Zhong, Deng, Hu, Zhao, Li and Wen, "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", IEEE TIP
30, 2021; Apache-2.0, https://github.com/opencv/opencv_zoo/tree/main/models/face_recognition_sface
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from audience.errors import ModelUnavailable
from edge_lambda.detectors import Image
from edge_lambda.recognisers import AlignedGeometry
from edge_lambda.recognisers.alignment import careful_views, unit_mean

MODEL_SHA256: Final = "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79"
MODEL_URL: Final = (
    "https://github.com/opencv/opencv_zoo/raw/main/models/face_recognition_sface/face_recognition_sface_2021dec.onnx"
)

# The points that it was trained on, those of ArcFace: cv2.FaceRecognizerSF.alignCrop puts them there.
_GEOMETRY: Final = AlignedGeometry(
    size=112,
    landmarks=((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)),
)
_SHIFT_PX: Final = 3


class SFace:
    """SFace through `cv2.FaceRecognizerSF`; see `Recogniser` for the attributes.

    No similarity of it was measured here, so it has no strangers and no thresholds: a roster that it should be matched
    with is refused until they are measured (`python -m bench.people.calibrate`).
    """

    size = 128
    geometry = _GEOMETRY
    name = f"sface-1+{MODEL_SHA256[:8]}"
    strangers: NDArray[np.float32] = np.empty((0, 128), np.float32)

    def __init__(self, *, model: Path) -> None:
        """Loads the network.

        Args:
            model: its file, face_recognition_sface_2021dec.onnx.

        Raises:
            ModelUnavailable: it is missing, or it is another one.
        """
        if not model.is_file():
            raise ModelUnavailable(f"no SFace model at {model}: download {MODEL_URL} and name its path")
        if hashlib.sha256(model.read_bytes()).hexdigest() != MODEL_SHA256:
            raise ModelUnavailable(f"{model} is not the expected SFace model: download it again from {MODEL_URL}")
        self._net = cv2.FaceRecognizerSF.create(str(model), "")

    def templates(self, crops: Sequence[Image], *, carefully: bool = False) -> NDArray[np.float32]:
        """Computes the template of each face; see `Recogniser.templates`."""
        result = np.empty((len(crops), self.size), np.float32)
        for row, crop in enumerate(crops):
            views = careful_views(crop, shift_px=_SHIFT_PX) if carefully else [crop]
            result[row] = unit_mean([self._net.feature(view)[0] for view in views])
        return result
