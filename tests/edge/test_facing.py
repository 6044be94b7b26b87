"""Facing: head poses from landmarks, and where a room looks."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from edge_lambda.correction import PictureCorrector
from edge_lambda.detectors import Detection, Image
from edge_lambda.facing import (
    BORDER,
    FURTHEST,
    LEAST_FACES,
    LEAST_HEIGHT,
    MEAN_FACES,
    HeadPose,
    MeanFace,
    RoomAxis,
    axis_of,
    head_pose,
    turned_to,
)
from edge_lambda.pipeline import CameraKey, TimedFrame, unscored_windows
from edge_lambda.tracking import Tracker
from tests.builders import BEGAN_MS, after_ms

MEAN = MEAN_FACES["centerface"]
CAMERA = HeadPose(0, 0)
EXACT = MeanFace(nose=0.53, mouth=0.93, nose_depth=0.5, nod=1.0)


def a_face(
    yaw: float = 0, nod: float = 0, *, lean: float = 0, height: float = 80, mean: MeanFace = MEAN, x: float = 300
) -> Detection:
    """A face as a far camera sees it: turned to the picture's right, then nodding up, leaning clockwise; degrees."""
    points = np.array(
        [
            [-0.5, 0, 0],
            [0.5, 0, 0],
            [0, mean.nose, -mean.nose_depth],
            [-0.42, mean.mouth, 0],
            [0.42, mean.mouth, 0],
        ]
    )
    a, b, c = (math.radians(angle) for angle in (yaw, nod / mean.nod, lean))
    turn = np.array([[math.cos(a), 0, -math.sin(a)], [0, 1, 0], [math.sin(a), 0, math.cos(a)]])
    tip = np.array([[1, 0, 0], [0, math.cos(b), math.sin(b)], [0, -math.sin(b), math.cos(b)]])
    roll = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    seen = (roll @ tip @ turn @ points.T).T[:, :2] * height / 2 + (x, 200)
    return Detection(
        left=x - 0.4 * height,
        top=200 - 0.4 * height,
        width=0.8 * height,
        height=height,
        confidence=0.9,
        landmarks=tuple((float(x), float(y)) for x, y in seen),
    )


class TestPose:
    @given(yaw=st.floats(-60, 60), lean=st.floats(-20, 20), height=st.floats(LEAST_HEIGHT, 400))
    def test_a_turn_is_measured_whatever_the_size_and_lean(self, yaw: float, lean: float, height: float) -> None:
        pose = head_pose(a_face(yaw, lean=lean, height=height, mean=EXACT), EXACT)
        assert pose is not None
        forward = math.radians(yaw)
        assert math.hypot(pose.yaw, pose.pitch) == pytest.approx(abs(yaw), abs=4)
        assert pose.yaw == pytest.approx(
            math.degrees(math.atan2(math.sin(forward) * math.cos(math.radians(lean)), math.cos(forward))), abs=4
        )

    @pytest.mark.parametrize("nod", [-30, -15, 15, 30])
    def test_a_nod_is_measured_and_up_is_over_0(self, nod: float) -> None:
        pose = head_pose(a_face(0, nod), MEAN)
        assert pose is not None
        assert (pose.yaw, pose.pitch) == pytest.approx((0, nod), abs=1)

    def test_a_face_turned_to_the_right_of_the_picture_has_its_nose_there(self) -> None:
        face = a_face(40)
        assert face.landmarks is not None
        assert face.landmarks[2][0] > (face.landmarks[0][0] + face.landmarks[1][0]) / 2
        pose = head_pose(face, MEAN)
        assert pose is not None
        assert pose.yaw > 0

    def test_a_profile_whose_eyes_are_in_the_wrong_order_is_turned_away(self) -> None:
        face = a_face(80)
        assert face.landmarks is not None
        left, right, *others = face.landmarks
        pose = head_pose(replace(face, landmarks=(right, left, *others)), MEAN)
        assert pose is not None
        assert turned_to(pose, CAMERA) < 0.1

    def test_without_landmarks_and_of_few_pixels_nothing_is_known(self) -> None:
        assert head_pose(replace(a_face(), landmarks=None), MEAN) is None
        assert head_pose(a_face(height=LEAST_HEIGHT - 1), MEAN) is None

    @given(points=st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=5, max_size=5))
    def test_any_five_points_give_a_pose_or_none(self, points: list[tuple[float, float]]) -> None:
        pose = head_pose(replace(a_face(), landmarks=tuple(points)), MEAN)
        assert pose is None or (math.isfinite(pose.yaw) and math.isfinite(pose.pitch))

    def test_points_that_all_lie_on_one_are_no_face(self) -> None:
        assert head_pose(replace(a_face(), landmarks=((5.0, 5.0),) * 5), MEAN) is None


class TestTurnedTo:
    def test_half_is_the_border_and_either_side_is_clear(self) -> None:
        assert turned_to(HeadPose(BORDER, 0), CAMERA) == pytest.approx(0.5)
        assert turned_to(HeadPose(0, -BORDER), CAMERA) == pytest.approx(0.5)
        assert turned_to(HeadPose(5, 5), CAMERA) > 0.99
        assert turned_to(HeadPose(60, 0), CAMERA) < 0.01

    def test_it_is_the_axis_that_counts_and_not_the_camera(self) -> None:
        assert turned_to(HeadPose(40, -10), HeadPose(40, -10)) > 0.99
        assert turned_to(HeadPose(0, 0), HeadPose(40, -10)) < 0.5


def a_room(*yaws: float) -> list[Detection]:
    return [a_face(yaw) for yaw in yaws]


def after(room: RoomAxis, seconds: int, faces: list[Detection], *, start_s: int = 0) -> None:
    for second in range(start_s, start_s + seconds):
        room.update(faces, second * 1000)


class TestRoom:
    def test_before_anybody_was_seen_the_camera_is_the_axis(self) -> None:
        assert RoomAxis("centerface-1").axis == HeadPose(pytest.approx(0), pytest.approx(0))

    def test_a_camera_at_the_side_learns_where_the_room_looks(self) -> None:
        room, faces = RoomAxis("centerface-1"), a_room(33, 35, 37, 35, 34, 36, -20)
        assert [value >= 0.5 for value in room.update(faces, 0)] == [False] * 6 + [True]
        after(room, 60, faces, start_s=1)
        assert room.axis.yaw == pytest.approx(35, abs=2)
        assert [value >= 0.5 for value in room.update(faces, 61_000)] == [True] * 6 + [False]

    def test_a_room_that_turns_away_for_a_minute_is_not_followed(self) -> None:
        room = RoomAxis("centerface-1")
        after(room, 600, a_room(*[0] * 8))
        after(room, 60, a_room(*[45] * 8), start_s=600)
        assert room.axis.yaw == pytest.approx(0, abs=2)

    def test_looks_of_long_ago_weigh_little_though_few_were_in_view_since(self) -> None:
        room = RoomAxis("centerface-1")
        after(room, 600, a_room(*[0] * 8))
        room.update(a_room(0), 6 * 3_600_000)
        assert room.axis.yaw == pytest.approx(0, abs=0.5), "the axis stays until others are seen"
        after(room, 60, a_room(*[35] * 8), start_s=6 * 3600)
        assert room.axis.yaw == pytest.approx(35, abs=2)

    def test_a_frame_is_judged_by_what_came_before_it_alone(self) -> None:
        one, other = RoomAxis("centerface-1"), RoomAxis("centerface-1")
        for room in (one, other):
            after(room, 30, a_room(20, 22, 24, 20, 18))
        after(other, 30, a_room(*[40] * 9), start_s=31)
        again = RoomAxis("centerface-1")
        after(again, 30, a_room(20, 22, 24, 20, 18))
        assert one.update(a_room(10), 30_000) == again.update(a_room(10), 30_000)

    def test_ten_frames_a_second_teach_no_more_than_one(self) -> None:
        slow, fast = RoomAxis("centerface-1"), RoomAxis("centerface-1")
        faces = a_room(*[20] * 6)
        for frame in range(41):
            fast.update(faces, frame * 100)
            if frame % 10 == 0:
                slow.update(faces, frame * 100)
        assert fast.axis.yaw == pytest.approx(slow.axis.yaw, abs=1)

    def test_of_few_people_no_median_is_taken(self) -> None:
        room = RoomAxis("centerface-1")
        after(room, 600, a_room(*[35] * (LEAST_FACES - 1)))
        assert room.axis.yaw == pytest.approx(0, abs=0.5)

    def test_an_axis_that_was_set_stays(self) -> None:
        room = RoomAxis("centerface-1", HeadPose(20, -5))
        after(room, 60, a_room(*[-30] * 9))
        assert room.axis == HeadPose(20, -5)

    @pytest.mark.parametrize("detector", ["haar-1", "deeplens-1", ""])
    def test_a_detector_without_known_landmarks_tells_nothing(self, detector: str) -> None:
        assert RoomAxis(detector).update(a_room(0, 40), 0) == [None, None]


class TestAxisOf:
    def test_what_is_printed_is_read(self) -> None:
        assert axis_of(" 12,-5.5 ") == HeadPose(12, -5.5)

    @given(text=st.text(max_size=12) | st.from_regex(r"-?\d{1,3},-?\d{1,3}", fullmatch=True))
    def test_anything_else_is_refused(self, text: str) -> None:
        with suppress(InvalidValue):
            pose = axis_of(text)
            assert max(abs(pose.yaw), abs(pose.pitch)) <= FURTHEST


class Turning:
    """Finds one face, which is turned further in each picture: by as many degrees as its first pixel says."""

    name = "centerface-1"
    landmarks_turn = True

    def detect(self, image: Image) -> list[Detection]:
        return [a_face(float(image[0, 0, 0]))]


def test_a_face_that_turns_away_for_most_of_a_window_is_not_said_to_face_by_its_best_crop() -> None:
    pictures = [np.full((400, 640, 3), yaw, np.uint8) for yaw in (0, 60, 60, 60)]
    frames = [TimedFrame(at_ms=after_ms(0.25 * index), image=picture) for index, picture in enumerate(pictures)]
    (window,) = unscored_windows(
        frames,
        camera=CameraKey(session_id="talk-1", stage_id="main", camera_id="cam-1", written_ms=BEGAN_MS),
        corrector=PictureCorrector(Turning()),
        tracker=Tracker(run="r"),
        cut=None,
        room=RoomAxis(Turning.name),
    )
    assert [face.facing for face in window.faces] == [pytest.approx(0.25, abs=0.01)]
