"""Pictures that are not sampled are neither decoded nor kept, where possible."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from av import VideoStream
from av.container import InputContainer

from edge_lambda.recording import open_recording, sampling
from edge_lambda.recording.container import OpenVideo, open_video
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
    sampled = list(recording.sample(every_s))
    assert [frame.at_s for frame in sampled] == [every_s * slot for slot in range(len(sampled))]
    assert all(np.array_equal(frame.image, shown[round(frame.at_s * 10)]) for frame in sampled)


def test_where_memory_forbids_to_look_ahead_each_slot_still_gives_one_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "HELD_BYTES", 1)
    options = {"x264-params": "bframes=3:b-adapt=0:b-pyramid=none:scenecut=0"}
    path = write_video(tmp_path / "slow.mp4", at_ms=[1000 * n for n in range(20)], codec_options=options, fps=1)
    assert [number_of(frame.image) for frame in open_recording(path).sample(1.0)] == list(range(20))


def test_pictures_shown_before_the_key_frame_they_follow_are_decoded_from_the_key_frame_before(
    tmp_path: Path,
) -> None:
    options = {"x264-params": "open-gop=1:bframes=3:b-adapt=0:b-pyramid=none:scenecut=0"}
    path = write_video(tmp_path / "talk.ts", at_ms=TWENTY_SECONDS, key_every=8, codec_options=options)
    recording = open_recording(path)
    # Key frames are pictures 0, 8, 16, ...; every other sample leads one of them.
    assert [number_of(frame.image) for frame in recording.sample(0.7)] == list(range(0, 200, 7))
    assert recording.tally.decoded < 150


def test_an_av1_recording_is_resumed_without_reading_it_from_the_start(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mkv", at_ms=TWENTY_SECONDS, codec="libsvtav1", key_every=50)
    recording = open_recording(path)
    assert [number_of(frame.image) for frame in recording.sample(0.5, start_s=17.3)] == [175, 180, 185, 190, 195]
    assert recording.tally.packets < 100


class LateSeeker:
    """A container whose seeks land later than asked for, as some formats' do."""

    def __init__(self, container: InputContainer, late: int) -> None:
        self._container = container
        self._late = late

    def seek(self, tick: int, *, stream: VideoStream) -> None:
        self._container.seek(tick + self._late, stream=stream)

    def __getattr__(self, name: str) -> object:
        return getattr(self._container, name)


@pytest.mark.parametrize(("late_s", "found"), [(0, True), (8, True), (1000, False)])
def test_a_seek_that_lands_too_late_is_tried_further_back(tmp_path: Path, late_s: int, found: bool) -> None:
    path = write_video(tmp_path / "talk.mkv", at_ms=TWENTY_SECONDS, key_every=10)
    with open_video(path) as video:
        wanted = round(15 / video.time_base)
        late = LateSeeker(video.container, round(late_s / video.time_base))
        landed = OpenVideo(container=cast(InputContainer, late), stream=video.stream).packets_from(wanted)
        assert (landed is not None) == found
        assert landed is None or (next(landed).pts or 0) <= wanted


def test_counts_do_not_depend_on_what_a_caller_leaves_unread(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", at_ms=TWENTY_SECONDS, key_every=10)
    recording = open_recording(path)
    next(recording.sample(1.0))
    assert len(list(recording.sample(1.0))) == 20
    assert recording.tally.packets == len(every_picture(path))
