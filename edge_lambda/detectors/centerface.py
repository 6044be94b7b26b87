"""CenterFace: the default detector. Its weights are put into the package when that is built (`hatch_build.py`).

The net (MobileNetV2 with a feature pyramid) gives for each cell of 4x4 pixels the certainty that a face is centred
there, the face's size, the centre's offset in the cell and five landmarks. Xu et al., "CenterFace: Joint Face
Detection and Alignment Using Face as Point", Scientific Programming 2020; https://github.com/Star-Clouds/CenterFace
(MIT). It was trained on RGB: with the channels swapped it still runs, but finds visibly fewer faces.

A face seen clearly is kept at once. One seen doubtfully gets a second look (`second_look.py`).
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
_CELL = 4  # pixels a side of one cell of the net's answer
_STRIDE = 32  # the net halves the image five times, so both sides are a multiple of this
_OUTPUTS = ("537", "538", "539", "540")  # heat, size, offset, landmarks: the export kept the graph's numbers
_SAME_FACE = 0.3  # overlap from which two boxes of one image are one face, as in the authors' code


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How certain the net must be, each 0..1 and in rising order.

    Attributes:
        looked_at_again: from this on a face is worth a second look.
        kept: least confidence of a face that is returned; of one looked at twice the mean of both looks.
        seen_at_once: from this on one look is enough.
    """

    looked_at_again: float = 0.2
    kept: float = SURE
    seen_at_once: float = CLEAR

    def __post_init__(self) -> None:
        """Raises ValueError where the thresholds are not in rising order within 0..1."""
        if not 0 < self.looked_at_again <= self.kept <= self.seen_at_once <= 1:
            raise ValueError(f"thresholds must rise from 0 to 1, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidates:
    """Faces the net holds possible in one image, most certain first.

    Attributes:
        boxes: n x 4 (left, top, width, height), pixels.
        confidence: n, 0..1.
        landmarks: n x 5 x 2 (x, y), pixels.
    """

    boxes: Boxes
    confidence: NDArray[np.float64]
    landmarks: NDArray[np.float64]


class CenterFace:
    """CenterFace in onnxruntime, on images of any size.

    A 4K frame is looked at scaled down to the pixels of a 1080p one and costs no more; a second look is taken at full
    detail. Faces from about 12 to 500 pixels high, in the image looked at, are found; of a larger one perhaps a part.
    """

    name = "centerface-1"
    landmarks_turn = True

    def __init__(self, *, threads: int | None = None, thresholds: Thresholds | None = None) -> None:
        """Loads the net.

        Args:
            threads: threads the net may use; None for as many as there are cores.
            thresholds: how certain the net must be.

        Raises:
            ModelUnavailable: the weights are missing or are others; or another part of the program imported
                onnxruntime with its telemetry on.
        """
        self._thresholds = thresholds or Thresholds()
        # Threads that wait by spinning take the cores from the decoder and the scorer beside them.
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
        looked_at, scale = bounded(image)
        rows, columns = looked_at.shape[:2]
        # Padding keeps the faces' shape where stretching to a multiple of the stride would not.
        padded = cv2.copyMakeBorder(looked_at, 0, -rows % _STRIDE, 0, -columns % _STRIDE, cv2.BORDER_CONSTANT)
        seen = _decode(self._run([np.asarray(padded, dtype=np.uint8)]), 0, self._thresholds.looked_at_again)
        centres = seen.boxes[:, :2] + seen.boxes[:, 2:] / 2
        inside = ((centres >= 0) & (centres < (columns, rows))).all(axis=1)  # and not in the padding
        confidence = np.where(inside, seen.confidence, 0)
        once = cv2.dnn.NMSBoxes(seen.boxes.tolist(), confidence.tolist(), self._thresholds.looked_at_again, _SAME_FACE)
        kept = np.asarray(once, dtype=np.intp).reshape(-1)
        return _Candidates(
            boxes=seen.boxes[kept] * np.tile(scale, 2),
            confidence=seen.confidence[kept],
            landmarks=seen.landmarks[kept] * scale,
        )

    def _second_look(self, image: Image, candidates: _Candidates) -> NDArray[np.float64]:
        """Confidences after looking again at the doubtful ones, the most certain of them where they are too many."""
        confidence = candidates.confidence.copy()
        doubtful = np.flatnonzero(confidence < self._thresholds.seen_at_once)[:MOST_FACES]
        if doubtful.size:
            answer = self._run(tiles(image, candidates.boxes[doubtful]))
            looks = [_decode(answer, row, self._thresholds.looked_at_again) for row in range(2 * doubtful.size)]
            confidence[doubtful] = confirmed_confidence(
                candidates.boxes[doubtful], confidence[doubtful], [(look.boxes, look.confidence) for look in looks]
            )
        return confidence

    def _run(self, images: list[Image]) -> list[NDArray[np.float32]]:
        """The net's four answers, each images x channels x cells down x cells across."""
        blob = cv2.dnn.blobFromImages(images, swapRB=True)
        answer: list[NDArray[np.float32]] = self._session.run(_OUTPUTS, {self._session.get_inputs()[0].name: blob})
        return answer


def weights_file() -> Traversable:
    """The file with the weights, which may be missing."""
    return resources.files("edge_lambda") / "models" / MODEL


def _weights() -> bytes:
    try:
        weights = weights_file().read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"CenterFace's model file {MODEL} is missing: install Houselights again") from error
    if hashlib.sha256(weights).hexdigest() != _WEIGHTS_SHA256:  # records name the detector's version: no other weights
        raise ModelUnavailable(f"CenterFace's model file {MODEL} is another one: install Houselights again")
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


def _decode(answer: list[NDArray[np.float32]], row: int, least: float) -> _Candidates:
    """Reads the net's answer for one image: every cell at or over `least`, overlapping ones included.

    Args:
        answer: heat, size, offset and landmarks, as `_run` returns them.
        row: which image of the batch.
        least: least confidence, 0..1.
    """
    heat, size, offset, points = (np.asarray(part[row], dtype=np.float64) for part in answer)
    down, across = np.nonzero(heat[0] >= least)
    confidence = heat[0, down, across]
    order = np.argsort(-confidence, kind="stable")
    down, across = down[order], across[order]
    # Sizes are logarithms and every pair is (vertical, horizontal), in cells.
    sizes = np.exp(size[::-1, down, across].T) * _CELL
    centres = (np.column_stack([across, down]) + offset[::-1, down, across].T + 0.5) * _CELL
    corners = centres - sizes / 2
    landmarks = points[:, down, across].T.reshape(-1, 5, 2)[:, :, ::-1] * sizes[:, None] + corners[:, None]
    return _Candidates(boxes=np.hstack([corners, sizes]), confidence=confidence[order], landmarks=landmarks)
