"""A photo that cannot be enrolled with is answered with what to do better."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_lambda.detectors import Detector, Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.recognisers.photos import measure_photo
from tests.portraits import portrait


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector("centerface", threads=1)


def jpeg(image: Image) -> bytes:
    return bytes(cv2.imencode(".jpg", image)[1])


GOOD = portrait(400)


def test_a_good_photo_is_taken_and_only_the_face_is_cut_out(detector: Detector):
    photo = measure_photo(jpeg(GOOD), detector)
    assert photo.problem == ""
    assert photo.quality is not None
    assert photo.quality.face_px >= 80
    face = cv2.imdecode(np.frombuffer(photo.face, np.uint8), cv2.IMREAD_COLOR)
    assert face.shape == (240, 240, 3)


@pytest.mark.parametrize(
    ("image", "word"),
    [
        (np.full((300, 300, 3), 128, np.uint8), "No face"),
        (np.concatenate([GOOD, GOOD], axis=1), "Two faces"),
        (portrait(90), "small"),
        (cv2.GaussianBlur(GOOD, (0, 0), 6), "blurred"),
        ((GOOD * 0.12).astype(np.uint8), "dark"),
        (np.rot90(GOOD), "turned"),
    ],
    ids=["nobody", "two", "small", "blurred", "dark", "turned"],
)
def test_what_is_wrong_with_a_photo_is_said(detector: Detector, image: Image, word: str):
    photo = measure_photo(jpeg(np.ascontiguousarray(image)), detector)
    assert word in photo.problem
    assert photo.template is None
    assert photo.face == b""


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff", jpeg(GOOD)[:300], b"<svg/>", bytes(1000)])
def test_what_is_no_photo_is_said_to_be_none(detector: Detector, content: bytes):
    assert "photo" in measure_photo(content, detector).problem


def test_a_bystander_far_behind_does_not_spoil_a_photo(detector: Detector):
    image = GOOD.copy()
    image[:80, :80] = portrait(80)
    assert measure_photo(jpeg(image), detector).problem == ""
