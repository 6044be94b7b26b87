"""OpenTimelineIO's own files (.otio)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audience.errors import InvalidValue
from timeline_files.parts import Part
from timeline_files.text import text_of

if TYPE_CHECKING:
    import opentimelineio as otio

_SEVERAL = "give a file with one timeline"


def read_otio(data: bytes) -> list[Part]:
    """The clips of a timeline's first video track (or its first track), gaps left out, nested clips as one.

    Positions in a track begin at 0; the timecode the timeline claims to begin at is left out.

    Raises:
        InvalidValue: it is no such file, or holds no timeline.
    """
    import opentimelineio as otio

    text = text_of(data)
    try:
        # Says in which line a mistake is, and refuses nesting that the library's own parser would not survive.
        json.loads(text)
    except json.JSONDecodeError as problem:
        raise InvalidValue(f"line {problem.lineno}: is not JSON: {problem.msg}") from None
    except (RecursionError, ValueError) as problem:
        raise InvalidValue(f"is no OpenTimelineIO file ({problem}): export it anew") from None
    try:
        return _parts(_track(_timeline(otio.core.deserialize_json_from_string(text))))
    except (otio.exceptions.OTIOError, ValueError, TypeError, RuntimeError, IndexError, AttributeError) as problem:
        if isinstance(problem, InvalidValue):
            raise
        raise InvalidValue(f"is no OpenTimelineIO timeline ({problem}): export it anew") from None


def _timeline(found: Any) -> otio.schema.Timeline:
    import opentimelineio as otio

    if isinstance(found, otio.schema.SerializableCollection):
        timelines = [item for item in found if isinstance(item, otio.schema.Timeline)]
        if len(timelines) > 1:
            raise InvalidValue(f"holds {len(timelines)} timelines: {_SEVERAL}")
        found = timelines[0] if timelines else None
    if not isinstance(found, otio.schema.Timeline):
        raise InvalidValue(f"holds no OpenTimelineIO timeline: {_SEVERAL}")
    return found


def _track(timeline: otio.schema.Timeline) -> otio.schema.Track:
    tracks = timeline.video_tracks() or list(timeline.tracks)
    for track in tracks:
        if any(True for _ in _clips(track)):
            return track
    raise InvalidValue("holds no clip: a timeline needs at least one")


def _clips(track: otio.schema.Track) -> Any:
    import opentimelineio as otio

    return (child for child in track if not isinstance(child, otio.schema.Gap | otio.schema.Transition))


def _parts(track: otio.schema.Track) -> list[Part]:
    ranges = track.range_of_all_children()
    # Where the track shows a stretch of its clips only, its second 0 is that stretch's.
    begin_s, end_s = 0.0, float("inf")
    if track.source_range is not None:
        begin_s = track.source_range.start_time.to_seconds()
        end_s = begin_s + track.source_range.duration.to_seconds()
    parts = []
    for number, clip in enumerate(_clips(track), start=1):
        lies = ranges[clip]
        from_s = max(lies.start_time.to_seconds(), begin_s)
        until_s = min(lies.end_time_exclusive().to_seconds(), end_s)
        if from_s < until_s:
            title = clip.name or f"Clip {number}"
            start_s, stop_s = round(from_s - begin_s, 6), round(until_s - begin_s, 6)
            parts.append(Part(where=f"clip {number}", title=title, start_s=start_s, end_s=stop_s))
    return parts
