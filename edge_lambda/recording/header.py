"""Reads a video file's header, checked for plausibility."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from edge_lambda.recording.clock import TimedBy
from edge_lambda.recording.container import AVI, OpenVideo

MATROSKA = "matroska,webm"
MATROSKA_DURATION = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
# A higher rate is a clock's tick rate, not a camera's frame rate.
FASTEST_FPS = 1_000
# Clocks that were never set show 1904 (QuickTime), 1970 (Unix) or 1980 (FAT, GPS).
FIRST_YEAR = 1990


def timed_by(video: OpenVideo) -> TimedBy:
    """Which of the file's times give the presentation time of a picture."""
    if video.keeps_no_times:
        return "frame rate"
    # AVI only stores the decoding order; with intra-only codecs it equals the presentation order.
    if video.is_shown_as_decoded:
        return "decoding time"
    return "presentation time"


def frame_rate(video: OpenVideo) -> float | None:
    """Average frames per second; None if unknown."""
    stream = video.stream
    # A raw stream's average is the demuxer's assumption; the codec's own header may know better.
    raw = timed_by(video) == "frame rate"
    rates = (stream.guessed_rate,) if raw else (stream.average_rate, stream.guessed_rate)
    return next((float(rate) for rate in rates if rate and 0 < rate <= FASTEST_FPS), None)


def states_rate(video: OpenVideo) -> bool:
    """Whether the codec's own header states a frame rate."""
    stated = video.stream.codec_context.framerate
    return bool(stated) and 0 < stated <= FASTEST_FPS


def tags(video: OpenVideo) -> dict[str, str]:
    """Metadata of the file and its picture track, by lower-case name; the file's values take precedence."""
    return {
        name.lower(): value
        for metadata in (video.stream.metadata, video.container.metadata)
        for name, value in metadata.items()
    }


def duration_s(video: OpenVideo) -> float | None:
    """Stated length of the picture track, seconds; None if unknown."""
    stream, kind = video.stream, video.container.format.name
    if kind == AVI and stream.frames and stream.average_rate:
        # If the file was cut off, the demuxer shortens the duration, but not the stated number of frames.
        return float(stream.frames / stream.average_rate)
    if stream.duration:
        return float(stream.duration * video.time_base)
    stated = (video.container.duration or 0) / 1_000_000
    if kind == MATROSKA:
        # The track's length is a tag; the container's length includes the sound. Both count from zero.
        tag = MATROSKA_DURATION.match(stream.metadata.get("DURATION", ""))
        stated = int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3]) if tag else stated
        stated -= float((stream.start_time or 0) * video.time_base)
    return stated if stated > 0 else None


def created_at(video: OpenVideo) -> datetime | None:
    """Creation time stated in the file, aware UTC; None if not stated or if the clock was never set."""
    try:
        stated = datetime.fromisoformat(video.container.metadata.get("creation_time", ""))
        stated = stated.replace(tzinfo=stated.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return stated if stated.year >= FIRST_YEAR else None
