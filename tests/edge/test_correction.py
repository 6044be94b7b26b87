"""Turned, tilted and interlaced pictures are corrected; correct ones are not changed."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_lambda.correction import CorrectedFrame, PictureCorrector
from edge_lambda.correction.corrector import NOISY_FROM, noise_of
from edge_lambda.correction.interlacing import deinterlaced, is_combed
from edge_lambda.correction.turn import Turn
from edge_lambda.detectors import DEFAULT_DETECTOR, SURE, Detection, Image
from edge_lambda.detectors.load import load_detector
from tests.edge.faces_in_place import FacesInPlace, picture
from tests.portraits import portrait

SIDE = 160


class Counting:
    """A detector, with a count of its calls."""

    def __init__(self, name: str = "centerface") -> None:
        self.asked = 0
        self._detector = load_detector(name, doubtful=True)
        self.name, self.landmarks_turn = self._detector.name, self._detector.landmarks_turn

    def detect(self, image: Image) -> list[Detection]:
        self.asked += 1
        return self._detector.detect(image)


@pytest.fixture(scope="module")
def detector() -> Counting:
    return Counting()


@pytest.fixture(scope="module")
def default() -> Counting:
    """The default detector, whose landmarks stay upright in a tilted face."""
    return Counting(DEFAULT_DETECTOR)


@pytest.fixture(scope="module")
def compass() -> Counting:
    return Counting()


@pytest.fixture(scope="module", params=["centerface", DEFAULT_DETECTOR])
def either(request: pytest.FixtureRequest) -> Counting:
    """A detector whose landmarks turn, and one whose landmarks do not."""
    return Counting(request.param)


def people(count: int) -> Image:
    """People side by side, with room around them."""
    image = np.full((SIDE * 2, SIDE * max(count, 3), 3), 60, np.uint8)
    for place in range(count):
        image[SIDE // 2 : SIDE // 2 + SIDE, place * SIDE : (place + 1) * SIDE] = portrait(SIDE)
    return image


def lying(image: Image, quarters: int) -> Image:
    return np.ascontiguousarray(np.rot90(image, quarters))


def corrected(corrector: PictureCorrector, *images: Image) -> list[CorrectedFrame]:
    return [corrector.correct(image) for image in images]


def test_an_upright_picture_is_unchanged_and_detected_once(detector: Counting):
    corrector, image = PictureCorrector(detector), people(4)
    before = detector.asked
    frames = corrected(corrector, *[image] * 5)
    assert all(frame.image is image and not frame.moved and not frame.unusable for frame in frames)
    assert detector.asked - before == 5
    assert corrector.notes() == ()


@pytest.mark.parametrize(("quarters", "said"), [(1, "90°"), (2, "180°"), (3, "90°")])
def test_a_picture_of_several_people_is_turned_at_once(either: Counting, quarters: int, said: str):
    corrector, image = PictureCorrector(either), people(4)
    (frame,) = corrected(corrector, lying(image, quarters))
    assert np.array_equal(frame.image, image)
    assert (len(frame.detections), frame.unusable) == (4, False)
    assert [said in note for note in corrector.notes()] == [True]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_one_person_is_not_scored_until_the_orientation_is_clear(either: Counting, quarters: int):
    corrector, image = PictureCorrector(either), people(1)
    frames = corrected(corrector, *[lying(image, quarters)] * 5)
    assert all(frame.unusable or not any(face.confidence >= SURE for face in frame.detections) for frame in frames[:2])
    assert np.array_equal(frames[-1].image, image)


def test_a_camera_that_is_turned_later_is_noticed_and_so_is_its_being_turned_back(detector: Counting):
    corrector, image = PictureCorrector(detector), people(4)
    frames = corrected(corrector, image, lying(image, 1), lying(image, 1), image)
    assert all(np.array_equal(frame.image, image) for frame in frames)
    assert [frame.moved for frame in frames] == [False, True, False, True]


@pytest.mark.parametrize("degrees", [-20, 20, 30])
def test_a_tilted_picture_is_straightened(either: Counting, degrees: int):
    corrector, image = PictureCorrector(either), Turn(0, degrees).applied(people(6))
    frames = corrected(corrector, *[image] * 6)
    lines = [face.landmarks[:2] for face in frames[-1].detections if face.landmarks is not None]
    left = np.median([np.degrees(np.arctan2(y2 - y1, x2 - x1)) for (x1, y1), (x2, y2) in lines])
    assert abs(left) <= 8  # in the portrait itself they lean by 5
    assert len(lines) == 6
    height, width = frames[-1].image.shape[:2]
    assert all(face.left >= 0 and face.left + face.width <= width for face in frames[-1].detections)
    assert all(face.top >= 0 and face.top + face.height <= height for face in frames[-1].detections)
    assert "straightened" in " ".join(corrector.notes())


def test_one_person_who_holds_the_head_to_one_side_tilts_no_picture(either: Counting):
    corrector, image = PictureCorrector(either), Turn(0, 12).applied(people(1))
    assert all(frame.image is image for frame in corrected(corrector, *[image] * 12))


def test_people_who_come_late_are_found_though_nobody_was_there_for_long(either: Counting):
    corrector, image = PictureCorrector(either), people(4)
    empty = [lying(people(0), 2)] * 30
    assert np.array_equal(corrected(corrector, *empty, lying(image, 2))[-1].image, image)


class UprightOnly:
    """Finds the three people of a picture whose top left corner is bright, and nobody where it lies otherwise."""

    name = "upright-only 1"
    landmarks_turn = True

    def detect(self, image: Image) -> list[Detection]:
        landmarks = ((18.0, 20.0), (34.0, 20.0), (26.0, 28.0), (20.0, 36.0), (32.0, 36.0))
        face = Detection(left=6, top=0, width=40, height=50, confidence=0.9, landmarks=landmarks)
        return [face] * 3 if image[0, 0, 0] > 128 else []


def test_without_faces_the_other_orientations_are_tried():
    image = np.zeros((90, 160, 3), np.uint8)
    image[:5, :5] = 255
    for quarters in range(1, 4):
        frames = corrected(PictureCorrector(UprightOnly()), *[lying(image, quarters)] * 4)
        assert np.array_equal(frames[-1].image, image)


def test_an_empty_hall_is_not_turned_and_costs_little(detector: Counting):
    corrector, before = PictureCorrector(detector), detector.asked
    frames = corrected(corrector, *[people(0)] * 60)
    assert not any(frame.moved or frame.unusable for frame in frames)
    assert detector.asked - before <= 60 + 3 + 2
    assert corrector.notes() == ()


def test_the_compass_looks_until_the_orientation_is_known_and_then_at_one_picture_of_ten(
    default: Counting, compass: Counting
):
    corrector, image = PictureCorrector(default, compass=compass), people(4)
    before = default.asked, compass.asked
    frames = corrected(corrector, *[image] * 30)
    assert all(frame.image is image and not frame.unusable for frame in frames)
    assert (default.asked - before[0], compass.asked - before[1]) == (30, 5 + 2)


def test_with_a_compass_a_camera_that_is_turned_later_is_noticed_within_ten_pictures(default: Counting):
    corrector, image = PictureCorrector(default), people(4)
    frames = corrected(corrector, *[image] * 6, *[lying(image, 2)] * 10)
    assert np.array_equal(frames[-1].image, image)
    assert [frame.moved for frame in frames].count(True) == 1
    assert all(len(frame.detections) == 4 for frame in frames[6:])


def test_faces_in_all_orientations_are_not_scored_and_that_is_reported(detector: Counting):
    image, corrector = people(3), PictureCorrector(detector)
    image = np.hstack([lying(image, 1), lying(image, 3)])
    frames = corrected(corrector, *[image] * 12)
    assert all(frame.unusable for frame in frames)
    assert "No picture was scored" in " ".join(corrector.notes())


def test_without_landmarks_a_picture_is_left_as_it_is():
    corrector, image = PictureCorrector(FacesInPlace()), lying(picture(4), 2)
    assert all(frame.image is image and not frame.unusable for frame in corrected(corrector, *[image] * 3))


def woven(image: Image, shift: int) -> Image:
    """Two fields, between which everything moved by some pixels."""
    result = image.copy()
    result[1::2] = np.roll(image, shift, axis=1)[1::2]
    return result


def test_an_interlaced_picture_is_detected_and_deinterlaced(detector: Counting):
    image, corrector = people(4), PictureCorrector(detector)
    combed = woven(image, 6)
    assert is_combed(combed)
    (frame,) = corrected(corrector, combed)
    assert "deinterlaced" in " ".join(corrector.notes())
    # The even lines are a picture that was really taken.
    assert np.abs(frame.image.astype(int) - image).mean() < np.abs(combed.astype(int) - image).mean() / 3
    assert not is_combed(frame.image)


def test_what_stands_still_keeps_all_its_lines():
    image = cv2.GaussianBlur(people(4), (0, 0), 1.5)
    image[:, : 2 * SIDE] = woven(image, 6)[:, : 2 * SIDE]
    still = slice(2 * SIDE + 8, None)
    assert np.array_equal(deinterlaced(image)[:, still], image[:, still])


def test_noise_and_fine_patterns_are_not_taken_for_interlacing():
    chance = np.random.default_rng(1)
    noisy = (people(4) * 0.25 + chance.normal(0, 25, people(4).shape)).clip(0, 255).astype(np.uint8)
    checked = np.kron(np.indices((160, 320)).sum(axis=0) % 2, np.ones((2, 2)))[..., None].repeat(3, axis=2)
    assert not is_combed(noisy)
    assert not is_combed((checked * 200).astype(np.uint8))
    assert not is_combed(people(4))
    assert not is_combed(np.zeros((2, 2, 3), np.uint8))


def test_a_file_declared_interlaced_is_deinterlaced(detector: Counting):
    corrector = PictureCorrector(detector)
    corrector.correct(cv2.GaussianBlur(people(3), (0, 0), 2), interlaced=True)
    assert "deinterlaced" in " ".join(corrector.notes())


def test_faces_of_a_noisy_picture_are_clearer_smoothed_and_a_clear_one_is_left_alone(detector: Counting):
    chance = np.random.default_rng(1)
    noisy = (people(6) * 0.25 + chance.normal(0, 24, people(6).shape)).clip(0, 255).astype(np.uint8)
    corrector = PictureCorrector(detector)
    smoothed, as_it_is = corrector.correct(noisy).detections, detector.detect(noisy)
    assert sum(face.confidence for face in smoothed) > 1.1 * sum(face.confidence for face in as_it_is)
    assert "noisy" in " ".join(corrector.notes())
    assert noise_of(people(6)) < NOISY_FROM < noise_of(noisy)


class Doubting(FacesInPlace):
    """Finds every face, and doubts it."""

    def detect(self, image: Image) -> list[Detection]:
        return [replace(face, confidence=0.55) for face in super().detect(image)]


def test_faces_mostly_hidden_by_noise_are_not_scored_and_that_is_reported():
    chance = np.random.default_rng(1)
    noisy = (picture(8) + chance.normal(0, 12, picture(8).shape)).clip(0, 255).astype(np.uint8)
    corrector = PictureCorrector(Doubting())
    assert corrector.correct(noisy).unusable
    assert "No picture was scored" in " ".join(corrector.notes())
    assert not PictureCorrector(FacesInPlace()).correct(noisy).unusable
    assert not PictureCorrector(Doubting()).correct(picture(8)).unusable
