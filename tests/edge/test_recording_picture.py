"""Samples come out as a viewer would see them: upright, square, in colour."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audience.errors import RecordingUnreadable
from edge_lambda.detectors import Image
from edge_lambda.recording import Frame, open_recording
from tests.videos import number_of, quadrants, write_video


def first_sample(path: Path) -> Frame:
    recording = open_recording(path)
    frame = next(recording.sample(1.0))
    assert frame.image.shape == (recording.height, recording.width, 3)
    assert frame.image.dtype == np.uint8
    assert frame.image.flags.c_contiguous
    return frame


def colours(image: Image) -> str:
    """The colours of the four quarters, in reading order."""
    names = {(1, 0, 0): "blue", (0, 1, 0): "green", (0, 0, 1): "red", (1, 1, 1): "white"}
    height, width = image.shape[:2]
    places = [(y * height // 4, x * width // 4) for y in (1, 3) for x in (1, 3)]
    return " ".join(names[tuple(int(value > 128) for value in image[place])] for place in places)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("hflip", [False, True])
@pytest.mark.parametrize("vflip", [False, True])
def test_a_turned_or_mirrored_recording_comes_out_upright(
    tmp_path: Path, degrees: int, hflip: bool, vflip: bool
) -> None:
    path = write_video(
        tmp_path / "phone.mp4", at_ms=[0], rotation=degrees, hflip=hflip, vflip=vflip, picture=lambda _: quadrants()
    )
    # The file says: turn counterclockwise, then mirror.
    expected = np.rot90(quadrants(), degrees // 90)
    expected = expected[:, ::-1] if hflip else expected
    expected = expected[::-1] if vflip else expected
    image = first_sample(path).image
    assert image.shape == expected.shape
    assert colours(image) == colours(expected)


@pytest.mark.parametrize(("aspect", "width"), [(Fraction(4, 3), 213), (Fraction(8, 9), 142), (Fraction(1), 160)])
def test_pixels_that_are_not_square_become_square(tmp_path: Path, aspect: Fraction, width: int) -> None:
    path = write_video(tmp_path / "dv.mp4", at_ms=[0], pixel_aspect=aspect, picture=lambda _: quadrants())
    image = first_sample(path).image
    assert image.shape == (120, width, 3)
    assert colours(image) == "blue green red white"


def test_a_nonsensical_pixel_shape_is_ignored(tmp_path: Path) -> None:
    path = write_video(tmp_path / "odd.mkv", at_ms=[0], pixel_aspect=Fraction(90, 1))
    assert first_sample(path).image.shape == (120, 160, 3)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("ten-bit.mp4", "libx264", "yuv420p10le"),
        ("four-two-two.mov", "prores", "yuv422p10le"),
        ("full-range.mov", "mjpeg", "yuvj444p"),
        ("alpha.mov", "qtrle", "argb"),
        ("alpha.mkv", "ffv1", "yuva444p"),
        ("palette.gif", "gif", "rgb8"),
        ("rgb.mkv", "ffv1", "bgr0"),
    ],
)
def test_any_pixel_format_comes_out_in_the_right_colours(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    path = write_video(tmp_path / name, at_ms=[0, 100], codec=codec, pix_fmt=pix_fmt, picture=lambda _: quadrants())
    assert colours(first_sample(path).image) == "blue green red white"


@pytest.mark.parametrize(("codec", "pix_fmt"), [("libx264", "gray"), ("ffv1", "gray16le"), ("ffv1", "gray10le")])
def test_a_gray_recording_comes_out_with_three_equal_channels(tmp_path: Path, codec: str, pix_fmt: str) -> None:
    path = write_video(tmp_path / "infrared.mkv", at_ms=[0, 100], codec=codec, pix_fmt=pix_fmt)
    image = [frame.image for frame in open_recording(path).sample(0.1)][1]
    assert number_of(image) == 1
    assert np.ptp(image, axis=2).max() <= 1


def test_an_odd_sized_picture_keeps_its_size(tmp_path: Path) -> None:
    path = write_video(tmp_path / "odd.mkv", at_ms=[0], codec="ffv1", pix_fmt="bgr0", size=(161, 91))
    assert first_sample(path).image.shape == (91, 161, 3)


def test_the_cover_of_a_video_is_not_taken_for_its_picture(tmp_path: Path) -> None:
    path = tmp_path / "covered.mkv"
    with av.open(str(path), "w") as output:
        cover = output.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 640, 480, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = output.add_stream("libx264", rate=10)
        picture.width, picture.height = 160, 120
        output.mux(cover.encode(av.VideoFrame(640, 480, "yuvj420p")))
        output.mux(cover.encode(None))
        for _ in range(5):
            output.mux(picture.encode(av.VideoFrame(160, 120)))
        output.mux(picture.encode(None))
    assert first_sample(path).image.shape == (120, 160, 3)


def with_marker(jpeg: bytes, marker: int, content: bytes) -> bytes:
    """A JPEG with an application's segment at its front."""
    return jpeg[:2] + bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content + jpeg[2:]


def exif(orientation: int) -> bytes:
    entry = struct.pack(">HHHIHH", 1, 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0MM\0*\0\0\0\x08" + entry + b"\0\0\0\0"


def interval_shots(path: Path, marker: int, content: bytes) -> Path:
    """A still camera's shots put together without being encoded again."""
    jpeg = cv2.imencode(".jpg", quadrants())[1].tobytes()
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 160, 120, "yuvj420p", Fraction(1)
        output.start_encoding()
        for number in range(3):
            packet = av.Packet(with_marker(jpeg, marker, content))
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, Fraction(1)
            packet.is_keyframe = True
            output.mux(packet)
    return path


@pytest.mark.parametrize("name", ["shots.avi", "shots.mkv", "shots.mov"])
@pytest.mark.parametrize(("orientation", "size"), [(1, (160, 120)), (3, (160, 120)), (6, (120, 160)), (8, (120, 160))])
def test_shots_that_carry_exif_come_out_upright(
    tmp_path: Path, name: str, orientation: int, size: tuple[int, int]
) -> None:
    frames = list(open_recording(interval_shots(tmp_path / name, 0xE1, exif(orientation))).sample(1.0))
    assert [(frame.image.shape[1], frame.image.shape[0]) for frame in frames] == [size] * 3
    blue = {1: (0, 0), 3: (-1, -1), 6: (0, -1), 8: (-1, 0)}[orientation]
    row, column = (10 if place == 0 else -10 for place in blue)
    assert int(frames[0].image[row, column].argmax()) == 0
    assert int(frames[0].image[row, column, 0]) > 200


@given(
    marker=st.integers(0xE0, 0xEF),
    content=st.binary(max_size=200),
    prefix=st.sampled_from([b"Exif\0\0", b"ICC_PROFILE\0", b""]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_side_data_is_a_traceback(tmp_path: Path, marker: int, content: bytes, prefix: bytes) -> None:
    path = interval_shots(tmp_path / "shots.avi", marker, prefix + content)
    try:
        frames = list(open_recording(path).sample(1.0))
    except RecordingUnreadable:
        return
    assert len(frames) <= 3
