"""Reader for chapters as people write and paste them: a time and a title a line, with anything around them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.moments import Entry, moment_in, parts_of
from timeline_files.parts import Part
from timeline_files.text import lines_of, text_of
from timeline_files.times import quoted

EXPECTED: Final = "a line such as `2:10 Demo`"
LONGEST_LINE: Final = 1000

_UNITS_TIME = (
    r"[0-9]{1,2}h(?:[0-9]{1,2}m(?:in)?)?(?:[0-9]{1,2}s)?|[0-9]{1,3}m(?:in)?[0-9]{1,2}s"
    r"|[0-9]{1,3}[\u2032'][0-9]{2}[\u2033\"]"
)
_COLONS = r"(?:[0-9]{1,4}:)?[0-9]{1,4}:[0-9]{2}(?:[.,][0-9]{1,12})?(?:[:;][0-9]{2})?(?:\s?[AaPp]\.?[Mm]\b\.?)?"
_TIME = rf"(?<![0-9:.,])(?:{_COLONS}|{_UNITS_TIME})(?!:?[0-9])(?![A-Za-z])"
_DASH = r"-\u2010-\u2015\u2212~"
# Between a time and its title, besides spaces.
_BETWEEN: Final = (
    "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d~|:;,=>\u2022\u00b7\u30fb\u3001"
    "\u2192\u21d2\u27a1\u279c\u25b6\u25ba\ufe0f"
)
_CLOSE: Final = ")]}>\u3011\u300d\u300f\uff09\uff3d\u00bb\u203a*_`"
_OPEN: Final = "([{<\u3010\u300c\u300e\uff08\uff3b\u00ab\u2039*_`@"
_RANGE = re.compile(
    rf"\s*[{re.escape(_CLOSE)}]?\s*(?:[{_DASH}]|\u2192|-->|->|=>|to|until|till|through|bis|\u00e0|a|al|\u2013)\s*[{re.escape(_OPEN)}]?\s*({_TIME})",
    re.IGNORECASE,
)
_TIME_AT = re.compile(_TIME)
# What may stand before a time: marks, a number, words such as "at" or "Chapter 3".
_LEAD = re.compile(
    r"[^\w\s]*\s*(?:(?:chapter|part|kapitel|chapitre|cap[ií]tulo|section|track|#|no\.?|nr\.?)\s*)?"
    r"(?:[0-9]{1,3}\s?[.):\-]\s*(?!\d)|[0-9]{1,3}\s+(?=[\W_]*\d)|#[0-9]{1,3}\s*)?[^\w\s]*\s*"
    r"(?:(?:at|from|um|ab|\u00e0|de|a las|t=|time|start|min\.?|minute)\b\.?:?\s*)?[^\w]*",
    re.IGNORECASE,
)
_TAIL_WORDS = re.compile(r"\s+(?:at|um|\u00e0|starts?(?: at)?|begins?(?: at)?)\s*$", re.IGNORECASE)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u061c\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]")
_LINK = re.compile(r"\[([^\[\]]{1,300})\]\([^()\s]{1,500}\)")
_URL = re.compile(r"<?https?://[^\s<>()]{1,800}>?")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,800}>")
# One sign for one sign, so that places in a line stay what they are.
_DIGITS = {
    ord(sign): str(value)
    for zero in (0xFF10, 0x660, 0x6F0, 0x966)
    for value, sign in enumerate(map(chr, range(zero, zero + 10)))
}
_SAME = {**_DIGITS, 0xFF1A: ":", 0xA0: " ", 0x3000: " ", 0x202F: " ", 0x2009: " ", 0x2236: ":", 0xFE55: ":"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A line with a time: `style` is where the time stands ("first", "last" or "alone")."""

    place: int
    style: str
    title: str
    start: str
    end: str | None


def read_chapter_text(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads chapters as people write them: `02:10 Demo`, `Demo - 02:10`, `• [1:02:03](link) Demo`, `0:00 to 2:10 Demo`.

    Lines without a time are left out, and noted where they stand between chapters. A time alone on a line belongs to
    the title on the next line, or on the one before if the text begins with a title.

    Raises:
        InvalidValue: no line has a time, or a chapter's time is malformed; the message names the line.
    """
    answers = answers or Answers()
    lines = [_plain(line) for line in lines_of(text_of(data))]
    found = [one for place, line in enumerate(lines) if (one := _time_in(place, line)) is not None]
    if not found:
        raise InvalidValue(_nothing(lines))
    entries = _two_lines(found, lines) or _chapters(found, lines, answers)
    return parts_of(entries, answers)


def chapter_lines(text: str) -> int:
    """How many lines of a text are chapters."""
    return sum(_time_in(0, _plain(line)) is not None for line in text.splitlines()[:400])


def _nothing(lines: Sequence[str]) -> str:
    number, line = next(((place + 1, line) for place, line in enumerate(lines) if line), (1, ""))
    if len(line) > LONGEST_LINE:
        return f"line {number}: has {len(line)} characters where {EXPECTED} was expected"
    return f"holds no chapter: line {number} is {quoted(line)} where {EXPECTED} was expected"


def _plain(line: str) -> str:
    """A line without marks of writing direction, links and tags."""
    if len(line) > LONGEST_LINE:
        return line
    line = _INVISIBLE.sub("", line).strip()
    if "<" in line:
        line = html.unescape(_TAG.sub(" ", line))
    line = _LINK.sub(r"\1", line)
    without = _URL.sub(" ", line).strip()
    return without if without else line


def _time_in(place: int, line: str) -> _Found | None:
    """The time and title of a line; None if the line has none at its begin or end."""
    if not line or len(line) > LONGEST_LINE or not re.search(r"\d", line):
        return None
    same = line.translate(_SAME)
    lead = _LEAD.match(same)
    begin = _TIME_AT.match(same, lead.end() if lead else 0)
    if begin is None and (plain := re.match(r"[^\w]*", same)) is not None:
        begin = _TIME_AT.match(same, plain.end())
    if begin is not None:
        end_at, end = begin.end(), None
        if until := _RANGE.match(same, begin.end()):
            end_at, end = until.end(), until[1]
        title = _after(line[end_at:])
        if re.match(r"[*_`]", same):
            title = title.rstrip("*_`")  # the whole line is bold
        if title:
            return _Found(place=place, style="first", title=title, start=begin[0], end=end)
        before = line[: lead.end() if lead else 0].strip()
        kind = "last" if re.search(r"[^\W\d_]{2}", before) else "alone"
        return _Found(place=place, style=kind, title=_before(before), start=begin[0], end=end)
    times = list(_TIME_AT.finditer(same))
    if not times or _after(line[times[-1].end() :]):
        return None
    last, end = times[-1], None
    if len(times) > 1 and (until := _RANGE.match(same, times[-2].end())) and until.start(1) == last.start():
        last, end = times[-2], last[0]
    title = _before(line[: last.start()])
    return _Found(place=place, style="last", title=title, start=last[0], end=end) if title else None


def _after(text: str) -> str:
    """What follows a time, without what closes it and what separates it from a title."""
    return text.lstrip(" \t" + _CLOSE).lstrip(" \t" + _BETWEEN).rstrip(" \t|")


def _before(text: str) -> str:
    """What comes before a time at the end of a line, without bullets, numbers and what opens the time."""
    text = re.sub(r"^[\s\-*\u2013\u2014\u2022\u00b7\u25b6\u25ba]+", "", text)
    text = re.sub(r"^[0-9]{1,3}[.)]\s+", "", text)
    text = text.rstrip(" \t" + _OPEN).rstrip(" \t." + _BETWEEN).rstrip(" \t" + _OPEN)
    return _TAIL_WORDS.sub("", text).strip(" \t" + _BETWEEN)


def _chapters(found: Sequence[_Found], lines: Sequence[str], answers: Answers) -> list[Entry]:
    """The chapters among lines with a time: those written like most of them, and others that fit in between."""
    titled = [one for one in found if one.style != "alone"]
    if not titled:
        raise InvalidValue(f"line {found[0].place + 1}: there is no title: give the segment one")
    if len(titled) == 1 and (several := list(_in_one_line(titled[0], lines[titled[0].place]))):
        titled = several
    firsts = sum(one.style == "first" for one in titled)
    style = "first" if firsts * 2 >= len(titled) else "last"
    usual = [one for one in titled if one.style == style]
    kept = [one for one in titled if one.style == style or _fits(one, usual)]
    _note_left_out(kept, lines, answers)
    entries = []
    for one in kept:
        where = f"line {one.place + 1}"
        try:
            start, end = moment_in(one.start), moment_in(one.end) if one.end else None
        except InvalidValue as problem:
            raise InvalidValue(f"{where}: {problem}") from None
        entries.append(Entry(where=where, title=one.title, start=start, end=end))
    return entries


def _fits(one: _Found, usual: Sequence[_Found]) -> bool:
    """Whether a line written in another way lies between its neighbours in time."""
    try:
        at = moment_in(one.start).seconds
        before = [moment_in(other.start).seconds for other in usual if other.place < one.place]
        after = [moment_in(other.start).seconds for other in usual if other.place > one.place]
    except InvalidValue:
        return False
    return (not before or before[-1] < at) and (not after or at < after[0])


def _note_left_out(kept: Sequence[_Found], lines: Sequence[str], answers: Answers) -> None:
    places = {one.place for one in kept}
    between = [place for place in range(kept[0].place, kept[-1].place) if place not in places and lines[place].strip()]
    if between:
        first = between[0]
        more = f" and {len(between) - 1} more" if len(between) > 1 else ""
        answers.note(f"Left out, as it has no time: line {first + 1}, {quoted(lines[first])}{more}")


def _in_one_line(one: _Found, line: str) -> Iterator[_Found]:
    """The chapters of a text that was pasted as one line."""
    same = line.translate(_SAME)
    times = list(_TIME_AT.finditer(same))
    if one.style != "first" or len(times) < 2 or one.end:
        return
    ends = [*(time.start() for time in times[1:]), len(line)]
    found = [
        _Found(place=one.place, style="first", title=_before(_after(line[time.end() : end])), start=time[0], end=None)
        for time, end in zip(times, ends, strict=True)
    ]
    try:
        starts = [moment_in(other.start).seconds for other in found]
    except InvalidValue:
        return
    if all(other.title for other in found) and starts == sorted(set(starts)):
        yield from found


def _two_lines(found: Sequence[_Found], lines: Sequence[str]) -> list[Entry]:
    """Chapters whose times stand on lines of their own; empty if most times do not."""
    alone = [one for one in found if one.style == "alone"]
    if len(alone) * 2 <= len(found):
        return []
    texts = [place for place, line in enumerate(lines) if line]
    title_first = bool(texts) and texts[0] < alone[0].place and texts[-1] == alone[-1].place
    entries = []
    edges = [one.place for one in alone]
    for number, one in enumerate(alone):
        if title_first:
            low = edges[number - 1] if number else -1
            titles = [lines[place] for place in range(low + 1, one.place) if lines[place]][-1:]
        else:
            high = edges[number + 1] if number + 1 < len(edges) else len(lines)
            titles = [lines[place] for place in range(one.place + 1, high) if lines[place]]
        if titles:
            title = " ".join(titles) if not title_first else titles[0]
            where = f"line {one.place + 1}"
            entries.append(Entry(where=where, title=title, start=moment_in(one.start)))
    return entries
