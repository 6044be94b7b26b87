"""Reader for Final Cut Pro XML (.fcpxml)."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from audience.errors import InvalidValue
from timeline_files.parts import Part
from timeline_files.safe_xml import xml_of
from timeline_files.text import LARGEST_TEXT
from timeline_files.times import quoted

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_TIME = re.compile(r"(-?[0-9]{1,18})(?:/([0-9]{1,18}))?s")
_FINEST = 10**12
_NANOSECONDS = 10**9
_CLIPS = ("asset-clip", "audition", "clip", "mc-clip", "ref-clip", "sync-clip", "title", "video")


def read_fcpxml(data: bytes) -> list[Part]:
    """Reads the clips of a project's primary storyline, without gaps and transitions.

    Raises:
        InvalidValue: the file is not FCPXML, holds no project or several, or states a malformed time.
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
    # Offsets count from the start timecode of the sequence.
    zero = _seconds(sequences[0], "tcStart", "the sequence") or Fraction(0)
    parts: list[Part] = []
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
        if clip.tag != "gap":
            title = picked.get("name") or f"Clip {len(parts) + 1}"
            start_s, end_s = round(float(begin - zero), 6), round(float(follows - zero), 6)
            parts.append(Part(where=where, title=title, start_s=start_s, end_s=end_s))
    return parts


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
