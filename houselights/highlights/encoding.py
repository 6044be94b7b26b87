"""Cuts clips out of a recording into one file by encoding them anew: to the picture, and with captions in the picture.

For `--burn`, and for recordings that cannot be cut by copying. The pictures are upright, with square pixels.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from edge_lambda.recording import open_recording
from houselights.highlights.clips import Caption, Clip, CutClip
from houselights.highlights.drawing import with_caption
from houselights.highlights.subtitles import SubtitleTrack
from timeline_files.media import open_media
from timeline_files.sound import first_picture_s, sound_frames

if TYPE_CHECKING:
    from av.container import OutputContainer

    from edge_lambda.recording import Recording

_MOST_FPS: Final = 30.0
_LARGEST_PX: Final = 1920
_SOUND_RATE: Final = 48_000
_PICTURES: Final = {
    "webm": (("libvpx-vp9", {"deadline": "realtime", "cpu-used": "6", "row-mt": "1", "crf": "33"}),),
    # The first that PyAV's FFmpeg has: one that was built without the GPL's libraries has no x264.
    "": (("libx264", {"preset": "veryfast", "crf": "21"}), ("libopenh264", {}), ("mpeg4", {"qscale": "4"})),
}


def encode_clips(source: Path, clips: Sequence[Clip], target: Path, *, kind: str, burn: bool) -> tuple[CutClip, ...]:
    """Writes clips into one file, each from its very start on.

    Args:
        source: the recording.
        clips: in order of time, one at least.
        target: the file; replaced.
        kind: its container: "mp4", "mov", "matroska" or "webm".
        burn: whether captions are drawn into the picture; else they are a subtitle track.

    Returns:
        What was cut, a clip each.

    Raises:
        RecordingUnreadable: the recording cannot be read.
        OSError: the file cannot be written.
    """
    recording = open_recording(source)
    rate = picture_rate(recording)
    size = _size(recording)
    options = {"movflags": "+faststart"} if kind in ("mp4", "mov") else {}
    with av.open(str(target), "w", format=kind, options=options) as written:
        pictures = _add_pictures(written, kind, rate, size)
        sounds = _add_sound(written, kind) if _has_sound(source) else None
        captioned = any(clip.captions for clip in clips)
        subtitles = None if burn or not captioned else SubtitleTrack.in_file(written, kind)
        cuts, shown, heard = [], 0, 0
        for clip in clips:
            count = max(1, round((clip.end_s - clip.start_s) * rate))
            cut = CutClip(
                clip=clip, start_s=clip.start_s, end_s=clip.start_s + float(count / rate), at_s=float(shown / rate)
            )
            cuts.append(cut)
            if subtitles is not None:
                subtitles.write(cut)
            for image in _images(recording, clip.start_s, count, rate, size):
                if burn:
                    at_s = clip.start_s + float(shown / rate) - cut.at_s
                    image = with_caption(image, _caption_at(clip, at_s).text)
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts, frame.time_base = shown, 1 / rate
                written.mux(pictures.encode(frame))
                shown += 1
            if sounds is not None:
                until = round(shown / rate * _SOUND_RATE)
                heard = _write_sound(written, sounds, _sound(source, cut.start_s, until - heard), heard)
        written.mux(pictures.encode(None))
        if sounds is not None:
            written.mux(sounds.encode(None))
    return tuple(cuts)


def picture_rate(recording: Recording) -> Fraction:
    """Pictures a second of what is encoded: as the recording's, 30 at most."""
    return Fraction(min(recording.fps or 25.0, _MOST_FPS)).limit_denominator(1001)


def _size(recording: Recording) -> tuple[int, int]:
    """Width and height of the new pictures: as the recording's, even, the longer side 1920 at most."""
    scale = min(1.0, _LARGEST_PX / max(recording.width, recording.height))
    return tuple(max(2, round(side * scale) // 2 * 2) for side in (recording.width, recording.height))  # type: ignore[return-value]


def _add_pictures(written: OutputContainer, kind: str, rate: Fraction, size: tuple[int, int]) -> Any:
    choices = _PICTURES.get(kind, _PICTURES[""])
    codec, options = next(one for one in choices if one[0] in av.codecs_available)
    stream: Any = written.add_stream(codec, rate=rate, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = 1 / rate
    stream.codec_context.gop_size = round(2 * rate)
    return stream


def _images(
    recording: Recording, start_s: float, count: int, rate: Fraction, size: tuple[int, int]
) -> Iterator[NDArray[np.uint8]]:
    """`count` pictures from a second on, at a steady rate; where the recording has none the one before stays."""
    import cv2

    def fitted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        same = image.shape[1::-1] == size
        return image if same else np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    step_s = float(1 / rate)
    given = 0
    newest: NDArray[np.uint8] | None = None
    for frame in recording.sample(step_s, start_s, grid_offset_s=-start_s % step_s):
        due = min(count, max(given, round((frame.at_s - start_s) / step_s)))
        # The first of all may come a little after the start.
        newest = fitted(frame.image) if newest is None else newest
        yield from itertools.repeat(newest, due - given)
        if due == count:
            return
        newest = fitted(frame.image)
        yield newest
        given = due + 1
    if newest is None:
        newest = np.zeros((size[1], size[0], 3), np.uint8)
    yield from itertools.repeat(newest, count - given)


def _caption_at(clip: Clip, second: float) -> Caption:
    """The caption that is shown at a second of the recording."""
    return next((one for one in clip.captions if second < one.until_s), clip.captions[-1])


def _has_sound(source: Path) -> bool:
    with open_media(source) as read:
        return bool(read.streams.audio)


def _add_sound(written: OutputContainer, kind: str) -> Any:
    stream: Any = written.add_stream("libopus" if kind == "webm" else "aac", rate=_SOUND_RATE)
    stream.layout = "stereo"
    return stream


def _sound(source: Path, start_s: float, count: int) -> NDArray[np.float32]:
    """(2, count) samples of the recording's sound from a second on; silence where there is none."""
    heard = np.zeros((2, count), np.float32)
    with open_media(source) as read:
        stream = read.streams.audio[0]
        # Second 0 is the first picture; sound alone would be its own measure.
        begins_s = first_picture_s(read) or 0.0
        seek_s = begins_s + start_s - 1.0
        if seek_s > 0 and stream.time_base:
            try:
                read.seek(int(seek_s / stream.time_base), stream=stream)
            except (FFmpegError, OSError):
                return heard
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_SOUND_RATE)
        due = None
        for frame in sound_frames(read):
            if frame.time is None:
                continue
            place = round((frame.time - begins_s - start_s) * _SOUND_RATE)
            if place >= count:
                break
            # Steady within a run; set anew only where the stamps leave it.
            due = place if due is None or abs(place - due) > _SOUND_RATE // 20 else due
            try:
                blocks = resampler.resample(frame)
            except (FFmpegError, ValueError):
                break  # the track's format changes midway
            for block in blocks:
                due = _put(heard, np.asarray(block.to_ndarray(), dtype=np.float32), due)
    return heard


def _put(heard: NDArray[np.float32], block: NDArray[np.float32], at: int) -> int:
    """Lays a block of (2, n) samples at a place, as far as there is room, and returns the place after it."""
    count = int(block.shape[1])
    begin, end = max(0, at), min(int(heard.shape[1]), at + count)
    if begin < end:
        heard[:, begin:end] = block[:, begin - at : end - at]
    return at + count


def _write_sound(written: OutputContainer, stream: Any, samples: NDArray[np.float32], at: int) -> int:
    """Encodes samples that begin at sample `at` of the file, and returns where they end."""
    for begin in range(0, samples.shape[1], 1024):
        part = np.ascontiguousarray(samples[:, begin : begin + 1024])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, at + begin, Fraction(1, _SOUND_RATE)
        written.mux(stream.encode(frame))
    return at + int(samples.shape[1])
