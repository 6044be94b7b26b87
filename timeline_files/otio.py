"""Reader for OpenTimelineIO files (.otio, and .otioz, which is a zip of one and its media): clips, or markers.

The library is written in C++, and a malformed file can crash it (a value of another type where a rate or a track
belongs, say). `timeline_files.reading` therefore reads every file in a separate process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.moments import markers_or_clips
from timeline_files.optional import require
from timeline_files.parts import Part
from timeline_files.text import LARGEST_TEXT, text_of
from timeline_files.zips import zip_entry

if TYPE_CHECKING:
    from opentimelineio.schema import Timeline, Track

CONTENT: Final = "content.otio"
"""The timeline's name in an .otioz file, and in the folder that is an .otiod."""
_SEVERAL = "give a file with one timeline"


def read_otio(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the clips of a timeline's first video track (or its first track), without gaps; or the timeline's markers.

    A nested clip is one part. Positions in a track begin at 0; the timecode at which the timeline starts is ignored.
    Objects of a newer version than the library knows are read as its newest: versions have only added fields so far.

    Raises:
        InvalidValue: the file is malformed, or holds no timeline, several, or one without a clip.
    """
    require("opentimelineio", "reading .otio files")
    import opentimelineio as otio

    answers = answers or Answers()
    text = text_of(data)
    try:
        # Unlike the library, this names the line of a mistake and refuses deep nesting.
        found = json.loads(text)
    except json.JSONDecodeError as problem:
        raise InvalidValue(f"line {problem.lineno}: is not JSON: {problem.msg}") from None
    except (RecursionError, ValueError) as problem:
        raise InvalidValue(f"is not an OpenTimelineIO file ({problem}): export it again") from None
    try:
        if newer := _lower_versions(found, otio.core.type_version_map()):
            answers.note(f"It was written by a newer OpenTimelineIO ({', '.join(sorted(newer)[:5])})")
            text = json.dumps(found)
        timeline = _timeline(otio.core.deserialize_json_from_string(text))
        return _chosen(timeline, answers)
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


def read_otioz(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the timeline in an .otioz file.

    Raises:
        InvalidValue: as `read_otio`, or the zip is damaged or too large.
    """
    content = zip_entry(data, lambda _names: CONTENT, at_most=LARGEST_TEXT)
    return read_otio(content, answers)


def _lower_versions(found: Any, known: dict[str, int]) -> set[str]:
    """Lowers the version of each object that is newer than the library, in place; returns what was lowered."""
    newer: set[str] = set()
    waiting = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name, _, version = str(one.get("OTIO_SCHEMA", "")).partition(".")
            if name in known and version.isascii() and version.isdigit() and int(version[:9]) > known[name]:
                newer.add(f"{name}.{version[:9]}")
                one["OTIO_SCHEMA"] = f"{name}.{known[name]}"
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return newer


def _chosen(timeline: Timeline, answers: Answers) -> list[Part]:
    """The clips or the markers, as answered, or whichever are likelier what was meant."""
    markers = _markers(timeline)
    track = _track(timeline)
    clips = [] if track is None else _parts(track)
    if not markers and not clips:
        raise InvalidValue("holds no segment: a timeline needs at least one clip")
    return markers_or_clips(clips, markers, answers)


def _markers(timeline: Timeline) -> list[Part]:
    """The markers of the timeline, of its tracks, and of their clips, in the timeline's seconds."""
    found: list[tuple[Any, float]] = [(marker, 0.0) for marker in timeline.tracks.markers]
    for track in timeline.tracks:
        offset = 0.0 if track.source_range is None else -track.source_range.start_time.to_seconds()
        found += [(marker, offset) for marker in track.markers]
        ranges = track.range_of_all_children()
        for clip in _clips(track):
            if not clip.markers:
                continue
            inside = clip.trimmed_range()
            begin = ranges[clip].start_time.to_seconds() - inside.start_time.to_seconds() + offset
            found += [
                (marker, begin)
                for marker in clip.markers
                if inside.start_time <= marker.marked_range.start_time < inside.end_time_exclusive()
            ]
    parts = []
    for number, (marker, offset) in enumerate(found, start=1):
        start_s = round(marker.marked_range.start_time.to_seconds() + offset, 6)
        lasts = marker.marked_range.duration
        # A marker of one frame is a point; a longer one was drawn over what it is about.
        end_s = round(start_s + lasts.to_seconds(), 6) if lasts.value > 1 else None
        title = marker.name or getattr(marker, "comment", "") or f"Marker {number}"
        parts.append(Part(where=f"marker {number}", title=title, start_s=start_s, end_s=end_s))
    return parts


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


def _track(timeline: Timeline) -> Track | None:
    for track in timeline.video_tracks() or list(timeline.tracks):
        if any(True for _ in _clips(track)):
            return track
    return None


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
