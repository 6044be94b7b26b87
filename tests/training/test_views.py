"""What the network is shown in training: random views, and the plain crop of the scorer."""

import cv2
import numpy as np
import pytest
import skimage.data

from edge_lambda.crops import SCORING, crop_for_scoring
from edge_lambda.detectors import Detection
from training.views import Views, batches, plain

STILL = Views(zoom=0, shift=0, turn=0, stretch=0, small=0, blurred=0, lit=0, noisy=0, covered=0)
BOX = Detection(left=175, top=62, width=98, height=124, confidence=0.9)
SQUARE = np.array(SCORING.square(BOX))


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
        view = STILL.one(photo, SQUARE, np.random.default_rng(seed))
        assert min(difference(view, expected), difference(view[:, ::-1], expected)) < 8


def test_a_face_far_off_has_less_detail_and_the_same_size(photo: np.ndarray) -> None:
    near, far = plain(photo, SQUARE), plain(photo, SQUARE, box_height=12)
    assert near.shape == far.shape
    assert cv2.Laplacian(far, cv2.CV_64F).var() < cv2.Laplacian(near, cv2.CV_64F).var() / 4


def test_views_differ_from_one_another_and_repeat_with_their_seed(photo: np.ndarray) -> None:
    views = [Views().one(photo, SQUARE, np.random.default_rng(seed)) for seed in range(40)]
    assert all(view.shape == (SCORING.size, SCORING.size) and view.dtype == np.uint8 for view in views)
    assert len({view.tobytes() for view in views}) == len(views)
    assert (Views().one(photo, SQUARE, np.random.default_rng(7)) == views[7]).all()


def test_a_pass_shows_every_photograph_at_most_once_in_an_order_of_its_own(photo: np.ndarray) -> None:
    def rows(epoch: int) -> list[int]:
        passed = batches([photo] * 10, np.tile(SQUARE, (10, 1)), np.arange(10), views=STILL, batch=4, seed=(1, epoch))
        return [int(row) for crops, chosen in passed for row in chosen if crops.shape[0] == 4]

    first, second = rows(0), rows(1)
    assert len(first) == len(set(first)) == 8
    assert first != second
    assert first == rows(0)


def test_a_photograph_that_cannot_be_shown_stops_the_pass(photo: np.ndarray) -> None:
    squares = np.tile(SQUARE, (4, 1))
    broken = [photo, photo, None, photo]
    with pytest.raises(cv2.error):
        list(batches(broken, squares, np.arange(4), views=Views(), batch=2, seed=(0,)))  # type: ignore[arg-type]
