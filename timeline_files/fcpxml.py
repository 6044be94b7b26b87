"""Final Cut Pro's XML (.fcpxml)."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from audience.errors import InvalidValue
from timeline_files.parts import Part
from timeline_files.safe_xml import xml_of
from timeline_files.text import LARGEST_TEXT
from timeline_files.times import shown

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_TIME = re.compile(r"(-?[0-9]{1,18})(?:/([0-9]{1,18}))?s")
_FINEST = 10**12
_NANOSECONDS = 10**9
_CLIPS = ("asset-clip", "audition", "clip", "mc-clip", "ref-clip", "sync-clip", "title", "video")


def read_fcpxml(data: bytes) -> list[Part]:
    """The clips of a project's primary storyline, gaps and transitions left out.

    Raises:
        InvalidValue: it is no such file, holds no project or several, or states a time that is none.
    """
    root = xml_of(data, at_most=LARGEST_TEXT)
    if root.tag != "fcpxml":
        raise InvalidValue(
            f"is XML of <{str(root.tag)[:40]}> where <fcpxml> was expected: export it from Final Cut Pro"
        )
    sequences = list(root.iterfind(".//project/sequence"))
    if len(sequences) != 1:
        raise InvalidValue(f"holds {len(sequences)} projects: export one")
    spine = sequences[0].find("spine")
    # Offsets count from the timecode the sequence begins at.
    zero = _seconds(sequences[0], "tcStart", "the sequence") or Fraction(0)
    parts: list[Part] = []
    follows = zero
    for clip in () if spine is None else spine:
        where = f"clip {len(parts) + 1}"
        if clip.tag not in (*_CLIPS, "gap"):
            continue
        shown_clip = clip.find("*") if clip.tag == "audition" else clip
        duration = None if shown_clip is None else _seconds(shown_clip, "duration", where)
        if shown_clip is None or duration is None:
            raise InvalidValue(f"{where}: {shown(clip.get('name', ''))} has no duration: export it from Final Cut Pro")
        offset = _seconds(clip, "offset", where)
        begin = follows if offset is None else offset
        follows = _rounded(begin + duration)
        if clip.tag != "gap":
            title = shown_clip.get("name") or f"Clip {len(parts) + 1}"
            start_s, end_s = round(float(begin - zero), 6), round(float(follows - zero), 6)
            parts.append(Part(where=where, title=title, start_s=start_s, end_s=end_s))
    return parts


def _rounded(time: Fraction) -> Fraction:
    """A time as it is, where it is of any rate that films have; else to the nanosecond.

    Times of ever other rates have no end of figures when they are added up.
    """
    return time if time.denominator <= _FINEST else Fraction(round(time * _NANOSECONDS), _NANOSECONDS)


def _seconds(element: Element, attribute: str, where: str) -> Fraction | None:
    """A time such as `5s` or `1001/30000s`; None where none is stated."""
    stated = element.get(attribute)
    if stated is None:
        return None
    found = _TIME.fullmatch(stated)
    if found is None or int(found[2] or 1) == 0:
        raise InvalidValue(f"{where}: {attribute} {shown(stated)} is not a time such as 5s or 1001/30000s")
    return Fraction(int(found[1]), int(found[2] or 1))
