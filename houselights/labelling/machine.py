"""Labels faces of a data set by Amazon Rekognition, or by the scorer of the device."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import cv2
import numpy as np

from audience.errors import InvalidValue, ScorerUnavailable, SheetRejected
from edge_lambda.crops import crop_for_scoring
from edge_lambda.detectors import Detection, Image
from edge_lambda.scorers import Scorer
from houselights.labelling import Labeller
from houselights.labelling.dataset import PICTURE_PX, DataSet, Face, FaceFound
from houselights.labelling.labels import MachineLine, machine_lines

ATTEMPTS: Final = 8
"""How often Rekognition is asked for a face that it is too busy for: for a minute and more."""

_AT_ONCE: Final = 64

Progress = Callable[[int], None]


class FaceService(Protocol):
    """Describes faces as DetectFaces does, such as `ingest_lambda.rekognition.RekognitionScorer`."""

    name: str

    def faces(self, picture: bytes) -> list[Mapping[str, Any]]:
        """The `FaceDetails` of one picture."""
        ...


def without_label(dataset: DataSet, by: Labeller, scorer: str) -> list[Face]:
    """Faces that a scorer of this name and version has not labelled."""
    done = {line.face for line in machine_lines(dataset, by).read() if line.scorer == scorer}
    return [face for face in dataset.faces() if face.id not in done]


def label_by_rekognition(
    dataset: DataSet,
    faces: Sequence[Face],
    service: FaceService,
    scores_of: Callable[[Mapping[str, Any]], dict[str, float] | None],
    on_progress: Progress = lambda done: None,
) -> None:
    """Has each face described by its own call, and keeps each answer before the next call.

    Args:
        dataset: where answers are kept.
        faces: those to label.
        service: asked with one picture after the other.
        scores_of: reads the scores out of a face of an answer.
        on_progress: called after each call with the number of faces done.

    Raises:
        ScorerUnavailable: the service does not answer; the line says how many faces are done.
    """
    lines = machine_lines(dataset, "rekognition")
    for done, face in enumerate(faces):
        picture = dataset.picture(face.id)
        try:
            answer = service.faces(picture)
        except SheetRejected:
            answer = []  # it says so of a picture that it can make nothing of
        except ScorerUnavailable as problem:
            raise ScorerUnavailable(
                f"{done} of {len(faces)} faces were labelled, and the same command goes on from there: {problem}"
            ) from None
        mine = _face_meant(answer, face.found)
        scores = None if mine is None else scores_of(mine)
        lines.append(MachineLine(face=face.id, scorer=service.name, scores=scores, answer={"FaceDetails": answer}))
        on_progress(done + 1)


def label_by_expressionnet(
    dataset: DataSet, faces: Sequence[Face], scorer: Scorer, on_progress: Progress = lambda done: None
) -> None:
    """Scores each face as a device would, but for those with a covered mouth, from which the scorer abstains.

    Args:
        dataset: where scores are kept.
        faces: those to label.
        scorer: the scorer.
        on_progress: called now and then with the number of faces done.
    """
    lines = machine_lines(dataset, "expressionnet")
    for start in range(0, len(faces), _AT_ONCE):
        some = faces[start : start + _AT_ONCE]
        crops = [crop_for_scoring(decoded(dataset.picture(face.id), face.id), _box_px(face.found)) for face in some]
        for face, row in zip(some, scorer.score(crops), strict=True):
            scores = {name: round(float(score), 5) for name, score in zip(scorer.expressions, row, strict=True)}
            abstains = any(map(math.isnan, scores.values()))
            lines.append(MachineLine(face=face.id, scorer=scorer.name, scores=None if abstains else scores))
        on_progress(start + len(some))


def decoded(jpeg: bytes, face_id: str) -> Image:
    """The picture of a face, height x width x 3, BGR.

    Raises:
        InvalidValue: it is damaged.
    """
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if image is None:
        raise InvalidValue(f"the picture of face {face_id} is damaged: delete it, and run `dataset label` again")
    return np.asarray(image, dtype=np.uint8)


def _box_px(face: FaceFound) -> Detection:
    left, top, width, height = (PICTURE_PX * value for value in face.box)
    return Detection(left=left, top=top, width=width, height=height, confidence=1.0)


def _face_meant(answer: Sequence[Mapping[str, Any]], face: FaceFound) -> Mapping[str, Any] | None:
    """The face in an answer that the picture was cut for, and no neighbour; None where it was not found."""
    left, top, width, height = face.box
    x, y = left + width / 2, top + height / 2

    def off(one: Mapping[str, Any]) -> float:
        box = one["BoundingBox"]
        across, down = box["Left"] + box["Width"] / 2 - x, box["Top"] + box["Height"] / 2 - y
        return float(max(abs(across) / width, abs(down) / height))

    nearest = min(answer, key=off, default=None)
    return nearest if nearest is not None and off(nearest) <= 0.5 else None
