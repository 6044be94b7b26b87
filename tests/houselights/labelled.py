"""Data sets without photos: each face is a pattern of its own, written as `houselights dataset label` writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from houselights.labelling.alike import picture_hash
from houselights.labelling.dataset import PICTURE_PX, DataSet, FaceFound, Source
from houselights.labelling.labels import MachineLine, PersonLine, machine_lines, person_lines


def pattern(name: str) -> NDArray[np.uint8]:
    """A picture that is unlike those of other names."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    coarse = np.random.default_rng(seed).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (PICTURE_PX, PICTURE_PX), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def a_face(
    file: str,
    *,
    looks: str = "",
    photo: str = "",
    number: int = 0,
    at_ms: int | None = None,
    centre: tuple[float, float] = (0.5, 0.5),
) -> FaceFound:
    """A face as cutting notes it; `looks` and `photo` name the patterns of the face and of its photo."""
    return FaceFound(
        id=hashlib.sha256(f"{file}/{number}/{at_ms}".encode()).hexdigest()[:16],
        number=number,
        px=100.0,
        centre=centre,
        extent=(0.1, 0.15),
        box=(0.28, 0.19, 0.44, 0.56),
        photo_hash=picture_hash(pattern(photo or f"photo {file} {at_ms}")),
        face_hash=picture_hash(pattern(looks or f"face {file} {number} {at_ms}")),
        at_ms=at_ms,
    )


def a_data_set(folder: Path, files: Mapping[str, list[FaceFound] | None] | list[str]) -> DataSet:
    """A data set of some files: their faces, by default one each."""
    made = DataSet(folder)
    for file in files:
        given = files[file] if isinstance(files, Mapping) else None
        faces = [a_face(file)] if given is None else given
        made.add_source(Source(file=file, size=1, modified_ns=1, faces=faces))
        for face in faces:
            jpeg = cv2.imencode(".jpg", pattern(f"face {file} {face.number} {face.at_ms}"))[1]
            made.keep_picture(face.id, jpeg.tobytes())
    return made


def say(dataset: DataSet, rater: str, answers: Mapping[str, str]) -> None:
    """Labels the first face of files, as a person would."""
    lines = person_lines(dataset, rater)
    ids = {face.file: face.id for face in reversed(dataset.faces())}
    for file, says in answers.items():
        lines.append(PersonLine(face=ids[file], says=says))


def score(dataset: DataSet, by: str, scores: Mapping[str, Mapping[str, float]]) -> None:
    """Scores the first face of files, as a machine would."""
    lines = machine_lines(dataset, by)  # type: ignore[arg-type]
    ids = {face.file: face.id for face in reversed(dataset.faces())}
    for file, found in scores.items():
        lines.append(MachineLine(face=ids[file], scorer="scorer-1", scores=dict(found)))
