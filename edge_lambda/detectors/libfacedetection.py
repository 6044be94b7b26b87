"""libfacedetection: the default detector, a small network that finds far faces at a third of CenterFace's cost.

It is YuNet's smaller sibling, as the library libfacedetection contains it (BSD, see NOTICE). For each cell of 8x8,
16x16 and 32x32 pixels it gives two confidences, whose geometric mean counts, a box and five landmarks. Wu, Peng, Yu,
"YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20, 2023;
https://github.com/ShiqiYu/libfacedetection

Only the library's weights are used (`libfacedetection_network.py`): they are added to the package at build time
(`hatch_build.py`) and run by onnxruntime, so it works on every processor. A small image is enlarged, and a doubtful
face gets a second look (`second_look.py`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import SURE, Detection, Image
from edge_lambda.detectors.libfacedetection_network import GIVEN, STRIDES, to_onnx
from edge_lambda.detectors.second_look import Candidates, Thresholds, look_twice
from edge_lambda.detectors.weights import PackagedWeights
from edge_lambda.detectors.working_size import working_size
from edge_lambda.onnx_runtime import load_session

WEIGHTS: Final = PackagedWeights(
    network="libfacedetection",
    name="libfacedetection.safetensors",
    sha256="df06d5d7bd78e799172dff8842179f2c761d9425837178c4f1956df95f281a13",
)

TALLER: Final = 1.015
"""Height of its boxes relative to CenterFace's, which scorers are trained on; centres agree within 1 %.

The median over seven sets of 61 to 494 faces, 28 to 158 pixels high; the sets lie between 0.99 and 1.06."""

_CANDIDATE: Final = 0.25

CERTAIN: Final = 0.7
"""Confidence from which one look at a face is enough."""


class LibFaceDetection:
    """libfacedetection's network in onnxruntime, for images of any size.

    Images under 1280x720 pixels are enlarged, up to twice, and larger ones than 1080p scaled down to that; a second
    look uses full resolution. Finds faces from 6 (in small images) or 10 pixels on.
    """

    name = "libfacedetection-1"
    landmarks_turn = False  # they stay nearly upright in a face that is tilted

    def __init__(self, *, threads: int | None = None, kept: float = SURE) -> None:
        """Loads the network.

        Args:
            threads: number of threads; None for one per core.
            kept: minimum confidence of a returned face, 0.25..0.7.

        Raises:
            ModelUnavailable: the weights are missing or are others; or another part of the program imported
                onnxruntime with its telemetry on.
        """
        self._thresholds = Thresholds(candidate=_CANDIDATE, kept=kept, certain=CERTAIN)
        # Spinning threads would take the cores from the decoder and the scorer.
        self._session = load_session(to_onnx(WEIGHTS.read()), threads=threads or 0, spinning=False)

    def detect(self, image: Image) -> list[Detection]:
        """Finds the faces of one image; see `Detector.detect`."""
        if image.size == 0:
            return []
        scaled, scale = working_size(image)
        return look_twice(image, self._look, self._thresholds, scaled=scaled, scale=scale)

    def _look(self, images: list[Image]) -> list[Candidates]:
        stacked = np.stack(images)
        (outputs,) = self._session.run(None, {GIVEN: stacked})
        anchors = _anchors(*stacked.shape[1:3])
        return [_decode(cells, anchors, self._thresholds.candidate) for cells in outputs]


def _anchors(height: int, width: int) -> NDArray[np.float64]:
    """Of each cell, in the order of the network's output: x and y of its corner, and its side. Cells x 3, pixels."""
    grids = []
    for stride in STRIDES:
        y, x = np.mgrid[0:height:stride, 0:width:stride]
        grids.append(np.column_stack([x.ravel(), y.ravel(), np.full(x.size, stride)]))
    return np.concatenate(grids).astype(np.float64)


def _decode(cells: NDArray[np.float32], anchors: NDArray[np.float64], least: float) -> Candidates:
    """Decodes the network's output for one image: every cell at or over `least`, including overlapping ones.

    Args:
        cells: 16 x cells: logits of class and object; centre, logarithms of width and height, and five points, all in
            cells, relative to the cell's corner.
        anchors: see `_anchors`.
        least: minimum confidence, 0..1.
    """
    logits = np.asarray(cells[:2], dtype=np.float64)
    confidence = np.sqrt(np.prod(1 / (1 + np.exp(-logits)), axis=0))
    found = np.flatnonzero(confidence >= least)
    found = found[np.argsort(-confidence[found], kind="stable")]
    values = np.asarray(cells[2:, found].T, dtype=np.float64)
    corners, sides = anchors[found, :2], anchors[found, 2:]
    centres = corners + values[:, :2] * sides
    sizes = np.exp(values[:, 2:4]) * sides / (1, TALLER)
    landmarks = corners[:, None] + values[:, 4:].reshape(-1, 5, 2) * sides[:, None]
    return Candidates(boxes=np.hstack([centres - sizes / 2, sizes]), confidence=confidence[found], landmarks=landmarks)
