"""What the network is shown in training: random views, and the plain crop of the scorer."""

import cv2
import numpy as np
import pytest
import skimage.data

from edge_lambda.crops import SCORING, crop_for_scoring
from edge_lambda.detectors import Detection
from training.covering import CLEAR_BELOW, COVERED_FROM, covered
from training.views import Views, batches, plain

STILL = Views(zoom=0, shift=0, turn=0, tilted=0, stretch=0, small=0, blurred=0, lit=0, noisy=0, covered=0)
BOX = Detection(left=175, top=62, width=98, height=124, confidence=0.9)
SQUARE = np.array(SCORING.square(BOX))
POINTS = np.array([[205.0, 115], [245, 112], [228, 137], [210, 152], [246, 150]])
"""The astronaut's eyes, nose and mouth corners."""


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def test_the_plain_crop_is_what_the_scorer_sees_in_gray(photo: np.ndarray) -> None:
    seen = crop_for_scoring(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR), BOX)
    assert difference(plain(photo, SQUARE), cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY)) < 1


def test_a_view_that_changes_nothing_is_the_plain_crop_or_its_mirror_image(photo: np.ndarray) -> None:
    expected = plain(photo, SQUARE)
    for seed in range(6):
        view, hidden = STILL.one(photo, SQUARE, POINTS, np.random.default_rng(seed))
        assert hidden == 0
        assert min(difference(view, expected), difference(view[:, ::-1], expected)) < 8


def test_a_face_far_off_has_less_detail_and_the_same_size(photo: np.ndarray) -> None:
    near, far = plain(photo, SQUARE), plain(photo, SQUARE, box_height=12)
    assert near.shape == far.shape
    assert cv2.Laplacian(far, cv2.CV_64F).var() < cv2.Laplacian(near, cv2.CV_64F).var() / 4


def test_views_differ_from_one_another_and_repeat_with_their_seed(photo: np.ndarray) -> None:
    views = [Views().one(photo, SQUARE, POINTS, np.random.default_rng(seed))[0] for seed in range(40)]
    assert all(view.shape == (SCORING.size, SCORING.size) and view.dtype == np.uint8 for view in views)
    assert len({view.tobytes() for view in views}) == len(views)
    assert (Views().one(photo, SQUARE, POINTS, np.random.default_rng(7))[0] == views[7]).all()


def shown(photos: list[np.ndarray], chances: list[float], epoch: int = 0) -> list[int]:
    """The rows of one epoch, in the order in which they are shown."""
    count = len(photos)
    passed = batches(
        photos,
        np.tile(SQUARE, (count, 1)),
        np.tile(POINTS, (count, 1, 1)),
        np.arange(count),
        np.array(chances),
        views=STILL,
        batch=4,
        seed=(1, epoch),
    )
    return [int(row) for crops, _, chosen in passed for row in chosen if crops.shape[0] == 4]


def test_every_epoch_has_an_order_of_its_own_and_repeats_with_its_seed(photo: np.ndarray) -> None:
    first, second = (shown([photo] * 10, [0.1] * 10, epoch) for epoch in (0, 1))
    assert len(first) == 8
    assert first != second
    assert first == shown([photo] * 10, [0.1] * 10, 0)


def test_photographs_are_shown_by_their_chances(photo: np.ndarray) -> None:
    rows = shown([photo] * 400, [0.75 / 100] * 100 + [0.25 / 300] * 300)
    assert sum(row < 100 for row in rows) / len(rows) == pytest.approx(0.75, abs=0.07)


def test_a_photograph_that_cannot_be_shown_stops_the_epoch(photo: np.ndarray) -> None:
    with pytest.raises(cv2.error):
        shown([photo, None, None, None], [0.25] * 4)  # type: ignore[list-item]


def test_what_is_drawn_over_a_mouth_covers_it_and_what_lies_elsewhere_does_not(photo: np.ndarray) -> None:
    crop = plain(photo, SQUARE)
    points = (POINTS - (SQUARE[:2] - SQUARE[2] / 2)) / SQUARE[2] * SCORING.size
    mouth = points[3:].mean(axis=0).astype(int)
    clear, hidden = [], []
    for seed in range(200):
        drawn, share = covered(crop, points, np.random.default_rng(seed))
        assert 0 <= share <= 1
        changed = difference(drawn[mouth[1] - 1 : mouth[1] + 2, mouth[0] - 3 : mouth[0] + 4],
                             crop[mouth[1] - 1 : mouth[1] + 2, mouth[0] - 3 : mouth[0] + 4])  # fmt: skip
        (hidden if share >= COVERED_FROM else clear if share < CLEAR_BELOW else []).append(changed)
    assert len(hidden) > 40
    assert len(clear) > 40
    assert np.median(hidden) > 20
    assert np.median(clear) < 2
