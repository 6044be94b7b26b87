"""`python -m edge_lambda.browser_models`: the models with which a browser scores one face, and their constants.

A viewer's browser runs the same files as a camera (`dashboard/pages/watch/scoring.mjs`). Sizes, thresholds and geometry
go along as JSON, so that they are written once. Standard output gets 8 bytes of length, the JSON, and the files that it
lists.
"""

from __future__ import annotations

import json
import sys
from importlib import resources
from typing import Any, BinaryIO

from edge_lambda.crops import LEAST_FRONTALITY, SCORING, SMALLEST_PX
from edge_lambda.detectors.libfacedetection import CERTAIN, TALLER, WEIGHTS, LibFaceDetection
from edge_lambda.detectors.libfacedetection_network import STRIDES, to_onnx
from edge_lambda.detectors.second_look import ONE_FACE, STRIDE
from edge_lambda.detectors.working_size import MAX_ENLARGED, SMALL_PIXELS
from edge_lambda.scorers.expressionnet import MODEL, ExpressionNet

_HEADER = 8


def main(output: BinaryIO) -> None:
    """Writes the constants and both models.

    Raises:
        ModelUnavailable: a model file is missing or damaged.
    """
    scorer = ExpressionNet()
    files = {
        "detector": to_onnx(WEIGHTS.read()),
        "scorer": (resources.files("edge_lambda") / "models" / MODEL).read_bytes(),
    }
    about: dict[str, Any] = {
        "detector": {
            "name": LibFaceDetection.name,
            "certain": CERTAIN,
            "taller": TALLER,
            "strides": STRIDES,
            "multiple": STRIDE,
            "one_face": ONE_FACE,
            "small_pixels": SMALL_PIXELS,
            "max_enlarged": MAX_ENLARGED,
        },
        "scorer": {
            "name": scorer.name,
            "expressions": scorer.expressions[:-1],
            "covered_from": scorer.covered_from,
            "crop": {"scale": SCORING.scale, "down": SCORING.down, "size": SCORING.size},
            "smallest_px": SMALLEST_PX,
            "least_frontality": LEAST_FRONTALITY,
        },
        "files": {name: len(content) for name, content in files.items()},
    }
    header = json.dumps(about).encode()
    output.write(len(header).to_bytes(_HEADER, "big") + header + b"".join(files.values()))


if __name__ == "__main__":
    main(sys.stdout.buffer)
