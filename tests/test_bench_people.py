"""Trials of recognition: photographs of known people are dealt out so that nothing is compared with itself."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from audience.identity.matching import CropFacts
from bench.people.calibrate import LEAST_PEOPLE, means_over_strangers
from bench.people.photos import MOST_PHOTOS, Seen, read, tuned
from bench.people.trials import deals, pairs
from training.corpus import CorpusUnreadable

SIZE = 32


def seen_of(photographs: dict[str, int], *, blurred: tuple[str, ...] = ()) -> Seen:
    """So many photographs of each person, whose templates lie near a direction of their own."""
    generator = np.random.default_rng(2)
    files, people, vectors = [], [], []
    for person, number in photographs.items():
        own = generator.normal(size=SIZE)
        for photograph in range(number):
            files.append(f"{person}/{photograph}.jpg")
            people.append(person)
            vectors.append(own + 0.2 * generator.normal(size=SIZE))
    templates = np.array(vectors, dtype=np.float32)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    facts = tuple(
        CropFacts(at_s=0, height_px=60, sharpness=0.0 if file in blurred else 0.8, frontality=0.9) for file in files
    )
    return Seen(files=tuple(files), people=np.array(people), once=templates, carefully=templates, facts=facts, missed=0)


STRANGERS = np.eye(SIZE, dtype=np.float32)[:3]


def test_a_track_has_no_photograph_that_its_person_enrolled_with():
    seen = seen_of({"ada": 5, "bob": 6, "cleo": 3, "dan": 1})
    each_its_own = np.eye(SIZE, dtype=np.float32)[: len(seen.files)]  # a mean shows which photographs are in it
    seen = replace(seen, once=each_its_own, carefully=each_its_own)
    for deal in deals(seen, seen, photos=2, crops=3, draws=30):
        assert {"ada", "bob"} <= deal.enrolled.keys() & deal.tracks.keys()
        assert len({"cleo"} & (deal.enrolled.keys() | deal.tracks.keys())) == 1, "enrolled or a stranger, never both"
        assert "dan" not in deal.enrolled.keys() | deal.tracks.keys()
        for person in ("ada", "bob"):
            enrolled, track = (set(np.flatnonzero(part[person])) for part in (deal.enrolled, deal.tracks))
            assert (len(enrolled), len(track), enrolled & track) == (2, 3, set())
            assert {seen.people[row] for row in enrolled | track} == {person}


def test_photographs_that_a_camera_would_not_use_are_dealt_to_nobody():
    seen = seen_of({"ada": 5}, blurred=("ada/0.jpg",))
    assert [deal.tracks.keys() & deal.enrolled.keys() for deal in deals(seen, seen, photos=2, crops=3, draws=3)] == [
        set(),
        set(),
        set(),
    ]


def test_pairs_are_of_one_person_or_of_two():
    seen = seen_of({"ada": 4, "bob": 3, "cleo": 1})
    compared = pairs(seen.once, seen.people, STRANGERS)
    assert (len(compared.same), len(compared.others)) == (6 + 3, 28 - 9)
    assert compared.same.min() > compared.others.max()
    assert compared.accepted(1e-3) == 1
    for first, second in zip(compared.first, compared.second, strict=True):
        assert seen.people[first] == seen.people[second]


def test_means_over_strangers_are_of_ten_people_or_more():
    seen = seen_of({f"p{number}": 2 for number in range(60)})
    means = means_over_strangers(seen.carefully, seen.people, groups=4)
    assert means.dtype == np.int8
    assert 1 <= len(means) <= 60 // LEAST_PEOPLE
    each = means / np.linalg.norm(means, axis=1, keepdims=True)
    assert (each @ seen.carefully.T).max() < 0.95, "no mean is anybody's template"


def corpus(labels: str, photographs: list[str]) -> bytes:
    picture = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("labels.csv", labels)
        for name in photographs:
            archive.writestr(name, picture)
    return out.getvalue()


def test_other_people_are_read_from_a_zip_at_most_eight_photographs_each(tmp_path: Path):
    names = [f"{number:02}.jpg" for number in range(12)]
    file = tmp_path / "people.zip"
    file.write_bytes(corpus("file,person\n" + "".join(f"{name},ada\n" for name in names), names))
    assert [photo.file for photo in read(file)] == names[:MOST_PHOTOS]


@pytest.mark.parametrize(
    ("labels", "problem"), [("file,name\n", "columns file and person"), ("file,person\nx.jpg,ada\n", r"x\.jpg")]
)
def test_people_that_cannot_be_read_are_refused_in_one_line(tmp_path: Path, labels: str, problem: str):
    file = tmp_path / "people.zip"
    file.write_bytes(corpus(labels, []))
    with pytest.raises(CorpusUnreadable, match=problem) as error:
        read(file)
    assert "\n" not in str(error.value)


def test_a_person_is_tuned_on_or_measured_and_about_half_of_them_is_either():
    halves = [tuned(f"person {number}") for number in range(2000)]
    assert 0.45 < np.mean(halves) < 0.55
    assert halves == [tuned(f"person {number}") for number in range(2000)]
