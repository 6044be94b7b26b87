"""What is wrong with a data set: duplicates, leakage between parts, doubtful labels, classes that are too small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from houselights.labelling.dataset import Face
from houselights.labelling.labels import EXPRESSIONS, Agreement, Label, agreements
from houselights.labelling.split import PARTS, Part, Split

ENOUGH_FACES: Final[Mapping[Part, int]] = {"training": 50, "validation": 10, "held out": 50}
"""Faces of an expression that a part should have. With fewer than 50 held out it stays marked experimental."""

MOST_LISTED: Final = 100
"""Pairs and doubtful labels that are listed; all are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two pictures that are nearly the same.

    Attributes:
        faces: their ids.
        files: the photos that they are from.
        bits: bits of the hash that differ; 0 for the same picture.
    """

    faces: tuple[str, str]
    files: tuple[str, str]
    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A label that ExpressionNet contradicts.

    Attributes:
        face, file: the face, and the photo that it is from.
        label, by: what it is labelled, and by whom.
        scored: what ExpressionNet is surest of.
        sure: its confidence in that less its confidence in the label, 0..1.
    """

    face: str
    file: str
    label: str
    by: str
    scored: str
    sure: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was found; lists hold at most `MOST_LISTED`.

    Attributes:
        faces: faces in the data set.
        labelled: those that have one expression.
        counts: number of faces by expression and part; all in the part "" where there is no split.
        people: number of people by part.
        not_split: faces that were added after the split.
        leaks, leak_count: pairs that are nearly the same in two parts.
        duplicates, duplicate_count: pairs that are nearly the same in one part, or before a split.
        contradicting: number of those pairs, of either kind, whose labels differ.
        agreements: of every two raters, with what they disagree on.
        doubts, doubt_count: labels that ExpressionNet contradicts, the surest first.
        compared: labelled faces that ExpressionNet scored too.
        too_small: expressions with fewer faces in a part than `ENOUGH_FACES`: expression, part, number.
    """

    faces: int
    labelled: int
    counts: Mapping[str, Mapping[str, int]]
    people: Mapping[str, int]
    not_split: int
    leaks: tuple[Pair, ...]
    leak_count: int
    duplicates: tuple[Pair, ...]
    duplicate_count: int
    contradicting: int
    agreements: tuple[Agreement, ...]
    doubts: tuple[Doubt, ...]
    doubt_count: int
    compared: int
    too_small: tuple[tuple[str, Part, int], ...]

    @property
    def spoilt(self) -> bool:
        """Whether figures measured on this data set would be wrong: parts share pictures, or are not made yet."""
        return bool(self.leak_count or self.not_split)


def check_faces(
    faces: Sequence[Face],
    pairs: Sequence[tuple[int, int, int]],
    labels: Mapping[str, Label],
    scored: Mapping[str, Label],
    said: Mapping[str, Mapping[str, str]],
    split: Split | None,
) -> Check:
    """Checks a data set.

    Args:
        faces: all faces.
        pairs: of their places, those whose pictures are nearly the same, with the bits that differ
            (`houselights.labelling.alike`).
        labels: what each face is labelled.
        scored: what ExpressionNet scored.
        said: what each rater said of each face.
        split: the split; None if there is none.
    """
    part_of: dict[str, str] = {face.id: (split.part(face.id) or "") if split else "" for face in faces}
    shown = {face.id: labels[face.id].expression for face in faces if face.id in labels}
    counts = Counter((name, part_of[face]) for face, name in shown.items() if name)
    found = sorted(_pair(faces[one], faces[other], bits) for one, other, bits in pairs)
    leaks = [pair for _, pair in found if _parts_differ(pair, part_of)]
    alike = [pair for _, pair in found if not _parts_differ(pair, part_of)]
    doubts = _doubts(faces, labels, scored)
    parts: tuple[str, ...] = PARTS if split else ("",)
    return Check(
        faces=len(faces),
        labelled=sum(bool(name) for name in shown.values()),
        counts={
            name: {part: counts[name, part] for part in parts}
            for name in (*EXPRESSIONS, *sorted({name for name, _ in counts} - {*EXPRESSIONS}))
            if any(counts[name, part] for part in ("", *PARTS))
        },
        people=dict(Counter(split.part_of.values())) if split else {},
        not_split=sum(not part_of[face.id] for face in faces) if split else len(faces),
        leaks=tuple(leaks[:MOST_LISTED]),
        leak_count=len(leaks),
        duplicates=tuple(alike[:MOST_LISTED]),
        duplicate_count=len(alike),
        contradicting=sum(_labels_differ(pair, shown) for _, pair in found),
        agreements=tuple(agreements(said)),
        doubts=tuple(doubts[:MOST_LISTED]),
        doubt_count=len(doubts),
        compared=sum(
            face.id in scored and face.id in labels and labels[face.id].by != "expressionnet" for face in faces
        ),
        too_small=_too_small(counts) if split else (),
    )


def _pair(one: Face, other: Face, bits: int) -> tuple[tuple[int, str, str], Pair]:
    """A pair, and what it is sorted by."""
    first, second = sorted((one, other), key=lambda face: face.id)
    pair = Pair(faces=(first.id, second.id), files=(first.file, second.file), bits=bits)
    return (bits, first.id, second.id), pair


def _parts_differ(pair: Pair, part_of: Mapping[str, str]) -> bool:
    one, other = (part_of[face] for face in pair.faces)
    return bool(one and other and one != other)


def _labels_differ(pair: Pair, shown: Mapping[str, str]) -> bool:
    one, other = (shown.get(face, "") for face in pair.faces)
    return bool(one and other and one != other)


def _doubts(faces: Sequence[Face], labels: Mapping[str, Label], scored: Mapping[str, Label]) -> list[Doubt]:
    """Labels by people or Rekognition that ExpressionNet contradicts, the surest first."""
    doubts = []
    for face in faces:
        label, score = labels.get(face.id), scored.get(face.id)
        if label is None or score is None or label.by == "expressionnet" or label.expression not in score.scores:
            continue
        surest, sure = max(score.scores.items(), key=lambda one: one[1])
        if surest != label.expression:
            doubts.append(
                Doubt(
                    face=face.id,
                    file=face.file,
                    label=label.expression,
                    by=label.by,
                    scored=surest,
                    sure=round(sure - score.scores[label.expression], 4),
                )
            )
    return sorted(doubts, key=lambda doubt: (-doubt.sure, doubt.face))


def _too_small(counts: Mapping[tuple[str, str], int]) -> tuple[tuple[str, Part, int], ...]:
    """Expressions of which there is some face, and too few in a part."""
    there = [name for name in EXPRESSIONS if any(counts[name, part] for part in ("", *PARTS))]
    return tuple(
        (name, part, counts[name, part]) for name in there for part in PARTS if counts[name, part] < ENOUGH_FACES[part]
    )
