"""One sample a slot, at the right time, from every kind of file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from audience.errors import InvalidValue
from edge_lambda.recording import Recording, open_recording
from edge_lambda.recording import sampling as sampling_module
from tests.videos import every_picture, number_of, numbered, write_video

TEN_A_SECOND = [100 * n for n in range(60)]


def samples(
    recording: Recording, every_s: float, start_s: float = 0.0, offset_s: float = 0.0
) -> list[tuple[float, int]]:
    return [(frame.at_s, number_of(frame.image)) for frame in recording.sample(every_s, start_s, offset_s)]


def first_of_each_slot(
    pictures: Sequence[tuple[float, int]], every_s: float, offset_s: float = 0.0
) -> list[tuple[float, int]]:
    """A simple reference implementation of the sampling rule."""
    every, offset = Fraction(every_s).limit_denominator(10**6), Fraction(offset_s).limit_denominator(10**6)
    chosen: dict[int, tuple[float, int]] = {}
    for at_s, number in pictures:
        chosen.setdefault((Fraction(at_s).limit_denominator(10**6) + offset) // every, (at_s, number))
    return list(chosen.values())


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("talk.mp4", "libx264", "yuv420p"),
        ("talk.mov", "libx264", "yuv420p"),
        ("talk.mkv", "libx264", "yuv420p"),
        ("talk.ts", "libx264", "yuv420p"),
        ("talk.flv", "libx264", "yuv420p"),
        ("talk.avi", "libx264", "yuv420p"),
        ("hevc.mp4", "libx265", "yuv420p"),
        ("hevc.mkv", "libx265", "yuv420p"),
        ("vp9.webm", "libvpx-vp9", "yuv420p"),
        ("av1.mp4", "libsvtav1", "yuv420p"),
        ("mpeg4.mp4", "mpeg4", "yuv420p"),
        ("mpeg4.avi", "mpeg4", "yuv420p"),
        ("mpeg2.ts", "mpeg2video", "yuv420p"),
        ("motion-jpeg.avi", "mjpeg", "yuvj420p"),
        ("motion-jpeg.mov", "mjpeg", "yuvj420p"),
        ("prores.mov", "prores", "yuv422p10le"),
        ("moving.gif", "gif", "rgb8"),
    ],
)
def test_a_recording_of_any_format_gives_one_sample_a_second_at_its_true_time(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    fps = 25 if codec == "mpeg2video" else 10
    at_ms = [1000 * n // fps for n in range(4 * fps)]
    options = {"bf": "2"} if codec in ("mpeg4", "mpeg2video") else {}
    path = write_video(
        tmp_path / name, at_ms=at_ms, codec=codec, pix_fmt=pix_fmt, fps=fps, key_every=12, codec_options=options
    )
    recording = open_recording(path)
    assert samples(recording, 1.0) == [(0.0, 0), (1.0, fps), (2.0, 2 * fps), (3.0, 3 * fps)]
    assert samples(recording, 1.0, start_s=1.5) == [(2.0, 2 * fps), (3.0, 3 * fps)]
    assert recording.ended_early is None
    assert recording.tally.corrupt == 0


def test_the_header_says_what_was_recorded(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", at_ms=TEN_A_SECOND, created_at="2026-03-01T18:30:00.000000Z")
    recording = open_recording(path)
    assert (recording.width, recording.height, recording.codec) == (160, 120, "h264")
    assert recording.duration_s == pytest.approx(6.0)
    assert recording.fps == pytest.approx(10)
    assert recording.timed_by == "presentation time"
    assert recording.created_at is not None
    assert recording.created_at.isoformat() == "2026-03-01T18:30:00+00:00"


@pytest.mark.parametrize("never_set", [None, "1904-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z"])
def test_a_clock_that_was_never_set_gives_no_creation_time(tmp_path: Path, never_set: str | None) -> None:
    path = write_video(tmp_path / "talk.mkv", at_ms=TEN_A_SECOND[:3], created_at=never_set)
    assert open_recording(path).created_at is None


def test_a_variable_frame_rate_recording_gives_one_sample_a_second(tmp_path: Path) -> None:
    at_ms = [0, 40, 80, 990, 1700, 1710, 2000, 2999, 3000, 5400, 5500]
    path = write_video(tmp_path / "phone.mp4", at_ms=at_ms)
    assert samples(open_recording(path), 1.0) == [(0.0, 0), (1.7, 4), (2.0, 6), (3.0, 8), (5.4, 9)]


def test_a_recording_of_less_than_one_picture_a_second_leaves_slots_empty(tmp_path: Path) -> None:
    path = write_video(tmp_path / "lapse.mp4", at_ms=[0, 3000, 6500, 20_000], fps=1)
    assert samples(open_recording(path), 1.0) == [(0.0, 0), (3.0, 1), (6.5, 2), (20.0, 3)]


def test_a_single_picture_is_one_sample(tmp_path: Path) -> None:
    path = write_video(tmp_path / "one.mp4", at_ms=[0])
    assert samples(open_recording(path), 1.0) == [(0.0, 0)]


def test_tenths_of_a_second_are_not_lost_to_binary_fractions(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", at_ms=TEN_A_SECOND)
    assert [number for _, number in samples(open_recording(path), 0.1)] == list(range(60))


@pytest.mark.parametrize("name", ["late.ts", "late.mkv", "late.mp4"])
def test_time_counts_from_the_first_picture_where_the_stream_starts_late(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, at_ms=[7300 + ms for ms in TEN_A_SECOND])
    recording = open_recording(path)
    assert samples(recording, 2.0) == [(0.0, 0), (2.0, 20), (4.0, 40)]
    assert samples(recording, 2.0, start_s=3.0) == [(4.0, 40)]


def test_pictures_an_edit_list_hides_are_not_sampled(tmp_path: Path) -> None:
    path = write_video(tmp_path / "trimmed.mp4", at_ms=[ms - 1500 for ms in TEN_A_SECOND], key_every=7)
    assert samples(open_recording(path), 1.0) == [(0.0, 15), (1.0, 25), (2.0, 35), (3.0, 45), (4.0, 55)]


def test_pictures_after_the_end_of_an_edit_list_are_not_sampled(tmp_path: Path) -> None:
    path = write_video(tmp_path / "trimmed.mp4", at_ms=[ms - 1500 for ms in TEN_A_SECOND], key_every=7)
    content = bytearray(path.read_bytes())
    length = content.index(b"elst") + 12  # of the first edit, 4 bytes, milliseconds
    content[length : length + 4] = (2500).to_bytes(4, "big")
    path.write_bytes(content)
    recording = open_recording(path)
    assert samples(recording, 1.0) == [(0.0, 15), (1.0, 25), (2.0, 35)]
    assert recording.duration_s == pytest.approx(2.5)
    assert recording.ended_early is None


@pytest.mark.parametrize("name", ["raw.h264", "raw.mjpeg"])
def test_a_stream_without_times_is_timed_by_its_frame_rate_and_says_so(tmp_path: Path, name: str) -> None:
    codec, pix_fmt = ("libx264", "yuv420p") if name == "raw.h264" else ("mjpeg", "yuvj420p")
    # A raw JPEG stream states no rate at all: 25 frames a second are assumed.
    path = write_video(
        tmp_path / name, at_ms=[40 * n for n in range(60)], fps=25, codec=codec, pix_fmt=pix_fmt, container=name[4:]
    )
    recording = open_recording(path)
    assert recording.timed_by == "frame rate"
    assert samples(recording, 1.0) == [(0.0, 0), (1.0, 25), (2.0, 50)]
    assert samples(recording, 1.0, start_s=1.5) == [(2.0, 50)]


def test_slots_can_be_laid_on_the_wall_clock(tmp_path: Path) -> None:
    recording = open_recording(write_video(tmp_path / "talk.mp4", at_ms=TEN_A_SECOND))
    # The recording began 0.75 s into a second: its own 0.25 s is the next second's begin.
    assert samples(recording, 1.0, offset_s=0.75)[:3] == [(0.0, 0), (0.3, 3), (1.3, 13)]


def test_resuming_gives_what_was_left(tmp_path: Path) -> None:
    recording = open_recording(write_video(tmp_path / "talk.mkv", at_ms=TEN_A_SECOND, key_every=9))
    whole = samples(recording, 0.5, offset_s=0.2)
    for slot in range(1, len(whole)):
        assert samples(recording, 0.5, start_s=0.5 * slot - 0.2, offset_s=0.2) == whole[slot:]


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv"])
def test_resuming_far_into_a_recording_reads_little_of_it(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, at_ms=[100 * n for n in range(1200)], key_every=50)
    recording = open_recording(path)
    assert samples(recording, 1.0, start_s=115.0) == [(float(s), 10 * s) for s in range(115, 120)]
    assert recording.tally.packets < 300


def test_resuming_far_into_a_transport_stream_decodes_little_of_it(tmp_path: Path) -> None:
    # It is read from the start, because its clock may have been set back on the way.
    path = write_video(tmp_path / "long.ts", at_ms=[100 * n for n in range(1200)], key_every=50)
    recording = open_recording(path)
    assert samples(recording, 1.0, start_s=115.0) == [(float(s), 10 * s) for s in range(115, 120)]
    assert recording.tally.decoded < 60


@pytest.mark.parametrize("name", ["part.ts", "part.mpg"])
def test_parts_strung_together_go_on_in_time_though_each_has_a_clock_of_its_own(tmp_path: Path, name: str) -> None:
    codec, fps = ("libx264", 10) if name == "part.ts" else ("mpeg2video", 25)
    parts = [
        write_video(
            tmp_path / f"{part}-{name}",
            at_ms=[1000 * n // fps for n in range(5 * fps)],
            codec=codec,
            fps=fps,
            key_every=10,
            codec_options={"bf": "0"},
            picture=lambda number, part=part: numbered(number + 5 * part * fps),  # type: ignore[misc]
        )
        for part in range(3)
    ]
    whole = tmp_path / name
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    recording = open_recording(whole)
    sampled = samples(recording, 1.0)
    # Where one part ends and the next begins is known to a picture or two.
    assert [int(at_s) for at_s, _ in sampled][:15] == list(range(15))
    assert [number / fps for _, number in sampled] == pytest.approx([at_s for at_s, _ in sampled], abs=2.5 / fps)
    assert samples(recording, 1.0, start_s=7.0) == sampled[7:]


@pytest.mark.parametrize(
    "wrong",
    [{"every_s": 0.0}, {"every_s": -1.0}, {"every_s": float("nan")}, {"every_s": 1.0, "grid_offset_s": float("inf")}],
)
def test_a_slot_width_that_makes_no_sense_is_refused_at_once(tmp_path: Path, wrong: dict[str, float]) -> None:
    recording = open_recording(write_video(tmp_path / "one.mp4", at_ms=[0]))
    with pytest.raises(InvalidValue):
        recording.sample(**wrong)


@given(
    gaps_ms=st.lists(st.one_of(st.integers(1, 60), st.integers(60, 3000)), min_size=0, max_size=60),
    start_ms=st.integers(0, 5000),
    key_every=st.sampled_from([1, 2, 5, 12, 250]),
    b_frames=st.sampled_from(["0", "2", "5"]),
    open_gop=st.booleans(),
    every_s=st.sampled_from([0.1, 0.5, 1.0, 1 / 3, 2.0, 7.0]),
    offset_s=st.sampled_from([0.0, 0.37, 12.001]),
    held=st.sampled_from([1, 5, 20, 1024]),
    name=st.sampled_from(["any.mp4", "any.mkv", "any.ts"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_slot_that_has_a_picture_gives_its_first_one_and_no_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gaps_ms: list[int],
    start_ms: int,
    key_every: int,
    b_frames: str,
    open_gop: bool,
    every_s: float,
    offset_s: float,
    held: int,
    name: str,
) -> None:
    # libavformat does not recognise a transport stream of 9 or 10 packets.
    assume(len(gaps_ms) > 2 or not name.endswith(".ts"))
    at_ms = [start_ms]
    for gap in gaps_ms:
        at_ms.append(at_ms[-1] + gap)
    options = {"preset": "veryfast", "x264-params": f"bframes={b_frames}:b-adapt=0:open-gop={int(open_gop)}"}
    path = write_video(tmp_path / name, at_ms=at_ms, key_every=key_every, codec_options=options)
    monkeypatch.setattr(sampling_module, "HELD_PACKETS", held)
    assert samples(open_recording(path), every_s, offset_s=offset_s) == first_of_each_slot(
        every_picture(path), every_s, offset_s
    )
