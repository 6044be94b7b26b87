"""Reads the sound of a recording for alignment."""

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

# A longer delay is a gap in the sound; a shorter one is container jitter.
_GAP_S = 0.2
# A longer gap is a damaged time stamp.
_LONGEST_GAP_S = 3600.0


def read_sound(
    path: Path, rate: int, *, on_position: Callable[[float, float | None], None] | None = None
) -> Iterator[NDArray[np.float32]]:
    """Reads the first audio track, mixed to one channel, one block at a time.

    Second 0 is the first picture, or the first sound if there is no picture. A late start and gaps are filled with
    silence, so the times are those of the recording. Memory does not grow with the recording.

    Args:
        path: a film, a recording of an audience, or an audio file.
        rate: sample rate to convert to, Hz.
        on_position: called with the position and the recording's length (None if the file does not state it), in
            seconds.

    Yields:
        (n,) samples, -1..1.

    Raises:
        RecordingUnreadable: the file is not a media file, or has no sound.
    """
    import av

    with open_media(path) as container:
        if not container.streams.audio:
            raise RecordingUnreadable(f"{path} holds no sound: give a recording with its sound")
        length_s = container.duration / 1_000_000 if container.duration else None
        begin_s = first_picture_s(container)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        yielded = 0
        for frame in sound_frames(container):
            begin_s = frame.time if begin_s is None else begin_s
            due = yielded if frame.time is None or begin_s is None else round((frame.time - begin_s) * rate)
            if _GAP_S * rate < due - yielded < _LONGEST_GAP_S * rate:
                for missing in range(due - yielded, 0, -rate):
                    yield np.zeros(min(rate, missing), dtype=np.float32)
                yielded = due
            for block in _resampled(resampler, frame):
                # Sound before the first picture belongs to no second of the recording.
                early = max(0, -due) if yielded == 0 else 0
                block = block[early:]
                yielded += len(block)
                if len(block):
                    yield block
            if on_position is not None:
                on_position(yielded / rate, length_s)


def first_picture_s(container: InputContainer) -> float | None:
    """The time stamp of a recording's first picture, its second 0; None if it has no picture."""
    for stream in container.streams.video:
        if stream.start_time is not None and stream.time_base is not None:
            return float(stream.start_time * stream.time_base)
    return None


def sound_frames(container: InputContainer) -> Iterator[AudioFrame]:
    """Decodes the first audio track from the current position on; skips damaged frames."""
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
        # The track's format changes midway, and the rest cannot be converted to the same rate.
        return
    for resampled in frames:
        yield np.nan_to_num(resampled.to_ndarray().reshape(-1)).astype(np.float32)
