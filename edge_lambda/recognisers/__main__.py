"""`python -m edge_lambda.recognisers`: measures photos that come by standard input, one after another.

A process of its own for photos of strangers: what decodes them can crash or be led astray without harm to the server
that asks. Each request is 8 bytes of length, JSON, and the photo; each answer 8 bytes of length, and JSON. The
recogniser is loaded with the first template that is asked for.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import sys
from functools import cache
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import ModelUnavailable
from edge_lambda.detectors.load import load_detector
from edge_lambda.recognisers import Recogniser
from edge_lambda.recognisers.photos import measure_photo

MEMORY: Final = 3 << 30
"""Bytes of address space: the models take a third of it."""

RECOGNISER_VARIABLE: Final = "HOUSELIGHTS_RECOGNISER"

_HEADER: Final = 8


def main() -> None:
    """Serves until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)  # the pages have priority
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers requests until there are no more."""
    detector = load_detector(threads=1)
    while header := requests.read(_HEADER):
        request = json.loads(requests.read(int.from_bytes(header, "big")))
        photo = requests.read(request["size"])
        try:
            recogniser = _recogniser() if request["template"] else None
        except ModelUnavailable as problem:
            answer: dict[str, Any] = {"unavailable": str(problem)}
        else:
            measured = measure_photo(photo, detector, recogniser)
            answer = {"problem": measured.problem, "face": base64.b64encode(measured.face).decode()}
            if measured.quality is not None:
                quality = measured.quality
                answer["quality"] = {name: getattr(quality, name) for name in quality.__slots__}
            if measured.template is not None and recogniser is not None:
                answer["vector"] = _packed(measured.template)
                answer["recogniser"] = recogniser.name
                answer["strangers"] = [_packed(row) for row in recogniser.strangers]
        body = json.dumps(answer).encode()
        answers.write(len(body).to_bytes(_HEADER, "big") + body)
        answers.flush()


def _packed(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


@cache
def _recogniser() -> Recogniser:
    from edge_lambda.recognisers.load import load_recogniser

    return load_recogniser(os.environ.get(RECOGNISER_VARIABLE) or "dlib")


if __name__ == "__main__":
    main()
