"""What scoring faces on contact sheets changes against scoring each by itself, on an account of one's own.

The same faces of a recording go both ways: on sheets, made and scored as a camera and the ingest function do it, and as
a picture and a call each, as systems do that know no sheets. No picture is written anywhere.
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
from audience.monitoring.cost import DETECT_FACES
from houselights.sampled_faces import SampledFaces

Scores = Mapping[str, float] | None


class BothWaysScorer(Protocol):
    """Scores faces on sheets and alone; `ingest_lambda.rekognition.RekognitionScorer` is one."""

    thresholds: Mapping[str, float]

    def score(self, sheet: Sheet) -> list[Scores]:
        """See `ingest_lambda.scoring.SheetScorer.score`."""
        ...

    def score_alone(self, picture: bytes) -> Scores:
        """Scores the face of one picture; None where none was found."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What one way took.

    Attributes:
        faces: asked about.
        found: of those, scored: matched to their tile, or found in their picture.
        calls: of DetectFaces that were answered, if only with a refusal of the picture.
        bytes: of the pictures sent.
    """

    faces: int
    found: int
    calls: int
    bytes: int

    @property
    def dollars(self) -> float:
        """What the calls cost at list price."""
        return self.calls * DETECT_FACES


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far one expression is apart, over the faces that were scored both ways.

    Attributes:
        correlation: Pearson's, of the confidences; None where one way gives all faces the same.
        mean: of the confidence on the sheet less that alone.
        mean_absolute: of the same without its sign.
        agreement: part of the faces that are on the same side of the threshold both ways, 0..1.
        share_on_sheets, share_alone: part of them that shows the expression, 0..1.
    """

    correlation: float | None
    mean: float
    mean_absolute: float
    agreement: float
    share_on_sheets: float
    share_alone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both ways beside each other.

    Attributes:
        faces: that were to be compared.
        on_sheets, alone: what each way took.
        compared: faces scored both ways.
        differences: by expression; empty where fewer than `MIN_FACES` were compared.
    """

    faces: int
    on_sheets: Way
    alone: Way
    compared: int
    differences: Mapping[str, Difference]


class Calibration:
    """Scores faces both ways, sheet by sheet; what was measured so far can be told at any time."""

    def __init__(self, sampled: SampledFaces, scorer: BothWaysScorer) -> None:
        """Asks nothing yet."""
        self._sampled, self._scorer = sampled, scorer
        self._on_sheets: list[Scores] = []
        self._alone: list[Scores] = []
        self._sheets_asked = 0

    def run(self, on_answer: Callable[[int], None] = lambda calls: None) -> None:
        """Asks about all faces, one call after the other.

        Args:
            on_answer: told after each call how many were answered.

        Raises:
            SheetRejected: a sheet can never be scored.
            ScorerUnavailable: it does not answer; what was measured until then stays.
        """
        for sheet in self._sampled.sheets:
            self._on_sheets += self._scorer.score(sheet)
            self._sheets_asked += 1
            on_answer(self._sheets_asked + len(self._alone))
            for picture in self._sampled.pictures[len(self._alone) : len(self._on_sheets)]:
                self._alone.append(self._scored_alone(picture))
                on_answer(self._sheets_asked + len(self._alone))

    def compared(self) -> Comparison:
        """What was measured."""
        pairs = [(sheet, alone) for sheet, alone in zip(self._on_sheets, self._alone, strict=False) if sheet and alone]
        thresholds = self._scorer.thresholds if len(pairs) >= MIN_FACES else {}
        return Comparison(
            faces=len(self._sampled.pictures),
            on_sheets=Way(
                faces=len(self._on_sheets),
                found=_found(self._on_sheets),
                calls=self._sheets_asked,
                bytes=sum(len(sheet.jpeg) for sheet in self._sampled.sheets[: self._sheets_asked]),
            ),
            alone=Way(
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
            return None  # of a small face the picture is too small for Rekognition, which on a sheet it is not


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
