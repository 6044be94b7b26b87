"""Frames and labels that read on any ground, and faces nobody can recognise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_lambda.detectors import Image
from edge_lambda.preview.overlay import DARK, NOT_MEASURED, NOT_SMILING, SMILING, Marked, draw_overlay
from training.corpus import data_folder


def ground(level: int, height: int = 720, width: int = 1280) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def face(
    left: float = 600,
    top: float = 300,
    size: float = 100,
    smile: float | None = 0.9,
    smiling: bool | None = True,
    track_id: str = "t7",
) -> Marked:
    return Marked(left=left, top=top, width=size, height=size * 1.2, track_id=track_id, smile=smile, smiling=smiling)


def pixels_of(image: Image, colour: tuple[int, int, int]) -> int:
    return int((image == np.array(colour, np.uint8)).all(axis=2).sum())


def test_smiling_faces_are_framed_blue_others_orange_and_unmeasured_ones_gray() -> None:
    blue, _, red = SMILING
    assert blue > red + 100
    blue, green, red = NOT_SMILING
    assert red > green > blue + 100
    assert len(set(NOT_MEASURED)) == 1
    for smiling, smile, colour in ((True, 0.9, SMILING), (False, 0.1, NOT_SMILING), (None, None, NOT_MEASURED)):
        drawn = draw_overlay(ground(90), [face(smiling=smiling, smile=smile)])
        assert pixels_of(drawn, colour) > 300
        assert sum(pixels_of(drawn, other) for other in {SMILING, NOT_SMILING, NOT_MEASURED} - {colour}) == 0


@pytest.mark.parametrize("level", [0, 90, 170, 255])
@pytest.mark.parametrize("smiling", [True, False, None])
def test_a_frame_stands_out_on_any_ground(level: int, smiling: bool | None) -> None:
    drawn = draw_overlay(ground(level), [face(smiling=smiling)]).astype(int)
    across = drawn[360, 590:612].mean(axis=1)  # a line across the frame's left side
    assert np.ptp(across) > 60


def test_the_camera_s_own_picture_stays_as_it_was() -> None:
    image = ground(90)
    draw_overlay(image, [face()], blur=True)
    assert (image == 90).all()


def test_no_faces_leave_the_picture_as_it_is() -> None:
    image = np.random.default_rng(0).integers(0, 255, (50, 60, 3), dtype=np.uint8)
    assert np.array_equal(draw_overlay(image, []), image)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (1180, 0), (0, 600), (1180, 600), (-40, -60), (1240, 690), (600, 5)])
def test_a_label_stays_inside_the_picture(left: float, top: float) -> None:
    image = ground(90)
    labelled = draw_overlay(image, [face(left=left, top=top, track_id="track-1234")])
    bare = draw_overlay(image, [face(left=left, top=top, track_id="", smile=None)])
    rows, columns = np.nonzero((labelled != bare).any(axis=2))
    # A whole label is as wide in a corner as it is in the middle.
    middle = draw_overlay(image, [face(track_id="track-1234")]) != draw_overlay(image, [face(track_id="", smile=None)])
    whole = np.ptp(np.nonzero(middle.any(axis=2))[1])
    assert np.ptp(columns) >= whole - 12
    assert rows.min() >= 0


def test_the_label_shows_the_smile_s_confidence_without_relying_on_colour() -> None:
    image = ground(90)
    assert not np.array_equal(draw_overlay(image, [face(smile=0.91)]), draw_overlay(image, [face(smile=0.92)]))
    assert not np.array_equal(draw_overlay(image, [face(smile=0.91)]), draw_overlay(image, [face(smile=None)]))


def test_lines_and_letters_grow_with_the_picture() -> None:
    small = draw_overlay(ground(90), [face(size=200)])
    large = draw_overlay(ground(90, 2160, 3840), [face(size=600, left=1800, top=900)])
    assert pixels_of(large, SMILING) > 5 * pixels_of(small, SMILING)
    assert pixels_of(large, DARK) > 5 * pixels_of(small, DARK)


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    left=st.floats(-200, 200),
    top=st.floats(-200, 200),
    size=st.floats(0.1, 300),
    blur=st.booleans(),
)
def test_any_box_on_any_picture_can_be_drawn(
    height: int, width: int, left: float, top: float, size: float, blur: bool
) -> None:
    drawn = draw_overlay(ground(90, height, width), [face(left=left, top=top, size=size)], blur=blur)
    assert drawn.shape == (height, width, 3)
    assert drawn.dtype == np.uint8


def detail(image: Image) -> np.ndarray:
    """What is left of a picture without its broad light and shade, as a list of numbers with mean 0."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float64)
    fine = gray - cv2.GaussianBlur(gray, (0, 0), max(image.shape[:2]) / 8)
    return (fine - fine.mean()).ravel()


def portrait(size: int, seed: int) -> Image:
    """An oval with two eyes, brows, a nose and a mouth, in a place of its own for every seed."""
    rng = np.random.default_rng(seed)
    image = np.full((size, size, 3), 60, np.uint8)
    unit, middle = size / 100, size // 2
    jitter = rng.uniform(-6, 6, 10) * unit
    cv2.ellipse(image, (middle, middle), (int(34 * unit), int(44 * unit)), 0, 0, 360, (150, 175, 215), -1)
    for side in (-1, 1):
        eye = (int(middle + side * 14 * unit + jitter[0]), int(middle - 12 * unit + jitter[1]))
        cv2.ellipse(image, eye, (int(7 * unit), int(4 * unit)), 0, 0, 360, (250, 250, 250), -1)
        cv2.circle(image, eye, max(1, int(3 * unit)), (40, 30, 30), -1)
        brow = [(eye[0] + int(across * unit), eye[1] - int(8 * unit)) for across in (-8, 8)]
        cv2.line(image, brow[0], brow[1], (50, 60, 70), max(1, int(2 * unit)))
    mouth = (int(middle + jitter[2]), int(middle + 20 * unit + jitter[3]))
    cv2.ellipse(image, mouth, (int(13 * unit), int(6 * unit)), 0, 0, 180, (60, 60, 170), -1)
    noise = cv2.resize(rng.integers(0, 60, (25, 25, 3), dtype=np.uint8), (size, size))
    return cv2.add(image, noise).astype(np.uint8)


@pytest.mark.parametrize("size", [30, 80, 200])
def test_a_blurred_face_cannot_be_told_from_others_by_its_detail(size: int) -> None:
    features = slice(round(0.26 * size), -round(0.26 * size))  # eyes, nose and mouth, without the drawn frame
    people = [portrait(size, seed) for seed in range(12)]
    details = [detail(person[features, features]) for person in people]
    told = 0
    for number, person in enumerate(people):
        image = ground(100, 3 * size, 3 * size)
        place = image[size : 2 * size, size : 2 * size]
        place[:] = person
        box = {"left": 1.16 * size, "top": 1.06 * size, "width": 0.68 * size, "height": 0.88 * size}
        hidden = draw_overlay(image, [Marked(**box, track_id="", smile=None, smiling=None)], blur=True)
        left_over = detail(hidden[size : 2 * size, size : 2 * size][features, features])
        assert np.linalg.norm(left_over) < 0.35 * np.linalg.norm(details[number])
        told += int(np.argmax([np.dot(left_over, other) for other in details])) == number
    # One in twelve would be chance.
    assert told <= 4


def test_blurring_covers_hair_and_chin_and_leaves_the_rest() -> None:
    image = np.random.default_rng(3).integers(0, 255, (600, 600, 3), dtype=np.uint8)
    marked = face(left=250, top=250, size=100, track_id="", smile=None)
    hidden = draw_overlay(image, [marked], blur=True)
    for y, x in ((210, 300), (250 + 120 + 40, 300), (310, 220), (310, 380)):  # hair, chin, both ears
        spot = hidden[y - 5 : y + 5, x - 5 : x + 5].astype(float)
        assert spot.std() < 12
    assert np.array_equal(hidden[:150], image[:150])
    assert np.array_equal(hidden[:, :150], image[:, :150])


def test_labels_and_frames_stay_on_blurred_faces() -> None:
    drawn = draw_overlay(ground(90), [face()], blur=True)
    assert pixels_of(drawn, SMILING) > 300


@pytest.mark.real
def test_the_detector_finds_no_face_where_one_was_blurred() -> None:
    from edge_lambda.detectors.centerface import CenterFace

    photos = sorted((data_folder() / "photos").glob("*.jpg"))
    if not photos:
        pytest.skip(f"no photos in {data_folder()}")
    detector = CenterFace()
    for path in photos:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert image is not None
        photo = image.astype(np.uint8)
        found = detector.detect(photo)
        marks = [
            Marked(
                left=one.left, top=one.top, width=one.width, height=one.height, track_id="", smile=None, smiling=None
            )
            for one in found
        ]
        assert len(detector.detect(draw_overlay(photo, marks, blur=True))) <= 0.1 * len(found)
