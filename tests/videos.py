"""Builders of small real videos, whose every picture carries its own number so that a sample can be recognised."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from edge_lambda.detectors import Image

MILLISECONDS = Fraction(1, 1000)
COLUMNS, ROWS = 4, 3  # one block a bit: numbers up to 4,095


def numbered(number: int, width: int = 160, height: int = 120) -> Image:
    """A picture of white and black blocks that spell a number in binary; survives any codec."""
    bits = np.array([number >> place & 1 for place in range(COLUMNS * ROWS)], dtype=np.uint8).reshape(ROWS, COLUMNS)
    blocks = np.kron(bits, np.ones((-(-height // ROWS), -(-width // COLUMNS)), dtype=np.uint8))[:height, :width]
    return np.repeat(np.where(blocks, np.uint8(200), np.uint8(50))[:, :, None], 3, axis=2)


def number_of(image: Image) -> int:
    """Reads the number off a picture made by `numbered`, at any size."""
    height, width = image.shape[:2]
    rows = [int((row + 0.5) * height / ROWS) for row in range(ROWS)]
    columns = [int((column + 0.5) * width / COLUMNS) for column in range(COLUMNS)]
    bits = [image[row, column].mean() > 125 for row in rows for column in columns]
    return sum(1 << place for place, bit in enumerate(bits) if bit)


def quadrants(width: int = 160, height: int = 120) -> Image:
    """Blue, green / red, white: a picture that shows which way it lies."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    image[: height // 2, width // 2 :] = (0, 255, 0)
    image[height // 2 :, : width // 2] = (0, 0, 255)
    image[height // 2 :, width // 2 :] = 255
    return image


def write_video(
    path: Path,
    *,
    at_ms: Sequence[int],
    codec: str = "libx264",
    container: str | None = None,
    size: tuple[int, int] = (160, 120),
    pix_fmt: str = "yuv420p",
    key_every: int = 250,
    fps: int = 10,
    codec_options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
    created_at: str | None = None,
    rotation: float = 0,
    hflip: bool = False,
    vflip: bool = False,
    pixel_aspect: Fraction | None = None,
    picture: Callable[[int], Image] | None = None,
) -> Path:
    """Writes a video whose n-th picture is shown at `at_ms[n]` and carries the number n.

    Args:
        path: the file; its ending chooses the container unless `container` names one.
        at_ms: presentation times, milliseconds, rising.
        key_every: most pictures between key frames.
        fps: stated rate; the times themselves come from `at_ms`, except in formats that have no times.
        rotation: degrees counterclockwise a player has to turn the picture, then flips.
        picture: makes the picture of a number; `numbered` unless given.
    """
    width, height = size
    fixed_rate = codec in FIXED_RATE_CODECS or path.suffix in FIXED_RATE_FILES
    time_base = Fraction(1, fps) if fixed_rate else MILLISECONDS
    with (
        ordinary_priority(),
        av.open(str(path), "w", format=container, options=dict(container_options or {})) as output,
    ):
        if created_at:
            output.metadata["creation_time"] = created_at
        stream = output.add_stream(codec, rate=fps, options={**QUICK.get(codec, {}), **(codec_options or {})})
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.gop_size = key_every
        stream.codec_context.time_base = time_base
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation or hflip or vflip:
            stream.set_display_rotation(rotation, hflip=hflip, vflip=vflip)
        for number, ms in enumerate(at_ms):
            image = picture(number) if picture else numbered(number, width, height)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = round(ms * MILLISECONDS / time_base), time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@contextmanager
def ordinary_priority() -> Iterator[None]:
    """Undoes what SVT-AV1 does to a process of root: its threads, and all programs it starts later, become real-time
    ones, which leave no processor to anybody else."""
    try:
        yield
    finally:
        if hasattr(os, "sched_setscheduler"):  # of Linux
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


# Encoders and files that know no times between their frames.
FIXED_RATE_CODECS = ("mpeg4", "mpeg2video")
FIXED_RATE_FILES = (".avi", ".h264", ".mjpeg")
QUICK: Mapping[str, Mapping[str, str]] = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "10"},
}


def every_picture(path: Path) -> list[tuple[float, int]]:
    """Decodes the whole file plainly: (seconds since the first picture, number), as the truth to sample from."""
    with av.open(str(path)) as container:
        frames = [frame for frame in container.decode(video=0) if frame.pts is not None]
        base = frames[0].time_base
        assert base is not None
        return [
            (float((frame.pts - frames[0].pts) * base), number_of(frame.to_ndarray(format="bgr24"))) for frame in frames
        ]


def cut(path: Path, share: float, target: Path) -> Path:
    """Copies the first `share` (0..1) of a file's bytes."""
    content = path.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


def packets_of(path: Path) -> list[tuple[int, int]]:
    """Where each picture of a file lies: (byte position, size), in the file's order."""
    try:
        with av.open(str(path)) as container:
            return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.pos is not None]
    except FFmpegError as error:
        raise AssertionError(f"{path} was not written well") from error
