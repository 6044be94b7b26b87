"""The sound of a recording, as alignment hears it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audience.errors import RecordingUnreadable
from timeline_files.media import open_media

if TYPE_CHECKING:
    from av import AudioFrame, AudioResampler
    from av.container import InputContainer

# Sound that is this late has a hole before it; less is the jitter of containers.
_HOLE_S = 0.2
# A longer hole is a damaged time.
_LONGEST_HOLE_S = 3600.0


def read_sound(
    path: Path, rate: int, *, on_position: Callable[[float, float | None], None] | None = None
) -> Iterator[NDArray[np.float32]]:
    """The first sound track, mixed to one channel, a block at a time.

    Second 0 is that of the first picture where there is one, else of the first sound. Silence stands in for sound that
    begins later or has holes, so that times are those of the recording; memory does not grow with it.

    Args:
        path: a film, a recording of an audience, or sound alone.
        rate: samples a second to bring it to.
        on_position: told how far it has come and the recording's length, seconds; None where that is not stated.

    Yields:
        (n,) samples, -1..1.

    Raises:
        RecordingUnreadable: it is no media file, or has no sound.
    """
    import av

    with open_media(path) as container:
        if not container.streams.audio:
            raise RecordingUnreadable(f"{path} holds no sound: give a recording with its sound")
        length_s = container.duration / 1_000_000 if container.duration else None
        begin_s = _first_picture_s(container)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        given = 0
        for frame in _frames(container):
            begin_s = frame.time if begin_s is None else begin_s
            due = given if frame.time is None or begin_s is None else round((frame.time - begin_s) * rate)
            if _HOLE_S * rate < due - given < _LONGEST_HOLE_S * rate:
                for missing in range(due - given, 0, -rate):
                    yield np.zeros(min(rate, missing), dtype=np.float32)
                given = due
            for block in _resampled(resampler, frame):
                # What is heard before the first picture belongs to no second of the recording.
                early = max(0, -due) if given == 0 else 0
                block = block[early:]
                given += len(block)
                if len(block):
                    yield block
            if on_position is not None:
                on_position(given / rate, length_s)


def _first_picture_s(container: InputContainer) -> float | None:
    for stream in container.streams.video:
        if stream.start_time is not None and stream.time_base is not None:
            return float(stream.start_time * stream.time_base)
    return None


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    """All of the track that can be decoded."""
    from av.error import FFmpegError

    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            yield from next(packets).decode()
        except StopIteration:
            return
        except (FFmpegError, OSError):
            continue


def _resampled(resampler: AudioResampler, frame: AudioFrame) -> Iterator[NDArray[np.float32]]:
    from av.error import FFmpegError

    try:
        frames = resampler.resample(frame)
    except (FFmpegError, ValueError):
        # A track whose format changes midway: what follows cannot be brought to the same rate.
        return
    for resampled in frames:
        yield np.nan_to_num(resampled.to_ndarray().reshape(-1)).astype(np.float32)
