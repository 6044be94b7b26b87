"""CenterFace: its landmarks turn with the face. Its weights are added to the package at build time (`hatch_build.py`).

The network (MobileNetV2 with a feature pyramid) gives for each cell of 4x4 pixels the confidence that a face is centred
there, the face's size, the centre's offset in the cell and five landmarks. Xu et al., "CenterFace: Joint Face
Detection and Alignment Using Face as Point", Scientific Programming 2020; https://github.com/Star-Clouds/CenterFace
(MIT). It was trained on RGB: with the channels swapped it still runs, but finds clearly fewer faces.

A certain face is accepted at once. A doubtful one gets a second look (`second_look.py`).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Detection, Image
from edge_lambda.detectors.onnx_graph import with_free_shapes
from edge_lambda.detectors.second_look import Candidates, Thresholds, look_twice
from edge_lambda.detectors.weights import PackagedWeights
from edge_lambda.detectors.working_size import MAX_PIXELS, bounded
from edge_lambda.onnx_runtime import load_session

WEIGHTS: Final = PackagedWeights(
    network="CenterFace",
    name="centerface.onnx",
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
)
_CELL = 4  # side of one cell of the network's output, pixels
_OUTPUTS = ("537", "538", "539", "540")  # heat, size, offset, landmarks: node numbers of the exported graph


class CenterFace:
    """CenterFace in onnxruntime, for images of any size.

    Larger images are scaled down to the pixel count of a 1080p frame, so a 4K frame costs no more; a second look uses
    full resolution. Finds faces about 12 to 500 pixels high in the scaled image; of a larger face it may find a part.
    """

    name = "centerface-1"
    landmarks_turn = True

    def __init__(
        self, *, threads: int | None = None, thresholds: Thresholds | None = None, max_pixels: int = MAX_PIXELS
    ) -> None:
        """Loads the network.

        Args:
            threads: number of threads; None for one per core.
            thresholds: confidence thresholds.
            max_pixels: a larger image is scaled down to that many pixels for the first look.

        Raises:
            ModelUnavailable: the weights are missing or are others; or another part of the program imported
                onnxruntime with its telemetry on.
        """
        self._thresholds = thresholds or Thresholds()
        self._max_pixels = max_pixels
        # Spinning threads would take the cores from the decoder and the scorer.
        self._session = load_session(with_free_shapes(WEIGHTS.read()), threads=threads or 0, spinning=False)

    def detect(self, image: Image) -> list[Detection]:
        """Finds the faces of one image; see `Detector.detect`."""
        if image.size == 0:
            return []
        scaled, scale = bounded(image, max_pixels=self._max_pixels)
        return look_twice(image, self._look, self._thresholds, scaled=scaled, scale=scale)

    def _look(self, images: list[Image]) -> list[Candidates]:
        outputs = self._run(images)
        return [_decode(outputs, row, self._thresholds.candidate) for row in range(len(images))]

    def _run(self, images: list[Image]) -> list[NDArray[np.float32]]:
        """The network's four outputs, each images x channels x cells down x cells across."""
        blob = cv2.dnn.blobFromImages(images, swapRB=True)
        outputs: list[NDArray[np.float32]] = self._session.run(_OUTPUTS, {self._session.get_inputs()[0].name: blob})
        return outputs


def _decode(outputs: list[NDArray[np.float32]], row: int, least: float) -> Candidates:
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
    return Candidates(boxes=np.hstack([corners, sizes]), confidence=confidence[order], landmarks=landmarks)
