"""Corpora of labelled photographs, and their split into parts.

A corpus is a zip or a folder with `labels.csv` and the photographs it names. Labels come in two forms, told apart by
the columns:

- `file, expression, person`: one expression a photograph;
- `file`, and a number for each of several expressions: votes or probabilities. Columns may carry the names of
  EXPRESSIONS or those of FER+ (Barsoum et al., "Training Deep Networks for Facial Expression Recognition with
  Crowd-Sourced Label Distribution", ICMI 2016). As there, a single vote among ten counts as a slip and is dropped, and
  a photograph that most saw no face or no expression in is left out. `person` and `part` are optional.

Photographs are split by a stable hash of the person's name, so a person is in one part only, on every machine and in
every later corpus:

- **held out**, about a fifth: for benches and the model card, never for choices or tuning;
- **validation**, about a seventh of the rest: calibration, thresholds, choice of method;
- **training**: everybody else, and always the eight people of ALWAYS_TRAINING.

A corpus with a column `part` keeps its own split: "training" (or "train"), "validation", and held out for anything
else. Where it has no "validation", a twentieth of what is to train on validates. Where nobody says who is on a
photograph, each counts as a person of its own.

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
import math
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Part = Literal["training", "validation", "held out"]

EXPRESSIONS: Final = ("happy", "surprised", "calm", "sad", "angry", "disgusted", "fear", "contempt")
"""The labelled expressions, in the order of the network's outputs."""

COLUMNS: Final = {
    **{name: name for name in EXPRESSIONS},
    "happiness": "happy",
    "surprise": "surprised",
    "neutral": "calm",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgusted",
}
"""The expression that each column of votes is for; FER+ has its own names."""

_ROUNDING: Final = 1e-3  # of probabilities that should sum to 1

NO_EXPRESSION: Final = ("unknown", "NF")
"""Columns of votes that saw no expression, or no face."""

ENVIRONMENT: Final = "HOUSELIGHTS_DATA"
ZIP_NAMES: Final = ("expressions-train.zip", "ferplus.zip")
"""The corpora that ExpressionNet is trained on; the second holds votes."""

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
VALIDATION_OF_TRAIN: Final = 0.05
"""Share of the photographs of a part "train" that validate."""


class CorpusUnreadable(Exception):
    """A corpus is missing or incomplete; the message says what and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One labelled photograph.

    Attributes:
        file: its name inside the corpus, with forward slashes.
        shares: by expression in the order of EXPRESSIONS, the share of those who saw it; sums to 1, or less where some
            saw none.
        person: the person's name, as in the labels, or the file's where nobody says who it is.
        part: the part of the split that contains it.
        jpeg: the encoded image.
        is_voted: whether several people labelled it.
    """

    file: str
    shares: tuple[float, ...]
    person: str
    part: Part
    jpeg: bytes
    is_voted: bool = False

    @property
    def expression(self) -> str:
        """The expression that more than half of those who labelled it saw; "" if there is none."""
        most = max(self.shares)
        return EXPRESSIONS[self.shares.index(most)] if most > 0.5 else ""


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
    """The corpus of people, whose held-out part the benches use. It may not exist."""
    return default_corpora()[0]


def default_corpora() -> tuple[Path, ...]:
    """The corpora that ExpressionNet is trained on. They may not exist."""
    return tuple(data_folder() / name for name in ZIP_NAMES)


def read(source: Path) -> list[Photo]:
    """Reads a whole corpus.

    Args:
        source: a zip or a folder with `labels.csv` at its top or in a subfolder.

    Returns:
        The photographs in the order of the labels; about 60 MB for ten thousand.

    Raises:
        CorpusUnreadable: there is no corpus, it has no labels, or a label names a photograph that is missing.
    """
    if not source.exists():
        raise CorpusUnreadable(
            f"there is no corpus at {source}: name a zip or a folder with --data, or where they lie with {ENVIRONMENT}"
        )
    try:
        top = zipfile.Path(source) if source.is_file() else source
        return list(_labelled(_folder_with_labels(top)))
    except UnicodeDecodeError as error:
        raise CorpusUnreadable(f"{source}: {LABELS} is not UTF-8, save it as CSV in UTF-8 ({error.reason})") from error
    # A zip that is encrypted, or packed by a method that Python lacks, is a RuntimeError; NotImplementedError is one.
    except (OSError, KeyError, RuntimeError, csv.Error, zipfile.BadZipFile, zlib.error) as error:
        raise CorpusUnreadable(f"{source} cannot be read as a corpus: {error}") from error


def _folder_with_labels(top: Path | zipfile.Path) -> Path | zipfile.Path:
    for folder in [top, *sorted((entry for entry in top.iterdir() if entry.is_dir()), key=lambda entry: entry.name)]:
        if (folder / LABELS).is_file():
            return folder
    raise CorpusUnreadable(f"{top} holds no {LABELS} (columns file, expression, person; or file and votes)")


def _labelled(folder: Path | zipfile.Path) -> Iterator[Photo]:
    rows = csv.DictReader(io.StringIO((folder / LABELS).read_text(encoding="utf-8-sig")))
    columns = set(rows.fieldnames or ())
    has_votes = len(columns & COLUMNS.keys()) > 1
    needed = {"file"} if has_votes else {"file", "expression", "person"}
    if not needed <= columns:
        raise CorpusUnreadable(
            f"{folder / LABELS} needs the columns file, expression and person, or file and votes by expression"
        )
    read = list(rows)
    has_validation = any((row.get("part") or "").lower() == "validation" for row in read)
    for line, row in enumerate(read, start=2):
        if not (file := row["file"]):
            raise CorpusUnreadable(f"line {line} of {folder / LABELS} names no file")
        shares = _voted(file, row) if has_votes else _named(file, row["expression"])
        person = row.get("person") or ""
        if not person and "person" in needed:
            raise CorpusUnreadable(f"{file}: no person, so it cannot be kept out of a test")
        if shares is not None:
            yield Photo(
                file=file,
                shares=shares,
                person=person or file,
                part=_part_in(row.get("part") or "", person or file, has_validation),
                jpeg=(folder / file).read_bytes(),
                is_voted=has_votes,
            )


def _part_in(named: str, person: str, has_validation: bool) -> Part:
    if not named:
        return part_of(person)
    if named.lower() not in ("train", "training"):
        return "validation" if named.lower() == "validation" else "held out"
    if has_validation:
        return "training"
    return "validation" if _draw("validation", VALIDATION_SALT, person) < VALIDATION_OF_TRAIN else "training"


def _named(file: str, expression: str) -> tuple[float, ...]:
    if expression not in EXPRESSIONS:
        raise CorpusUnreadable(f"{file}: {expression!r} is none of {', '.join(EXPRESSIONS)}")
    return tuple(float(name == expression) for name in EXPRESSIONS)


def _voted(file: str, row: Mapping[str, str]) -> tuple[float, ...] | None:
    """Shares of the votes; None if most saw no expression."""
    shares = dict.fromkeys(EXPRESSIONS, 0.0)
    votes = {column: _number(file, column, row[column]) for column in (*COLUMNS, *NO_EXPRESSION) if column in row}
    if sum(votes.values()) > 1 + _ROUNDING:  # counts of votes, not probabilities
        votes = {column: number if number > 1 else 0.0 for column, number in votes.items()}
    total = sum(votes.values())
    if total == 0 or sum(votes.get(column, 0) for column in NO_EXPRESSION) >= total / 2:
        return None
    for column, number in votes.items():
        if column in COLUMNS:
            shares[COLUMNS[column]] += number
    return tuple(share / total for share in shares.values())


def _number(file: str, column: str, text: str) -> float:
    try:
        number = float(text or 0)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise CorpusUnreadable(f"{file}: {text!r} is no number of votes for {column}")
    return number
