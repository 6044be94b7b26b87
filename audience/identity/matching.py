"""Matching: whether the face of a track belongs to somebody who enrolled.

A template is what a recogniser makes of a face: a vector of length 1 that is alike for pictures of one person. The
template of a track, the mean of at least three good crops, is compared once with the templates of a roster. What comes
out is a name, or that it is nobody, or that two people are too much alike to tell. The template itself is kept by
nothing here.

**Similarity** is the cosine of two templates, less what either has in common with strangers beyond the usual:

    similarity(a, b) = a·b - CROWDING · (n(a) - n̄) - CROWDING · (n(b) - n̄)

n(a) is the cosine of a with the nearest of the recogniser's `strangers`, which are means over many people each and so
nobody; n̄ is the mean cosine of two of them. Where a recogniser tells the people of some part of the world
apart badly, their templates lie close together, and the cosine of two strangers is as high there as that of one person
elsewhere. Subtracting how crowded it is around a template makes one threshold mean the same for everybody. It is a form
of the score normalisation by a cohort of Auckenthaler, Carey and Lloyd-Thomas ("Score Normalization for
Text-Independent Speaker Verification Systems", Digital Signal Processing 10, 2000), with the nearest of it only.

**Thresholds** depend on how many photos a person gave, how many crops of the track were averaged, how large the face
was, and how many people are on the roster: see `audience.identity.thresholds`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.identity.people import KnownFace
from audience.identity.thresholds import LARGEST_ROSTER, check_measured, threshold

Vectors = NDArray[np.float32]
Outcome = Literal["matched", "nobody", "unsure", "too small", "too few crops"]
CropProblem = Literal["too small", "blurred", "turned"]
Crop = TypeVar("Crop")

CROWDING: Final = 0.35
"""Part of the cosine with the nearest stranger, beyond the usual, that is subtracted for either template."""

MARGIN: Final = 0.005
"""How much further over its threshold the best has to be than the second best, in units of similarity."""

LEAST_HEIGHT_PX: Final = 40.0
"""Height of a face box, pixels, under which nobody is named."""

LEAST_SHARPNESS: Final = 0.4
"""`edge_lambda.crops.sharpness` under which a crop is blurred."""

LEAST_FRONTALITY: Final = 0.4
"""`edge_lambda.crops.frontality` under which a face is turned away or tilted."""

LEAST_CROPS: Final = 3
"""Good crops that a track is matched from."""

APART_S: Final = 0.5
"""Seconds between two crops of a track, so that three are spread over a second: crops of one moment are alike, and
their mean gains little."""


def mean_template(templates: Vectors) -> Vectors:
    """The mean of some templates of one person, scaled to length 1.

    Args:
        templates: n x size, n at least 1.

    Returns:
        size numbers.

    Raises:
        InvalidValue: there is none, or they cancel each other out.
    """
    mean = templates.sum(axis=0) if len(templates) else np.zeros(0)
    length = float(np.linalg.norm(mean))
    if not length > 0:
        raise InvalidValue("a mean template needs at least one template, and numbers in it")
    return np.asarray(mean / length, dtype=np.float32)


def crowding(templates: Vectors, strangers: Vectors) -> NDArray[np.float64]:
    """What is subtracted from the similarities of each template, because of how many people are like it.

    Args:
        templates: n x size, rows of length 1.
        strangers: m x size, those of the recogniser; m at least 1.

    Returns:
        n values, negative where it is less crowded than usual.
    """
    first, second = np.triu_indices(len(strangers), 1)
    usual = float((strangers[first] * strangers[second]).sum(axis=1).mean()) if len(first) else 0.0
    nearest = (templates @ strangers.T).max(axis=1)
    return np.asarray(CROWDING * (nearest - usual), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What came of comparing one track with a roster.

    Attributes:
        outcome: "matched": it is this person; "nobody": nobody on the roster; "unsure": two people of the roster who
            are too much alike; "too small" and "too few crops": not compared.
        subject_id: who it is; only where it is matched.
        similarity: to that person, -1..1; None unless it is matched.
        runner_up: similarity to the next on the roster; None unless it is matched and there is one.
        between: the people it may be, where it is unsure.
        crops: how many crops were averaged; 0 where nothing was compared.
    """

    outcome: Outcome
    subject_id: str | None = None
    similarity: float | None = None
    runner_up: float | None = None
    between: tuple[str, ...] = ()
    crops: int = 0


class PictureSearch(Protocol):
    """A service elsewhere that keeps a roster's templates itself, and is asked with a picture of the face."""

    def search(self, roster_id: str, picture: bytes) -> Match:
        """Finds whom a picture shows: one request a track. The service keeps nothing of it.

        Args:
            roster_id: the roster.
            picture: a JPEG or PNG of one face.

        Raises:
            InvalidValue: the picture shows no face or several, or is none.
            StoreUnavailable: the service cannot be reached.
        """
        ...


class Gallery:
    """The templates of those who may be recognised, all by one recogniser. Immutable."""

    def __init__(
        self,
        faces: Sequence[KnownFace],
        *,
        recogniser: str,
        strangers: Vectors,
        alike: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Lays the templates out for comparison.

        Args:
            faces: one for each person; may be empty.
            recogniser: name of the recogniser that sees the tracks.
            strangers: m x size, that recogniser's.
            alike: pairs of subjects who are never told apart, such as twins: either of them is always unsure.

        Raises:
            InvalidValue: a template of another recogniser or of another size, two of one person, more people than
                `LARGEST_ROSTER`, or a recogniser whose thresholds nobody measured.
        """
        for face in faces:
            if face.recogniser != recogniser:
                raise InvalidValue(
                    f"the template of {face.subject_id} is of {face.recogniser} and cannot be compared with those of "
                    f"{recogniser}: enrol anew"
                )
            if face.vector.shape != (strangers.shape[1],):
                raise InvalidValue(
                    f"the template of {face.subject_id} has not {strangers.shape[1]} numbers: enrol anew"
                )
        self._subjects = tuple(face.subject_id for face in faces)
        if twice := [subject for subject, times in Counter(self._subjects).items() if times > 1]:
            raise InvalidValue(f"{twice[0]} is on the roster twice: average all photos of a person into one template")
        if len(faces) > LARGEST_ROSTER:
            raise InvalidValue(f"a roster of {len(faces):,} people is too large: use at most {LARGEST_ROSTER:,}")
        check_measured(recogniser)
        self.recogniser = recogniser
        self._strangers = strangers
        self._photos = [face.photos for face in faces]
        self._vectors = np.array([face.vector for face in faces], np.float32).reshape(len(faces), strangers.shape[1])
        self._crowding = crowding(self._vectors, strangers)
        self._alike: defaultdict[str, set[str]] = defaultdict(set)
        for one, other in alike:
            self._alike[one] |= {one, other}
            self._alike[other] |= {one, other}

    def __len__(self) -> int:
        """How many people are on the roster."""
        return len(self._subjects)

    def similarities(self, vector: Vectors) -> NDArray[np.float64]:
        """The similarity of a template to everybody on the roster, in the roster's order.

        Args:
            vector: size numbers, of length 1.

        Returns:
            n values, -1..1.
        """
        crowded = crowding(vector[None], self._strangers) + self._crowding
        return np.asarray(np.clip(self._vectors @ vector - crowded, -1, 1), dtype=np.float64)

    def match(self, vector: Vectors, *, crops: int, height_px: float) -> Match:
        """Compares a track with everybody on the roster.

        Args:
            vector: the mean template of the track, of length 1.
            crops: how many crops it is the mean of, at least 1.
            height_px: height of the smallest of those faces, pixels.
        """
        if height_px < LEAST_HEIGHT_PX:
            return Match(outcome="too small")
        if not self._subjects:
            return Match(outcome="nobody", crops=crops)
        similarity = self.similarities(vector)
        limits = {
            photos: threshold(self.recogniser, photos=photos, crops=crops, height_px=height_px, roster=len(self))
            for photos in set(self._photos)
        }
        over = similarity - np.array([limits[photos] for photos in self._photos])
        best, *others = np.argsort(-over, kind="stable").tolist()
        subject = self._subjects[best]
        if over[best] < 0:
            return Match(outcome="nobody", crops=crops)
        if subject in self._alike:
            return Match(outcome="unsure", between=tuple(sorted(self._alike[subject])), crops=crops)
        if others and over[best] - over[others[0]] < MARGIN:
            return Match(outcome="unsure", between=tuple(sorted((subject, self._subjects[others[0]]))), crops=crops)
        return Match(
            outcome="matched",
            subject_id=subject,
            similarity=float(similarity[best]),
            runner_up=float(similarity[others[0]]) if others else None,
            crops=crops,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CropFacts:
    """What is known of a crop before it is recognised.

    Attributes:
        at_s: when it was seen, seconds from any fixed instant.
        height_px: height of the face box in the camera's picture, pixels.
        sharpness: 0..1, `edge_lambda.crops.sharpness`.
        frontality: 0..1, `edge_lambda.crops.frontality`.
    """

    at_s: float
    height_px: float
    sharpness: float
    frontality: float

    @property
    def problem(self) -> CropProblem | None:
        """Why the crop is not good enough to recognise somebody; None where it is."""
        if self.height_px < LEAST_HEIGHT_PX:
            return "too small"
        if self.sharpness < LEAST_SHARPNESS:
            return "blurred"
        return "turned" if self.frontality < LEAST_FRONTALITY else None

    @property
    def quality(self) -> float:
        """Which of two crops of the same moment is better: the higher."""
        return self.sharpness * self.frontality


class TrackMatcher(Generic[Crop]):
    """Collects good crops of one track, and matches it once.

    Neither a crop nor a template is kept once it has matched, whatever came out.
    """

    def __init__(self, gallery: Gallery) -> None:
        """Starts a track with no crops."""
        self._gallery = gallery
        self._chosen: list[tuple[CropFacts, Crop]] = []
        self._small = self._large = 0
        self.result: Match | None = None

    def offer(self, crop: Crop, facts: CropFacts) -> None:
        """Offers a crop of the track, in the order of time.

        It is kept where it is good; of two crops less than `APART_S` apart the better one. After the match none is.
        """
        if self.result is not None:
            return
        problem = facts.problem
        self._small += problem == "too small"
        self._large += problem != "too small"
        if problem is not None:
            return
        if not self._chosen or facts.at_s - self._chosen[-1][0].at_s >= APART_S:
            if not self.ready:
                self._chosen.append((facts, crop))
        elif facts.quality > self._chosen[-1][0].quality:
            self._chosen[-1] = (facts, crop)

    def compare_with(self, gallery: Gallery) -> None:
        """Compares with another gallery from now on; a track that was nobody's is compared anew, from new crops."""
        self._gallery = gallery
        if self.result is not None and self.result.outcome != "matched":
            self.result = None

    @property
    def ready(self) -> bool:
        """Whether there are enough good crops to match."""
        return len(self._chosen) >= LEAST_CROPS

    def match(self, templates_of: Callable[[list[Crop]], Vectors]) -> Match:
        """Matches the track, from its crops so far. The second time, the first result is returned.

        Args:
            templates_of: computes the templates of some crops, n x size; called at most once, and only where there are
                enough crops.
        """
        if self.result is None:
            if self.ready:
                vector = mean_template(templates_of([crop for _, crop in self._chosen]))
                smallest = min(facts.height_px for facts, _ in self._chosen)
                self.result = self._gallery.match(vector, crops=len(self._chosen), height_px=smallest)
            else:
                self.result = Match(outcome="too small" if self._small and not self._large else "too few crops")
            self._chosen.clear()
        return self.result
