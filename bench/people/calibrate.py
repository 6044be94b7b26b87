"""Makes what matching rests on, from the half of the people that no figure is measured on.

    python -m bench.people.calibrate

writes the means over strangers into `edge_lambda/models/`, and prints the table for `audience/identity/thresholds.py`.

**Strangers.** The mean templates of all people are put in groups by k-means on the sphere (Dhillon and Modha, "Concept
Decompositions for Large Sparse Text Data Using Clustering", Machine Learning 42, 2001); of each group of at least
`LEAST_PEOPLE` only the mean is kept, in 8 bits a number. It is the template of nobody.

**Thresholds.** For photographs dealt out many times, how often a stranger's track passes a threshold with anybody on a
roster of N, were it drawn from the enrolled people: 1 - (1 - m/M)^N, where m of the M enrolled pass; and the threshold
at which that is `FALSE_NAMES` on average over all strangers. People enrol by photographs in which CenterFace finds the
face; tracks are those of each detector in `TRACKED_BY`, and the higher threshold counts. How crowded it is around a
template is measured by means over other people than its own. Photographs of two people that are more alike than
`VERY_NEAR` of the pairs of one person are left out, and named: most are one photograph under two names.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.identity.matching import crowding
from audience.identity.thresholds import ROSTERS
from bench.people.photos import FAR_PX, NEAR_PX, Seen, read, see, tuned
from bench.people.trials import DRAWS, Vectors, deals, pairs, two_people
from edge_lambda.detectors.load import load_detector
from edge_lambda.recognisers.dlib_resnet import STRANGERS_FILE, DlibResNet
from training.corpus import default_corpus

FALSE_NAMES: Final = 1 / 1000
TRACKED_BY: Final = ("libfacedetection", "centerface")
GROUPS: Final = 64
LEAST_PEOPLE: Final = 10
FOLDS: Final = 5
VERY_NEAR: Final = 0.7
PHOTOS: Final = (1, 2, 3)
CROPS: Final = (1, 3)


def means_over_strangers(vectors: Vectors, people: NDArray[np.str_], *, groups: int = GROUPS) -> NDArray[np.int8]:
    """The means of groups of people, as they are kept: m x size, int8.

    Args:
        vectors: n x size, a template of each photograph.
        people: n, whose it is.
        groups: how many groups to begin with; those of fewer than LEAST_PEOPLE are dissolved into the others.
    """
    _, person = np.unique(people, return_inverse=True)
    sums = np.zeros((person.max() + 1, vectors.shape[1]))
    np.add.at(sums, person, vectors)
    each = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    means = each[np.random.default_rng(0).choice(len(each), groups, replace=False)]
    for _ in range(60):
        group = (each @ means.T).argmax(axis=1)
        kept = np.flatnonzero(np.bincount(group, minlength=len(means)) >= LEAST_PEOPLE)
        means = np.stack([each[group == one].mean(axis=0) for one in kept])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
    kept_means: NDArray[np.int8] = np.rint(means * 127 / np.abs(means).max(axis=1, keepdims=True)).astype(np.int8)
    return kept_means


class OthersMeans:
    """Means over strangers in which a person has no part, as nobody who is recognised later has in those that ship.

    People lie nearer to means that they are part of: thresholds measured with those are too low for everybody else.
    """

    def __init__(self, seen: Seen) -> None:
        """Makes the means without each of `FOLDS` parts of the people."""
        fold = np.array([_fold(person) for person in seen.people.tolist()])
        self._means = [
            unit(means_over_strangers(seen.carefully[fold != one], seen.people[fold != one])) for one in range(FOLDS)
        ]

    def crowding(self, templates: Mapping[str, Vectors]) -> NDArray[np.float64]:
        """n, what is subtracted from the similarities of each person's template."""
        each = [crowding(vector[None], self._means[_fold(person)]) for person, vector in templates.items()]
        return np.concatenate(each)


def _fold(person: str) -> int:
    return hashlib.sha256(f"fold/{person}".encode()).digest()[0] % FOLDS


def unit(means: NDArray[np.int8]) -> Vectors:
    """Means as a recogniser has them: rows of length 1."""
    return np.asarray(means / np.linalg.norm(means.astype(np.float32), axis=1, keepdims=True), dtype=np.float32)


def measured_thresholds(near: Seen, seen: Seen, means: OthersMeans, *, photos: int, crops: int) -> list[float]:
    """The threshold for each of `ROSTERS`."""
    highest, enrolments = [], []
    for deal in deals(near, seen, photos=photos, crops=crops, draws=DRAWS):
        enrolled, tracks = np.stack(list(deal.enrolled.values())), np.stack(list(deal.tracks.values()))
        similarity = tracks @ enrolled.T - means.crowding(deal.tracks)[:, None] - means.crowding(deal.enrolled)
        own = np.array(list(deal.tracks))[:, None] == np.array(list(deal.enrolled))
        similarity[own] = -1
        highest.append(np.sort(similarity, axis=1)[:, :-101:-1])  # more never pass where so few may
        enrolments += [len(enrolled)] * len(tracks)
    top, number = np.concatenate(highest), np.array(enrolments)

    def false_names(limit: float, roster: int) -> float:
        return float((1 - (1 - (top > limit).sum(axis=1) / number) ** roster).mean())

    found = []
    for roster in ROSTERS:
        low, high = -1.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if false_names(middle, roster) > FALSE_NAMES else (low, middle)
        found.append(high)
    return found


def suspected(seen: Seen, means: Vectors) -> set[str]:
    """Files that are too much alike to be of two people; each pair is printed."""
    limit = float(np.quantile(pairs(seen.carefully, seen.people, means).same, VERY_NEAR))
    found = set()
    for first, second, similarity in two_people(seen.carefully, seen.people, means, limit):
        print(f"left out: {seen.files[first]}, {seen.files[second]} ({similarity:.3f})", file=sys.stderr)  # noqa: T201
        found |= {seen.files[first], seen.files[second]}
    return found


def without(seen: Seen, files: set[str]) -> Seen:
    """The same without some photographs."""
    kept = [row for row, file in enumerate(seen.files) if file not in files]
    return Seen(
        files=tuple(seen.files[row] for row in kept),
        people=seen.people[kept],
        once=seen.once[kept],
        carefully=seen.carefully[kept],
        facts=tuple(seen.facts[row] for row in kept),
        missed=seen.missed,
    )


def main() -> None:
    """Writes the means, prints the table."""
    photos = [photo for photo in read(default_corpus()) if tuned(photo.person)]
    recogniser = DlibResNet()
    near = see(photos, NEAR_PX, load_detector("centerface", threads=1), recogniser)
    means = means_over_strangers(near.carefully, near.people)
    np.save(Path(str(resources.files("edge_lambda"))) / "models" / STRANGERS_FILE, means)
    suspects = suspected(near, unit(means))
    near = without(near, suspects)
    others = OthersMeans(near)
    for height_px in (FAR_PX, NEAR_PX):
        tracked = [
            without(see(photos, height_px, load_detector(name, threads=1), recogniser, looks="once"), suspects)
            for name in TRACKED_BY
        ]
        for number in PHOTOS:
            for crops in CROPS:
                limits = np.max(
                    [measured_thresholds(near, seen, others, photos=number, crops=crops) for seen in tracked], axis=0
                )
                row = ", ".join(f"{limit:.4f}" for limit in limits)
                print(f"        ({number}, {crops}, {height_px}): ({row}),", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
