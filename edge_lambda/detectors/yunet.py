"""YuNet: about as accurate as CenterFace and several times faster, but its model file is downloaded, not installed.

Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023; Apache-2.0,
https://github.com/ShiqiYu/libfacedetection.train
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import platformdirs

from audience.errors import ModelUnavailable
from edge_lambda.detectors import Detection, Image
from edge_lambda.detectors.working_size import bounded

MODEL_URL = "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/master/onnx/yunet_n_320_320.onnx"
MODEL_SHA256 = "81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2"
_MODEL_FILE = "yunet_n_320_320.onnx"

_LEAST_CONFIDENCE = 0.6
_SAME_FACE = 0.3  # IoU from which two boxes are the same face
# Below 64 pixels a side, the network's smallest map has one row; OpenCV 4.14 reads past it and gives infinite boxes.
_LEAST_SIDE = 64
_MOST_BOXES = 5000  # before non-maximum suppression


class YuNet:
    """YuNet through `cv2.FaceDetectorYN`, for images of any size; a 4K frame is scaled down to 1080p."""

    name = "yunet-1"
    landmarks_turn = False  # they stay upright in a face that lies on its side

    def __init__(self, *, model: Path | None = None) -> None:
        """Loads the network.

        Args:
            model: the model file; None for the one in the user's cache folder, downloaded if missing.

        Raises:
            ModelUnavailable: the file is missing or has the wrong hash, and cannot be downloaded.
        """
        path = _verified(model) if model is not None else _downloaded()
        self._net = cv2.FaceDetectorYN.create(str(path), "", (320, 320), _LEAST_CONFIDENCE, _SAME_FACE, _MOST_BOXES)

    def detect(self, image: Image) -> list[Detection]:
        """Finds the faces of one image; see `Detector.detect`."""
        if image.size == 0:
            return []
        scaled, scale = bounded(image)
        rows, columns = scaled.shape[:2]
        padded = cv2.copyMakeBorder(
            scaled, 0, max(0, _LEAST_SIDE - rows), 0, max(0, _LEAST_SIDE - columns), cv2.BORDER_CONSTANT
        )
        self._net.setInputSize(padded.shape[1::-1])
        _, found = self._net.detect(padded)
        if found is None:
            return []
        faces = []
        for row in found.astype(float):
            (left, top), (width, height), *landmarks = row[:14].reshape(7, 2) * scale
            faces.append(
                Detection(
                    left=float(left),
                    top=float(top),
                    width=float(width),
                    height=float(height),
                    confidence=float(row[14]),
                    landmarks=tuple((float(x), float(y)) for x, y in landmarks),
                )
            )
        return sorted(faces, key=lambda face: -face.confidence)


def _verified(model: Path) -> Path:
    if not model.is_file():
        raise ModelUnavailable(f"no YuNet model at {model}: download {MODEL_URL} to this path")
    if hashlib.sha256(model.read_bytes()).hexdigest() != MODEL_SHA256:
        raise ModelUnavailable(f"{model} is not the expected YuNet model: download it again from {MODEL_URL}")
    return model


def cached_model() -> Path:
    """Path of the downloaded model, in the user's cache folder."""
    return platformdirs.user_cache_path("houselights", appauthor=False) / "models" / _MODEL_FILE


def _downloaded() -> Path:
    """The model in the user's cache folder, downloaded on first use and checked against its hash every time."""
    kept = cached_model()
    if kept.is_file():
        return _verified(kept)
    import pooch

    try:
        return Path(pooch.retrieve(MODEL_URL, known_hash=f"sha256:{MODEL_SHA256}", fname=kept.name, path=kept.parent))
    except (OSError, ValueError) as error:  # no network (requests' errors are OSErrors), or a wrong hash
        raise ModelUnavailable(
            f"YuNet's model could not be downloaded: put {MODEL_URL} at {kept}, or use the detector centerface"
        ) from error
