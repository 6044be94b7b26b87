"""Trials of recognition: pairs of photographs, and rosters with tracks of members and of strangers.

A person with at least as many photographs as an enrolment and a track need together can be a member whose track is
tried; everybody with enough photographs for an enrolment can be on a roster; a stranger is whoever is not on it and has
enough photographs for a track. A track is made of different photographs of a person: a camera's crops of one occasion
are more alike, and their mean gains less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.identity.matching import crowding, mean_template
from bench.people.photos import Seen

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

MOST_PAIRS: Final = 10
"""Pairs of one person that count in full; of more, each counts less, so that no person outweighs the others."""

DRAWS: Final = 20
"""How often photographs are dealt out anew to enrolments and tracks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Every pair of photographs.

    Attributes:
        same: n, similarity of pairs of one person, falling.
        weights: n, what each counts.
        others: m, similarity of pairs of two people, falling.
        first, second: n, indices of the photographs of `same`.
    """

    same: Floats
    weights: Floats
    others: Floats
    first: NDArray[np.intp]
    second: NDArray[np.intp]

    def accepted(self, false_accepts: float) -> float:
        """Part of the pairs of one person over the threshold that so many pairs of two people pass, 0..1."""
        limit = self.others[int(false_accepts * len(self.others))]
        return float(self.weights[self.same > limit].sum() / self.weights.sum())


def pairs(vectors: Vectors, people: NDArray[np.str_], strangers: Vectors) -> Pairs:
    """Compares every two photographs."""
    around = crowding(vectors, strangers)
    first, second = np.triu_indices(len(vectors), 1)
    similarity = (vectors @ vectors.T)[first, second] - around[first] - around[second]
    _, person = np.unique(people, return_inverse=True)
    same = person[first] == person[second]
    number = np.bincount(person[first][same], minlength=person.max() + 1)[person[first][same]]
    order = np.argsort(-similarity[same])
    return Pairs(
        same=similarity[same][order],
        weights=(np.minimum(number, MOST_PAIRS) / number)[order],
        others=np.sort(similarity[~same])[::-1],
        first=first[same][order],
        second=second[same][order],
    )


def two_people(
    vectors: Vectors, people: NDArray[np.str_], strangers: Vectors, limit: float
) -> list[tuple[int, int, float]]:
    """Pairs of photographs of two people that are more alike than a limit: two indices and their similarity."""
    around = crowding(vectors, strangers)
    first, second = np.triu_indices(len(vectors), 1)
    similarity = (vectors @ vectors.T)[first, second] - around[first] - around[second]
    found = np.flatnonzero((similarity > limit) & (people[first] != people[second]))
    return [(int(first[pair]), int(second[pair]), float(similarity[pair])) for pair in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """Photographs dealt out once.

    Attributes:
        enrolled: by person, their mean template.
        tracks: by person, the mean template of a track of other photographs of theirs; of people who have too few
            photographs for both, the track may be there and the enrolment not.
    """

    enrolled: Mapping[str, Vectors]
    tracks: Mapping[str, Vectors]


def deals(near: Seen, seen: Seen, *, photos: int, crops: int, draws: int = DRAWS, seed: int = 0) -> Iterator[Deal]:
    """Deals photographs out to enrolments and tracks, many times.

    Everybody with enough photographs for both has both. Of the others, half have a track, if they have photographs for
    one, and half are enrolled.

    Args:
        near: all photographs at full size, for enrolments.
        seen: the same at the size of tracks; those that a device would not use (`CropFacts.problem`) are no crops.
        photos: photographs of an enrolment.
        crops: photographs of a track.
        draws: how often.
        seed: the same gives the same.
    """
    generator = np.random.default_rng(seed)
    to_enrol = _by_person(near.files, near.people, [facts.problem is None for facts in near.facts])
    to_see = _by_person(seen.files, seen.people, [facts.problem is None for facts in seen.facts])
    near_row = {file: row for row, file in enumerate(near.files)}
    seen_row = {file: row for row, file in enumerate(seen.files)}
    for _ in range(draws):
        enrolled, tracks = {}, {}
        for person in sorted(to_enrol.keys() | to_see.keys()):
            faces = generator.permutation(to_enrol.get(person, []))[:photos].tolist()
            others = generator.permutation([file for file in to_see.get(person, []) if file not in faces]).tolist()
            both = len(faces) == photos and len(others) >= crops
            as_stranger = not both and bool(generator.integers(2))
            if both or (len(faces) == photos and not as_stranger):
                enrolled[person] = mean_template(near.carefully[[near_row[file] for file in faces]])
            if as_stranger:
                others = generator.permutation(to_see.get(person, [])).tolist()
            if (both or as_stranger) and len(others) >= crops:
                tracks[person] = mean_template(seen.once[[seen_row[file] for file in others[:crops]]])
        yield Deal(enrolled=enrolled, tracks=tracks)


def _by_person(files: Sequence[str], people: NDArray[np.str_], good: Sequence[bool]) -> dict[str, list[str]]:
    by_person: dict[str, list[str]] = {}
    for file, person, usable in zip(files, people.tolist(), good, strict=True):
        if usable:
            by_person.setdefault(person, []).append(file)
    return by_person
