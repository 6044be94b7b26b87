"""Following under a moving camera: the picture's own motion is taken out, and whoever was lost may come back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lambda.detectors import Detection, Image
from edge_lambda.tracking import Tracker
from edge_lambda.tracking.camera_motion import REFERENCE_S, CameraMotion
from edge_lambda.tracking.returning import MOST_LOST
from tests.examples import examples

WIDTH, HEIGHT = 640, 360
RED, BLUE = (40, 40, 200), (200, 60, 40)


def a_scene(seed: int = 1) -> Image:
    """A textured picture, different for every seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def moved(x: float = 0, y: float = 0, *, roll: float = 0, zoom: float = 1) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), roll, zoom)
    matrix[:, 2] += (x, y)
    return np.asarray(matrix)


def seen(scene: Image, camera: np.ndarray) -> Image:
    return np.asarray(cv2.warpAffine(scene, camera, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), dtype=np.uint8)


def motion_between(first: Image, second: Image) -> np.ndarray | None:
    camera = CameraMotion()
    camera.update(first, 0)
    return camera.update(second, 1000)


def off_by(measured: np.ndarray | None, truth: np.ndarray) -> float:
    """Largest distance between where points well within the picture are and where they are said to be, pixels."""
    assert measured is not None
    points = np.array([[x, y, 1] for x in (160, 480) for y in (90, 270)])
    return float(np.abs(points @ (measured - truth).T).max())


class TestMotion:
    @settings(max_examples=examples(15), deadline=None)
    @given(x=st.floats(-150, 150), y=st.floats(-80, 80), roll=st.floats(-3, 3), zoom=st.floats(0.95, 1.05))
    def test_shift_roll_and_zoom_are_measured_to_five_pixels(
        self, x: float, y: float, roll: float, zoom: float
    ) -> None:
        truth = moved(x, y, roll=roll / 2 if abs(x) > 75 else roll, zoom=zoom if abs(x) < 75 else 1)
        assert off_by(motion_between(a_scene(), seen(a_scene(), truth)), truth) < 5

    def test_a_camera_that_stands_still_has_no_motion(self) -> None:
        noise = np.random.default_rng(0).integers(-5, 6, (HEIGHT, WIDTH, 3))
        noisy = np.clip(a_scene() + noise, 0, 255).astype(np.uint8)
        assert off_by(motion_between(a_scene(), noisy), np.eye(2, 3)) == 0

    def test_half_the_light_is_no_motion(self) -> None:
        assert off_by(motion_between(a_scene(), a_scene() // 2), np.eye(2, 3)) < 1

    def test_a_screen_that_scrolls_in_a_third_of_the_picture_is_no_motion_of_the_camera(self) -> None:
        later = a_scene()
        later[:120] = seen(a_scene(), moved(0, 40))[:120]
        assert off_by(motion_between(a_scene(), later), np.eye(2, 3)) < 2

    def test_another_view_is_no_motion_but_is_told(self) -> None:
        assert motion_between(a_scene(1), a_scene(2)) is None

    def test_a_picture_turned_upside_down_is_another_view(self) -> None:
        assert motion_between(a_scene(), np.ascontiguousarray(a_scene()[::-1, ::-1])) is None

    def test_what_moved_in_the_dark_shows_when_the_light_is_back(self) -> None:
        camera, dark = CameraMotion(), np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        camera.update(a_scene(), 0)
        assert off_by(camera.update(dark, 1000), np.eye(2, 3)) == 0
        assert off_by(camera.update(seen(a_scene(), moved(40, 10)), 3000), moved(40, 10)) < 3

    def test_a_picture_that_is_plain_but_for_a_part_is_compared_by_that_part(self) -> None:
        for seed in (14, 36, 39):  # in which running sums end under 0
            random = np.random.default_rng(seed)
            picture = np.full((137, 240, 3), int(random.integers(0, 80)), np.uint8)
            x, y, across, down = (int(random.integers(*ends)) for ends in ((0, 200), (0, 100), (10, 120), (10, 100)))
            noise = random.integers(0, 256, (137, 240)).astype(np.uint8)
            blurred = cv2.GaussianBlur(noise, (0, 0), float(random.uniform(0.5, 4)))
            picture[y : y + down, x : x + across] = blurred[y : y + down, x : x + across, None]
            with np.errstate(invalid="raise"):
                assert off_by(motion_between(picture, picture), np.eye(2, 3)) == 0

    def test_after_a_long_dark_a_picture_is_compared_with_nothing(self) -> None:
        camera = CameraMotion()
        camera.update(a_scene(), 0)
        assert off_by(camera.update(a_scene(2), round(REFERENCE_S * 1000) + 1), np.eye(2, 3)) == 0

    @pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (17, 9)])
    def test_a_picture_of_any_size_is_taken(self, size: tuple[int, int]) -> None:
        picture = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
        motion_between(picture, picture[::-1].copy())


class Room:
    """People in coloured clothes before a camera."""

    def __init__(self) -> None:
        self.tracker = Tracker(run="run")
        self.at_ms = 0

    def sees(
        self, *people: tuple[float, float, tuple[int, int, int]], camera: np.ndarray | None = None, after_s: float = 1
    ) -> list[str]:
        """The tracks of people (x, y, colour of their clothes), in the order given, a second later."""
        camera = moved() if camera is None else camera
        scene, faces = a_scene(), []
        for x, y, colour in people:
            scene[round(y + 20) : round(y + 90), round(x - 40) : round(x + 40)] = colour
            at = camera @ (x, y, 1)
            faces.append(Detection(left=at[0] - 16, top=at[1] - 20, width=32, height=40, confidence=0.9))
        self.at_ms += round(after_s * 1000)
        tracked = self.tracker.update(faces, self.at_ms, (WIDTH, HEIGHT), seen(scene, camera))
        return [face.track for face in tracked]


class TestFollowing:
    def test_neighbours_keep_their_tracks_when_the_camera_swings_by_a_seat(self) -> None:
        room, row = Room(), [(150.0 + 80 * seat, 180.0, RED) for seat in range(5)]
        first = room.sees(*row)
        for x in (80, 0, -80, 0):
            assert room.sees(*row, camera=moved(x)) == first

    def test_a_camera_that_was_turned_elsewhere_mixes_nobody_up(self) -> None:
        room = Room()
        red = room.sees((200, 150, RED))
        picture = a_scene(2)
        face = Detection(left=184, top=130, width=32, height=40, confidence=0.9)
        assert [one.track for one in room.tracker.update([face], 2000, (WIDTH, HEIGHT), picture)] != red


class TestComingBack:
    def test_somebody_who_was_covered_for_long_comes_back(self) -> None:
        room = Room()
        first = room.sees((200, 150, RED))
        assert room.sees((205, 150, RED), after_s=20) == first

    def test_somebody_else_who_sits_down_there_is_somebody_else(self) -> None:
        room = Room()
        first = room.sees((200, 150, RED))
        assert room.sees((200, 150, BLUE), after_s=20) != first

    def test_somebody_in_the_same_colours_elsewhere_is_somebody_else(self) -> None:
        room = Room()
        first = room.sees((200, 150, RED))
        assert room.sees((300, 150, RED), after_s=20) != first

    def test_after_a_minute_nobody_comes_back(self) -> None:
        room = Room()
        first = room.sees((200, 150, RED))
        assert room.sees((200, 150, RED), after_s=61) != first
        assert room.tracker.tracks_in_memory == 1

    def test_memory_is_bounded_where_every_picture_is_another_view(self) -> None:
        tracker = Tracker(run="run")
        faces = [Detection(left=30 * place, top=100, width=16, height=20, confidence=0.9) for place in range(20)]
        for second in range(40):
            tracker.update(faces, second * 1000, (WIDTH, HEIGHT), a_scene(second))
        assert tracker.tracks_in_memory <= MOST_LOST + len(faces)

    def test_where_tracks_stand_for_recognised_people_nobody_comes_back(self) -> None:
        room = Room()
        room.tracker.forbid_returns()
        first = room.sees((200, 150, RED))
        assert room.sees((200, 150, RED), after_s=20) != first

    def test_whom_a_swinging_camera_leaves_behind_keeps_their_track(self) -> None:
        room = Room()
        first = room.sees((120, 150, RED), (400, 150, BLUE))
        assert room.sees((400, 150, BLUE), camera=moved(-150)) == first[1:]
        assert room.sees((120, 150, RED), (400, 150, BLUE), camera=moved()) == first

    def test_a_picture_that_was_turned_ends_all_tracks(self) -> None:
        room = Room()
        first = room.sees((200, 150, RED))
        room.tracker.forget()
        assert room.sees((200, 150, RED)) != first
