"""Reader for Final Cut Pro XML (.fcpxml, and the Info.fcpxml of a .fcpxmld bundle): clips, or markers and chapters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.moments import markers_or_clips
from timeline_files.parts import Part
from timeline_files.safe_xml import xml_of
from timeline_files.text import LARGEST_TEXT
from timeline_files.times import quoted
from timeline_files.zips import zip_entry

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

BUNDLED: Final = "Info.fcpxml"
"""The XML's name in the folder that is a .fcpxmld."""
_TIME = re.compile(r"(-?[0-9]{1,18})(?:/([0-9]{1,18}))?s")
_FINEST = 10**12
_NANOSECONDS = 10**9
_CLIPS = ("asset-clip", "audition", "clip", "mc-clip", "ref-clip", "sync-clip", "title", "video")
_DEEPEST = 8


def read_fcpxml(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the clips of a project's primary storyline, without gaps and transitions; or its markers.

    Chapter markers are read where there are any, and other markers where there are several and they outnumber the
    clips; which of them is left open.

    Raises:
        InvalidValue: the file is not FCPXML, holds no project, or states a malformed time.
        Unclear: it holds several projects.
    """
    answers = answers or Answers()
    root = xml_of(data, at_most=LARGEST_TEXT)
    if root.tag != "fcpxml":
        raise InvalidValue(
            f"is XML of <{str(root.tag)[:40]}> where <fcpxml> was expected: export it from Final Cut Pro"
        )
    sequence = _sequence(root, answers)
    spine = sequence.find("spine")
    # Offsets count from the start timecode of the sequence.
    zero = _seconds(sequence, "tcStart", "the sequence") or Fraction(0)
    assets = {
        asset.get("id", ""): start
        for asset in root.iterfind("resources/asset")
        if (start := _seconds(asset, "start", "an asset")) is not None
    }
    parts: list[Part] = []
    marks: list[tuple[bool, Part]] = []
    follows = zero
    for clip in () if spine is None else spine:
        where = f"clip {len(parts) + 1}"
        if clip.tag not in (*_CLIPS, "gap"):
            continue
        picked = clip.find("*") if clip.tag == "audition" else clip
        duration = None if picked is None else _seconds(picked, "duration", where)
        if picked is None or duration is None:
            raise InvalidValue(f"{where}: {quoted(clip.get('name', ''))} has no duration: export it from Final Cut Pro")
        offset = _seconds(clip, "offset", where)
        begin = follows if offset is None else offset
        follows = _rounded(begin + duration)
        marks += _marks(picked, begin - zero, duration, len(marks), assets)
        if clip.tag != "gap":
            title = picked.get("name") or f"Clip {len(parts) + 1}"
            start_s, end_s = round(float(begin - zero), 6), round(float(follows - zero), 6)
            parts.append(Part(where=where, title=title, start_s=start_s, end_s=end_s))
    return _chosen(parts, marks, answers)


def _sequence(root: Element, answers: Answers) -> Element:
    """The sequence of the file's project; of the one that was chosen, where there are several."""
    projects = {
        project.get("name") or f"Project {number}": sequence
        for number, project in enumerate(root.iter("project"), start=1)
        if (sequence := project.find("sequence")) is not None
    }
    if not projects:
        raise InvalidValue("holds 0 projects: export a project, not clips of the library")
    name = next(iter(projects))
    if len(projects) > 1:
        names = list(projects)[:20]
        choices = {f"project={one}": f"the project {one}" for one in names}
        name = answers.choose(f"It holds {len(projects)} projects", choices).removeprefix("project=")
    return projects[name]


def read_zipped_fcpxml(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the Info.fcpxml of a zipped .fcpxmld bundle.

    Raises:
        InvalidValue: as `read_fcpxml`, or the zip is damaged.
    """

    def outermost(names: Sequence[str]) -> str:
        return min((name for name in names if name.lower().endswith(BUNDLED.lower())), key=len)

    content = zip_entry(data, outermost, at_most=LARGEST_TEXT)
    return read_fcpxml(content, answers)


def _chosen(clips: list[Part], marks: list[tuple[bool, Part]], answers: Answers) -> list[Part]:
    """The clips or the markers, as answered, or whichever are likelier what was meant."""
    chapters = [part for is_chapter, part in marks if is_chapter]
    if chapters:
        return markers_or_clips(clips, chapters, answers, kind="chapter markers", meant=True)
    return markers_or_clips(clips, [part for _, part in marks], answers)


def _marks(
    clip: Element, begin: Fraction, duration: Fraction, count: int, assets: Mapping[str, Fraction]
) -> Iterator[tuple[bool, Part]]:
    """Markers of a clip and of what is connected to it, at their place in the film, and whether each is a chapter."""
    open_clips = [(clip, begin, begin, begin + duration, 0)]
    while open_clips:
        one, at, low, high, depth = open_clips.pop()
        # Without a start of its own a clip begins where its source does.
        stated = _seconds(one, "start", "a clip")
        start = assets.get(one.get("ref", ""), Fraction(0)) if stated is None else stated
        for child in one:
            where = f"marker {count + 1}"
            if child.tag in ("marker", "chapter-marker"):
                mark = _seconds(child, "start", where)
                if mark is None:
                    raise InvalidValue(f"{where}: {quoted(child.get('value', ''))} has no start")
                place = at + mark - start
                # Markers of a source that lie outside the part that is shown are not in the film.
                if low <= place < high:
                    count += 1
                    title = child.get("value") or f"Marker {count}"
                    part = Part(where=where, title=title, start_s=round(float(_rounded(place)), 6))
                    yield child.tag == "chapter-marker", part
            elif child.tag in _CLIPS and child.get("offset") is not None and depth < _DEEPEST:
                offset, lasts = _seconds(child, "offset", where), _seconds(child, "duration", where)
                if offset is not None and lasts is not None:
                    inner = _rounded(at + offset - start)
                    open_clips.append((child, inner, inner, inner + lasts, depth + 1))


def _rounded(time: Fraction) -> Fraction:
    """Keeps a time exact at common frame rates, and rounds others to the nanosecond.

    The sum of times with many different denominators would grow without limit.
    """
    return time if time.denominator <= _FINEST else Fraction(round(time * _NANOSECONDS), _NANOSECONDS)


def _seconds(element: Element, attribute: str, where: str) -> Fraction | None:
    """The seconds of a time such as `5s` or `1001/30000s`; None where the attribute is missing."""
    stated = element.get(attribute)
    if stated is None:
        return None
    found = _TIME.fullmatch(stated)
    if found is None or int(found[2] or 1) == 0:
        raise InvalidValue(f"{where}: {attribute} {quoted(stated)} is not a time such as 5s or 1001/30000s")
    return Fraction(int(found[1]), int(found[2] or 1))
