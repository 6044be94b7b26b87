"""Stills: the right picture, upright, and small; how they are served is tested with recordings."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dashboard.recordings import RecordingFile, Video
from dashboard.stills import HEIGHT_PX, Stills, still_url
from tests.videos import number_of, quadrants, write_video


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> RecordingFile:
    """A minute at one picture a second, with a key frame every five."""
    path = tmp_path_factory.mktemp("stills") / "talk.mp4"
    write_video(path, at_ms=range(0, 60_000, 1000), fps=1, key_every=5)
    return as_file(path)


def as_file(path: Path) -> RecordingFile:
    return RecordingFile(path=path, status=path.stat(), media_type="video/mp4")


def seen(jpeg: bytes | None) -> np.ndarray:
    assert jpeg is not None
    with av.open(io.BytesIO(jpeg), format="mjpeg") as picture:
        return next(picture.decode(video=0)).to_ndarray(format="bgr24")


def test_a_still_shows_the_key_frame_its_second_is_played_from(recording: RecordingFile) -> None:
    shelf = Stills()
    for second, shown in ((0, 0), (4, 0), (5, 5), (31, 30), (59, 55)):
        assert number_of(seen(shelf.still(recording, second))) == shown


def test_past_the_end_there_is_no_picture(recording: RecordingFile) -> None:
    assert Stills().still(recording, 61) is None


@pytest.mark.parametrize("pixel_aspect", [None, Fraction(2)])
def test_a_still_is_small_and_keeps_the_shape(tmp_path: Path, pixel_aspect: Fraction | None) -> None:
    path = write_video(tmp_path / "a.mp4", at_ms=[0], size=(640, 480), pixel_aspect=pixel_aspect)
    picture = Stills().still(as_file(path), 0)
    assert seen(picture).shape == (HEIGHT_PX, 240 if pixel_aspect is None else 480, 3)
    assert picture is not None
    assert len(picture) < 20_000


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_recording_that_lies_on_its_side_is_stood_up(tmp_path: Path, rotation: int) -> None:
    upright = quadrants(320, 240)
    filmed = np.rot90(upright, -rotation // 90)
    size = (filmed.shape[1], filmed.shape[0])
    path = write_video(tmp_path / "a.mp4", at_ms=[0], size=size, rotation=rotation, picture=lambda _: filmed.copy())
    image = seen(Stills().still(as_file(path), 0))
    assert image.shape == (HEIGHT_PX, 240, 3)
    blue, green, red = image[40, 50], image[40, 190], image[140, 50]
    assert [int(corner.argmax()) for corner in (blue, green, red)] == [0, 1, 2]


def test_what_is_no_recording_has_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom" + b"no pictures" * 99)
    assert Stills().still(as_file(tmp_path / "a.mp4"), 0) is None


def test_a_picture_is_made_once_and_the_oldest_are_let_go(
    recording: RecordingFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(_: Path, second: int) -> bytes:
        made.append(second)
        return bytes(1000)

    monkeypatch.setattr("dashboard.stills._picture", counted)
    shelf = Stills(most_bytes=4000)
    for second in (1, 2, 1, 3, 1):
        shelf.still(recording, second)
    assert made == [1, 2, 3]
    shelf.still(recording, 4)
    shelf.still(recording, 1)
    assert made == [1, 2, 3, 4]
    shelf.still(recording, 2)
    assert made == [1, 2, 3, 4, 2]


def test_a_still_lies_where_the_recording_does_on_the_sessions_axis() -> None:
    video = Video(url="/recordings/abc", starts_s=40, length_s=600)
    assert still_url(video, 100.7) == "/recordings/abc/still?t=60"
    assert still_url(video, 39.5) is None
    assert still_url(video, 641) is None
