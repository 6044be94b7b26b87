"""The clips of an OpenTimelineIO timeline. Imports the library, which not every installation has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import opentimelineio as otio

from audience.errors import InvalidValue
from timeline_files.parts import Part

_SEVERAL = "give a file with one timeline"


def clips_of(text: str) -> list[Part]:
    """The clips that a file holds.

    Raises:
        InvalidValue: it holds no timeline, several, or one without a clip.
    """
    try:
        return _shown(_track(_timeline(otio.core.deserialize_json_from_string(text))))
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
        raise InvalidValue("is no OpenTimelineIO timeline: export it anew") from None


def _timeline(found: Any) -> otio.schema.Timeline:
    if isinstance(found, otio.schema.SerializableCollection):
        timelines = [item for item in found if isinstance(item, otio.schema.Timeline)]
        if len(timelines) > 1:
            raise InvalidValue(f"holds {len(timelines)} timelines: {_SEVERAL}")
        found = timelines[0] if timelines else None
    if not isinstance(found, otio.schema.Timeline):
        raise InvalidValue(f"holds no OpenTimelineIO timeline: {_SEVERAL}")
    return found


def _track(timeline: otio.schema.Timeline) -> otio.schema.Track:
    for track in timeline.video_tracks() or list(timeline.tracks):
        if any(True for _ in _clips(track)):
            return track
    raise InvalidValue("holds no segment: a timeline needs at least one clip")


def _clips(track: otio.schema.Track) -> Iterator[Any]:
    return (child for child in track if not isinstance(child, otio.schema.Gap | otio.schema.Transition))


def _shown(track: otio.schema.Track) -> list[Part]:
    ranges = track.range_of_all_children()
    # Where the track shows a stretch of its clips only, its second 0 is that stretch's.
    begin_s, end_s = 0.0, float("inf")
    if track.source_range is not None:
        begin_s = track.source_range.start_time.to_seconds()
        end_s = begin_s + track.source_range.duration.to_seconds()
    shown = []
    for number, clip in enumerate(_clips(track), start=1):
        lies = ranges[clip]
        from_s, until_s = lies.start_time.to_seconds(), lies.end_time_exclusive().to_seconds()
        if until_s <= begin_s or from_s >= end_s:
            continue
        start_s, stop_s = max(from_s, begin_s) - begin_s, min(until_s, end_s) - begin_s
        title = clip.name or f"Clip {number}"
        shown.append(Part(where=f"clip {number}", title=title, start_s=round(start_s, 6), end_s=round(stop_s, 6)))
    return shown
