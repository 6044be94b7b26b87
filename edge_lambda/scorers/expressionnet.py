"""ExpressionNet: the scorer that ships with Houselights, a small network run by onnxruntime.

training/MODEL_CARD.md states its accuracy and limits. The model file's metadata hold everything else (classes,
thresholds, experimental expressions, version, crop geometry, when to abstain), so that file and code cannot diverge: a
file trained on other crops than `edge_lambda.crops` makes is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import ModelUnavailable, ScorerUnavailable
from audience.faces import EXPRESSIONS
from audience.reaction.corrected_share import ScoreTable
from edge_lambda.crops import SCORING, resized
from edge_lambda.detectors import Image
from edge_lambda.onnx_runtime import load_session

MODEL: Final = "expressionnet.onnx"
BATCH: Final = 64
"""Faces per inference: enough to keep two cores busy, few enough to stay under 100 MB."""

LARGEST_MODEL: Final = 100_000_000
"""Bytes; the included model has under 4 million."""

MAKE_ONE: Final = "give one that `python -m training` made"

SMILE_IS: Final = "happy"
"""The expression whose confidence is used for a smile, as the labels have no class of their own for it."""


class ExpressionNet:
    """Scores visible expressions from gray crops; see `Scorer` for the attributes.

    Light normalisation and calibration are part of the model file. It abstains from faces whose mouth is covered.
    """

    name: str
    expressions: tuple[str, ...]
    thresholds: Mapping[str, float]
    experimental: frozenset[str]
    model_sha256: str
    score_tables: Mapping[str, ScoreTable]
    covered_from: float

    def __init__(self, *, threads: int = 1, model: Path | None = None) -> None:
        """Loads the model.

        Args:
            threads: threads per call, at least 1.
            model: a model file to use instead of the included one.

        Raises:
            ScorerUnavailable: the file is missing, damaged, or was trained on other crops; or another part
                of the program imported onnxruntime with its telemetry on.
        """
        content = _content(model)
        try:
            self._session = load_session(content, threads=threads)
            about = self._session.get_modelmeta().custom_metadata_map
            classes = tuple(json.loads(about["classes"]))
            thresholds = {name: float(value) for name, value in json.loads(about["thresholds"]).items()}
            experimental = frozenset(json.loads(about["experimental"]))
            self.covered_from = float(about["covered_from"])
            geometry = {"scale": SCORING.scale, "down": SCORING.down, "size": SCORING.size}
            wanted = json.loads(about["crop"])
            tables = {name: ScoreTable.of(table) for name, table in json.loads(about.get("score_tables", "{}")).items()}
            _check(self._session, classes, thresholds)
            self._smile = classes.index(SMILE_IS)
            self.model_sha256 = hashlib.sha256(content).hexdigest()
            self.name = f"{about['name']}-{about['version']}+{self.model_sha256[:8]}"
        except ModelUnavailable as problem:
            raise ScorerUnavailable(str(problem)) from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ScorerUnavailable(_unusable(model, error)) from error
        if wanted != geometry:
            raise ScorerUnavailable(
                f"the model file {model or MODEL} was trained on other crops ({wanted}) than are made here ({geometry})"
            )
        self.expressions = (*classes, "smile")
        self.thresholds = MappingProxyType({**thresholds, "smile": thresholds[SMILE_IS]})
        self.experimental = experimental
        if SMILE_IS in tables:
            tables["smile"] = tables[SMILE_IS]
        self.score_tables = MappingProxyType(tables)

    def score(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """Scores faces; see `Scorer.score`. Crops of another size are resized."""
        confidences, covered = self.read(crops)
        scores = np.column_stack([confidences, confidences[:, self._smile]])
        scores[covered >= self.covered_from] = np.nan
        return scores

    def read(self, crops: Sequence[Image]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the model says of faces, abstaining from none.

        Returns:
            n x classes confidences, which sum to 1, and n values of how sure it is that the mouth is covered, 0..1.
        """
        confidences = np.empty((len(crops), len(self.expressions) - 1), dtype=np.float32)
        covered = np.empty(len(crops), dtype=np.float32)
        for start in range(0, len(crops), BATCH):
            batch = np.stack([_of_size(crop) for crop in crops[start : start + BATCH]])
            part = slice(start, start + len(batch))
            confidences[part], of_mouth = self._session.run(["confidences", "covered"], {"crops": batch})
            covered[part] = of_mouth[:, 0]
        return confidences, covered


def _content(model: Path | None) -> bytes:
    try:
        if model is not None and model.stat().st_size > LARGEST_MODEL:
            raise ScorerUnavailable(_unusable(model, f"it has over {LARGEST_MODEL // 10**6} MB"))
        return (model or resources.files("edge_lambda") / "models" / MODEL).read_bytes()
    except FileNotFoundError as error:
        do = MAKE_ONE if model else "install Houselights again or run: python -m training"
        raise ScorerUnavailable(f"the model file {model or MODEL} is missing; {do}") from error
    except OSError as error:
        raise ScorerUnavailable(_unusable(model, error.strerror or error)) from error


def _check(session: Any, classes: tuple[str, ...], thresholds: Mapping[str, float]) -> None:
    """Checks that a model's metadata, input and output fit together.

    Raises:
        ValueError: they do not.
    """
    if SMILE_IS not in classes:
        raise ValueError(f"it does not score {SMILE_IS!r}")
    if unknown := sorted(set(classes) - set(EXPRESSIONS)):
        raise ValueError(f"it scores {unknown[0]!r}, which is no expression of Houselights")
    if set(thresholds) != set(classes) or not all(0 <= threshold <= 1 for threshold in thresholds.values()):
        raise ValueError("it does not have one threshold from 0 to 1 for each of its expressions")
    (crops,), outputs = session.get_inputs(), {output.name: output.shape[1:] for output in session.get_outputs()}
    size = SCORING.size
    if (crops.name, crops.type, crops.shape[1:]) != ("crops", "tensor(uint8)", [size, size, 3]):
        raise ValueError(f"its input is not crops of {size} x {size} pixels")
    if outputs != {"confidences": [len(classes)], "covered": [1]}:
        raise ValueError("its outputs are not one confidence for each of its expressions, and one of a covered mouth")


def _unusable(model: Path | None, reason: object) -> str:
    """Says in one line why a model file cannot be used, and what to do."""
    if isinstance(reason, KeyError):
        reason = f"it has no entry {reason.args[0]!r}"
    do = MAKE_ONE if model else "install Houselights again"
    return f"the model file {model or MODEL} cannot be used ({' '.join(str(reason).split())[:200]}); {do}"


def _of_size(crop: Image) -> Image:
    return crop if crop.shape[:2] == (SCORING.size, SCORING.size) else resized(crop, SCORING.size)
