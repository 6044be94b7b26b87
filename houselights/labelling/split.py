"""The split of a data set by people: nobody is in two parts, and neither is a picture of nobody-knows-who.

People, and faces whose pictures are nearly the same, are joined into groups; a hash of the group's name says which part
it is in, as in ExpressionNet's own training: a fifth held out for the final figures, a seventh of the rest for
thresholds and choices, and the others to train on. Who has been in a part stays there when photos are added later.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal, get_args

import msgspec
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from audience.errors import InvalidValue
from audience.private_files import write_private
from houselights.csv_table import read_csv_table
from houselights.labelling.dataset import DataSet, Face, writing
from houselights.labelling.labels import EXPRESSIONS

Part = Literal["training", "validation", "held out"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)

HELD_OUT_FRACTION: Final = 0.2
VALIDATION_FRACTION: Final = 0.14
"""Of the people, and of those that are left."""

MOST_SALTS: Final = 200
"""Splits that are tried until each part has people, and each expression that enough people show."""

SPLIT: Final = "split.json"
UNKNOWN: Final = "unknown-"
"""Begins the name of somebody whom nothing names."""

_NAME_NO_PEOPLE: Final = frozenset(
    {*EXPRESSIONS, "contempt", "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "smile", "smiling"}
    | {"train", "training", "valid", "validation", "test", "photos", "pictures", "images", "videos"}
)


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in which part.

    Attributes:
        people_from: how people are known: "folders", "pictures", or the name of a table.
        salt: number that the hash depends on.
        part_of: the part of each person.
        person_of: the person of each face, by its id.
    """

    people_from: str
    salt: int
    part_of: dict[str, Part]
    person_of: dict[str, str]

    def part(self, face_id: str) -> Part | None:
        """The part of a face; None if it was added after the split."""
        person = self.person_of.get(face_id)
        return None if person is None else self.part_of[person]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitReport:
    """How a split came about.

    Attributes:
        split: the split.
        groups: groups of people and pictures that have to stay together.
        joined: people that are joined with others, since pictures of theirs are nearly the same.
        moved: people who were in another part before, because a picture joins them with somebody there.
        missing: expressions and the parts that have no face of them, though three people or more show them.
    """

    split: Split
    groups: int
    joined: tuple[tuple[str, ...], ...]
    moved: tuple[str, ...]
    missing: tuple[tuple[str, Part], ...]


def read_split(dataset: DataSet) -> Split | None:
    """The split of a data set; None if it was not split yet.

    Raises:
        InvalidValue: its file is damaged.
    """
    file = dataset.folder / SPLIT
    try:
        split = msgspec.json.decode(file.read_bytes(), type=Split)
        if not set(split.person_of.values()) <= split.part_of.keys():
            raise msgspec.ValidationError
        return split
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidValue(f"{file} is damaged: make it again with `dataset split --again`") from None


def write_split(dataset: DataSet, split: Split) -> None:
    """Keeps a split.

    Raises:
        InvalidValue: it cannot be written.
    """
    file = dataset.folder / SPLIT
    with writing(file):
        write_private(file, msgspec.json.format(msgspec.json.encode(split), indent=1))


def people_by_folder(faces: Iterable[Face]) -> dict[str, str]:
    """The person of each file whose first folder is named after one: the largest face in it is theirs."""
    parts = {face.file: PurePosixPath(face.file).parts for face in faces}
    return {file: names[0] for file, names in parts.items() if len(names) > 1}


def names_people(folders: Iterable[str]) -> bool:
    """Whether folders look named after people: there are several, and none is called after an expression or a part."""
    names = {name.casefold() for name in folders}
    return len(names) > 1 and not names & _NAME_NO_PEOPLE


def people_by_table(table: Path) -> dict[str, str]:
    """The person of each file by a table with the columns file and person.

    Raises:
        InvalidValue: it cannot be read, lacks a column or a name.
    """
    people = {}
    for row in read_csv_table(table, "file", "person", example="file,person"):
        people[row.cells["file"]] = row.cells["person"]
        if not row.cells["person"]:
            raise InvalidValue(
                f"{row.where} names nobody for {row.cells['file']}: fill the column person, or leave the line out"
            )
    return people


def split_people(
    faces: Sequence[Face],
    alike: Sequence[tuple[int, int, int]],
    people: Mapping[str, str],
    expressions: Mapping[str, str],
    *,
    people_from: str,
    before: Split | None = None,
) -> SplitReport:
    """Splits faces by people.

    Args:
        faces: all faces.
        alike: pairs of their places whose pictures are nearly the same (`houselights.labelling.alike`).
        people: by file, the person that its largest face shows.
        expressions: by face, what it shows; "" or missing where unknown.
        people_from: kept in the split.
        before: an earlier split, whose people stay where they are.

    Raises:
        InvalidValue: there are fewer than three groups, one for each part.
    """
    persons = [_person(face, people) for face in faces]
    members = _groups(persons, [(one, other) for one, other, _ in alike])
    names = {
        faces[place].id: name
        for group in members
        for place, name in _names([(place, persons[place]) for place in group], faces, before)
    }
    groups = [sorted({names[faces[place].id] for place in group}) for group in members]
    if len(groups) < len(PARTS):
        raise InvalidValue(
            f"each of the three parts needs people, and these faces are of {len(groups)} as far as is known: add "
            "people, or say who is who with --people"
        )
    shown = [Counter(expressions.get(faces[place].id, "") for place in group) for group in members]
    wanted = {
        (expression, part)
        for expression in EXPRESSIONS
        if sum(expression in counted for counted in shown) >= len(PARTS)
        for part in PARTS
    }
    old = {} if before is None else before.part_of
    salts = range(MOST_SALTS) if before is None else (before.salt,)
    best: tuple[int, int, list[Part]] | None = None
    for salt in salts:
        parts = [_part_of_group(group, old, salt) for group in groups]
        there = {(name, part) for counted, part in zip(shown, parts, strict=True) for name in counted} & wanted
        covered = len(there) + len(set(parts)) * (len(wanted) + 1)  # each part with people counts more than any face
        if best is None or covered > best[0]:
            best = (covered, salt, parts)
        if len(set(parts)) == len(PARTS) and there == wanted:
            break
    assert best is not None
    _, salt, parts = best
    there = {(name, part) for counted, part in zip(shown, parts, strict=True) for name in counted}
    part_of = {person: part for group, part in zip(groups, parts, strict=True) for person in group}
    return SplitReport(
        split=Split(people_from=people_from, salt=salt, part_of=dict(sorted(part_of.items())), person_of=names),
        groups=len(groups),
        joined=tuple(tuple(group) for group in groups if len(group) > 1),
        moved=tuple(person for person in sorted(old.keys() & part_of.keys()) if old[person] != part_of[person]),
        missing=tuple(sorted(wanted - there)),
    )


def hashed_part(name: str, salt: int) -> Part:
    """The part of a group by a stable hash of its name, the same on every machine."""
    if _draw("held out", salt, name) < HELD_OUT_FRACTION:
        return "held out"
    return "validation" if _draw("validation", salt, name) < VALIDATION_FRACTION else "training"


def _draw(purpose: str, salt: int, name: str) -> float:
    """A pseudorandom number in [0, 1), the same for the same name and purpose."""
    digest = hashlib.sha256(f"{purpose} {salt}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _part_of_group(group: Sequence[str], old: Mapping[str, Part], salt: int) -> Part:
    return next((old[person] for person in group if person in old), None) or hashed_part(group[0], salt)


def _person(face: Face, people: Mapping[str, str]) -> str:
    """Whom a face shows; of those that nobody names, all of one video count as one."""
    if face.found.number == 0 and (named := people.get(face.file)):
        return named
    return UNKNOWN + (face.id if face.found.at_ms is None else hashlib.sha256(face.file.encode()).hexdigest()[:16])


def _names(group: Sequence[tuple[int, str]], faces: Sequence[Face], before: Split | None) -> list[tuple[int, str]]:
    """Names the people of a group: whom nothing names gets the name of somebody in it, so that it has one name."""
    known = sorted({person for _, person in group if not person.startswith(UNKNOWN)})
    earlier = [] if before is None else [before.person_of.get(faces[place].id, "") for place, _ in group]
    # The name that it had before goes first: a picture that is added must not rename it, and so move it.
    (name, *_) = [*known, *sorted(filter(None, earlier)), min(person for _, person in group)]
    return [(place, name if person.startswith(UNKNOWN) else person) for place, person in group]


def _groups(persons: Sequence[str], edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Places of the faces that have to stay together: of one person, or joined by an edge."""
    first: dict[str, int] = {}
    pairs = [*edges, *((first.setdefault(person, place), place) for place, person in enumerate(persons))]
    ends = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    size = len(persons)
    matrix = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(size, size))
    _, numbers = connected_components(matrix, directed=False)
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for place, number in enumerate(numbers):
        groups[number].append(place)
    return list(groups.values())
