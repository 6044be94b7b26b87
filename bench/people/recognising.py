"""How well people who enrolled are recognised, how often strangers are named, and what a track costs.

Suspected wrong labels are counted, and named on the error stream; nothing is left out of the figures because of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from audience.errors import HouselightsError
from audience.identity.matching import CropFacts, Gallery, TrackMatcher, mean_template
from audience.identity.people import KnownFace
from bench.figures import Figure
from bench.people.photos import FAR_PX, NEAR_PX, PersonPhoto, Seen, see, untouched_photos
from bench.people.trials import Deal, Pairs, deals, pairs, two_people
from edge_lambda.crops import frontality, sharpness
from edge_lambda.detectors import Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.recognisers import Recogniser
from edge_lambda.recognisers.alignment import aligned
from edge_lambda.recognisers.load import load_recogniser
from tests.edge.dlib_reference import cosines, patterns, reference
from tests.portraits import portrait

PHOTOS: Final = 2
CROPS: Final = 3
FAR_APART: Final = 0.05
"""Two photographs of one person that are less alike than so many pairs of two people are: one may be another's."""

VERY_NEAR: Final = 0.5
"""Two photographs of two people that are more alike than so many pairs of one person are: they may be of one."""

TOO_SMALL_PX: Final = 23


def run() -> Iterator[Figure]:
    """Measures."""
    recogniser = load_recogniser()
    yield Figure(
        name="ONNX against dlib, 8 patterns: worst cosine",
        value=float(cosines(recogniser.templates(patterns()), reference()).min()),
        reach=0.9995,
    )
    yield from _cost(recogniser)
    photos = untouched_photos()
    # As people enrol, and as a camera finds them.
    near = see(photos, NEAR_PX, load_detector("centerface", threads=1), recogniser, looks="carefully")
    far = see(photos, FAR_PX, load_detector(threads=1), recogniser)
    yield Figure(name="people", value=len(set(near.people.tolist())), unit="people")
    yield Figure(name="photographs, at most 8 of a person", value=len(photos), unit="photographs")
    for height_px, seen, reach in ((NEAR_PX, near, 0.93), (FAR_PX, far, 0.88)):
        yield from _pairs(recogniser, seen, height_px, reach)
    for roster, reach in ((50, 0.95), (200, 0.93)):
        yield from _rosters(recogniser, near, far, roster=roster, reach=reach)
    yield from _small(recogniser, photos, near)


def _pairs(recogniser: Recogniser, seen: Seen, height_px: int, reach: float) -> Iterator[Figure]:
    compared = pairs(seen.carefully, seen.people, recogniser.strangers)
    what = f"{height_px} px, pairs of photographs"
    yield Figure(name=f"{what}: true accepts at 1e-3", value=compared.accepted(1e-3), reach=reach)
    for rate in (1e-2, 1e-4):
        yield Figure(name=f"{what}: true accepts at {rate:.0e}", value=compared.accepted(rate))
    yield Figure(name=f"{what}: of one person", value=len(compared.same), unit="pairs")
    yield Figure(name=f"{height_px} px: photographs without a face found", value=seen.missed, unit="photographs")
    poor = sum(facts.problem is not None for facts in seen.facts)
    yield Figure(name=f"{height_px} px: photographs too blurred or turned for a track", value=poor, unit="photographs")
    if height_px == NEAR_PX:
        yield from _suspects(seen, compared, recogniser)


def _suspects(seen: Seen, compared: Pairs, recogniser: Recogniser) -> Iterator[Figure]:
    """Photographs whose labels may be wrong; each is named."""
    limit = compared.others[int(FAR_APART * len(compared.others))]
    far = np.flatnonzero(compared.same < limit)
    for pair in far.tolist():
        one, other = (seen.files[rows[pair]] for rows in (compared.first, compared.second))
        _report(f"one person by the labels, far apart: {one}, {other} ({compared.same[pair]:.3f})")
    yield Figure(name="suspected labels: pairs of one person, far apart", value=len(far), unit="pairs")
    limit = float(np.quantile(compared.same, VERY_NEAR))
    near = two_people(seen.carefully, seen.people, recogniser.strangers, limit)
    for first, second, similarity in near:
        _report(f"two people by the labels, very near: {seen.files[first]}, {seen.files[second]} ({similarity:.3f})")
    yield Figure(name="suspected labels: pairs of two people, very near", value=len(near), unit="pairs")


def _rosters(recogniser: Recogniser, near: Seen, far: Seen, *, roster: int, reach: float) -> Iterator[Figure]:
    """Rosters drawn anew for each deal: tracks of members on them, and of people who are not."""
    hits = wrong = unsure = members = named = strangers = 0
    generator = np.random.default_rng(roster)
    for deal in deals(near, far, photos=PHOTOS, crops=CROPS):
        if len(deal.enrolled) < roster:
            _report(f"{len(deal.enrolled)} people can be enrolled, too few for a roster of {roster}: not measured")
            return
        on_it = set(generator.choice(sorted(deal.enrolled), roster, replace=False).tolist())
        gallery = _gallery(recogniser, deal, on_it)
        for person, track in deal.tracks.items():
            match = gallery.match(track, crops=CROPS, height_px=FAR_PX)
            if person in on_it:
                members += 1
                hits += match.subject_id == person
                wrong += match.subject_id not in (person, None)
                unsure += match.outcome == "unsure"
            else:
                strangers += 1
                named += match.subject_id is not None
    what = f"roster of {roster}, {PHOTOS} photos, {CROPS} crops, {FAR_PX} px"
    yield Figure(name=f"{what}: members named rightly", value=hits / members, reach=reach)
    yield Figure(
        name=f"{what}: strangers named, of 1,000",
        value=1000 * named / strangers,
        reach=1,
        direction="at most",
    )
    yield Figure(name=f"{what}: members named as another, of 1,000", value=1000 * wrong / members)
    yield Figure(name=f"{what}: members unsure, of 1,000", value=1000 * unsure / members)
    yield Figure(name=f"{what}: tracks of members", value=members, unit="tracks")
    yield Figure(name=f"{what}: tracks of strangers", value=strangers, unit="tracks")


def _gallery(recogniser: Recogniser, deal: Deal, people: set[str]) -> Gallery:
    faces = [_known(person, deal.enrolled[person], recogniser, PHOTOS) for person in sorted(people)]
    return Gallery(faces, recogniser=recogniser.name, strangers=recogniser.strangers)


def _known(person: str, template: np.ndarray, recogniser: Recogniser, photos: int) -> KnownFace:
    return KnownFace(roster_id="bench", subject_id=person, vector=template, recogniser=recogniser.name, photos=photos)


def _small(recogniser: Recogniser, photos: Sequence[PersonPhoto], near: Seen) -> Iterator[Figure]:
    """Members as they are enrolled, seen again on the same photographs, but small."""
    by_person = {person: near.carefully[near.people == person] for person in sorted(set(near.people.tolist()))[:100]}
    faces = [_known(person, mean_template(each), recogniser, len(each)) for person, each in by_person.items()]
    gallery = Gallery(faces, recogniser=recogniser.name, strangers=recogniser.strangers)
    shown = [photo for photo in photos if photo.person in by_person]
    small = see(shown, TOO_SMALL_PX, load_detector(threads=1), recogniser, looks="once")
    named = 0
    for template, facts in zip(small.once, small.facts, strict=True):
        matcher = TrackMatcher[np.ndarray](gallery)
        for second in range(CROPS):
            matcher.offer(template, replace(facts, at_s=second))
        named += matcher.match(np.stack).subject_id is not None
    yield Figure(
        name=f"under 24 px ({len(small.files):,} faces of {TOO_SMALL_PX} px): named",
        value=named,
        reach=0,
        direction="exactly",
    )


def _cost(recogniser: Recogniser) -> Iterator[Figure]:
    """CPU time of a track beyond its detection: judging, aligning and recognising three crops, and matching."""
    image = portrait(400)
    (face,) = load_detector("centerface", threads=1).detect(image)
    generator = np.random.default_rng(0)
    templates = generator.normal(size=(200, recogniser.size)).astype(np.float32)
    faces = [_known(f"p{row}", mean_template(each[None]), recogniser, PHOTOS) for row, each in enumerate(templates)]
    gallery = Gallery(faces, recogniser=recogniser.name, strangers=recogniser.strangers)
    cv2.setNumThreads(1)
    took = []
    for _ in range(100):
        began = time.process_time()
        matcher = TrackMatcher[Image](gallery)
        for second in range(CROPS):
            facts = CropFacts(
                at_s=second, height_px=face.height, sharpness=sharpness(image, face), frontality=frontality(face)
            )
            matcher.offer(aligned(image, face, recogniser.geometry), facts)
        match = matcher.match(recogniser.templates)
        took.append(time.process_time() - began)
        if match.crops != CROPS:
            raise HouselightsError(f"the portrait was not matched: {match.outcome}")
    yield Figure(
        # Other programs on the machine only add to it: the least of five medians, as `timeit` advises.
        name="a track's three crops, one core, roster of 200, least median of 5 x 20",
        value=1000 * float(np.median(np.reshape(took, (5, 20)), axis=1).min()),
        unit="ms",
        reach=30,
        direction="at most",
    )


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
