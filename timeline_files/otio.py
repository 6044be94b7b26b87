"""Reader for OpenTimelineIO files (.otio).

The library is written in C++, and a malformed file can crash it (a value of another type where a rate or a track
belongs, say). `timeline_files.reading` therefore reads every file in a separate process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from audience.errors import InvalidValue
from timeline_files.optional import require
from timeline_files.parts import Part
from timeline_files.text import text_of

if TYPE_CHECKING:
    from opentimelineio.schema import Timeline, Track

_SEVERAL = "give a file with one timeline"


def read_otio(data: bytes) -> list[Part]:
    """Reads the clips of a timeline's first video track (or its first track), without gaps; a nested clip is one part.

    Positions in a track begin at 0; the timecode at which the timeline starts is ignored.

    Raises:
        InvalidValue: the file is malformed, or holds no timeline, several, or one without a clip.
    """
    require("opentimelineio", "reading .otio files")
    import opentimelineio as otio

    text = text_of(data)
    try:
        # Unlike the library, this names the line of a mistake and refuses deep nesting.
        json.loads(text)
    except json.JSONDecodeError as problem:
        raise InvalidValue(f"line {problem.lineno}: is not JSON: {problem.msg}") from None
    except (RecursionError, ValueError) as problem:
        raise InvalidValue(f"is not an OpenTimelineIO file ({problem}): export it again") from None
    try:
        return _parts(_track(_timeline(otio.core.deserialize_json_from_string(text))))
    except InvalidValue:
        raise
    except (
        otio.exceptions.OTIOError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ):
        raise InvalidValue("is not an OpenTimelineIO timeline: export it again") from None


def _timeline(found: Any) -> Timeline:
    from opentimelineio.schema import SerializableCollection, Timeline

    if isinstance(found, SerializableCollection):
        timelines = [item for item in found if isinstance(item, Timeline)]
        if len(timelines) > 1:
            raise InvalidValue(f"holds {len(timelines)} timelines: {_SEVERAL}")
        found = timelines[0] if timelines else None
    if not isinstance(found, Timeline):
        raise InvalidValue(f"holds no OpenTimelineIO timeline: {_SEVERAL}")
    return found


def _track(timeline: Timeline) -> Track:
    for track in timeline.video_tracks() or list(timeline.tracks):
        if any(True for _ in _clips(track)):
            return track
    raise InvalidValue("holds no segment: a timeline needs at least one clip")


def _clips(track: Track) -> Iterator[Any]:
    from opentimelineio.schema import Gap, Transition

    return (child for child in track if not isinstance(child, Gap | Transition))


def _parts(track: Track) -> list[Part]:
    ranges = track.range_of_all_children()
    # A track may show only a range of its clips; second 0 is then the start of that range.
    begin_s, end_s = 0.0, float("inf")
    if track.source_range is not None:
        begin_s = track.source_range.start_time.to_seconds()
        end_s = begin_s + track.source_range.duration.to_seconds()
    parts = []
    for number, clip in enumerate(_clips(track), start=1):
        span = ranges[clip]
        from_s, until_s = span.start_time.to_seconds(), span.end_time_exclusive().to_seconds()
        if until_s <= begin_s or from_s >= end_s:
            continue
        start_s, stop_s = max(from_s, begin_s) - begin_s, min(until_s, end_s) - begin_s
        title = clip.name or f"Clip {number}"
        parts.append(Part(where=f"clip {number}", title=title, start_s=round(start_s, 6), end_s=round(stop_s, 6)))
    return parts
