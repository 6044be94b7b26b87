"""Crop geometry: what a scorer sees of a face, wherever the face lies."""

import cv2
import numpy as np
import pytest

from edge_lambda.crops import SCORING, CropGeometry, crop_for_scoring, crop_quality, cut
from edge_lambda.detectors import Detection, Image

FRONTAL = ((40.0, 45.0), (80.0, 45.0), (60.0, 65.0), (45.0, 85.0), (75.0, 85.0))
PROFILE = ((40.0, 45.0), (80.0, 45.0), (42.0, 65.0), (45.0, 85.0), (75.0, 85.0))


def face(*, left: float = 10, top: float = 10, height: float = 100, landmarks: tuple | None = FRONTAL) -> Detection:
    return Detection(left=left, top=top, width=height, height=height, confidence=0.9, landmarks=landmarks)


def checkers(side: int = 120, square: int = 6) -> Image:
    rows, columns = np.indices((side, side)) // square
    board = ((rows + columns) % 2 * 200 + 20).astype(np.uint8)
    return np.repeat(board[..., None], 3, axis=2)


def test_a_crop_is_a_square_of_one_size_however_large_the_face() -> None:
    for height in (4, 30, 64, 400):
        assert crop_for_scoring(checkers(), face(height=height)).shape == (SCORING.size, SCORING.size, 3)


def test_the_square_is_laid_on_the_centre_of_the_box_and_a_little_lower() -> None:
    geometry = CropGeometry(scale=0.5, down=0.1, size=8)
    assert geometry.square(face(left=100, top=200, height=80)) == pytest.approx((140, 248, 40))


def test_the_crop_shows_what_is_in_the_square() -> None:
    image = np.zeros((100, 100, 3), dtype=np.uint8)
    image[40:60, 40:60] = (10, 20, 30)
    crop = CropGeometry(scale=1.0, down=0.0, size=20).crop(image, face(left=40, top=40, height=20))
    assert (crop == (10, 20, 30)).all()


def test_outside_the_image_the_edge_goes_on() -> None:
    image = np.arange(9, dtype=np.uint8).reshape(3, 3)
    assert cut(image, x=0, y=0, side=4).tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [3, 3, 3, 4]]


def test_a_face_wholly_outside_the_image_still_gives_a_crop() -> None:
    for left, top in ((-500, 10), (10, 900), (900, -700)):
        assert crop_for_scoring(checkers(), face(left=left, top=top)).shape == (SCORING.size, SCORING.size, 3)


def test_a_face_cut_by_the_edge_is_cropped_as_if_the_edge_went_on() -> None:
    image = checkers()
    grown = cv2.copyMakeBorder(image, 90, 90, 90, 90, cv2.BORDER_REPLICATE)
    there = crop_for_scoring(grown, face(left=-40 + 90, top=-30 + 90))
    assert (crop_for_scoring(image, face(left=-40, top=-30)) == there).all()


def test_shrinking_does_not_alias() -> None:
    fine = checkers(side=480, square=1)
    crop = CropGeometry(scale=1.0, down=0.0, size=48).crop(fine, face(left=0, top=0, height=480))
    assert int(crop.max()) - int(crop.min()) < 10


@pytest.mark.parametrize(("scale", "size"), [(0.0, 64), (-1.0, 64), (0.8, 0)])
def test_a_geometry_that_holds_nothing_is_refused(scale: float, size: int) -> None:
    with pytest.raises(ValueError, match="a crop needs"):
        CropGeometry(scale=scale, down=0.0, size=size)


def test_quality_falls_as_a_face_goes_out_of_focus() -> None:
    sharp = checkers()
    blurred = cv2.GaussianBlur(sharp, (0, 0), 4)
    assert crop_quality(sharp, face()) > crop_quality(blurred, face())


def test_quality_falls_as_a_face_gets_smaller() -> None:
    assert crop_quality(checkers(), face(height=60)) > crop_quality(checkers(), face(height=20))


def test_quality_falls_as_a_face_turns_away() -> None:
    frontal, profile = (crop_quality(checkers(), face(landmarks=points)) for points in (FRONTAL, PROFILE))
    assert frontal > 2 * profile


def test_quality_lies_between_that_of_a_frontal_face_and_a_profile_where_there_are_no_landmarks() -> None:
    unknown = crop_quality(checkers(), face(landmarks=None))
    assert crop_quality(checkers(), face(landmarks=PROFILE)) < unknown < crop_quality(checkers(), face())


def test_quality_is_between_0_and_1_for_any_image() -> None:
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (120, 120, 3), dtype=np.uint8)
    for image in (noise, np.zeros_like(noise), checkers()):
        for height in (1, 60, 5000):
            assert 0 <= crop_quality(image, face(height=height)) <= 1


def test_eyes_on_one_point_are_no_face_seen_from_the_front() -> None:
    assert crop_quality(checkers(), face(landmarks=((50.0, 50.0),) * 5)) == 0
