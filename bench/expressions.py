"""How well ExpressionNet reads visible expressions of people it has never seen.

Runs the path of the device (its default detector, crop, scorer) on what took no part in training, calibration or
thresholds: the held-out fifth of the people of the press photographs, and the part "valid" of FER+ (web photographs,
the votes of ten people each). To measure on another corpus, name a zip or a folder with `labels.csv` (one of the forms
of `training.corpus`) in HOUSELIGHTS_FACES; then everybody in it is used:

    HOUSELIGHTS_FACES=other-people.zip python -m bench expressions

Smile is the confidence of happy against the label happy. A face counts where more than half of those who labelled it
saw the same. Faces from which the scorer abstains count in no other figure. The accuracy is that of the most confident
of the expressions that are labelled. The calibration error is that of the smile, over 15 bins of equal width (Guo et
al. 2017). Intervals are 95 %, by bootstrap over people. Where the detector sees no face the crop is taken where these
tightly cut photographs have it, so that no hard face drops out of the figures.

Covered mouths are made: something is drawn over the mouth of every face that is measured (`training.covering`), and a
false smile is one on any of them, whatever the face showed.
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
from edge_lambda.detectors.load import load_detector
from edge_lambda.scorers.expressionnet import ExpressionNet
from training.corpus import EXPRESSIONS, Photo, default_corpora, read
from training.covering import covered_crop
from training.faces import Face, crop_landmarks, decoded, find
from training.measures import auc, balanced_accuracy, calibration_error, interval
from training.weighing import listed_sexes

NEEDS = ("data",)

ENVIRONMENT: Final = "HOUSELIGHTS_FACES"
COUNTED: Final = 50
"""Faces an expression needs for its AUC to count in the mean."""

OTHERS: Final = ("surprised", "calm", "sad", "angry")
TINY: Final = 1e-9  # so that nothing is divided by zero
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Labelled faces with what the scorer said.

    Attributes:
        faces: n faces on which most people saw the same.
        confidences: n x expressions, in the order of `scorer.expressions`; NaN where the scorer abstained.
        abstained: n, whether the scorer abstained.
        covered_smiles: of the faces whose mouth was covered, the share that then counted as smiling.
        scorer: who said it.
    """

    faces: list[Face]
    confidences: NDArray[np.float64]
    abstained: NDArray[np.bool_]
    covered_smiles: float
    scorer: ExpressionNet

    @property
    def kept(self) -> NDArray[np.bool_]:
        """n, whether a face was scored."""
        return ~self.abstained

    @property
    def people(self) -> list[str]:
        """Who is on each face that was scored."""
        return [face.photo.person for face, kept in zip(self.faces, self.kept, strict=True) if kept]

    def shows(self, expression: str) -> NDArray[np.bool_]:
        """Whether the label of each scored face is this expression."""
        return np.array([face.photo.expression == expression for face in self.faces])[self.kept]

    def confidence(self, expression: str) -> NDArray[np.float64]:
        """The confidence of this expression for each scored face."""
        return np.asarray(self.confidences[self.kept, self.scorer.expressions.index(expression)])

    def decided(self) -> NDArray[np.bool_]:
        """Whether each scored face counts as smiling."""
        return np.asarray(self.confidence("happy") >= self.scorer.thresholds["smile"])

    def auc(self, expression: str, weights: Weights) -> float:
        """The AUC of one expression."""
        return auc(self.shows(expression), self.confidence(expression), weights)


def scored(photos: list[Photo]) -> Scored:
    """Finds and scores the faces of photographs."""
    faces = find([photo for photo in photos if photo.expression], load_detector())
    scorer = ExpressionNet(threads=os.cpu_count() or 1)
    crops = [crop_for_scoring(decoded(face.photo), face.detection) for face in faces]
    confidences = scorer.score(crops).astype(np.float64)
    hidden = [
        drawn
        for number, (crop, points) in enumerate(zip(crops, crop_landmarks(faces), strict=True))
        if (drawn := covered_crop(crop, points, seed=number, over_mouth=True)) is not None
    ]
    # Comparing with NaN is false: where the scorer abstains nobody smiles.
    smiles = scorer.score(hidden)[:, scorer.expressions.index("smile")] >= scorer.thresholds["smile"]
    return Scored(
        faces=faces,
        confidences=confidences,
        abstained=np.isnan(confidences[:, 0]),
        covered_smiles=float(smiles.mean()),
        scorer=scorer,
    )


def figures_of(measured: Scored, *, of: str = "", reaches: bool = True) -> list[Figure]:
    """Every figure of one set of faces, those held against a reach first.

    Args:
        measured: the faces.
        of: put before the name of each figure.
        reaches: whether the figures of smiles are held against theirs, which are for people never seen.
    """
    alike = np.ones(int(measured.kept.sum()))
    smiles, confidence, decided = measured.shows("happy"), measured.confidence("happy"), measured.decided()
    counted = [name for name in EXPRESSIONS if measured.shows(name).sum() >= COUNTED]
    labelled = [name for name in EXPRESSIONS if measured.shows(name).any()]

    def mean_auc(weights: Weights) -> float:
        return float(np.mean([measured.auc(name, weights) for name in OTHERS if name in counted]))

    def accuracy(weights: Weights) -> float:
        return _accuracy(measured, labelled, weights)

    held: list[tuple[str, Callable[[Weights], float], float | None, bool]] = [
        ("smile AUC", lambda weights: auc(smiles, confidence, weights), 0.985, True),
        (
            "smile balanced accuracy at the shipped threshold",
            lambda weights: balanced_accuracy(smiles, decided, weights),
            0.935,
            True,
        ),
        ("smile calibration error", lambda weights: calibration_error(smiles, confidence, weights), 0.03, False),
        ("false smiles", lambda weights: float(np.average(decided[~smiles], weights=weights[~smiles])), None, False),
    ]
    if any(name in counted for name in OTHERS):
        held.append((f"mean AUC of {', '.join(OTHERS)}", mean_auc, 0.97, True))
    if "contempt" in labelled:
        held.append((f"accuracy over {len(labelled)} expressions", accuracy, 0.90, True))
    figures = []
    for name, measure, reach, more in held:
        is_held = reaches or name.startswith(("accuracy", "mean"))
        figures.append(
            Figure(
                name=f"{of}{name}",
                value=measure(alike),
                reach=reach if is_held else None,
                direction="at least" if more else "at most",
            )
        )
    figures.append(
        Figure(
            name=f"{of}covered mouths that count as smiling",
            value=measured.covered_smiles,
            reach=0.02,
            direction="at most",
        )
    )
    figures += _by_sex(measured, of)
    for name, measure, _, _ in held:
        for end, value in zip(("low", "high"), interval(measure, measured.people), strict=True):
            figures.append(Figure(name=f"{of}{name}, {end} end of 95 %", value=value))
    for name in EXPRESSIONS:
        faces = int(measured.shows(name).sum())
        figures.append(Figure(name=f"{of}{name}: faces", value=faces, unit="faces"))
        if 0 < faces < len(alike):
            figures.append(Figure(name=f"{of}{name}: AUC", value=measured.auc(name, alike)))
            decided_so = measured.confidence(name) >= measured.scorer.thresholds[name]
            value = balanced_accuracy(measured.shows(name), decided_so, alike)
            figures.append(Figure(name=f"{of}{name}: balanced accuracy", value=value))
    unseen = sum(not face.found for face in measured.faces)
    return [
        *figures,
        Figure(name=f"{of}people", value=len(set(measured.people)), unit="people"),
        Figure(name=f"{of}faces", value=len(measured.faces), unit="faces"),
        Figure(name=f"{of}faces the detector did not see", value=unseen, unit="faces"),
        Figure(name=f"{of}faces from which the scorer abstained", value=float(measured.abstained.mean()), unit="share"),
    ]


def _accuracy(measured: Scored, labelled: list[str], weights: Weights) -> float:
    """Share of the faces whose most confident expression is the labelled one."""
    columns = np.column_stack([measured.confidence(name) for name in labelled])
    label = np.column_stack([measured.shows(name) for name in labelled])
    right = label[np.arange(len(label)), columns.argmax(axis=1)]
    return float(np.average(right, weights=weights))


def _by_sex(measured: Scored, of: str) -> list[Figure]:
    """False smiles of women and men, where public lists know the people."""
    sexes = listed_sexes()
    sex = np.array([sexes.get(person, "") for person in measured.people])
    calm, decided = ~measured.shows("happy"), measured.decided()
    if min((calm & (sex == "f")).sum(), (calm & (sex == "m")).sum()) < COUNTED:
        return []

    def false_smiles(group: str, weights: Weights) -> float:
        chosen = calm & (sex == group)
        return float(np.average(decided[chosen], weights=weights[chosen] + TINY))

    def ratio(weights: Weights) -> float:
        return false_smiles("f", weights) / max(false_smiles("m", weights), TINY)

    alike = np.ones(len(sex))
    low, high = interval(ratio, measured.people)
    name = f"{of}false smiles of women to those of men"
    return [
        Figure(name=name, value=ratio(alike), reach=1.3, direction="at most"),
        Figure(name=f"{name}, low end of 95 %", value=low),
        Figure(name=f"{name}, high end of 95 %", value=high),
        Figure(name=f"{of}false smiles, women", value=false_smiles("f", alike)),
        Figure(name=f"{of}false smiles, men", value=false_smiles("m", alike)),
        Figure(name=f"{of}women without a smile", value=int((calm & (sex == "f")).sum()), unit="faces"),
        Figure(name=f"{of}men without a smile", value=int((calm & (sex == "m")).sum()), unit="faces"),
    ]


def run() -> list[Figure]:
    """Scores the faces and measures."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return figures_of(scored(read(Path(named))))
    people, web = ([photo for photo in read(corpus) if photo.part == "held out"] for corpus in default_corpora())
    return [*figures_of(scored(people)), *figures_of(scored(web), of="FER+: ", reaches=False)]
