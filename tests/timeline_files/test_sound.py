"""The sound of a recording: its seconds are those of the recording."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from audience.errors import RecordingUnreadable
from timeline_files.sound import read_sound

RATE = 16_000


def write_sound(
    path: Path, samples: NDArray[np.float32], *, starts_s: float = 0.0, picture: bool = False, gap_s: float = 0.0
) -> Path:
    """A recording of some samples, the second half `gap_s` late; with a picture that begins at 0, if asked for."""
    codec = "pcm_s16le" if path.suffix in (".wav", ".mkv") else "aac"
    with av.open(str(path), "w") as output:
        sound = output.add_stream(codec, rate=RATE, layout="mono")
        if picture:
            video = output.add_stream("libx264", rate=10)
            video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
            for number in range(10):
                frame = av.VideoFrame(32, 32, "yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 10)
                output.mux(video.encode(frame))
            output.mux(video.encode(None))
        for begin in range(0, len(samples), 800):
            block = (np.clip(samples[begin : begin + 800], -1, 1) * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(block[None], format="s16", layout="mono")
            late_s = starts_s + (gap_s if begin >= len(samples) / 2 else 0.0)
            frame.sample_rate, frame.pts, frame.time_base = RATE, begin + round(late_s * RATE), Fraction(1, RATE)
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    return path


def clicks(*at_s: float, length_s: float = 4.0) -> NDArray[np.float32]:
    samples = np.zeros(round(length_s * RATE), dtype=np.float32)
    for second in at_s:
        samples[round(second * RATE) : round(second * RATE) + 400] = 0.8
    return samples


def heard_s(path: Path) -> list[float]:
    """The seconds at which the clicks of a recording begin."""
    loud = np.abs(np.concatenate(list(read_sound(path, 8000)))) > 0.3
    return [float(place) / 8000 for place in np.flatnonzero(loud) if not loud[max(0, place - 400) : place].any()]


@pytest.mark.parametrize("name", ["talk.wav", "talk.m4a", "talk.mkv"])
def test_sound_keeps_its_seconds(tmp_path: Path, name: str) -> None:
    path = write_sound(tmp_path / name, clicks(0.5, 3.0))
    assert heard_s(path) == pytest.approx([0.5, 3.0], abs=0.03)


def test_second_0_is_the_first_picture(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "talk.mkv", clicks(0.5, 3.0), starts_s=1.5, picture=True)
    assert heard_s(path) == pytest.approx([2.0, 4.5], abs=0.03)


def test_a_gap_is_read_as_silence(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "talk.mkv", clicks(0.5, 3.0), gap_s=5.0)
    assert heard_s(path) == pytest.approx([0.5, 8.0], abs=0.03)


def test_sound_is_read_in_blocks_with_progress(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "talk.wav", clicks(0.5, length_s=20))
    positions: list[tuple[float, float | None]] = []
    sizes = [len(block) for block in read_sound(path, 8000, on_position=lambda *position: positions.append(position))]
    assert max(sizes) <= 8000
    assert sum(sizes) == pytest.approx(160_000, abs=100)
    assert positions[-1] == (pytest.approx(20, abs=0.1), pytest.approx(20, abs=0.1))


def test_a_recording_without_sound_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "silent.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        output.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        output.mux(stream.encode(None))
    with pytest.raises(RecordingUnreadable, match="holds no sound"):
        list(read_sound(tmp_path / "silent.mp4", 8000))
