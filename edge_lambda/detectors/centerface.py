"""CenterFace: the default detector. Its weights are added to the package at build time (`hatch_build.py`).

The network (MobileNetV2 with a feature pyramid) gives for each cell of 4x4 pixels the confidence that a face is centred
there, the face's size, the centre's offset in the cell and five landmarks. Xu et al., "CenterFace: Joint Face
Detection and Alignment Using Face as Point", Scientific Programming 2020; https://github.com/Star-Clouds/CenterFace
(MIT). It was trained on RGB: with the channels swapped it still runs, but finds clearly fewer faces.

A certain face is accepted at once. A doubtful one gets a second look (`second_look.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from audience.errors import ModelUnavailable
from edge_lambda.detectors import CLEAR, SURE, Detection, Image
from edge_lambda.detectors.boxes import Boxes
from edge_lambda.detectors.onnx_graph import with_free_shapes
from edge_lambda.detectors.second_look import MOST_FACES, confirmed_confidence, tiles
from edge_lambda.detectors.working_size import bounded
from edge_lambda.onnx_runtime import load_session

MODEL: Final = "centerface.onnx"
_WEIGHTS_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
_CELL = 4  # side of one cell of the network's output, pixels
_STRIDE = 32  # the network halves the image five times, so both sides must be a multiple of this
_OUTPUTS = ("537", "538", "539", "540")  # heat, size, offset, landmarks: node numbers of the exported graph
_SAME_FACE = 0.3  # IoU from which two boxes are the same face, as in the authors' code


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Confidence thresholds, each 0..1 and in rising order.

    Attributes:
        candidate: from this on, a face gets a second look.
        kept: minimum confidence of a returned face; after a second look, the mean of both looks.
        certain: from this on, one look is enough.
    """

    candidate: float = 0.2
    kept: float = SURE
    certain: float = CLEAR

    def __post_init__(self) -> None:
        """Raises ValueError if the thresholds are not in rising order within 0..1."""
        if not 0 < self.candidate <= self.kept <= self.certain <= 1:
            raise ValueError(f"thresholds must rise from 0 to 1, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidates:
    """Possible faces in one image, most certain first.

    Attributes:
        boxes: n x 4 (left, top, width, height), pixels.
        confidence: n, 0..1.
        landmarks: n x 5 x 2 (x, y), pixels.
    """

    boxes: Boxes
    confidence: NDArray[np.float64]
    landmarks: NDArray[np.float64]


class CenterFace:
    """CenterFace in onnxruntime, for images of any size.

    Larger images are scaled down to the pixel count of a 1080p frame, so a 4K frame costs no more; a second look uses
    full resolution. Finds faces about 12 to 500 pixels high in the scaled image; of a larger face it may find a part.
    """

    name = "centerface-1"
    landmarks_turn = True

    def __init__(self, *, threads: int | None = None, thresholds: Thresholds | None = None) -> None:
        """Loads the network.

        Args:
            threads: number of threads; None for one per core.
            thresholds: confidence thresholds.

        Raises:
            ModelUnavailable: the weights are missing or are others; or another part of the program imported
                onnxruntime with its telemetry on.
        """
        self._thresholds = thresholds or Thresholds()
        # Spinning threads would take the cores from the decoder and the scorer.
        self._session = load_session(with_free_shapes(_weights()), threads=threads or 0, spinning=False)

    def detect(self, image: Image) -> list[Detection]:
        """Finds the faces of one image; see `Detector.detect`."""
        if image.size == 0:
            return []
        candidates = self._first_look(image)
        confidence = self._second_look(image, candidates)
        return [
            _detection(candidates.boxes[row], candidates.landmarks[row], confidence[row])
            for row in np.argsort(-confidence, kind="stable")
            if confidence[row] >= self._thresholds.kept
        ]

    def _first_look(self, image: Image) -> _Candidates:
        scaled, scale = bounded(image)
        rows, columns = scaled.shape[:2]
        # Padded rather than stretched to a multiple of the stride, which would distort faces.
        padded = cv2.copyMakeBorder(scaled, 0, -rows % _STRIDE, 0, -columns % _STRIDE, cv2.BORDER_CONSTANT)
        seen = _decode(self._run([np.asarray(padded, dtype=np.uint8)]), 0, self._thresholds.candidate)
        centres = seen.boxes[:, :2] + seen.boxes[:, 2:] / 2
        inside = ((centres >= 0) & (centres < (columns, rows))).all(axis=1)  # excludes the padding
        confidence = np.where(inside, seen.confidence, 0)
        once = cv2.dnn.NMSBoxes(seen.boxes.tolist(), confidence.tolist(), self._thresholds.candidate, _SAME_FACE)
        kept = np.asarray(once, dtype=np.intp).reshape(-1)
        return _Candidates(
            boxes=seen.boxes[kept] * np.tile(scale, 2),
            confidence=seen.confidence[kept],
            landmarks=seen.landmarks[kept] * scale,
        )

    def _second_look(self, image: Image, candidates: _Candidates) -> NDArray[np.float64]:
        """Confidences after a second look at doubtful faces; if there are too many, at the most certain of them."""
        confidence = candidates.confidence.copy()
        doubtful = np.flatnonzero(confidence < self._thresholds.certain)[:MOST_FACES]
        if doubtful.size:
            outputs = self._run(tiles(image, candidates.boxes[doubtful]))
            looks = [_decode(outputs, row, self._thresholds.candidate) for row in range(2 * doubtful.size)]
            confidence[doubtful] = confirmed_confidence(
                candidates.boxes[doubtful], confidence[doubtful], [(look.boxes, look.confidence) for look in looks]
            )
        return confidence

    def _run(self, images: list[Image]) -> list[NDArray[np.float32]]:
        """The network's four outputs, each images x channels x cells down x cells across."""
        blob = cv2.dnn.blobFromImages(images, swapRB=True)
        outputs: list[NDArray[np.float32]] = self._session.run(_OUTPUTS, {self._session.get_inputs()[0].name: blob})
        return outputs


def weights_file() -> Traversable:
    """The file with the weights, which may be missing."""
    return resources.files("edge_lambda") / "models" / MODEL


def _weights() -> bytes:
    try:
        weights = weights_file().read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"CenterFace's model file {MODEL} is missing: install Houselights again") from error
    if hashlib.sha256(weights).hexdigest() != _WEIGHTS_SHA256:
        # Records name the detector's version, so other weights are not allowed.
        raise ModelUnavailable(f"CenterFace's model file {MODEL} is not the expected one: install Houselights again")
    return weights


def _detection(box: Boxes, landmarks: NDArray[np.float64], confidence: float) -> Detection:
    left, top, width, height = map(float, box)
    return Detection(
        left=left,
        top=top,
        width=width,
        height=height,
        confidence=float(confidence),
        landmarks=tuple((float(x), float(y)) for x, y in landmarks),
    )


def _decode(outputs: list[NDArray[np.float32]], row: int, least: float) -> _Candidates:
    """Decodes the network's outputs for one image: every cell at or over `least`, including overlapping ones.

    Args:
        outputs: heat, size, offset and landmarks, from `_run`.
        row: index of the image in the batch.
        least: minimum confidence, 0..1.
    """
    heat, size, offset, points = (np.asarray(part[row], dtype=np.float64) for part in outputs)
    down, across = np.nonzero(heat[0] >= least)
    confidence = heat[0, down, across]
    order = np.argsort(-confidence, kind="stable")
    down, across = down[order], across[order]
    # Sizes are logarithms; every pair is (vertical, horizontal), in cells.
    sizes = np.exp(size[::-1, down, across].T) * _CELL
    centres = (np.column_stack([across, down]) + offset[::-1, down, across].T + 0.5) * _CELL
    corners = centres - sizes / 2
    landmarks = points[:, down, across].T.reshape(-1, 5, 2)[:, :, ::-1] * sizes[:, None] + corners[:, None]
    return _Candidates(boxes=np.hstack([corners, sizes]), confidence=confidence[order], landmarks=landmarks)
