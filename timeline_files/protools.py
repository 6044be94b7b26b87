"""Reader for the text that Pro Tools exports of a session: its markers, at the frame rate that it states."""

from __future__ import annotations

import re

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.moments import moment_in, timecode_rate, timeline_zero, untangled
from timeline_files.parts import Part
from timeline_files.text import lines_of, text_of
from timeline_files.timecode import rate_in
from timeline_files.times import quoted

_HEADING = re.compile(r"M A R K E R S\s+L I S T I N G")
_RATE = re.compile(r"TIMECODE FORMAT:\s*([0-9.]+)\s*(Drop\s*)?Frame", re.IGNORECASE)
_BEGIN = re.compile(r"SESSION START TIMECODE:\s*(\S+)")
_MARKER = re.compile(r"\s*[0-9]+\s+([0-9:;.+]+)\s+[0-9]+\s+\S+\s+(\S.*?)(?:\t.*)?")


def read_protools(data: bytes, answers: Answers) -> list[Part]:
    """Reads the markers of a session's text.

    Raises:
        InvalidValue: it lists no markers, or a malformed one; the message names the line.
    """
    lines = lines_of(text_of(data))
    text = "\n".join(lines[:40])
    heading = next((place for place, line in enumerate(lines) if _HEADING.match(line)), None)
    if heading is None:
        raise InvalidValue("is a Pro Tools session without markers: tick Markers when exporting its text")
    found = []
    for number, line in enumerate(lines[heading + 1 :], start=heading + 2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        marker = _MARKER.fullmatch(line)
        if marker is None:
            raise InvalidValue(f"line {number}: {quoted(line)} where a marker was expected")
        found.append((number, moment_in(marker[1]), marker[2].strip()))
    stated = _RATE.search(text)
    codes = [moment.timecode for _, moment, _ in found if moment.timecode]
    rate = timecode_rate(codes, answers, rate_in(stated[1]) if stated else None)
    begin = _BEGIN.search(text)
    zero = moment_in(begin[1]).timecode if begin else None
    zero_s = zero.at(rate) if zero and answers.value("from=") is None else timeline_zero(codes, rate, answers)
    parts = []
    for number, moment, title in found:
        start = moment.timecode.at(rate) - zero_s if moment.timecode else moment.seconds
        parts.append(Part(where=f"line {number}", title=title, start_s=round(float(start), 6)))
    return untangled(parts, answers)
