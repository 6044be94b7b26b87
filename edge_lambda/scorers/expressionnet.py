"""ExpressionNet: the scorer that ships with Houselights, a small network run by onnxruntime.

What it can and cannot do is in training/MODEL_CARD.md. The model file says everything else about itself in its
metadata (classes, thresholds, which expressions are experimental, version, crop geometry), so that file and code
cannot drift apart: a file that wants other crops than `edge_lambda.crops` cuts is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import ModelUnavailable, ScorerUnavailable
from edge_lambda.crops import SCORING, resized
from edge_lambda.detectors import Image
from edge_lambda.onnx_runtime import load_session

MODEL: Final = "expressionnet.onnx"
BATCH: Final = 64
"""Faces scored in one go: enough to keep two cores busy, few enough to stay under 100 MB."""

SMILE_IS: Final = "happy"
"""The expression whose confidence is given as that of a smile: the labels know no other."""


class ExpressionNet:
    """Scores visible expressions from gray crops; see `Scorer` for the attributes.

    The network looks at a face and at its mirror image and takes the mean; that, the normalisation of light and the
    calibration are inside the model file.
    """

    name: str
    expressions: tuple[str, ...]
    thresholds: Mapping[str, float]
    experimental: frozenset[str]
    model_sha256: str

    def __init__(self, *, threads: int = 1, model: Path | None = None) -> None:
        """Loads the model.

        Args:
            threads: cores used for one call, at least 1.
            model: another model file than the one that ships.

        Raises:
            ScorerUnavailable: the file is missing, damaged, or wants other crops than this version cuts; or another
                part of the program imported onnxruntime with its telemetry on.
        """
        content = _content(model)
        try:
            self._session = load_session(content, threads=threads)
            about = self._session.get_modelmeta().custom_metadata_map
            classes = tuple(json.loads(about["classes"]))
            thresholds = {name: float(value) for name, value in json.loads(about["thresholds"]).items()}
            experimental = frozenset(json.loads(about["experimental"]))
            geometry = {"scale": SCORING.scale, "down": SCORING.down, "size": SCORING.size}
            wanted = json.loads(about["crop"])
            self._smile = classes.index(SMILE_IS)
            self.model_sha256 = hashlib.sha256(content).hexdigest()
            self.name = f"{about['name']}-{about['version']}+{self.model_sha256[:8]}"
        except ModelUnavailable as problem:
            raise ScorerUnavailable(str(problem)) from None
        except (KeyError, ValueError) as error:
            raise ScorerUnavailable(
                f"the model file {model or MODEL} is damaged ({type(error).__name__}); install Houselights again"
            ) from error
        if wanted != geometry:
            raise ScorerUnavailable(
                f"the model file {model or MODEL} was trained on other crops ({wanted}) than are cut here ({geometry})"
            )
        self.expressions = (*classes, "smile")
        self.thresholds = MappingProxyType({**thresholds, "smile": thresholds[SMILE_IS]})
        self.experimental = experimental

    def score(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """Scores faces; see `Scorer.score`. Crops of another size are brought to the network's."""
        scores = np.empty((len(crops), len(self.expressions)), dtype=np.float32)
        for start in range(0, len(crops), BATCH):
            batch = np.stack([_of_size(crop) for crop in crops[start : start + BATCH]])
            (confidences,) = self._session.run(None, {"crops": batch})
            scores[start : start + BATCH, :-1] = confidences
            scores[start : start + BATCH, -1] = confidences[:, self._smile]
        return scores


def _content(model: Path | None) -> bytes:
    try:
        return (model or resources.files("edge_lambda") / "models" / MODEL).read_bytes()
    except OSError as error:
        raise ScorerUnavailable(
            f"the model file {model or MODEL} is missing; install Houselights again or run: python -m training"
        ) from error


def _of_size(crop: Image) -> Image:
    return crop if crop.shape[:2] == (SCORING.size, SCORING.size) else resized(crop, SCORING.size)
