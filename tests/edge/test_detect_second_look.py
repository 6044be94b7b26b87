"""The second look at a doubtful face: its crops, and the combined confidence."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_lambda.detectors.boxes import Boxes
from edge_lambda.detectors.second_look import FACE_PIXELS, TILE_PIXELS, confirmed_confidence, tiles
from edge_lambda.detectors.working_size import MAX_PIXELS, bounded
from tests.portraits import portrait

NOTHING = (np.empty((0, 4)), np.empty(0))


def square(side: float, *, left: float = 0.0, top: float = 0.0) -> Boxes:
    return np.array([[left, top, side, side]])


def seen_in_its_tile(confidence: float) -> tuple[Boxes, np.ndarray]:
    """What the net answers for a tile in whose middle it sees the face again."""
    edge = (TILE_PIXELS - FACE_PIXELS) / 2
    return square(FACE_PIXELS, left=edge, top=edge), np.array([confidence])


class TestTiles:
    @pytest.mark.parametrize("side", [3, 20, 40, 150])
    def test_a_face_of_any_size_is_shown_at_one_size(self, side: int) -> None:
        image = np.zeros((400, 400, 3), np.uint8)
        image[200 : 200 + side, 200 : 200 + side] = 255
        seen, _ = tiles(image, square(side, left=200, top=200))
        lit = cv2.boundingRect((seen[:, :, 0] > 127).astype(np.uint8))
        edge = (TILE_PIXELS - FACE_PIXELS) / 2
        assert seen.shape == (TILE_PIXELS, TILE_PIXELS, 3)
        assert lit == pytest.approx((edge, edge, FACE_PIXELS, FACE_PIXELS), abs=0.15 * FACE_PIXELS + 20 / side)

    def test_faces_to_differ_from_is_shown_as_seen_and_mirrored(self) -> None:
        shown = tiles(portrait(200), np.vstack([square(60, left=70, top=40), square(30, left=90, top=50)]))
        assert len(shown) == 4
        assert np.array_equal(shown[1], shown[0][:, ::-1])
        assert np.array_equal(shown[3], shown[2][:, ::-1])

    @pytest.mark.parametrize(("left", "top"), [(-10, -10), (-10, 180), (180, -10), (180, 180), (80, -10), (-10, 80)])
    def test_beyond_the_edge_of_the_image_a_tile_is_black(self, left: int, top: int) -> None:
        image = portrait(200)
        framed = cv2.copyMakeBorder(image, 100, 100, 100, 100, cv2.BORDER_CONSTANT)
        at_the_edge = tiles(image, square(30, left=left, top=top))
        inside = tiles(np.asarray(framed, dtype=np.uint8), square(30, left=left + 100, top=top + 100))
        assert np.array_equal(at_the_edge, inside)

    def test_the_smallest_face_of_the_smallest_image_can_be_shown(self) -> None:
        assert len(tiles(np.zeros((1, 1, 3), np.uint8), square(0.2, left=0.4, top=0.4))) == 2


class TestTwoLooks:
    def test_the_confidence_is_the_mean_of_both_looks(self) -> None:
        joined = confirmed_confidence(square(50), np.array([0.3]), [seen_in_its_tile(0.8), seen_in_its_tile(0.6)])
        assert joined == pytest.approx([(0.3 + 0.7) / 2])

    def test_what_is_not_seen_again_counts_as_nothing(self) -> None:
        assert confirmed_confidence(square(50), np.array([0.4]), [NOTHING, NOTHING]) == pytest.approx([0.2])

    def test_another_face_in_the_tile_does_not_count(self) -> None:
        beside = (square(FACE_PIXELS, left=0, top=0), np.array([0.9]))
        assert confirmed_confidence(square(50), np.array([0.4]), [beside, NOTHING]) == pytest.approx([0.2])

    def test_each_face_is_judged_by_its_own_tiles(self) -> None:
        looks = [seen_in_its_tile(0.9), seen_in_its_tile(0.9), NOTHING, NOTHING]
        boxes = np.vstack([square(50), square(20)])
        assert confirmed_confidence(boxes, np.array([0.5, 0.5]), looks) == pytest.approx([0.7, 0.25])


class TestWorkingSize:
    @pytest.mark.parametrize("shape", [(2160, 3840), (20, 200_000), (3000, 1)])
    def test_no_image_is_processed_with_more_pixels_than_allowed(self, shape: tuple[int, int]) -> None:
        looked_at, (across, down) = bounded(np.zeros((*shape, 3), np.uint8))
        rows, columns = looked_at.shape[:2]
        assert rows * columns <= 1.02 * MAX_PIXELS
        assert (rows * down, columns * across) == pytest.approx(shape)

    def test_an_image_that_is_small_enough_is_processed_as_it_is(self) -> None:
        image = portrait(200)
        looked_at, scale = bounded(image)
        assert looked_at is image
        assert scale == (1, 1)
