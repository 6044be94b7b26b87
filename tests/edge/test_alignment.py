"""Aligned crops: a face's landmarks lie where a recogniser expects them, however it stood in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from edge_lambda.detectors import Detection, Image
from edge_lambda.recognisers import AlignedGeometry
from edge_lambda.recognisers.alignment import aligned, careful_views, similarity

GEOMETRY = AlignedGeometry(size=60, landmarks=((20, 20), (40, 20), (30, 31), (22, 42), (38, 42)))
FACE = np.array(GEOMETRY.landmarks)


def moved(
    points: np.ndarray, *, degrees: float = 0, scale: float = 1, shift: tuple[float, float] = (0, 0)
) -> np.ndarray:
    """Points turned around the origin, scaled, then shifted."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ turn.T + shift


def face_at(landmarks: np.ndarray) -> Detection:
    points = tuple((float(x), float(y)) for x, y in landmarks)
    return Detection(left=0, top=0, width=1, height=1, confidence=1, landmarks=points)


def picture_of(landmarks: np.ndarray, *, size: int = 400, dot: int = 3) -> Image:
    """A black picture with a white dot at each landmark."""
    down, across = np.mgrid[:size, :size]
    image = np.zeros((size, size, 3), np.uint8)
    for x, y in landmarks:
        image[np.hypot(across - x, down - y) <= dot] = 255
    return image


@pytest.mark.parametrize(
    "where",
    [
        {"shift": (100, 150)},
        {"degrees": 30, "shift": (200, 100)},
        {"degrees": -80, "scale": 1.7, "shift": (150, 250)},
        {"degrees": 175, "scale": 3.5, "shift": (300, 320)},
    ],
)
def test_every_landmark_lands_where_it_is_expected(where: dict[str, object]) -> None:
    landmarks = moved(FACE, **where)
    scale = float(where.get("scale", 1))
    crop = aligned(picture_of(landmarks, dot=round(3 * scale)), face_at(landmarks), GEOMETRY)
    assert crop.shape == (60, 60, 3)
    for x, y in GEOMETRY.landmarks:
        part = crop[int(y) - 5 : int(y) + 6, int(x) - 5 : int(x) + 6, 0].astype(float)
        down, across = np.mgrid[: len(part), : len(part)]
        assert part.max() > 150
        middle = (part * across).sum() / part.sum() - 5, (part * down).sum() / part.sum() - 5
        assert middle == pytest.approx((x - int(x), y - int(y)), abs=0.6)


def test_the_transform_is_the_one_that_moved_the_points() -> None:
    source = moved(FACE, degrees=25, scale=2.5, shift=(70, 30))
    found = similarity(source, FACE)
    assert source @ found[:, :2].T + found[:, 2] == pytest.approx(FACE)


def test_a_face_is_never_mirrored() -> None:
    matrix = similarity(FACE * (-1, 1), FACE)  # its mirror image would fit exactly
    assert np.linalg.det(matrix[:, :2]) > 0


def test_a_far_larger_face_does_not_alias() -> None:
    """A pattern finer than the crop's pixels becomes gray, not another pattern."""
    fine = np.indices((900, 900)).sum(axis=0) % 2 * 255
    image = np.repeat(fine.astype(np.uint8)[:, :, None], 3, axis=2)
    crop = aligned(image, face_at(moved(FACE, scale=12, shift=(90, 90))), GEOMETRY)
    assert crop.std() < 12
    assert crop.mean() == pytest.approx(127, abs=3)


@pytest.mark.parametrize("shift", [(-500, 0), (1000, 1000), (0, -2000)])
@pytest.mark.parametrize("scale", [1, 9])
def test_a_face_that_a_tracker_expects_outside_the_picture_gives_a_crop(shift: tuple[int, int], scale: int) -> None:
    crop = aligned(np.full((50, 70, 3), 90, np.uint8), face_at(moved(FACE, scale=scale, shift=shift)), GEOMETRY)
    assert (crop == 90).all()


def test_a_face_without_landmarks_cannot_be_aligned() -> None:
    face = Detection(left=0, top=0, width=9, height=9, confidence=1)
    with pytest.raises(ValueError, match="without landmarks"):
        aligned(np.zeros((9, 9, 3), np.uint8), face, GEOMETRY)
    with pytest.raises(ValueError, match="one point"):
        aligned(np.zeros((9, 9, 3), np.uint8), face_at(np.full((5, 2), 4.0)), GEOMETRY)


def test_a_careful_look_sees_a_face_and_its_mirror_image_alike() -> None:
    crop = np.random.default_rng(1).integers(0, 256, (20, 20, 3), np.uint8)
    views, mirrored = ({view.tobytes() for view in careful_views(image, shift_px=2)} for image in (crop, crop[:, ::-1]))
    assert len(views) == 6
    assert views == mirrored
