"""Files that were cut, damaged, or are no recording at all."""

from __future__ import annotations

import os
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from audience.errors import RecordingUnreadable
from edge_lambda.recording import Recording, open_recording
from tests.videos import cut, every_picture, number_of, packets_of, write_video

THIRTY_SECONDS = [100 * n for n in range(300)]


@pytest.fixture(autouse=True)
def _nothing_on_stderr(capfd: pytest.CaptureFixture[str]) -> object:
    yield
    assert capfd.readouterr().err == ""


def seconds_sampled(recording: Recording) -> list[int]:
    """Checks that every sample is the picture it claims to be, and gives the seconds sampled."""
    found = [(frame.at_s, number_of(frame.image)) for frame in recording.sample(1.0)]
    assert all(number == round(at_s * 10) for at_s, number in found)
    return [int(at_s) for at_s, _ in found]


@pytest.mark.parametrize(
    ("name", "options"),
    [("cut.mp4", {"movflags": "faststart"}), ("cut.mkv", {}), ("cut.avi", {})],
)
def test_a_cut_recording_gives_what_is_there_and_says_where_it_ended(
    tmp_path: Path, name: str, options: dict[str, str]
) -> None:
    whole = write_video(tmp_path / f"whole-{name}", at_ms=THIRTY_SECONDS, key_every=25, container_options=options)
    recording = open_recording(cut(whole, 0.6, tmp_path / name))
    sampled = seconds_sampled(recording)
    assert sampled == list(range(len(sampled)))
    assert 10 < len(sampled) < 25
    assert recording.ended_early is not None
    assert recording.ended_early.stated_s == pytest.approx(30.0, abs=0.2)
    assert recording.ended_early.at_s == pytest.approx(len(sampled), abs=1.2)
    assert str(recording.ended_early).startswith("the recording ends at 1")


def test_a_whole_recording_whose_sound_goes_on_did_not_end_early(tmp_path: Path) -> None:
    path = tmp_path / "applause.mkv"
    with av.open(str(path), "w") as output:
        picture, sound = output.add_stream("libx264", rate=10), output.add_stream("aac", rate=8000)
        picture.width, picture.height = 160, 120
        for _ in range(20):
            output.mux(picture.encode(av.VideoFrame(160, 120)))
        output.mux(picture.encode(None))
        for start in range(0, 10 * 8000, 1024):
            quiet = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            quiet.sample_rate, quiet.pts = 8000, start
            output.mux(sound.encode(quiet))
        output.mux(sound.encode(None))
    recording = open_recording(path)
    assert [frame.at_s for frame in recording.sample(1.0)] == [0.0, 1.0]
    assert recording.duration_s == pytest.approx(2.0)
    assert recording.ended_early is None


def test_a_transport_stream_cut_out_of_the_middle_starts_at_its_first_whole_picture(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.ts", at_ms=THIRTY_SECONDS, key_every=40)
    content = whole.read_bytes()
    part = tmp_path / "part.ts"
    part.write_bytes(content[len(content) // 3 + 77 : -len(content) // 3])
    recording = open_recording(part)
    found = [(frame.at_s, number_of(frame.image)) for frame in recording.sample(1.0)]
    first = found[0][1]
    assert first % 40 == 0
    assert len(found) >= 5
    assert [number for _, number in found] == [first + 10 * second for second in range(len(found))]
    assert [at_s for at_s, _ in found] == [float(second) for second in range(len(found))]


@pytest.mark.parametrize("name", ["no-cues.mkv", "no-index.avi"])
def test_a_file_without_its_index_can_be_resumed(tmp_path: Path, name: str) -> None:
    whole = write_video(tmp_path / f"whole-{name}", at_ms=THIRTY_SECONDS, key_every=25)
    recording = open_recording(cut(whole, 0.9, tmp_path / name))
    assert [frame.at_s for frame in recording.sample(1.0, start_s=15.0)][:3] == [15.0, 16.0, 17.0]


def test_corrupt_packets_are_skipped_and_counted(tmp_path: Path) -> None:
    path = write_video(tmp_path / "scratched.avi", at_ms=THIRTY_SECONDS, codec="mjpeg", pix_fmt="yuvj420p")
    content = bytearray(path.read_bytes())
    for position, size in packets_of(path)[100:103]:
        content[position : position + size] = bytes(size)
    path.write_bytes(content)
    recording = open_recording(path)
    found = [(frame.at_s, number_of(frame.image)) for frame in recording.sample(1.0)]
    # The second whose first three pictures are gone is told by its fourth.
    assert found[9:12] == [(9.0, 90), (10.3, 103), (11.0, 110)]
    assert len(found) == 30
    assert recording.tally.corrupt == 3


@pytest.mark.parametrize("name", ["scratched.ts", "scratched.mp4", "scratched.mkv"])
def test_a_scratch_across_many_pictures_costs_only_their_seconds(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, at_ms=THIRTY_SECONDS, key_every=10, codec_options={"preset": "veryfast"})
    content = bytearray(path.read_bytes())
    where = packets_of(path)
    start, stop = where[95][0], where[125][0]
    content[start:stop] = os.urandom(stop - start)
    path.write_bytes(content)
    sampled = {int(frame.at_s) for frame in open_recording(path).sample(1.0)}
    assert set(range(9)) | set(range(14, 30)) <= sampled


def test_seconds_that_cannot_be_decoded_are_reported(tmp_path: Path) -> None:
    path = write_video(tmp_path / "scratched.avi", at_ms=THIRTY_SECONDS, codec="mjpeg", pix_fmt="yuvj420p")
    content = bytearray(path.read_bytes())
    for position, size in [*packets_of(path)[100:130], *packets_of(path)[280:]]:
        content[position : position + size] = bytes(size)
    path.write_bytes(content)
    recording = open_recording(path)
    assert seconds_sampled(recording) == [*range(10), *range(13, 28)]
    assert recording.tally.lost == [(10.0, 13.0), (28.0, 30.0)]
    assert recording.tally.lost_s(until_s=11.0) == 1.0
    assert recording.tally.end_s == pytest.approx(30.0)


def test_a_broken_picture_in_a_long_run_does_not_stop_the_reading(tmp_path: Path) -> None:
    path = write_video(tmp_path / "noise.mkv", at_ms=THIRTY_SECONDS, key_every=50)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(5)
    for place in rng.integers(len(content) // 5, len(content), 40):
        content[place] = int(rng.integers(256))
    path.write_bytes(content)
    at = [frame.at_s for frame in open_recording(path).sample(1.0)]
    assert at == sorted(at)
    assert len(at) > 10


def refusal(path: Path) -> str:
    with pytest.raises(RecordingUnreadable) as caught:
        open_recording(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "no such talk.mp4")


def test_a_folder_is_not_a_recording(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_an_empty_file_is_not_a_recording(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert "is empty" in refusal(tmp_path / "empty.mp4")


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "not a file" in refusal(tmp_path / "pipe.mp4")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_this_user_may_not_read_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "private.mp4", at_ms=[0])
    path.chmod(0)
    assert "may not be read" in refusal(path)


@pytest.mark.parametrize("name", ["notes.mp4", "notes.txt", "notes.mkv", "notes"])
def test_text_is_refused_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Welcome to the festival.\n" * 200)
    assert "video" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.bmp", "photo.webp", "photo.mp4"])
def test_a_photo_is_refused_with_a_hint(tmp_path: Path, name: str) -> None:
    encoding = ".jpg" if name.endswith(".mp4") else Path(name).suffix
    (tmp_path / name).write_bytes(cv2.imencode(encoding, np.full((60, 80, 3), 90, np.uint8))[1].tobytes())
    assert "is a photo" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["sound.wav", "sound.m4a", "sound.mp3"])
def test_a_sound_recording_is_refused(tmp_path: Path, name: str) -> None:
    with av.open(str(tmp_path / name), "w") as output:
        sound = output.add_stream({"wav": "pcm_s16le", "m4a": "aac", "mp3": "libmp3lame"}[name[-3:]], rate=8000)
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        quiet.sample_rate = 8000
        for frame in av.AudioResampler(format=sound.format, layout="mono", rate=8000, frame_size=1024).resample(quiet):
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    assert "sound only" in refusal(tmp_path / name)


def test_a_recording_that_lost_its_index_is_refused(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", at_ms=THIRTY_SECONDS)
    assert "cut off" in refusal(cut(whole, 0.5, tmp_path / "cut.mp4"))


def test_a_header_without_a_picture_is_refused(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", at_ms=THIRTY_SECONDS, container_options={"movflags": "faststart"})
    first = packets_of(whole)[0][0]
    (tmp_path / "head.mp4").write_bytes(whole.read_bytes()[:first])
    refusal(tmp_path / "head.mp4")


def test_a_name_with_a_colon_is_a_file_and_not_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Path("18:30 Q&A %d ünï.mp4")
    write_video(tmp_path / "panel.mp4", at_ms=[0, 100]).rename(tmp_path / odd)
    monkeypatch.chdir(tmp_path)
    assert len(list(open_recording(odd).sample(0.1))) == 2


def test_the_truth_used_here_is_true(tmp_path: Path) -> None:
    path = write_video(tmp_path / "truth.mp4", at_ms=[0, 100, 450])
    assert every_picture(path) == [(0.0, 0), (0.1, 1), (0.45, 2)]
