"""The corpus of labelled photographs, and its split by people.

A corpus is a zip or a folder with `labels.csv` (file, expression, person) and the photographs it names. People are
split by a stable hash of their name, so a person is in one part only, on every machine and in every later corpus:

- **held out**, about a fifth: for benches and the model card, never for choices or tuning;
- **validation**, about a seventh of the rest: calibration, thresholds, choice of method;
- **training**: everybody else, and always the eight people of ALWAYS_TRAINING.

Those eight have more than 100 photographs each, 16 % of all: a test with one of them in it measures that person (three
are film actors, whose labels follow the scene more than the face). The rare expressions come from few people, so a
careless hash leaves a class with a handful of faces to be measured on: HELD_OUT_SALT is the smallest number that holds
out at least 50 faces of happy, surprised, calm, sad and angry, and VALIDATION_SALT the smallest that leaves validation
at least 26 surprised, 12 sad and 16 angry faces. Disgusted (172 of 182 faces are three of the eight people) and fear
(12 faces) are too few to hold out; their held-out figures say so. Salts were chosen from the labels alone.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Part = Literal["training", "validation", "held out"]

EXPRESSIONS: Final = ("happy", "surprised", "calm", "sad", "angry", "disgusted", "fear")
"""The labelled expressions, in the order of the network's outputs."""

ENVIRONMENT: Final = "HOUSELIGHTS_DATA"
ZIP_NAME: Final = "expressions-train.zip"
LABELS: Final = "labels.csv"

ALWAYS_TRAINING: Final = frozenset(
    {
        "colin_powell",
        "donald_rumsfeld",
        "dwarakish",
        "george_w_bush",
        "gerhard_schroeder",
        "hrithikroshan",
        "jayamadhuri",
        "tony_blair",
    }
)
HELD_OUT_SALT: Final = 88
HELD_OUT_FRACTION: Final = 0.2
VALIDATION_SALT: Final = 124
VALIDATION_FRACTION: Final = 0.14


class CorpusUnreadable(Exception):
    """A corpus is missing or incomplete; the message says what and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One labelled photograph.

    Attributes:
        file: its name inside the corpus, with forward slashes.
        expression: one of EXPRESSIONS.
        person: the person's name, as in the labels.
        jpeg: the encoded image.
    """

    file: str
    expression: str
    person: str
    jpeg: bytes

    def __post_init__(self) -> None:
        if self.expression not in EXPRESSIONS:
            raise CorpusUnreadable(f"{self.file}: {self.expression!r} is none of {', '.join(EXPRESSIONS)}")
        if not self.person:
            raise CorpusUnreadable(f"{self.file}: no person, so it cannot be kept out of a test")

    @property
    def part(self) -> Part:
        """The part of the split that contains this photograph."""
        return part_of(self.person)


def part_of(person: str) -> Part:
    """The part of the split that contains a person; it never changes."""
    if person in ALWAYS_TRAINING:
        return "training"
    if _draw("held out", HELD_OUT_SALT, person) < HELD_OUT_FRACTION:
        return "held out"
    if _draw("validation", VALIDATION_SALT, person) < VALIDATION_FRACTION:
        return "validation"
    return "training"


def _draw(purpose: str, salt: int, person: str) -> float:
    """A pseudorandom number in [0, 1), the same for the same person and purpose."""
    digest = hashlib.sha256(f"{purpose} {salt}/{person}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def data_folder() -> Path:
    """The folder of evaluation data: HOUSELIGHTS_DATA, else `shared/data` beside the repository. It may not exist."""
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"


def default_corpus() -> Path:
    """The corpus for training ExpressionNet. It may not exist."""
    return data_folder() / ZIP_NAME


def read(source: Path) -> list[Photo]:
    """Reads a whole corpus.

    Args:
        source: a zip or a folder with `labels.csv` at its top or in a subfolder.

    Returns:
        The photographs in the order of the labels; about 60 MB for ten thousand.

    Raises:
        CorpusUnreadable: there is no corpus, it has no labels, or a label names a photograph that is missing.
    """
    try:
        top = zipfile.Path(source) if source.is_file() else source
        return list(_labelled(_folder_with_labels(top)))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise CorpusUnreadable(f"{source} cannot be read as a corpus: {error}") from error


def _folder_with_labels(top: Path | zipfile.Path) -> Path | zipfile.Path:
    for folder in [top, *sorted((entry for entry in top.iterdir() if entry.is_dir()), key=lambda entry: entry.name)]:
        if (folder / LABELS).is_file():
            return folder
    raise CorpusUnreadable(f"{top} holds no {LABELS} (columns file, expression, person)")


def _labelled(folder: Path | zipfile.Path) -> Iterator[Photo]:
    rows = csv.DictReader(io.StringIO((folder / LABELS).read_text(encoding="utf-8-sig")))
    if not {"file", "expression", "person"} <= set(rows.fieldnames or ()):
        raise CorpusUnreadable(f"{folder / LABELS} needs the columns file, expression and person")
    for row in rows:
        yield Photo(
            file=row["file"],
            expression=row["expression"],
            person=row["person"],
            jpeg=(folder / row["file"]).read_bytes(),
        )
