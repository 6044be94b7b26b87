"""Scores expressions on the device: the port of all on-device scorers.

The caller cuts out faces with `edge_lambda.crops.crop_for_scoring` and passes the crops, of one frame or many:

    confidences = scorer.score([crop_for_scoring(image, face) for face in faces])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.reaction.corrected_share import ScoreTable
from audience.store import ScorerRecord
from edge_lambda.detectors import Image

SCORERS = ("expressionnet",)


class Scorer(Protocol):
    """Gives a confidence for each visible expression.

    Attributes:
        name: name, version and start of the model's SHA-256, such as "expressionnet-1+0a1b2c3d"; stored in every
            record.
        expressions: the expressions scored, in the order of the columns of `score`.
        thresholds: for each expression, the confidence (0..1) from which a face counts as showing it.
        model_sha256: SHA-256 of the model file.
        experimental: expressions measured too poorly to rely on; only shown on request, and marked.
        score_tables: for each expression whose share can be corrected, what the scorer's confidences look like on faces
            that show it and on others; empty where nobody measured that.
    """

    name: str
    expressions: tuple[str, ...]
    thresholds: Mapping[str, float]
    experimental: frozenset[str]
    model_sha256: str
    score_tables: Mapping[str, ScoreTable]

    def score(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """Scores faces.

        Args:
            crops: n crops from `crop_for_scoring`: square, BGR, 0..255. May be empty.

        Returns:
            n x len(expressions) confidences, 0..1; NaN in the whole row of a face whose mouth is covered, for which the
            scorer abstains.
        """
        ...


def load_scorer(name: str, *, threads: int = 1, model: Path | None = None) -> Scorer:
    """Loads a scorer by name.

    Args:
        name: one of `SCORERS`.
        threads: threads per call, at least 1.
        model: a model file made by `python -m training`; None for the included one.

    Raises:
        InvalidValue: no scorer has that name.
        ScorerUnavailable: its model cannot be loaded.
    """
    if name == "expressionnet":
        from edge_lambda.scorers.expressionnet import ExpressionNet

        return ExpressionNet(threads=threads, model=model)
    raise InvalidValue(f"no scorer is called {name!r}: choose one of {', '.join(SCORERS)}")


def scorer_record(scorer: Scorer) -> ScorerRecord:
    """Creates the record of a scorer for the store."""
    return ScorerRecord(
        name=scorer.name,
        thresholds=scorer.thresholds,
        experimental=scorer.experimental,
        model_sha256=scorer.model_sha256,
    )
