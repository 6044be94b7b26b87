"""Compares scoring faces on contact sheets with scoring each alone, on the user's AWS account.

The same faces of a recording are scored twice: on sheets, made and scored as by a camera and the ingest function, and
each as a separate picture with its own call. No picture is written to disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audience.deliveries.sheet import Sheet
from audience.disclosure import MIN_FACES
from audience.errors import SheetRejected
from audience.monitoring.prices import DETECT_FACES
from houselights.sampled_faces import SampledFaces

Scores = Mapping[str, float] | None


class ComparableScorer(Protocol):
    """Scores faces on sheets and alone, such as `ingest_lambda.rekognition.RekognitionScorer`."""

    thresholds: Mapping[str, float]

    def score(self, sheet: Sheet) -> list[Scores]:
        """See `ingest_lambda.scoring.SheetScorer.score`."""
        ...

    def score_alone(self, picture: bytes) -> Scores:
        """Scores the face in a picture; None if none was found."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodResult:
    """Results and cost of one method (on sheets, or alone).

    Attributes:
        faces: faces sent.
        found: faces scored: matched to their tile, or found in their picture.
        calls: answered calls of DetectFaces, including refusals of a picture.
        bytes: bytes of the pictures sent.
    """

    faces: int
    found: int
    calls: int
    bytes: int

    @property
    def dollars(self) -> float:
        """Cost of the calls at list price, US dollars."""
        return self.calls * DETECT_FACES


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Differences for one expression, over the faces scored with both methods.

    Attributes:
        correlation: Pearson correlation of the confidences; None if one method gives all faces the same.
        mean: mean difference of the confidences, on the sheet minus alone.
        mean_absolute: mean absolute difference.
        agreement: share of the faces on the same side of the threshold with both methods, 0..1.
        share_on_sheets, share_alone: share of them that shows the expression, 0..1.
    """

    correlation: float | None
    mean: float
    mean_absolute: float
    agreement: float
    share_on_sheets: float
    share_alone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Comparison of both methods.

    Attributes:
        faces: faces to be compared.
        on_sheets, alone: results of each method.
        compared: faces scored with both methods.
        differences: by expression; empty if fewer than `MIN_FACES` were compared.
    """

    faces: int
    on_sheets: MethodResult
    alone: MethodResult
    compared: int
    differences: Mapping[str, Difference]


class Calibration:
    """Scores faces with both methods, sheet by sheet; partial results are available at any time."""

    def __init__(self, sampled: SampledFaces, scorer: ComparableScorer) -> None:
        """Creates the object without calls."""
        self._sampled, self._scorer = sampled, scorer
        self._on_sheets: list[Scores] = []
        self._alone: list[Scores] = []
        self._sheets_asked = 0

    def run(self, on_progress: Callable[[int], None] = lambda calls: None) -> None:
        """Scores all faces, one call after the other.

        Args:
            on_progress: called after each call with the number of answered calls.

        Raises:
            SheetRejected: a sheet cannot be scored.
            ScorerUnavailable: the scorer does not answer; earlier results are kept.
        """
        for sheet in self._sampled.sheets:
            self._on_sheets += self._scorer.score(sheet)
            self._sheets_asked += 1
            on_progress(self._sheets_asked + len(self._alone))
            for picture in self._sampled.pictures[len(self._alone) : len(self._on_sheets)]:
                self._alone.append(self._scored_alone(picture))
                on_progress(self._sheets_asked + len(self._alone))

    def compared(self) -> Comparison:
        """The comparison of all faces scored so far."""
        pairs = [(sheet, alone) for sheet, alone in zip(self._on_sheets, self._alone, strict=False) if sheet and alone]
        thresholds = self._scorer.thresholds if len(pairs) >= MIN_FACES else {}
        return Comparison(
            faces=len(self._sampled.pictures),
            on_sheets=MethodResult(
                faces=len(self._on_sheets),
                found=_found(self._on_sheets),
                calls=self._sheets_asked,
                bytes=sum(len(sheet.jpeg) for sheet in self._sampled.sheets[: self._sheets_asked]),
            ),
            alone=MethodResult(
                faces=len(self._alone),
                found=_found(self._alone),
                calls=len(self._alone),
                bytes=sum(map(len, self._sampled.pictures[: len(self._alone)])),
            ),
            compared=len(pairs),
            differences={
                expression: _difference(
                    np.array([sheet[expression] for sheet, _ in pairs]),
                    np.array([alone[expression] for _, alone in pairs]),
                    threshold,
                )
                for expression, threshold in thresholds.items()
            },
        )

    def _scored_alone(self, picture: bytes) -> Scores:
        try:
            return self._scorer.score_alone(picture)
        except SheetRejected:
            return None  # the picture of a small face alone is below Rekognition's minimum size


def _found(scores: Sequence[Scores]) -> int:
    return sum(score is not None for score in scores)


def _difference(on_sheets: NDArray[np.float64], alone: NDArray[np.float64], threshold: float) -> Difference:
    apart = on_sheets - alone
    shown, shown_alone = on_sheets >= threshold, alone >= threshold
    varies = np.ptp(on_sheets) > 0 and np.ptp(alone) > 0
    return Difference(
        correlation=float(np.corrcoef(on_sheets, alone)[0, 1]) if varies else None,
        mean=float(apart.mean()),
        mean_absolute=float(np.abs(apart).mean()),
        agreement=float((shown == shown_alone).mean()),
        share_on_sheets=float(shown.mean()),
        share_alone=float(shown_alone.mean()),
    )
