"""Whether a recording is the talk's own, of the speaker or the screen, and not one of the audience.

Clips are forwarded and shown. A recording of a room full of people, taken by mistake, would show everybody in it at the
very second at which they laughed. Nothing here can prove that a recording is the talk's own, so somebody has to say so;
this catches the mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from av.error import FFmpegError

from audience.errors import InvalidValue, RecordingUnreadable
from audience.recording_files import fingerprint
from audience.time import clock_text
from edge_lambda.recording.upright import upright_image
from houselights.highlights.clips import Clip
from houselights.highlights.copying import picture_stream
from timeline_files.media import open_media

if TYPE_CHECKING:
    from audience.store import RecordingProgress
    from edge_lambda.detectors import Detector, Image

MOST_FACES: Final = 4
"""The most faces that a picture of a talk's own recording shows: a speaker, or a small panel."""

_EVERY_S = 3.0  # of each clip, a picture is looked at
_OVERALL = 6  # pictures from the whole recording beside them


def check_not_scored(video: Path, recordings: Sequence[RecordingProgress]) -> None:
    """Refuses a file that was scored: it shows an audience.

    Args:
        video: the file.
        recordings: those of the session, and of others around it.

    Raises:
        InvalidValue: it was scored.
        RecordingUnreadable: it cannot be read.
    """
    try:
        with video.open("rb") as file:
            known = fingerprint(file)
    except OSError as problem:
        raise RecordingUnreadable(f"{video} cannot be read: {problem.strerror}") from None
    if any(one.fingerprint == known for one in recordings):
        raise InvalidValue(
            f"{video} is the recording of the audience that was scored: give the talk's own, of the speaker or the "
            "screen"
        )


def check_few_faces(
    video: Path,
    clips: Sequence[Clip],
    length_s: float | None,
    detector: Detector,
    *,
    also_s: Sequence[float] = (),
) -> None:
    """Refuses a recording that shows more than `MOST_FACES` faces in what would be cut, or elsewhere.

    Looked at are key frames, one every 3 s of the clips and a few of the whole recording. A crowd in between, or one
    too dark or too far for the detector, is not noticed.

    Args:
        video: the recording.
        clips: what would be cut.
        length_s: its length; None if unknown.
        detector: finds the faces.
        also_s: other seconds of which pictures are shown.

    Raises:
        InvalidValue: there are more.
        RecordingUnreadable: it cannot be read.
    """
    seconds = {float(at) for clip in clips for at in np.arange(clip.start_s, clip.end_s, _EVERY_S)} | set(also_s)
    if length_s:
        seconds |= {length_s * (place + 0.5) / _OVERALL for place in range(_OVERALL)}
    for at_s, image in key_pictures(video, sorted(seconds)):
        faces = len(detector.detect(image))
        if faces > MOST_FACES:
            raise InvalidValue(
                f"{video} shows {faces} faces at {clock_text(at_s)}: highlights are cut from a recording of the "
                "speaker or the screen, never of the audience. Give that one; if everybody in this one agreed to be "
                "shown, add --faces-allowed"
            )


def key_pictures(video: Path, seconds: Sequence[float]) -> Iterator[tuple[float, Image]]:
    """The key frame at or before each of some seconds, once each; none where it cannot be decoded.

    Args:
        video: a recording.
        seconds: rising, from 0.

    Yields:
        Its second, and the picture: height x width x 3, BGR, upright.

    Raises:
        RecordingUnreadable: it cannot be read.
    """
    with open_media(video) as read:
        stream = picture_stream(video, read)
        base = stream.time_base
        if base is None:
            return
        first, seen = stream.start_time or 0, None
        stream.codec_context.skip_frame = "NONKEY"
        for second in seconds:
            try:
                read.seek(first + int(second / base), stream=stream)
                frame = next(read.decode(stream), None)
            except (FFmpegError, OSError):
                continue
            if frame is None or frame.pts is None or frame.pts == seen:
                continue
            seen = frame.pts
            yield float((frame.pts - first) * base), upright_image(frame, stream.sample_aspect_ratio)
