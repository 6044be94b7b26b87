"""Brightness and sharpness of real pictures, measured from the picture alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from audience.monitoring.cameras import BLURRED_BELOW, DARK_BELOW
from audience.time import from_ms
from edge_lambda.devices import LiveFrame
from edge_lambda.live_frames import LiveFrames
from edge_lambda.picture_quality import WIDTH_PX, measure_picture
from tests.portraits import portrait

Image = NDArray[np.uint8]


def scene(width: int = 1280) -> Image:
    """Six people beside each other, in front of a street."""
    people = np.hstack([portrait(width // 4)] * 4)
    street = cv2.cvtColor(skimage.data.chelsea(), cv2.COLOR_RGB2BGR)
    return np.vstack([cv2.resize(street, (people.shape[1], width // 4), interpolation=cv2.INTER_AREA), people])


def defocused(image: Image, sigma_at_1280: float) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_at_1280 * image.shape[1] / 1280), np.uint8)


def darkened(image: Image, gain: float) -> Image:
    """With the noise of a camera that makes the most of it."""
    noise = np.random.default_rng(1).normal(0, 2, image.shape)
    return np.clip(image * gain + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("width", [640, 1280, 2560])
def test_a_picture_in_focus_is_sharp_at_any_resolution_and_one_out_of_focus_is_not(width: int) -> None:
    image = scene(width)
    assert measure_picture(image).sharpness > BLURRED_BELOW + 0.1
    assert measure_picture(defocused(image, 2)).sharpness > BLURRED_BELOW
    assert measure_picture(defocused(image, 6)).sharpness < BLURRED_BELOW


def test_a_picture_that_is_blurred_along_one_direction_is_blurred() -> None:
    """A camera that shakes."""
    assert measure_picture(np.asarray(cv2.blur(scene(), (31, 1)), np.uint8)).sharpness < BLURRED_BELOW


def test_a_hall_with_the_lights_down_is_not_dark_and_a_covered_lens_is() -> None:
    assert measure_picture(darkened(scene(), 0.15)).brightness > DARK_BELOW
    assert measure_picture(darkened(scene(), 0.02)).brightness < DARK_BELOW


def test_a_few_faces_lit_by_the_screen_keep_a_picture_from_being_dark() -> None:
    image = np.zeros((720, 1280, 3), np.uint8)
    image[300:600, 400:700] = portrait(300)
    assert measure_picture(image).brightness > 0.2


@pytest.mark.parametrize("shade", [0, 255])
def test_a_picture_of_nothing_has_no_sharpness(shade: int) -> None:
    flat = measure_picture(np.full((48, 64, 3), shade, np.uint8))
    assert (flat.brightness, flat.sharpness) == (shade / 255, 0)


def test_the_narrowest_picture_there_can_be_is_measured() -> None:
    assert measure_picture(np.zeros((1, 1, 3), np.uint8)).sharpness == 0
    assert measure_picture(np.zeros((1, 10 * WIDTH_PX, 3), np.uint8)).sharpness == 0


class Lights:
    """A camera in front of which the lights go out after three seconds."""

    name, dropped = "lights", 0

    def __iter__(self) -> Iterator[LiveFrame]:
        for second in range(8):
            yield LiveFrame(at=from_ms(second * 1000), image=np.full((48, 64, 3), 200 if second < 3 else 0, np.uint8))

    def close(self) -> None:
        pass


def test_a_live_camera_is_measured_every_two_seconds() -> None:
    frames = LiveFrames(every_s=1, stop=threading.Event())
    seen = [frames.picture.brightness for _ in frames.read(Lights()) if frames.picture]
    assert [round(value, 2) for value in seen] == [0.78, 0.78, 0.78, 0.78, 0, 0, 0, 0]
