"""Finding the labelled face on a photograph, once."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_lambda.detectors import Detection, Image
from training.corpus import EXPRESSIONS, CorpusUnreadable, Photo
from training.faces import decoded, find, find_cached, gray_photos, landmarks, squares

CALM = tuple(float(name == "calm") for name in EXPRESSIONS)


def photo(name: str = "a.png", level: int = 90, side: int = 160) -> Photo:
    content = cv2.imencode(".png", np.full((side, side, 3), level, dtype=np.uint8))[1].tobytes()
    return Photo(file=name, shares=CALM, person="ann", part="training", jpeg=content)


def face(left: float, height: float, landmarks: tuple[tuple[float, float], ...] | None = None) -> Detection:
    return Detection(left=left, top=20, width=height, height=height, confidence=0.9, landmarks=landmarks)


class Finds:
    """Finds the same faces on every photograph."""

    name = "finds"

    def __init__(self, *faces: Detection) -> None:
        self.faces = list(faces)
        self.looked = 0
        self.size: tuple[int, ...] = ()

    def detect(self, image: Image) -> list[Detection]:
        self.looked += 1
        self.size = image.shape[:2]
        return self.faces


def test_the_labelled_face_is_the_large_one_in_the_middle() -> None:
    middle, small, aside = face(30, 100), face(60, 30), face(-80, 110)
    assert find([photo()], Finds(small, middle, aside))[0].detection == middle


def test_where_no_face_is_seen_a_typical_box_is_taken_and_said_so() -> None:
    (found,) = find([photo()], Finds())
    assert not found.found
    assert 0 < found.detection.left < 40
    assert 130 < found.detection.height <= 160


def test_boxes_are_found_once_and_remembered_with_their_landmarks(tmp_path: Path) -> None:
    points = tuple((float(at), at + 0.5) for at in range(5))
    detector = Finds(face(30, 100, points))
    photos = [photo("a.png", 1), photo("b.png", 2)]
    first = find_cached(photos, lambda: detector, tmp_path / "boxes.npz")
    assert find_cached(photos, lambda: detector, tmp_path / "boxes.npz") == first
    assert detector.looked == 2
    assert first[0].detection.landmarks == points


def test_boxes_of_another_corpus_are_not_taken(tmp_path: Path) -> None:
    detector = Finds()
    for level in (1, 2):
        find_cached([photo(level=level)], lambda: detector, tmp_path / "boxes.npz")
    assert detector.looked == 2
    assert not find_cached([photo(level=2)], lambda: detector, tmp_path / "boxes.npz")[0].found


def test_boxes_that_were_cut_off_while_they_were_written_are_found_again(tmp_path: Path) -> None:
    detector, file = Finds(face(30, 100)), tmp_path / "boxes.npz"
    first = find_cached([photo()], lambda: detector, file)
    for length in (0, 10, file.stat().st_size // 2):
        file.write_bytes(file.read_bytes()[:length])
        assert find_cached([photo()], lambda: detector, file) == first
    assert detector.looked == 4


def test_photographs_become_gray_and_boxes_the_scorers_squares() -> None:
    faces = find([photo(level=90)], Finds(face(30, 100)))
    assert (gray_photos(faces)[0] == 90).all()
    assert squares(faces).shape == (1, 3)


def test_a_file_that_is_no_image_is_named() -> None:
    with pytest.raises(CorpusUnreadable, match=r"broken\.jpg is not an image"):
        decoded(Photo(file="broken.jpg", shares=CALM, person="ann", part="training", jpeg=b"no image"))


def test_a_small_photograph_is_enlarged_to_find_the_face_and_the_box_is_its_own() -> None:
    points = tuple((20.0 + at, 30.0) for at in range(5))
    detector = Finds(face(8, 80, points))
    (found,) = find([photo(side=48)], detector)
    assert detector.size == (96, 96)
    assert (found.detection.left, found.detection.top, found.detection.height) == (4, 10, 40)
    assert found.detection.landmarks == tuple((x / 2, y / 2) for x, y in points)


def test_where_the_detector_gave_no_landmarks_typical_ones_lie_in_the_face() -> None:
    (found,) = find([photo()], Finds(face(30, 100)))
    ((left, right, nose, *mouth),) = landmarks([found])
    assert 30 < left[0] < nose[0] < right[0] < 130
    assert left[1] < nose[1] < mouth[0][1] < 125
