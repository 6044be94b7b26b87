"""When a recording began, by what devices really write."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.errors import RecordingUnreadable, ScoringRefused
from audience.time import parse_zone
from edge_lambda.recording import Start, open_recording, start_of
from edge_lambda.recording.chapters import part_of
from houselights.scoring.start import recording_start
from tests.videos import write_video

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
BEGAN = datetime(2026, 5, 4, 19, 30, tzinfo=UTC)
COPIED = datetime(2026, 6, 1, 9, 7, 13, tzinfo=UTC)
SECONDS = 20


def recorded(folder: Path, name: str, **tags: str) -> Path:
    """A recording of 20 s with tags."""
    with av.open(str(folder / name), "w", options={"movflags": "use_metadata_tags"}) as output:
        output.metadata.update(tags)
        stream = output.add_stream("libx264", rate=1, options={"preset": "ultrafast"})
        stream.width, stream.height = 64, 48
        for second in range(SECONDS):
            frame = av.VideoFrame(64, 48)
            frame.pts, frame.time_base = second, Fraction(1)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return folder / name


def start(path: Path, *, written: datetime = COPIED, zone: tzinfo | None = None) -> Start:
    return start_of(open_recording(path), written=written, now=NOW, zone=zone)


def test_an_exported_clip_of_an_apple_device_starts_when_it_was_taken(tmp_path: Path) -> None:
    apple = {"com.apple.quicktime.creationdate": "2026-05-04T21:30:00+0200", "creation_time": "2026-05-06T08:00:00Z"}
    found = start(recorded(tmp_path, "IMG_0001.mov", **apple))
    assert (found.at, found.certainty) == (BEGAN, "sure")


@pytest.mark.parametrize(
    ("name", "android", "certainty"),
    [("20260504_213000.mp4", True, "sure"), ("clip.mp4", True, "likely"), ("VID_20260504_213000.mp4", False, "sure")],
)
def test_an_android_phone_writes_when_a_recording_ended(
    tmp_path: Path, name: str, android: bool, certainty: str
) -> None:
    ended = {"creation_time": "2026-05-04T19:30:20Z", **({"com.android.version": "14"} if android else {})}
    found = start(recorded(tmp_path, name, **ended))
    assert (found.at, found.certainty) == (BEGAN, certainty)


@pytest.mark.parametrize(
    "unset",
    [
        "1904-01-01T00:00:00Z",
        "1970-01-01T05:12:00Z",
        "1980-01-01T00:00:00Z",
        "2000-01-01T03:10:00Z",
        "2015-01-01T00:04:00Z",
        "2016-01-01T07:00:00Z",
        "2036-02-07T06:00:00Z",
        "2026-12-24T18:00:00Z",
    ],
)
def test_a_clock_that_was_never_set_or_is_ahead_is_ignored(tmp_path: Path, unset: str) -> None:
    found = start(recorded(tmp_path, "clip.mp4", creation_time=unset), written=BEGAN + timedelta(seconds=SECONDS))
    assert abs((found.at - BEGAN).total_seconds()) < 1.5
    assert found.certainty == "doubtful"


def test_a_concert_on_new_years_day_is_accepted_where_the_files_date_agrees(tmp_path: Path) -> None:
    path = recorded(tmp_path, "clip.mp4", creation_time="2025-01-01T11:15:00Z")
    new_year = datetime(2025, 1, 1, 11, 15, tzinfo=UTC)
    assert start(path, written=new_year + timedelta(hours=3)).at == new_year


@pytest.mark.parametrize("name", ["GX010001.mp4", "MVI_0012.mp4", "C0003.mp4"])
def test_a_camera_that_calls_its_local_time_utc_is_asked_about(tmp_path: Path, name: str) -> None:
    path = recorded(tmp_path, name, creation_time="2026-05-04T21:30:00Z")
    asked = start(path)
    assert asked.certainty == "doubtful"
    assert "local time" in " ".join(asked.remarks)
    assert start(path, zone=parse_zone("Europe/Berlin")).at == BEGAN
    assert start(path, zone=parse_zone("+02:00")).at == BEGAN


def test_a_time_without_a_zone_is_refused_until_the_zone_is_given(tmp_path: Path) -> None:
    path = recorded(tmp_path, "clip.mkv", creation_time="2026-05-04 21:30:00")
    recording = open_recording(path)
    recording.tags["creation_time"] = "2026-05-04 21:30:00"  # as the reader of AVI gives it
    with pytest.raises(ScoringRefused, match="--timezone"):
        start_of(recording, written=COPIED, now=NOW)
    assert start_of(recording, written=COPIED, now=NOW, zone=parse_zone("Europe/Berlin")).at == BEGAN


@pytest.mark.parametrize(
    ("name", "zone", "certainty"),
    [("PXL_20260504_193000123.mp4", None, "likely"), ("DJI_20260504213000_0001_D.mp4", "Europe/Berlin", "likely")],
)
def test_a_copied_file_goes_by_the_time_in_its_name(
    tmp_path: Path, name: str, zone: str | None, certainty: str
) -> None:
    found = start(recorded(tmp_path, name), zone=parse_zone(zone) if zone else None)
    assert (found.at, found.certainty) == (BEGAN, certainty)


def test_a_files_date_is_doubtful_and_likely_where_its_name_agrees(tmp_path: Path) -> None:
    written = BEGAN + timedelta(seconds=SECONDS)
    assert start(recorded(tmp_path, "clip.mp4"), written=written).certainty == "doubtful"
    agreeing = start(recorded(tmp_path, "20260504_213000.mp4"), written=written)
    assert (agreeing.certainty, abs((agreeing.at - BEGAN).total_seconds()) < 1.5) == ("likely", True)
    with pytest.raises(ScoringRefused, match="--started-at"):
        start(recorded(tmp_path, "later.mp4"), written=NOW + timedelta(days=1))


def test_parts_follow_the_parts_before_them(tmp_path: Path) -> None:
    for name in ("GX010007.MP4", "GX020007.MP4", "GX030007.MP4"):
        recorded(tmp_path, name, creation_time="2026-05-04T19:30:00Z")
    third = recording_start(open_recording(tmp_path / "GX030007.MP4"), given=None, zone=None, now=NOW)
    assert abs((third.at - BEGAN).total_seconds() - 2 * SECONDS) < 1.5
    (tmp_path / "GX010007.MP4").unlink()
    alone = recording_start(open_recording(tmp_path / "GX030007.MP4"), given=None, zone=None, now=NOW)
    assert (alone.certainty, "part 3" in " ".join(alone.remarks)) == ("doubtful", True)


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("GH020123.mp4", ["GH010123.mp4"]),
        ("GP020123.MP4", ["GOPR0123.MP4", "GP010123.MP4"]),
        ("VID_20260504_213000_00_003.mp4", ["VID_20260504_213000_00_001.mp4", "VID_20260504_213000_00_002.mp4"]),
        ("GX010123.mp4", None),
        ("talk.mp4", None),
    ],
)
def test_a_part_is_known_by_its_name(name: str, before: list[str] | None) -> None:
    part = part_of(Path("films") / name)
    assert (part and [path.name for path in part.before]) == before


@pytest.mark.parametrize("suffix", ["avif", "gif"])
def test_a_photo_in_a_videos_clothing_is_refused_as_a_photo(tmp_path: Path, suffix: str) -> None:
    codec, pix_fmt = ("libsvtav1", "yuv420p") if suffix == "avif" else ("gif", "rgb8")
    path = write_video(tmp_path / f"photo.{suffix}", at_ms=[0], codec=codec, pix_fmt=pix_fmt, fps=1)
    with pytest.raises(RecordingUnreadable, match="is a photo"):
        open_recording(path)


def test_an_encrypted_recording_is_refused_as_what_it_is(tmp_path: Path) -> None:
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "00" * 16, "encryption_kid": "11" * 16}
    path = write_video(tmp_path / "talk.mp4", at_ms=range(0, 2000, 100), container_options=key)
    with pytest.raises(RecordingUnreadable, match="encrypted"):
        open_recording(path)


def test_the_rate_of_a_file_without_times_can_be_given(tmp_path: Path) -> None:
    path = write_video(tmp_path / "pi.mjpeg", at_ms=range(0, 6000, 40), codec="mjpeg", pix_fmt="yuvj420p", fps=25)
    assert open_recording(path).rate_is_assumed
    slower = open_recording(path, frame_rate=10)
    assert not slower.rate_is_assumed
    assert [frame.at_s for frame in slower.sample(5.0)] == [0.0, 5.0, 10.0]


@given(name=st.text(alphabet="0123456789_-VIDPXL:. T", max_size=40), stated=st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_name_and_no_tag_is_a_traceback(name: str, stated: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    recording = replace(open_recording(_any_recording(tmp_path_factory)), path=Path(f"{name}.mp4"))
    recording.tags["creation_time"] = stated
    try:
        found = start_of(recording, written=COPIED, now=NOW)
    except ScoringRefused:
        return
    assert found.at <= NOW + timedelta(minutes=5)


def _any_recording(folders: pytest.TempPathFactory) -> Path:
    path = folders.getbasetemp() / "any.mp4"
    return path if path.exists() else recorded(path.parent, path.name)
