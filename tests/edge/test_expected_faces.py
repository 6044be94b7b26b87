"""Faces that were not found are still expected to be there."""

from __future__ import annotations

from audience.deliveries.plausibility import MOST_FACES
from edge_lambda.expected_faces import ExpectedFaces


def expected(*windows: tuple[int, list[float]]) -> list[int]:
    """Expected faces for windows a second apart, given as tracks and confidences of all detections."""
    faces = ExpectedFaces()
    return [
        faces.update(1000 * second, tracks=count, frames=1, found=found)
        for second, (count, found) in enumerate(windows)
    ]


def test_of_faces_seen_clearly_the_most_of_a_minute_are_expected():
    assert expected(*[(4, [0.9] * 4)], *[(1, [0.9])] * 61) == [4] * 60 + [1] * 2


def test_where_faces_are_seen_doubtfully_more_are_expected_than_were_found():
    assert expected((20, [0.9] * 20)) == [20]
    [doubted] = expected((20, [0.9] * 10 + [0.5] * 10))
    assert 35 <= doubted <= 45


def test_an_even_loss_is_seen_however_long_it_lasts():
    assert expected(*[(12, [0.9] * 6 + [0.55] * 8)] * 200)[-1] >= 20


def test_nobody_is_expected_where_nothing_but_doubtful_faces_was_found():
    assert expected((0, [0.4, 0.35])) == [0]


def test_a_crowd_is_expected_within_what_a_camera_can_see():
    assert expected((4000, [0.5] * 4000)) == [MOST_FACES]


def test_a_window_of_many_frames_expects_no_more_than_one_of_a_single_frame():
    assert ExpectedFaces().update(0, tracks=3, frames=10, found=[0.9] * 30) == 3
