"""Writes a data set for training: a folder with labels.csv, Parquet files, or WebDataset shards.

    folder      labels.csv, faces/ID.jpg                     what `python -m training --data` reads
    parquet     training.parquet, validation.parquet, …      the columns of labels.csv, and the picture
    webdataset  training-000000.tar, …                       ID.jpg and ID.json of each face (the columns of labels.csv)
                https://github.com/webdataset/webdataset#the-webdataset-format

The columns of labels.csv: file, expression, person, part (training, validation, held out), labelled_by (person,
rekognition, expressionnet), px (height of the face in its photo, pixels), and, empty where unknown, smile, every
expression, and as in FER+ unknown and NF, "no face" (0..1: a machine's confidence, or the share of the people who chose
it; of one face they sum to at most 1, so that they are not taken for counts of votes).
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audience.errors import InvalidValue
from audience.private_files import new_private_file, private_folder, write_private
from houselights.labelling import Format
from houselights.labelling.dataset import FACES, DataSet, Face, writing
from houselights.labelling.labels import CONFUSED, EXPRESSIONS, NO_FACE, UNCLEAR, Label
from houselights.labelling.split import PARTS, Part, Split

TABLE: Final = "labels.csv"
SCORES: Final = {**{name: name for name in (*EXPRESSIONS, CONFUSED)}, "unknown": UNCLEAR, "NF": NO_FACE}
"""By column, what is scored."""
COLUMNS: Final = ("file", "expression", "person", "part", "labelled_by", "px", "smile", *SCORES)

SHARD_FACES: Final = 2_000
"""Faces of a WebDataset shard: some 30 MB."""

_DIGITS: Final = 5
_GROUP_FACES: Final = 500  # rows of a Parquet row group: what a writer holds in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFace:
    """A row.

    Attributes:
        face: the face.
        part: its part.
        row: the value of each of `COLUMNS`; None where unknown.
    """

    face: Face
    part: Part
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """What is packed.

    Attributes:
        faces: the faces, by part and id.
        left_out: number of faces that are not, by reason.
    """

    faces: tuple[PackedFace, ...]
    left_out: Mapping[str, int]


def choose_faces(faces: Sequence[Face], labels: Mapping[str, Label], split: Split) -> Packing:
    """Chooses the faces that can be trained on.

    Args:
        faces: all faces.
        labels: what each is labelled.
        split: who is in which part.
    """
    chosen, left_out = [], Counter[str]()
    for face in faces:
        label, part = labels.get(face.id), split.part(face.id)
        if reason := _reason_to_leave_out(label, part):
            left_out[reason] += 1
        else:
            assert label is not None
            assert part is not None
            chosen.append(PackedFace(face=face, part=part, row=_row(face, label, part, split.person_of[face.id])))
    chosen.sort(key=lambda packed: (PARTS.index(packed.part), packed.face.id))
    return Packing(faces=tuple(chosen), left_out=left_out)


def pack(
    dataset: DataSet,
    faces: Sequence[PackedFace],
    target: Path,
    kind: Format,
    on_progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Writes faces to a folder, which is complete or absent. The same data set gives the same bytes.

    Args:
        dataset: where the pictures are.
        faces: the rows, at least one.
        target: the folder; it must be missing or empty.
        kind: the form.
        on_progress: called after each face with the number written.

    Raises:
        InvalidValue: the folder is not empty or cannot be written, a picture is missing, or Parquet lacks pyarrow.
    """
    part = target.with_name(f".{target.name}.part")
    with writing(target):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise InvalidValue(f"{target} is not empty: give another folder")
        shutil.rmtree(part, ignore_errors=True)
        private_folder(part)
        try:
            write = {"folder": _write_folder, "parquet": _write_parquet, "webdataset": _write_shards}[kind]
            write(part, _with_pictures(dataset, faces, on_progress))
            if target.exists():
                target.rmdir()
            part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _reason_to_leave_out(label: Label | None, part: Part | None) -> str:
    if label is None:
        return "without a label"
    if part is None:
        return "added after the split"
    if label.expression == "":
        return "with two answers that were given as often"
    if label.expression == UNCLEAR:
        return "unclear"
    if label.expression == NO_FACE:
        return "not a face"
    return "" if label.expression in EXPRESSIONS else f"labelled {label.expression}, which is not trained"


def _row(face: Face, label: Label, part: Part, person: str) -> dict[str, Any]:
    return {
        "file": f"{FACES}/{face.id}.jpg",
        "expression": label.expression,
        "person": person,
        "part": part,
        "labelled_by": label.by,
        "px": face.found.px,
        "smile": None if label.smile is None else round(label.smile, _DIGITS),
        **_scores(label),
    }


def _scores(label: Label) -> dict[str, float | None]:
    """The scores by column, rounded so that they sum to no more than 1."""
    unsaid = 0.0 if label.by == "person" else None
    known = {name: label.scores.get(scored, unsaid) for name, scored in SCORES.items()}
    total = max(1.0, sum(score for score in known.values() if score))
    row = {name: None if score is None else round(score / total, _DIGITS) for name, score in known.items()}
    over = sum(score for score in row.values() if score) - 1
    if over > 0:
        most = max((name for name in row if row[name]), key=lambda name: row[name] or 0.0)
        row[most] = round((row[most] or 0.0) - over - 10**-_DIGITS, _DIGITS)
    return row


def _with_pictures(
    dataset: DataSet, faces: Sequence[PackedFace], on_progress: Callable[[int], None]
) -> Iterator[tuple[PackedFace, bytes]]:
    for done, packed in enumerate(faces):
        yield packed, dataset.picture(packed.face.id)
        on_progress(done + 1)


def _write_folder(folder: Path, faces: Iterator[tuple[PackedFace, bytes]]) -> None:
    private_folder(folder / FACES)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for packed, jpeg in faces:
        write_private(folder / packed.row["file"], jpeg)
        writer.writerow(packed.row)
    write_private(folder / TABLE, text.getvalue().encode())


def _write_parquet(folder: Path, faces: Iterator[tuple[PackedFace, bytes]]) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InvalidValue(
            "Parquet needs pyarrow: install Houselights with its extra `export`, or use --format folder"
        ) from None
    texts = ("file", "expression", "person", "part", "labelled_by")
    # Hugging Face's datasets read a struct of bytes and path as a picture.
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("image", picture), *((name, pa.string() if name in texts else pa.float64()) for name in COLUMNS)]
    )
    for part, some in _by_part(faces, _GROUP_FACES):
        file = folder / f"{_file_name(part)}.parquet"
        with os.fdopen(new_private_file(file), "wb") as output, pq.ParquetWriter(output, schema) as writer:
            for group in some:
                rows = [{"image": {"bytes": jpeg, "path": packed.row["file"]}, **packed.row} for packed, jpeg in group]
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _write_shards(folder: Path, faces: Iterator[tuple[PackedFace, bytes]]) -> None:
    for part, some in _by_part(faces, SHARD_FACES):
        for number, group in enumerate(some):
            file = folder / f"{_file_name(part)}-{number:06d}.tar"
            with os.fdopen(new_private_file(file), "wb") as output, tarfile.open(fileobj=output, mode="w") as tar:
                for packed, jpeg in group:
                    about = {name: value for name, value in packed.row.items() if name != "file"}
                    for ending, content in (("jpg", jpeg), ("json", json.dumps(about).encode())):
                        entry = tarfile.TarInfo(f"{packed.face.id}.{ending}")
                        entry.size, entry.mode = len(content), 0o600
                        tar.addfile(entry, io.BytesIO(content))


def _by_part(
    faces: Iterator[tuple[PackedFace, bytes]], most: int
) -> Iterator[tuple[Part, Iterator[list[tuple[PackedFace, bytes]]]]]:
    """The faces of each part in groups of at most so many; a part's groups are to be used up before the next part."""
    waiting = next(faces, None)

    def groups(part: Part) -> Iterator[list[tuple[PackedFace, bytes]]]:
        nonlocal waiting
        group: list[tuple[PackedFace, bytes]] = []
        while waiting is not None and waiting[0].part == part:
            group.append(waiting)
            waiting = next(faces, None)
            if len(group) == most:
                yield group
                group = []
        if group:
            yield group

    while waiting is not None:
        part = waiting[0].part
        yield part, groups(part)


def _file_name(part: Part) -> str:
    return part.replace(" ", "-")
