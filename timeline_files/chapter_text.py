"""Reader for chapters as people write them under a video: one a line, the time before or after the title."""

from __future__ import annotations

import re

from audience.errors import InvalidValue
from timeline_files.parts import Part
from timeline_files.text import lines_of, text_of
from timeline_files.times import quoted, time_s

EXPECTED = "a line such as `2:10 Demo`"
_CLOCK = r"[(\[]?\s*((?:[0-9]{1,4}:)?[0-9]{1,4}:[0-9]{2}(?:[.,][0-9]{1,12})?)\s*[)\]]?"
_DASH = "[-\u2013\u2014]"
# Characters between time and title, besides spaces.
_BETWEEN = "-\u2013\u2014|:\u2022\u00b7"
_BULLET = r"(?:[-*\u2013\u2014\u2022\u00b7\u25b6\u25ba]+\s*|[0-9]{1,3}[.)]\s+)?"
_FIRST = re.compile(rf"{_BULLET}{_CLOCK}(?:\s*{_DASH}\s*{_CLOCK}(?=[{_BETWEEN}\s]))?(?=[{_BETWEEN}\s])(.*)")
_LAST = re.compile(rf"{_BULLET}(.*?)(?<![0-9:.,]){_CLOCK}")
LONGEST_LINE = 1000


def read_chapter_text(data: bytes) -> list[Part]:
    """Reads `02:10 Demo`, `Demo - 02:10`, `(1:02:03) Demo`, `0:00 - 2:10 Opening`, also after a bullet or number.

    Lines without a digit before the first chapter are a heading, and skipped.

    Raises:
        InvalidValue: a line has no time or a malformed one; the message names the line.
    """
    parts: list[Part] = []
    for number, line in enumerate(lines_of(text_of(data)), start=1):
        line = line.strip()
        if not line or (not parts and not re.search("[0-9]", line)):
            continue
        parts.append(_part(f"line {number}", line))
    return parts


def _part(where: str, line: str) -> Part:
    if len(line) > LONGEST_LINE:
        raise InvalidValue(f"{where}: has {len(line)} characters where {EXPECTED} was expected")
    if first := _FIRST.fullmatch(line):
        start, end, title = first[1], first[2], first[3].lstrip(_BETWEEN + " \t")
    elif last := _LAST.fullmatch(line):
        title, start, end = last[1].rstrip(_BETWEEN + " \t"), last[2], None
    else:
        raise InvalidValue(f"{where}: {quoted(line)} where {EXPECTED} was expected")
    try:
        start_s, end_s = time_s(start), time_s(end) if end else None
    except InvalidValue as problem:
        raise InvalidValue(f"{where}: {problem}") from None
    return Part(where=where, title=title, start_s=start_s, end_s=end_s)
