"""Scores contact sheets without Rekognition, with the on-device detector and scorer."""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np

from audience.deliveries.sheet import Sheet
from audience.errors import SheetRejected
from edge_lambda.delivery.contact_sheet import scoring_crops
from edge_lambda.detectors import Detector
from edge_lambda.scorers import Scorer
from ingest_lambda.scoring import match_tiles


class DeviceSheetScorer:
    """Implements `ingest_lambda.scoring.SheetScorer` with an on-device scorer.

    The detector only finds which tiles contain exactly one face, so that tiles with none or two are unmatched, as in
    the cloud. The crops are cut where the camera saw the faces, so the scores equal those of a device, and the records
    have the same scorer's name.
    """

    def __init__(self, scorer: Scorer, detector: Detector) -> None:
        """Uses a scorer from `load_scorer` and a detector from `load_detector`."""
        self._scorer, self._detector = scorer, detector
        self.name = scorer.name
        self.expressions = scorer.expressions
        self.thresholds = scorer.thresholds
        self.experimental = scorer.experimental
        self.model_sha256 = scorer.model_sha256

    def score(self, sheet: Sheet) -> list[Mapping[str, float] | None]:
        """Scores a sheet; see `SheetScorer.score`."""
        has_one_face = self._has_one_face(sheet)
        crops = scoring_crops(sheet)
        matched = [crop for crop, one in zip(crops, has_one_face, strict=True) if one]
        rows = iter(self._scorer.score(matched).tolist())
        return [self._confidences(next(rows)) if one else None for one in has_one_face]

    def _confidences(self, row: list[float]) -> Mapping[str, float] | None:
        """The scores of a face; None where the scorer abstained."""
        return None if any(map(math.isnan, row)) else dict(zip(self.expressions, row, strict=True))

    def _has_one_face(self, sheet: Sheet) -> list[bool]:
        picture = cv2.imdecode(np.frombuffer(sheet.jpeg, dtype=np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise SheetRejected("the picture of the sheet cannot be decoded")
        height, width = picture.shape[:2]
        found = self._detector.detect(np.asarray(picture, dtype=np.uint8))
        centres = [
            ((face.left + face.width / 2) / width, (face.top + face.height / 2) / height, True) for face in found
        ]
        return [one is not None for one in match_tiles(sheet.manifest, centres)]
