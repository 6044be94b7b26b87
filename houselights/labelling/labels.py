"""What faces of a data set show: by people, by Rekognition, by ExpressionNet; and how far two people agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from houselights.labelling import LABELLERS, Labeller
from houselights.labelling.dataset import DataSet, JsonLines, person_file_name

EXPRESSIONS: Final = ("happy", "surprised", "calm", "sad", "angry", "disgusted", "fear", "contempt")
"""What a scorer is trained on, and people choose from."""

CONFUSED: Final = "confused"
"""What Rekognition may answer beside them. No scorer is trained on it."""

UNCLEAR: Final = "unclear"
NO_FACE: Final = "no face"
VERDICTS: Final = (*EXPRESSIONS, UNCLEAR, NO_FACE)
"""What a person may say of a picture."""


class PersonLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of a face: one of `VERDICTS`; None takes it back."""

    face: str
    says: str | None


class MachineLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine scored.

    Attributes:
        face: id of the face.
        scorer: name and version of the scorer.
        scores: confidence, 0..1, of each expression and of smile; None where it found no face, or abstained.
        answer: the raw answer, where there is one.
    """

    face: str
    scorer: str
    scores: dict[str, float] | None
    answer: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a face shows.

    Attributes:
        by: who labelled it.
        scores: 0..1 for each expression: a machine's confidence, or the share of the people who chose it.
        smile: 0..1, where it was scored apart from the expressions.
        expression: the one with the highest score; "" where two have the same, as when two people disagree.
    """

    by: Labeller
    scores: Mapping[str, float]
    smile: float | None = None

    @property
    def expression(self) -> str:
        best = max(self.scores.values(), default=0.0)
        (first, *others) = [name for name, score in self.scores.items() if score == best] or [""]
        return "" if others else first


def person_lines(dataset: DataSet, rater: str) -> JsonLines[PersonLine]:
    """The file of what a person said.

    Raises:
        InvalidValue: the name cannot be used.
    """
    return JsonLines(dataset.labels_file(person_file_name(rater)), PersonLine)


def machine_lines(dataset: DataSet, by: Labeller) -> JsonLines[MachineLine]:
    """The file of what a machine scored."""
    return JsonLines(dataset.labels_file(by), MachineLine)


def said_by(dataset: DataSet, rater: str) -> dict[str, str]:
    """What a person says of each face, in the order in which they said it."""
    said: dict[str, str] = {}
    for line in person_lines(dataset, rater).read():
        said.pop(line.face, None)
        if line.says is not None:
            said[line.face] = line.says
    return said


def said_by_people(dataset: DataSet) -> dict[str, dict[str, str]]:
    """What each person says of each face that is still there."""
    there = {face.id for face in dataset.faces()}
    return {
        rater: {face: says for face, says in said_by(dataset, rater).items() if face in there}
        for rater in dataset.raters()
    }


def scored_by(dataset: DataSet, by: Labeller) -> dict[str, Label]:
    """What a machine scored of each face; without those that it did not score."""
    latest = {line.face: line.scores for line in machine_lines(dataset, by).read()}
    return {face: _machine_label(by, scores) for face, scores in latest.items() if scores}


def labels_of(dataset: DataSet, only: Labeller | None = None) -> dict[str, Label]:
    """The label of each face that has one: by people, else by Rekognition, else by ExpressionNet.

    Args:
        dataset: the data set.
        only: use these labels alone; None for all.
    """
    labels: dict[str, Label] = {}
    for by in LABELLERS if only is None else (only,):
        found = _people_labels(said_by_people(dataset).values()) if by == "person" else scored_by(dataset, by)
        labels = found | labels
    return labels


def kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's kappa: the agreement of two raters beyond chance, 1 for full and 0 for chance.

    (p - e) / (1 - e), p the share of equal pairs and e the share expected where each rater chooses as often as they
    did, but independently (J. Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological
    Measurement 20, 1960).

    Args:
        first, second: what each said of the same faces.

    Returns:
        -1..1; None for no faces, or where both always said the same one thing: chance would do as well.
    """
    pairs = list(zip(first, second, strict=True))
    if not pairs:
        return None
    ones, others = Counter(first), Counter(second)
    expected = sum(ones[says] * others[says] for says in ones) / len(pairs) ** 2
    observed = sum(one == other for one, other in pairs) / len(pairs)
    return None if expected == 1 else (observed - expected) / (1 - expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two raters agree on the faces that both labelled.

    Attributes:
        raters: their names.
        faces: number of those faces.
        same: number of them of which both say the same.
        kappa: see `kappa`.
        disputed: the others, with what each says; first the pairs of expressions that are confused most often.
    """

    raters: tuple[str, str]
    faces: int
    same: int
    kappa: float | None
    disputed: tuple[tuple[str, str, str], ...]


def agreements(said: Mapping[str, Mapping[str, str]]) -> list[Agreement]:
    """The agreement of every two raters who labelled a face in common.

    Args:
        said: what each rater says of each face.
    """
    raters = sorted(said)
    pairs = [(one, other) for place, one in enumerate(raters) for other in raters[place + 1 :]]
    found = [_agreement(one, other, said[one], said[other]) for one, other in pairs]
    return [agreement for agreement in found if agreement.faces]


def disputed_faces(said: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faces of which no answer was given most often, so that one more person decides; in the order of their ids."""
    return sorted(face for face, label in _people_labels(said.values()).items() if not label.expression)


def _agreement(one: str, other: str, first: Mapping[str, str], second: Mapping[str, str]) -> Agreement:
    both = sorted(first.keys() & second.keys())
    apart = [(face, first[face], second[face]) for face in both if first[face] != second[face]]
    confused = Counter(frozenset(says) for _, *says in apart)
    apart.sort(key=lambda three: (-confused[frozenset(three[1:])], three))
    return Agreement(
        raters=(one, other),
        faces=len(both),
        same=len(both) - len(apart),
        kappa=kappa([first[face] for face in both], [second[face] for face in both]),
        disputed=tuple(apart),
    )


def _people_labels(said: Iterable[Mapping[str, str]]) -> dict[str, Label]:
    votes: dict[str, Counter[str]] = {}
    for answers in said:
        for face, says in answers.items():
            votes.setdefault(face, Counter())[says] += 1
    return {
        face: Label(by="person", scores={says: count / counted.total() for says, count in counted.items()})
        for face, counted in votes.items()
    }


def _machine_label(by: Labeller, scores: Mapping[str, float]) -> Label:
    return Label(
        by=by,
        scores={name: score for name, score in scores.items() if name != "smile"},
        smile=scores.get("smile"),
    )
