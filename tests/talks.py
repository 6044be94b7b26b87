"""Builders of a talk's own recording with sound: picture n is numbered n, and a click begins at every fifth second."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.videos import QUICK, number_of, numbered

FPS = 10
CLICK_EVERY_S = 5
RATE = 24_000


def write_talk(
    path: Path,
    seconds: int,
    *,
    codec: str = "libx264",
    sound: str | None = "aac",
    key_every: int = 40,
    options: Mapping[str, str] | None = None,
    rotation: float = 0,
    uneven: bool = False,
) -> Path:
    """Writes the recording.

    Args:
        path: the file; its ending chooses the container.
        seconds: its length.
        codec, sound: how pictures and sound are coded; None for no sound.
        key_every: pictures between key frames.
        options: of the pictures' encoder.
        rotation: degrees counterclockwise that a player has to turn the picture.
        uneven: leave every third picture out, so that the rate varies.
    """
    with av.open(str(path), "w") as output:
        video = output.add_stream(codec, rate=FPS, options={**QUICK.get(codec, {}), **(options or {})})
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        video.codec_context.gop_size = key_every
        if rotation:
            video.set_display_rotation(rotation)
        audio = None if sound is None else output.add_stream(sound, rate=RATE, layout="mono")
        for second in range(seconds):
            for number in range(second * FPS, (second + 1) * FPS):
                if uneven and number % 3 == 2:
                    continue
                frame = av.VideoFrame.from_ndarray(numbered(number), format="bgr24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                output.mux(video.encode(frame))
            if audio is not None:
                for frame in _sound_of(second):
                    output.mux(audio.encode(frame))
        output.mux(video.encode(None))
        if audio is not None:
            output.mux(audio.encode(None))
    return path


def pictures_of(path: Path) -> list[tuple[float, int]]:
    """Every picture of a file: second and number."""
    with av.open(str(path)) as container:
        return [(frame.time, number_of(frame.to_ndarray(format="bgr24"))) for frame in container.decode(video=0)]


def clicks_of(path: Path) -> list[float]:
    """The seconds of a file at which clicks begin."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        heard = np.zeros(round(container.duration / 1_000_000 + 2) * RATE, np.float32)
        for frame in container.decode(audio=0):
            for block in resampler.resample(frame):
                at = max(0, round(frame.time * RATE))
                samples = block.to_ndarray()[0][: len(heard) - at]
                heard[at : at + len(samples)] = samples
    loud = np.flatnonzero(np.abs(heard) > 0.25)
    begins = [loud[0], *(after for before, after in itertools.pairwise(loud) if after - before > RATE)]
    return [float(place) / RATE for place in begins]


def captions_of(path: Path) -> list[tuple[float, float, str]]:
    """The subtitle track of a file: from, until, text."""
    with av.open(str(path)) as container:
        found = []
        for packet in container.demux(subtitles=0):
            text = bytes(packet)[2 if container.format.name.startswith("mov") else 0 :].decode()
            if text:
                base = float(packet.time_base)
                found.append((packet.pts * base, (packet.pts + packet.duration) * base, text))
        return found


def _sound_of(second: int) -> Iterator[av.AudioFrame]:
    samples = np.zeros(RATE, np.int16)
    if second and second % CLICK_EVERY_S == 0:
        samples[: RATE // 20] = 26_000 * np.sin(np.arange(RATE // 20) * 0.4)
    for begin in range(0, RATE, RATE // 10):
        frame = av.AudioFrame.from_ndarray(samples[None, begin : begin + RATE // 10], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, second * RATE + begin, Fraction(1, RATE)
        yield frame
