"""Photographs of people whose names are known, and what a recogniser makes of them.

The people of the training corpus are split in two by a stable hash of their name. Strangers' means and thresholds come
from one half (`calibrate.py`); the figures are measured on the other, which is never looked at otherwise. To measure on
other people, name a zip or a folder with `labels.csv` (file, person) in HOUSELIGHTS_PEOPLE; then everybody in it is
used.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from audience.identity.matching import CropFacts
from edge_lambda.crops import frontality, sharpness
from edge_lambda.detectors import Detection, Detector, Image
from edge_lambda.recognisers import Recogniser
from edge_lambda.recognisers.alignment import aligned
from training.corpus import LABELS, CorpusUnreadable, default_corpus

ENVIRONMENT: Final = "HOUSELIGHTS_PEOPLE"
MOST_PHOTOS: Final = 8
"""Photographs of one person that are used, the first by name: a few people have more than a hundred."""

NEAR_PX: Final = 160
FAR_PX: Final = 40
"""Heights of a face at which it is measured; photographs of the corpus are 160 pixels high."""

Looks = Literal["once", "carefully", "both"]

_GRAY = (127, 127, 127)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPhoto:
    """A photograph and whose it is said to be."""

    file: str
    person: str
    encoded: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Photographs of one size as a camera would see them: n of them, those on which a face was found.

    Attributes:
        files: of each, its name.
        people: of each, the person.
        once: n x size templates, looked at once, as crops of a track are.
        carefully: n x size templates, looked at carefully, as photos that people enrol with are.
        facts: of each, what is known of the crop; all at the same instant.
        missed: photographs on which no face was found.
    """

    files: tuple[str, ...]
    people: NDArray[np.str_]
    once: NDArray[np.float32]
    carefully: NDArray[np.float32]
    facts: tuple[CropFacts, ...]
    missed: int


def tuned(person: str) -> bool:
    """Whether a person is of the half that is tuned on; the other half is measured on. It never changes."""
    digest = hashlib.sha256(f"recognition/{person}".encode()).digest()
    return digest[0] >= 128


def untouched_photos() -> list[PersonPhoto]:
    """The photographs that figures are measured on: HOUSELIGHTS_PEOPLE, else of the half that nothing was tuned on.

    People with a single photograph are left out: they can be neither a member nor a stranger who is seen three times.

    Raises:
        CorpusUnreadable: they are missing or incomplete.
    """
    named = os.environ.get(ENVIRONMENT)
    photos = read(Path(named) if named else default_corpus())
    number = Counter(photo.person for photo in photos)
    return [photo for photo in photos if number[photo.person] > 1 and (named or not tuned(photo.person))]


def read(source: Path) -> list[PersonPhoto]:
    """Reads photographs, at most `MOST_PHOTOS` of a person, sorted by person and file.

    Args:
        source: a zip or a folder with `labels.csv` (file, person, and more) at its top.

    Raises:
        CorpusUnreadable: there is none, or a label names a photograph that is missing.
    """
    try:
        top = zipfile.Path(source) if source.is_file() else source
        photos = sorted(_labelled(top), key=lambda photo: (photo.person, photo.file))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise CorpusUnreadable(f"{source} cannot be read: {error}") from error
    taken: Counter[str] = Counter()
    kept = []
    for photo in photos:
        taken[photo.person] += 1
        if taken[photo.person] <= MOST_PHOTOS:
            kept.append(photo)
    return kept


def _labelled(folder: Path | zipfile.Path) -> Iterator[PersonPhoto]:
    rows = csv.DictReader(io.StringIO((folder / LABELS).read_text(encoding="utf-8-sig")))
    if not {"file", "person"} <= set(rows.fieldnames or ()):
        raise CorpusUnreadable(f"{folder / LABELS} needs the columns file and person")
    for row in rows:
        yield PersonPhoto(file=row["file"], person=row["person"], encoded=(folder / row["file"]).read_bytes())


def see(
    photos: Sequence[PersonPhoto],
    height_px: int,
    detector: Detector,
    recogniser: Recogniser,
    *,
    looks: Looks = "both",
) -> Seen:
    """Sees each photograph at one size: face, landmarks and template are all found in pixels of that size.

    Args:
        photos: at least one.
        height_px: height of the face box after the photograph was shrunk; a face is never enlarged.
        detector: gives landmarks.
        recogniser: makes the templates.
        looks: at each photograph; where it is one of them, both templates are of that one.
    """
    files, people, once, careful, facts = [], [], [], [], []
    for photo in photos:
        seen = sized_face(photo, height_px, detector)
        if seen is None:
            continue
        image, face, height = seen
        crop = aligned(image, face, recogniser.geometry)
        files.append(photo.file)
        people.append(photo.person)
        at_once = recogniser.templates([crop])[0] if looks != "carefully" else None
        carefully = recogniser.templates([crop], carefully=True)[0] if looks != "once" else None
        once.append(carefully if at_once is None else at_once)
        careful.append(at_once if carefully is None else carefully)
        facts.append(CropFacts(at_s=0, height_px=height, sharpness=sharpness(image, face), frontality=frontality(face)))
    return Seen(
        files=tuple(files),
        people=np.array(people),
        once=np.array(once),
        carefully=np.array(careful),
        facts=tuple(facts),
        missed=len(photos) - len(files),
    )


def sized_face(photo: PersonPhoto, height_px: int, detector: Detector) -> tuple[Image, Detection, float] | None:
    """A photograph of a size, the large face in its middle, and its height by the full-size box; None for no face."""
    decoded = cv2.imdecode(np.frombuffer(photo.encoded, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise CorpusUnreadable(f"{photo.file} is not an image")
    image = np.asarray(decoded, dtype=np.uint8)
    face = _central(detector.detect(image), image)
    if face is None or face.height <= height_px:
        return None if face is None else (image, face, face.height)
    scale = height_px / face.height
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    smaller = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    # Tightly cut photographs leave a detector no surroundings, which a camera's picture has.
    around = (height_px,) * 4
    smaller = np.asarray(cv2.copyMakeBorder(smaller, *around, cv2.BORDER_CONSTANT, value=_GRAY), dtype=np.uint8)
    face = _central(detector.detect(smaller), smaller)
    return None if face is None else (smaller, face, float(height_px))


def _central(faces: list[Detection], image: Image) -> Detection | None:
    """The largest face near the middle."""
    height, width = image.shape[:2]

    def prominence(face: Detection) -> float:
        across, down = face.left + face.width / 2 - width / 2, face.top + face.height / 2 - height / 2
        return face.height - float(np.hypot(across, down))

    return max(faces, key=prominence, default=None)
