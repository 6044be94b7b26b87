"""Public kinds of container and clock: each read at the right seconds, or refused in one line.

Every picture bears its number; a kind is right where each second sampled shows the picture taken then, to a tenth of a
second or one picture, and no second is missing; or where it is to be refused and is, in one line.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError

from audience.errors import HouselightsError
from bench.figures import Figure
from edge_lambda.recording import open_recording
from tests.videos import ordinary_priority

SECONDS, FPS = 12, 10
COLUMNS, ROWS = 4, 3
MILLISECONDS = Fraction(1, 1000)
QUICK: Mapping[str, Mapping[str, str]] = {
    "libx264": {"preset": "ultrafast", "bf": "0"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
}
# Codecs and containers that keep a rate instead of times.
FIXED_RATE = {"mpeg4", "mpeg2video", "mpeg1video", "dvvideo", "wmv2", "msmpeg4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of recording.

    Attributes:
        name: its file's name; the ending chooses the container unless `container` names one.
        first_number: number of its first picture.
        at_ms: when its pictures are taken, milliseconds.
        options: of the encoder, then of the container.
        change: makes the file wrong, as files of this kind are; None leaves it.
        written_ms: the times that are written instead of the true ones; None writes those.
        only_shown: whether those are wrong in the times of showing alone, not in those of decoding.
        parts: of how many files strung together it is made, each with a clock of its own.
        refused: whether it has to be refused.
    """

    name: str
    codec: str = "libx264"
    container: str | None = None
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (160, 120)
    fps: int = FPS
    at_ms: tuple[int, ...] = tuple(1000 * n // FPS for n in range(SECONDS * FPS))
    written_ms: tuple[int, ...] | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    container_options: Mapping[str, str] = field(default_factory=dict)
    change: Callable[[bytes], bytes] | None = None
    only_shown: bool = False
    parts: int = 1
    first_number: int = 0
    refused: bool = False


def at_rate(fps: int) -> tuple[int, ...]:
    """Twelve seconds at a rate, milliseconds."""
    return tuple(1000 * n // fps for n in range(SECONDS * fps))


def moved(by_ms: int, *places: int) -> tuple[int, ...]:
    """The usual times, some of them wrong."""
    return tuple(1000 * n // FPS + (by_ms if n in places else 0) for n in range(SECONDS * FPS))


def set_on(by_ms: int, place: int = 60) -> tuple[int, ...]:
    """The usual times of a clock that was set amid the recording."""
    return tuple(1000 * n // FPS + (by_ms if n >= place else 0) for n in range(SECONDS * FPS))


RNG = random.Random(3)
VARIABLE = tuple(sorted({0, *(RNG.randrange(SECONDS * 1000) for _ in range(90))}))
PAUSED = tuple(ms + (600_000 if ms >= 6000 else 0) for ms in at_rate(FPS))
AT_25 = at_rate(25)
B_FRAMES = {"preset": "veryfast", "x264-params": "bframes=3:b-adapt=0"}
KEY = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "00" * 16, "encryption_kid": "11" * 16}

KINDS = (
    Kind(name="phone.mp4"),
    Kind(name="phone.mov"),
    Kind(name="phone.3gp"),
    Kind(name="b-frames.mp4", options=B_FRAMES),
    Kind(name="hevc.mp4", codec="libx265"),
    Kind(name="ten-bit.mp4", codec="libx265", pix_fmt="yuv420p10le"),
    Kind(name="hevc.mkv", codec="libx265"),
    Kind(name="talk.mkv"),
    Kind(name="b-frames.mkv", options=B_FRAMES),
    Kind(name="vp9.webm", codec="libvpx-vp9"),
    Kind(name="vp8.webm", codec="libvpx"),
    Kind(name="vp9.ivf", codec="libvpx-vp9"),
    Kind(name="av1.mp4", codec="libsvtav1", options={"preset": "12"}),
    Kind(name="broadcast.ts"),
    Kind(name="camcorder.mts", container="mpegts", container_options={"mpegts_m2ts_mode": "1"}),
    Kind(name="b-frames.ts", options=B_FRAMES),
    Kind(name="stream.flv"),
    Kind(name="old.avi", codec="mpeg4", options={"bf": "0"}),
    Kind(name="motion-jpeg.avi", codec="mjpeg", pix_fmt="yuvj420p"),
    Kind(name="windows.wmv", codec="wmv2", container="asf"),
    Kind(name="broadcast.mxf", codec="mpeg2video", fps=25, at_ms=AT_25, options={"bf": "0"}),
    Kind(name="disc.vob", codec="mpeg2video", container="vob", fps=25, at_ms=AT_25),
    Kind(name="disc.mpg", codec="mpeg1video", container="mpeg", fps=25, at_ms=AT_25),
    Kind(name="camcorder.dv", codec="dvvideo", container="dv", fps=25, at_ms=AT_25, size=(720, 576)),
    Kind(name="free.nut"),
    Kind(name="free.ogg", codec="libvpx", container="ogg"),
    Kind(name="edit.mov", codec="prores", pix_fmt="yuv422p10le"),
    Kind(name="moving.gif", codec="gif", pix_fmt="rgb8"),
    Kind(name="moving.apng", codec="apng", container="apng", pix_fmt="rgb24"),
    Kind(name="raw.h264", container="h264", fps=25, at_ms=AT_25),
    Kind(name="raw.hevc", codec="libx265", container="hevc", fps=25, at_ms=AT_25),
    Kind(name="raw.mjpeg", codec="mjpeg", container="mjpeg", pix_fmt="yuvj420p", fps=25, at_ms=AT_25),
    Kind(name="fragmented.mp4", container_options={"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    Kind(name="index-first.mp4", container_options={"movflags": "faststart"}),
    Kind(name="interlaced.ts", codec="mpeg2video", fps=25, at_ms=AT_25, options={"flags": "+ildct+ilme"}),
    Kind(name="variable.mp4", at_ms=VARIABLE),
    Kind(name="variable.mkv", at_ms=VARIABLE),
    Kind(name="paused.mkv", at_ms=PAUSED),
    Kind(name="starts-late.ts", written_ms=tuple(ms + 7300 for ms in at_rate(FPS))),
    Kind(name="starts-late.mp4", written_ms=tuple(ms + 7300 for ms in at_rate(FPS))),
    Kind(name="long-ago.mkv", written_ms=tuple(ms + 100_000_000 for ms in at_rate(FPS))),
    Kind(name="wrapped.ts", written_ms=tuple(ms + 95_437_717 for ms in at_rate(FPS))),
    Kind(name="time-lapse.mp4", at_ms=tuple(60_000 * n for n in range(30)), fps=1),
    Kind(name="wrong-stamp.ts", written_ms=moved(3_600_000, 50), only_shown=True),
    Kind(name="wrong-stamp.mp4", written_ms=moved(3_600_000, 50), only_shown=True),
    Kind(name="wrong-stamp.mkv", written_ms=moved(3_600_000, 50), only_shown=True),
    Kind(name="wrong-stamp.flv", written_ms=moved(3_600_000, 50), only_shown=True),
    Kind(name="wrong-stamps.ts", written_ms=moved(7_200_000, 25, 60, 61), only_shown=True, options=B_FRAMES),
    Kind(name="strung.ts", parts=2),
    Kind(name="strung.mpg", codec="mpeg2video", container="mpeg", fps=25, at_ms=AT_25, parts=2),
    Kind(name="set-on.mkv", written_ms=set_on(10 * 3_600_000)),
    Kind(name="cut-off.mkv", change=lambda content: content[: len(content) * 9 // 10]),
    Kind(name="index-lost.mp4", change=lambda content: content[: len(content) // 2], refused=True),
    Kind(name="encrypted.mp4", container_options=KEY, refused=True),
    Kind(name="photo.avif", codec="libsvtav1", container="avif", at_ms=(0,), fps=1, refused=True),
    Kind(name="photo.gif", codec="gif", pix_fmt="rgb8", at_ms=(0,), fps=1, refused=True),
    Kind(name="text.mp4", change=lambda content: b"Welcome to the festival.\n" * 200, refused=True),
    Kind(name="empty.mp4", change=lambda content: b"", refused=True),
)


def run() -> Iterator[Figure]:
    """Makes every kind and reads it; kinds that this PyAV cannot make are left out and named."""
    made, right = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            path = Path(folder) / kind.name
            try:
                write(path, kind)
            except (FFmpegError, ValueError) as problem:
                print(f"{kind.name} cannot be made here: {problem}", file=sys.stderr)  # noqa: T201
                continue
            made += 1
            if wrong := trouble(path, kind):
                print(f"{kind.name}: {wrong}", file=sys.stderr)  # noqa: T201
            right += not wrong
    yield Figure(name="public kinds of recordings that were made", value=made, reach=40)
    yield Figure(
        name="of these, read at the right seconds or refused in one line", value=right, reach=made, direction="exactly"
    )


def trouble(path: Path, kind: Kind) -> str:
    """What is wrong about how a recording is read; empty where nothing is."""
    try:
        recording = open_recording(path)
        found = [(frame.at_s, number_of(frame.image)) for frame in recording.sample(1.0)]
    except HouselightsError as refusal:
        return "" if kind.refused and "\n" not in str(refusal) else f"refused: {refusal}"
    if kind.refused:
        return "was not refused"
    begin = found[0][1]
    taken = {number: (ms - kind.at_ms[begin]) / 1000 for number, ms in enumerate(kind.at_ms)}
    off = [abs(at_s - taken.get(number, -1e9)) for at_s, number in found]
    if max(off) > max(0.1, 1.5 / kind.fps):
        return f"a picture is {max(off):.2f} s off"
    last = found[-1][1]
    seconds = {int(taken[number]) for number in range(begin, last + 1)}
    reached = kind.at_ms[last] >= (0.7 * kind.at_ms[-1] if kind.change else kind.at_ms[-1] - 1000)
    return "" if len(found) >= len(seconds) - 1 and reached else f"{len(found)} of {len(seconds)} seconds were sampled"


def write(path: Path, kind: Kind) -> None:
    """Writes a recording of a kind."""
    if kind.parts > 1:
        each = len(kind.at_ms) // kind.parts
        whole = b""
        for part in range(kind.parts):
            write(path, replace(kind, parts=1, at_ms=kind.at_ms[:each], first_number=part * each))
            whole += path.read_bytes()
        path.write_bytes(whole)
        return
    fixed = kind.codec in FIXED_RATE or path.suffix in {".avi", ".h264", ".mjpeg", ".hevc"}
    time_base = Fraction(1, kind.fps) if fixed else MILLISECONDS
    with (
        ordinary_priority(),
        av.open(str(path), "w", format=kind.container, options=dict(kind.container_options)) as output,
    ):
        stream = output.add_stream(kind.codec, rate=kind.fps, options={**QUICK.get(kind.codec, {}), **kind.options})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *kind.size, kind.pix_fmt
        stream.codec_context.gop_size, stream.codec_context.time_base = 12, time_base
        for number, ms in enumerate(kind.at_ms):
            frame = av.VideoFrame.from_ndarray(numbered(kind.first_number + number, *kind.size), format="bgr24")
            frame.pts, frame.time_base = round(ms * MILLISECONDS / time_base), time_base
            mux(output, stream.encode(frame), kind)
        mux(output, stream.encode(None), kind)
    if kind.change:
        path.write_bytes(kind.change(path.read_bytes()))


def mux(output: OutputContainer, packets: list[av.Packet[av.VideoStream]], kind: Kind) -> None:
    """Writes packets with the times they are to bear."""
    for packet in packets:
        if kind.written_ms is not None and packet.pts is not None and packet.dts is not None:
            shown = packet.pts
            place = min(range(len(kind.at_ms)), key=lambda n: abs(kind.at_ms[n] - shown))
            off = kind.written_ms[place] - kind.at_ms[place]
            packet.pts = shown + off
            packet.dts = packet.dts if kind.only_shown else packet.dts + off
        output.mux(packet)


def numbered(number: int, width: int, height: int) -> np.ndarray:
    """A picture of white and black blocks that spell a number in binary."""
    bits = np.array([number >> place & 1 for place in range(COLUMNS * ROWS)], dtype=np.uint8).reshape(ROWS, COLUMNS)
    blocks = np.kron(bits, np.ones((-(-height // ROWS), -(-width // COLUMNS)), dtype=np.uint8))[:height, :width]
    return np.repeat(np.where(blocks, np.uint8(200), np.uint8(50))[:, :, None], 3, axis=2)


def number_of(image: np.ndarray) -> int:
    """Reads the number off a picture."""
    height, width = image.shape[:2]
    rows = [int((row + 0.5) * height / ROWS) for row in range(ROWS)]
    columns = [int((column + 0.5) * width / COLUMNS) for column in range(COLUMNS)]
    bits = [image[row, column].mean() > 125 for row in rows for column in columns]
    return sum(1 << place for place, bit in enumerate(bits) if bit)
