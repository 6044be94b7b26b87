"""Reader for Final Cut Pro 7 XML (xmeml), which Premiere Pro and DaVinci Resolve export: clips, or markers."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.moments import markers_or_clips
from timeline_files.parts import Part
from timeline_files.safe_xml import xml_of
from timeline_files.timecode import Rate, rate_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Of a whole project with its effects.
LARGEST = 64 * 2**20


def read_xmeml(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the clips of a sequence's first video track that has some (or its first audio track), or its markers.

    The first frame of the sequence is second 0. Frames are counted at the rate that the sequence states.

    Raises:
        InvalidValue: the file holds no sequence or several, or states a malformed rate or frame.
    """
    answers = answers or Answers()
    root = xml_of(data, at_most=LARGEST)
    sequences = [
        *root.iterfind("sequence"), *root.iterfind("project/children/sequence"), *root.iterfind("bin/children/sequence")
    ]  # fmt: skip
    if not sequences:
        sequences = list(root.iter("sequence"))[:1]
    if len(sequences) != 1:
        raise InvalidValue(f"holds {len(sequences)} sequences: export one")
    (sequence,) = sequences
    rate = _rate(sequence)
    return markers_or_clips(_clips(sequence, rate), _markers(sequence, rate), answers)


def _clips(sequence: Element, rate: Rate) -> list[Part]:
    for medium in ("video", "audio"):
        for track in sequence.iterfind(f"media/{medium}/track"):
            clips = _of_track(track, rate)
            if clips:
                return clips
    return []


def _of_track(track: Element, rate: Rate) -> list[Part]:
    items = [item for item in track if item.tag in ("clipitem", "generatoritem", "transitionitem")]
    parts: list[Part] = []
    for place, item in enumerate(items):
        if item.tag == "transitionitem":
            continue
        where = f"clip {len(parts) + 1}"
        start, end = _frame(item, "start", where), _frame(item, "end", where)
        # Beside a transition a clip states -1: it begins, or ends, in the middle of it.
        if start == -1 and place and items[place - 1].tag == "transitionitem":
            start = _middle(items[place - 1], where)
        if end == -1 and place + 1 < len(items) and items[place + 1].tag == "transitionitem":
            end = _middle(items[place + 1], where)
        title = (item.findtext("name") or "").strip() or f"Clip {len(parts) + 1}"
        parts.append(Part(where=where, title=title, start_s=_seconds(start, rate), end_s=_seconds(end, rate)))
    return parts


def _middle(transition: Element, where: str) -> int:
    start, end = _frame(transition, "start", where), _frame(transition, "end", where)
    alignment = (transition.findtext("alignment") or "center").strip()
    return {"start": start, "start-black": start, "end": end, "end-black": end}.get(alignment, (start + end) // 2)


def _markers(sequence: Element, rate: Rate) -> list[Part]:
    parts = []
    for number, marker in enumerate(sequence.iterfind("marker"), start=1):
        where = f"marker {number}"
        start = _frame(marker, "in", where)
        end = _frame(marker, "out", where) if marker.findtext("out") else -1
        title = (marker.findtext("name") or marker.findtext("comment") or "").strip() or f"Marker {number}"
        end_s = _seconds(end, rate) if end > start else None
        parts.append(Part(where=where, title=title, start_s=_seconds(start, rate), end_s=end_s))
    return parts


def _rate(sequence: Element) -> Rate:
    stated = (sequence.findtext("rate/timebase") or "").strip()
    if not (stated.isascii() and stated.isdigit() and 0 < int(stated[:4]) <= 1000):
        raise InvalidValue(f"the sequence's timebase {stated[:20]!r} is not a frame rate such as 25")
    return rate_of(int(stated[:4]), ntsc=(sequence.findtext("rate/ntsc") or "").strip().upper() == "TRUE")


def _frame(element: Element, name: str, where: str) -> int:
    stated = (element.findtext(name) or "").strip()
    try:
        return int(stated[:12])
    except ValueError:
        raise InvalidValue(f"{where}: its {name} {stated[:20]!r} is not a frame number") from None


def _seconds(frames: int, rate: Rate) -> float:
    return round(float(Fraction(frames) / rate.exact), 6)
