"""Readers for WebVTT (chapters or subtitles; W3C WebVTT, sections 4 and 6) and SRT (as SubRip writes it).

Both are cues: a line `start --> end` with text below it. A line with an arrow always begins a cue, also right under the
header and right after another cue's text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.moments import untangled
from timeline_files.parts import Part
from timeline_files.text import lines_of, text_of
from timeline_files.times import quoted, time_s

ARROW = "-->"
_VTT_OTHER_BLOCKS = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")
_VTT_TAG = re.compile(r"<[^<>]*>")
_SRT_STYLE = re.compile(r"</?(?:b|i|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)
_STUCK = re.compile(r"([0-9:]+[.,][0-9]{3})(?:align|line|position|region|size|vertical):")
_SBV_TIMES = re.compile(
    r"\s*([0-9]{1,4}:[0-9]{1,2}:[0-9]{1,2}\.[0-9]{1,9})\s*,\s*([0-9]{1,4}:[0-9]{1,2}:[0-9]{1,2}\.[0-9]{1,9})\s*"
)


@dataclass(slots=True)
class _Cue:
    """The line of a cue's times, and the lines of its text; what is wrong with it, "" for nothing."""

    number: int
    times: str
    text: list[str] = field(default_factory=list)
    wrong: str = ""


def read_webvtt(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the cues of a WebVTT file, without the tags in their text.

    Malformed cues are left out, and noted.

    Raises:
        InvalidValue: the file does not begin with WEBVTT, or most of its cues are malformed; the message names the
            first line of them.
    """
    lines = lines_of(text_of(data.replace(b"\0", b"\xef\xbf\xbd")))
    if not re.match(r"WEBVTT(\s|$)", lines[0]):
        raise InvalidValue(f"line 1: {quoted(lines[0])} where WEBVTT was expected")
    # The header is WEBVTT and the lines up to the first blank one, or up to a cue.
    begin = next((place for place, line in enumerate(lines[1:], 1) if not line.strip() or ARROW in line), len(lines))
    answers = answers or Answers()
    cues = _cues(lines, begin, answers, is_srt=False)
    return _parts(cues, lambda text: html.unescape(_VTT_TAG.sub("", text)), answers)


def read_srt(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the subtitles of an SRT file, without the style tags in their text; malformed ones as in WebVTT.

    Raises:
        InvalidValue: most of its subtitles are malformed; the message names the first line of them.
    """
    answers = answers or Answers()
    cues = _cues(lines_of(text_of(data)), 0, answers, is_srt=True)
    return _parts(cues, lambda text: _SRT_STYLE.sub("", text), answers)


def read_sbv(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the captions of an SBV file (YouTube): `start,end`, text below, a blank line.

    Raises:
        InvalidValue: a caption begins otherwise, or the times of most are malformed; the message names the first line.
    """
    cues: list[_Cue] = []
    blank = True
    for number, line in enumerate(lines_of(text_of(data)), start=1):
        if found := _SBV_TIMES.fullmatch(line):
            cues.append(_Cue(number, f"{found[1]} {ARROW} {found[2]}"))
        elif line.strip():
            if not cues or (blank and re.match(r"\s*[0-9]+:[0-9]", line)):
                raise InvalidValue(f"line {number}: {quoted(line)} where a line `start,end` was expected")
            cues[-1].text.append(line)
        blank = not line.strip()
    return _parts(cues, lambda text: text.replace("[br]", " "), answers or Answers())


def _cues(lines: Sequence[str], begin: int, answers: Answers, *, is_srt: bool) -> list[_Cue]:
    """The cues of a file, from a line on, those that are malformed among them."""
    cues: list[_Cue] = []
    for first, block in _blocks(lines, begin):
        arrows = [place for place, line in enumerate(block) if ARROW in line]
        if not is_srt and _VTT_OTHER_BLOCKS.match(block[0]) and 0 not in arrows:
            # A note holds no cue; one that is written right under it is one.
            arrows = [place for place in arrows if place > 0] if block[0].split()[0] != "NOTE" else []
            if not arrows:
                continue
        timed = any(re.match(r"\s*[0-9]+\s*$|.*[0-9]:[0-9]{2}", line) for line in block)
        if not arrows and not timed and (cues or not is_srt):
            # A blank line within the text of a subtitle: SubRip goes on, WebVTT does not show what follows.
            if is_srt:
                cues[-1].text += block
            else:
                answers.note(f"Left out, as it has no times: line {first}, {quoted(block[0])}")
            continue
        if not arrows or arrows[0] > 1:
            wrong = f"line {first}: {quoted(block[0])} where a line `start {ARROW} end` was expected"
            cues.append(_Cue(first, "", wrong=wrong))
            continue
        ends = [*arrows[1:], len(block)]
        for place, end in zip(arrows, ends, strict=True):
            text = block[place + 1 : end]
            # The number of the next cue is no text of this one.
            if end < len(block) and text and text[-1].strip() == str(len(cues) + 2):
                text = text[:-1]
            cues.append(_Cue(first + place, block[place], list(text)))
    return cues


def _blocks(lines: Sequence[str], begin: int) -> Iterator[tuple[int, list[str]]]:
    """Runs of non-blank lines, each with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*lines[begin:], ""], start=begin + 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _parts(cues: Sequence[_Cue], strip_markup: Callable[[str], str], answers: Answers) -> list[Part]:
    """The parts that cues state, in order and without overlap.

    Raises:
        InvalidValue: most cues are malformed.
    """
    parts, wrong = [], []
    for cue in cues:
        start, _, end = cue.times.partition(ARROW)
        try:
            if cue.wrong:
                raise InvalidValue(cue.wrong)
            # The end may be followed by the position of the text on the picture, also without a space.
            end = (end.split() or [""])[0]
            stuck = _STUCK.match(end)
            start_s, end_s = (_time_s(cue.number, text) for text in (start, stuck[1] if stuck else end))
        except InvalidValue as problem:
            wrong.append(str(problem))
            continue
        title = strip_markup(" ".join(line.strip() for line in cue.text))
        parts.append(
            Part(where=f"line {cue.number}", title=title, start_s=start_s, end_s=end_s if end_s != start_s else None)
        )
    if len(wrong) > len(parts):
        raise InvalidValue(wrong[0])
    if wrong:
        answers.note(f"{len(wrong)} of its {len(cues)} entries cannot be read, and are left out ({wrong[0]})")
    return spoken(parts, answers)


def _time_s(line: int, text: str) -> float:
    try:
        return time_s(text)
    except InvalidValue as problem:
        raise InvalidValue(f"line {line}: {problem}") from None


def spoken(parts: Sequence[Part], answers: Answers) -> list[Part]:
    """Subtitles as segments: without those that say nothing, in order, none reaching into the next."""
    said = [part for part in parts if part.title.strip()]
    if said and len(said) < len(parts):
        answers.note(f"{len(parts) - len(said)} of its {len(parts)} entries have no text, and are left out")
    backwards = [part for part in said if part.end_s is not None and part.end_s < part.start_s]
    if backwards:
        more = f" and {len(backwards) - 1} more" if len(backwards) > 1 else ""
        answers.note(f"{backwards[0].where} ends before it starts{more}: it lasts until the next")
        said = [replace(part, end_s=None) if part in backwards else part for part in said]
    return untangled(said or parts, answers)
