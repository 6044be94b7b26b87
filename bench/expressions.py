"""How well ExpressionNet reads visible expressions of people it has never seen.

Runs the path of the device (CenterFace, crop, scorer) on the held-out fifth of the people of the training corpus, who
took no part in training, calibration or thresholds. To measure on another corpus, name a zip or a folder with
`labels.csv` (file, expression, person) in HOUSELIGHTS_FACES; then everybody in it is used:

    HOUSELIGHTS_FACES=other-people.zip python -m bench expressions

Smile is the confidence of happy against the label happy. The calibration error is that of the smile, over 15 bins of
equal width (Guo et al. 2017). Intervals are 95 %, by bootstrap over people. Where the detector sees no face the crop is
taken where these tightly cut photographs have it, so that no hard face drops out of the figures.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.figures import Figure
from edge_lambda.crops import crop_for_scoring
from edge_lambda.detectors.centerface import CenterFace
from edge_lambda.scorers.expressionnet import ExpressionNet
from training.corpus import EXPRESSIONS, default_corpus, read
from training.faces import Face, decoded, find
from training.measures import auc, balanced_accuracy, calibration_error, interval

NEEDS = ("data",)

ENVIRONMENT: Final = "HOUSELIGHTS_FACES"
COUNTED: Final = 50
"""Faces an expression needs for its AUC to count in the mean."""

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Labelled faces with what the scorer said.

    Attributes:
        faces: n faces.
        confidences: n x classes, in the order of `scorer.expressions`.
        scorer: who said it.
    """

    faces: list[Face]
    confidences: NDArray[np.float64]
    scorer: ExpressionNet

    @property
    def people(self) -> list[str]:
        """Who is on each face."""
        return [face.photo.person for face in self.faces]

    def shows(self, expression: str) -> NDArray[np.bool_]:
        """n, whether the label of each face is this expression."""
        return np.array([face.photo.expression == expression for face in self.faces])

    def confidence(self, expression: str) -> NDArray[np.float64]:
        """n, the confidence of this expression."""
        return self.confidences[:, self.scorer.expressions.index(expression)]

    def auc(self, expression: str, weights: Weights) -> float:
        """The AUC of one expression."""
        return auc(self.shows(expression), self.confidence(expression), weights)


def measured_people() -> Scored:
    """Scores the corpus that is measured: the held-out fifth, or everybody in HOUSELIGHTS_FACES."""
    named = os.environ.get(ENVIRONMENT)
    photos = read(Path(named)) if named else [photo for photo in read(default_corpus()) if photo.part == "held out"]
    faces = find(photos, CenterFace())
    scorer = ExpressionNet(threads=os.cpu_count() or 1)
    crops = [crop_for_scoring(decoded(face.photo), face.detection) for face in faces]
    return Scored(faces=faces, confidences=scorer.score(crops).astype(np.float64), scorer=scorer)


def figures_of(scored: Scored) -> list[Figure]:
    """Every figure of one set of faces, those held against a reach first."""
    smiles, confidence = scored.shows("happy"), scored.confidence("smile")
    decided = confidence >= scored.scorer.thresholds["smile"]
    counted = [name for name in EXPRESSIONS if scored.shows(name).sum() >= COUNTED]

    def mean_auc(weights: Weights) -> float:
        return float(np.mean([scored.auc(name, weights) for name in counted]))

    held: list[tuple[str, Callable[[Weights], float], float, bool]] = [
        ("smile AUC", lambda weights: auc(smiles, confidence, weights), 0.975, True),
        (
            "smile balanced accuracy at the shipped threshold",
            lambda weights: balanced_accuracy(smiles, decided, weights),
            0.91,
            True,
        ),
        (f"mean AUC of the expressions with {COUNTED} faces or more", mean_auc, 0.94, True),
        ("smile calibration error", lambda weights: calibration_error(smiles, confidence, weights), 0.03, False),
    ]
    alike = np.ones(len(scored.faces))
    figures = [
        Figure(name=name, value=measure(alike), reach=reach, direction="at least" if more else "at most")
        for name, measure, reach, more in held
    ]
    for name, measure, _, _ in held:
        for end, value in zip(("low", "high"), interval(measure, scored.people), strict=True):
            figures.append(Figure(name=f"{name}, {end} end of 95 %", value=value))
    for name in EXPRESSIONS:
        faces = int(scored.shows(name).sum())
        figures.append(Figure(name=f"{name}: faces", value=faces, unit="faces"))
        if 0 < faces < len(scored.faces):
            figures.append(Figure(name=f"{name}: AUC", value=scored.auc(name, alike)))
    return [
        *figures,
        Figure(name="people", value=len(set(scored.people)), unit="people"),
        Figure(name="faces", value=len(scored.faces), unit="faces"),
        Figure(name="faces the detector did not see", value=sum(not face.found for face in scored.faces), unit="faces"),
    ]


def run() -> list[Figure]:
    """Scores the faces and measures."""
    return figures_of(measured_people())
