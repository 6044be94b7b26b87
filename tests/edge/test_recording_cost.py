"""What will not be looked at is not decoded, and is not kept."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_lambda.recording import open_recording
from tests.videos import every_picture, number_of, write_video

TWENTY_SECONDS = [100 * n for n in range(200)]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"), [("a.avi", "mjpeg", "yuvj420p"), ("a.mov", "prores", "yuv422p10le")]
)
def test_where_every_picture_stands_alone_only_the_samples_are_decoded(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    recording = open_recording(write_video(tmp_path / name, at_ms=TWENTY_SECONDS, codec=codec, pix_fmt=pix_fmt))
    assert len(list(recording.sample(1.0))) == 20
    assert (recording.tally.packets, recording.tally.decoded) == (200, 20)


@pytest.mark.parametrize("name", ["k.mp4", "k.mkv", "k.ts"])
def test_a_key_frame_at_each_sample_is_all_that_is_decoded(tmp_path: Path, name: str) -> None:
    recording = open_recording(write_video(tmp_path / name, at_ms=TWENTY_SECONDS, key_every=10))
    assert len(list(recording.sample(1.0))) == 20
    assert recording.tally.decoded == 20


def test_decoding_begins_at_the_last_key_frame_before_a_sample(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", at_ms=TWENTY_SECONDS, key_every=8, codec_options={"bf": "0"})
    recording = open_recording(path)
    # Samples at pictures 0, 50, 100 and 150; the key frames before them are 0, 48, 96 and 144.
    assert [number_of(frame.image) for frame in recording.sample(5.0)] == [0, 50, 100, 150]
    assert recording.tally.decoded == 1 + 3 + 5 + 7


def test_pictures_no_other_is_built_on_are_skipped_between_samples(tmp_path: Path) -> None:
    options = {"preset": "veryfast", "x264-params": "bframes=3:b-adapt=0:b-pyramid=none:scenecut=0"}
    path = write_video(tmp_path / "talk.mp4", at_ms=TWENTY_SECONDS, key_every=250, codec_options=options)
    recording = open_recording(path)
    assert [number_of(frame.image) for frame in recording.sample(1.0)] == list(range(0, 200, 10))
    # Three of four pictures are skipped, except samples that are among them.
    assert 50 <= recording.tally.decoded <= 50 + 20


def test_a_sample_that_no_other_picture_is_built_on_is_decoded_all_the_same(tmp_path: Path) -> None:
    options = {"x264-params": "bframes=3:b-adapt=0:b-pyramid=none:scenecut=0"}
    at_ms = [1000 * n for n in range(40)]
    path = write_video(tmp_path / "slow.mp4", at_ms=at_ms, codec_options=options, fps=1)
    assert [number_of(frame.image) for frame in open_recording(path).sample(1.0)] == list(range(40))


@pytest.mark.parametrize("every_s", [10.0, 3.0, 1.0])
@pytest.mark.parametrize("name", ["refresh.mp4", "refresh.ts"])
def test_a_gradual_refresh_stream_is_not_begun_at_its_false_key_frames(
    tmp_path: Path, name: str, every_s: float
) -> None:
    texture = cv2.resize(np.random.default_rng(1).integers(0, 255, (30, 60, 3), dtype=np.uint8), (500, 300))
    path = write_video(
        tmp_path / name,
        at_ms=TWENTY_SECONDS,
        codec_options={"x264-params": "intra-refresh=1:keyint=60:bframes=0:scenecut=0"},
        picture=lambda number: np.ascontiguousarray(texture[50:170, number : number + 160]),
    )
    recording = open_recording(path)
    shown = {round(frame.at_s * 10): frame.image for frame in recording.sample(0.1)}
    for frame in recording.sample(every_s):
        assert np.array_equal(frame.image, shown[round(frame.at_s * 10)])


def test_counts_do_not_depend_on_what_a_caller_leaves_unread(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", at_ms=TWENTY_SECONDS, key_every=10)
    recording = open_recording(path)
    next(recording.sample(1.0))
    assert len(list(recording.sample(1.0))) == 20
    assert recording.tally.packets == len(every_picture(path))
