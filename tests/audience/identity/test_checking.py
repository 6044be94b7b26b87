"""Photos to enrol with show one person, who is not on the roster yet."""

from __future__ import annotations

import numpy as np
import pytest

from audience.errors import InvalidValue
from audience.identity import thresholds
from audience.identity.checking import checked_template
from audience.identity.people import KnownFace
from audience.identity.sealed import Vector

MODEL = "none-1+00000000"
STRANGERS = np.eye(8, dtype=np.float32)[7:]


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "TABLE", {MODEL: {(1, 1, 40): (0.6,) * len(thresholds.ROSTERS)}})


def face(number: int, shift: float = 0.0) -> Vector:
    vector = np.zeros(8, np.float32)
    vector[number], vector[number + 1] = 1, shift
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def on_the_roster(number: int, person_id: str = "p-1", recogniser: str = MODEL) -> KnownFace:
    return KnownFace(roster_id="members", subject_id=person_id, vector=face(number), recogniser=recogniser, photos=2)


def check(*photos: Vector, known: list[KnownFace] | None = None, person_id: str = "") -> Vector:
    return checked_template(np.stack(photos), known or [], recogniser=MODEL, strangers=STRANGERS, person_id=person_id)


def test_photos_of_one_person_give_their_mean():
    mean = check(face(0), face(0, 0.3))
    assert np.linalg.norm(mean) == pytest.approx(1)
    assert mean[0] > mean[1] > 0


def test_a_photo_of_somebody_else_is_named():
    with pytest.raises(InvalidValue, match="photo 3"):
        check(face(0), face(0, 0.1), face(2))


def test_somebody_is_not_enrolled_twice_but_may_enrol_anew():
    with pytest.raises(InvalidValue, match="already"):
        check(face(0), known=[on_the_roster(0)])
    check(face(0), known=[on_the_roster(0)], person_id="p-1")
    check(face(0), known=[on_the_roster(3), on_the_roster(0, "p-2", recogniser="other-1")])
