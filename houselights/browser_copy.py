"""Makes the copy of a recording that every browser plays: H.264 and AAC in an MP4, each picture at its own second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Final

from audience.errors import InvalidValue
from dashboard.recordings import browser_copy
from edge_lambda.recording import open_recording
from houselights.highlights.clips import Clip
from houselights.highlights.encoding import encode_clips, picture_rate

_PIECE_S: Final = 60
"""Sound is read so much at a time."""


def make_browser_copy(recording: Path) -> Path:
    """Writes the copy beside the recording, where pages find it, and gives its path; nothing is left of a broken try.

    Raises:
        RecordingUnreadable: the recording cannot be read.
        InvalidValue: it does not say how long it is.
        OSError: the copy cannot be written.
    """
    target = browser_copy(recording)
    part = target.with_name(f"{target.name}.part")
    try:
        encode_clips(recording, list(_pieces(recording)), part, kind="mp4", burn=False)
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return target


def _pieces(recording: Path) -> Iterator[Clip]:
    """The whole recording in pieces of whole pictures, so that no second moves."""
    opened = open_recording(recording)
    if not opened.duration_s:
        raise InvalidValue(f"{recording} does not say how long it is")
    rate = picture_rate(opened)
    pictures, each = max(1, round(opened.duration_s * rate)), round(_PIECE_S * rate)
    for first in range(0, pictures, each):
        last = min(pictures, first + each)
        start_s, end_s = (float(Fraction(at) / rate) for at in (first, last))
        yield Clip(numbers=(), start_s=start_s, end_s=end_s, captions=())
