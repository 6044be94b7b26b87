"""Scoring the expressions of faces on the device: the port every on-device scorer follows.

A caller cuts faces out with `edge_lambda.crops.crop_for_scoring` and hands the crops over, of one frame or of many:

    confidences = scorer.score([crop_for_scoring(image, face) for face in faces])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.store import ScorerRecord
from edge_lambda.detectors import Image

SCORERS = ("expressionnet",)


class Scorer(Protocol):
    """Says how sure it is of each visible expression.

    Attributes:
        name: the scorer with its version and the start of its model's SHA-256, because every record says what made
            it, such as "expressionnet-1+0a1b2c3d".
        expressions: what it scores, in the order of the columns of `score`.
        thresholds: for each expression the confidence, 0..1, from which a face counts as showing it.
        model_sha256: of the model file.
        experimental: the expressions measured too poorly to be relied on; shown only where asked for, and marked.
    """

    name: str
    expressions: tuple[str, ...]
    thresholds: Mapping[str, float]
    experimental: frozenset[str]
    model_sha256: str

    def score(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """Scores faces.

        Args:
            crops: n crops as `crop_for_scoring` gives them: square, BGR, 0..255. May be empty.

        Returns:
            n x len(expressions) confidences, 0..1.
        """
        ...


def load_scorer(name: str, *, threads: int = 1) -> Scorer:
    """Loads a scorer by its name, the one place where names become scorers.

    Args:
        name: one of `SCORERS`.
        threads: cores used for one call, at least 1.

    Raises:
        InvalidValue: no scorer has that name.
        ScorerUnavailable: its model cannot be loaded.
    """
    if name == "expressionnet":
        from edge_lambda.scorers.expressionnet import ExpressionNet

        return ExpressionNet(threads=threads)
    raise InvalidValue(f"no scorer is called {name!r}: choose one of {', '.join(SCORERS)}")


def scorer_record(scorer: Scorer) -> ScorerRecord:
    """What a store keeps of a scorer."""
    return ScorerRecord(
        name=scorer.name,
        thresholds=scorer.thresholds,
        experimental=scorer.experimental,
        model_sha256=scorer.model_sha256,
    )
