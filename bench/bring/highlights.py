"""Highlights: five moments cut out of a planted recording of an hour, copied and decoded again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from bench.figures import Figure
from edge_lambda.detectors.load import load_detector
from houselights.highlights.clips import Caption, Clip
from houselights.highlights.cutting import CutFile, cut_file
from houselights.highlights.own_recording import check_few_faces

MINUTES, FPS, KEY_EVERY = 60, 25, 250
WIDTH, HEIGHT = 640, 360
MOMENTS_S = (312.4, 1020.0, 1799.96, 2711.3, 3540.5)
BEFORE_S, AFTER_S = 10.0, 6.0
# Blocks that spell a picture's number, large enough to be read after coding.
_BITS, _BLOCK = 11, 48


def figures() -> Iterator[Figure]:
    """Measures the cut of five moments, as the command makes it: faces looked for, packets copied."""
    with tempfile.TemporaryDirectory() as folder:
        talk = _planted(Path(folder))
        clips = [_clip(number, at_s) for number, at_s in enumerate(MOMENTS_S, start=1)]
        began = time.perf_counter()
        check_few_faces(talk, clips, 60 * MINUTES, load_detector())
        cut = cut_file(talk, clips, Path(folder, "reel.mp4"))
        took_s = time.perf_counter() - began
        early = max(one.clip.start_s - one.start_s for one in cut.clips)
        longer = max(abs((one.end_s - one.start_s) - (one.clip.end_s - one.start_s)) for one in cut.clips)
        wrong = _wrong_pictures(cut)
    yield Figure(
        name="highlights of 5 moments from a 1-h recording (640 x 360, 25 pictures a second)",
        value=took_s,
        unit="s",
        reach=10,
        direction="at most",
    )
    yield Figure(
        name="… encoded anew (1 for yes)", value=float(bool(cut.encoded_because)), reach=0, direction="exactly"
    )
    yield Figure(
        name="… a clip's start before the wanted one, at most (a key frame every 10 s)",
        value=early,
        unit="s",
        reach=KEY_EVERY / FPS,
        direction="at most",
    )
    yield Figure(name="… a clip's end off the wanted one", value=longer, unit="s", reach=0.5, direction="at most")
    yield Figure(name="… pictures that are not those of their second", value=wrong, reach=0, direction="exactly")


def _clip(number: int, at_s: float) -> Clip:
    start_s, end_s = at_s - BEFORE_S, at_s + AFTER_S
    text = f"Slide {number}\n37 % (31 to 44 %) of 48 faces smiled"
    caption = Caption(at_s=at_s, from_s=start_s, until_s=end_s, text=text)
    return Clip(numbers=(number,), start_s=start_s, end_s=end_s, captions=(caption,))


def _planted(folder: Path) -> Path:
    """An hour with B-frames and sound, as a camera or OBS writes it: one minute of numbered pictures, sixty times."""
    minute, hour = folder / "minute.mp4", folder / "talk.mp4"
    with av.open(str(minute), "w") as output:
        video = output.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "bf": "2", "crf": "30"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.gop_size = KEY_EVERY
        sound = output.add_stream("aac", rate=48_000, layout="stereo")
        silence = np.zeros((1, 2 * 48_000), np.int16)
        for second in range(60):
            for number in range(second * FPS, (second + 1) * FPS):
                frame = av.VideoFrame.from_ndarray(_numbered(number), format="gray").reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                output.mux(video.encode(frame))
            block = av.AudioFrame.from_ndarray(silence, format="s16", layout="stereo")
            block.sample_rate, block.pts, block.time_base = 48_000, second * 48_000, Fraction(1, 48_000)
            output.mux(sound.encode(block))
        output.mux(video.encode(None))
        output.mux(sound.encode(None))
    with av.open(str(hour), "w") as output:
        copies: list[Any] = []
        for number in range(MINUTES):
            with av.open(str(minute)) as read:
                copies = copies or [output.add_stream_from_template(stream) for stream in read.streams]
                for packet in read.demux():
                    if packet.dts is None or packet.pts is None or not 0 <= packet.pts * packet.time_base < 60:
                        continue
                    later = round(60 * number / packet.time_base)
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    packet.stream = copies[packet.stream.index]
                    output.mux(packet)
    return hour


def _numbered(number: int) -> NDArray[np.uint8]:
    image = np.full((HEIGHT, WIDTH), 60, np.uint8)
    for bit in range(_BITS):
        image[:_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = 200 if number >> bit & 1 else 40
    return image


def _number_of(image: NDArray[np.uint8]) -> int:
    middle = _BLOCK // 2
    return sum(1 << bit for bit in range(_BITS) if image[middle, bit * _BLOCK + middle] > 120)


def _wrong_pictures(cut: CutFile) -> float:
    """How many pictures are missing, or are another than that of their second."""
    with av.open(str(cut.path)) as container:
        shown = [
            (float(frame.time or 0), _number_of(np.asarray(frame.to_ndarray(format="gray"), np.uint8)))
            for frame in container.decode(video=0)
        ]
    wrong = 0
    for one in cut.clips:
        inside = [
            (at, number) for at, number in shown if one.at_s - 0.01 <= at < one.at_s + one.end_s - one.start_s - 0.01
        ]
        wrong += abs(len(inside) - round((one.end_s - one.start_s) * FPS))
        due = [round((one.start_s + at - one.at_s) * FPS) % (60 * FPS) for at, _ in inside]
        wrong += sum(number != picture for (_, number), picture in zip(inside, due, strict=True))
    return float(wrong)
