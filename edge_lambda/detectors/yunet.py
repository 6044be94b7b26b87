"""YuNet: about as good as CenterFace and several times faster, but its model file is fetched, not installed.

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
_SAME_FACE = 0.3  # overlap from which two boxes of one image are one face
# Under 64 pixels a side the net's smallest map has one row, and OpenCV 4.14 reads past it: boxes of infinite size.
_LEAST_SIDE = 64
_MOST_BOXES = 5000  # kept before overlapping ones are joined


class YuNet:
    """YuNet through `cv2.FaceDetectorYN`, on images of any size; a 4K frame is looked at as a 1080p one."""

    name = "yunet-1"
    landmarks_turn = False  # they stand upright in a face that lies on its side

    def __init__(self, *, model: Path | None = None) -> None:
        """Loads the net.

        Args:
            model: the model file; None for the one in the user's cache folder, fetched where it is not there.

        Raises:
            ModelUnavailable: the file is missing or not the one known, and cannot be fetched.
        """
        path = _checked(model) if model is not None else _fetched()
        self._net = cv2.FaceDetectorYN.create(str(path), "", (320, 320), _LEAST_CONFIDENCE, _SAME_FACE, _MOST_BOXES)

    def detect(self, image: Image) -> list[Detection]:
        """Finds the faces of one image; see `Detector.detect`."""
        if image.size == 0:
            return []
        looked_at, scale = bounded(image)
        rows, columns = looked_at.shape[:2]
        padded = cv2.copyMakeBorder(
            looked_at, 0, max(0, _LEAST_SIDE - rows), 0, max(0, _LEAST_SIDE - columns), cv2.BORDER_CONSTANT
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


def _checked(model: Path) -> Path:
    if not model.is_file():
        raise ModelUnavailable(f"no YuNet model at {model}: fetch {MODEL_URL} to that place")
    if hashlib.sha256(model.read_bytes()).hexdigest() != MODEL_SHA256:
        raise ModelUnavailable(f"{model} is not the YuNet model known: fetch it again from {MODEL_URL}")
    return model


def cached_model() -> Path:
    """Where the model is kept once it was fetched: in the user's cache folder."""
    return platformdirs.user_cache_path("houselights", appauthor=False) / "models" / _MODEL_FILE


def _fetched() -> Path:
    """The model in the user's cache folder, fetched on first use and checked against its hash every time."""
    kept = cached_model()
    if kept.is_file():
        return _checked(kept)
    import pooch

    try:
        return Path(pooch.retrieve(MODEL_URL, known_hash=f"sha256:{MODEL_SHA256}", fname=kept.name, path=kept.parent))
    except (OSError, ValueError) as error:  # no network (requests' errors are OSErrors), or another file than known
        raise ModelUnavailable(
            f"YuNet's model could not be fetched: put {MODEL_URL} at {kept}, or use the detector centerface"
        ) from error
