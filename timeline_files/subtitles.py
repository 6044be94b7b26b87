"""Readers for WebVTT (chapters or subtitles; W3C WebVTT, section 4) and SRT (as SubRip writes it).

Both are blocks of lines, each with a line `start --> end` and text below it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence

from audience.errors import InvalidValue
from timeline_files.parts import Part
from timeline_files.text import lines_of, text_of
from timeline_files.times import quoted, time_s

ARROW = "-->"
Block = tuple[int, list[str]]
_VTT_OTHER_BLOCKS = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")
_VTT_TAG = re.compile(r"<[^<>]*>")
_SRT_STYLE = re.compile(r"</?(?:b|i|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)


def read_webvtt(data: bytes) -> list[Part]:
    """Reads the cues of a WebVTT file, without the tags in their text.

    Raises:
        InvalidValue: the file does not begin with WEBVTT, or a cue is malformed; the message names the line.
    """
    lines = lines_of(text_of(data))
    if not re.match(r"WEBVTT(\s|$)", lines[0]):
        raise InvalidValue(f"line 1: {quoted(lines[0])} where WEBVTT was expected")
    # The first block is the header: WEBVTT and the lines up to the first blank one.
    return [
        _part(block, lambda text: html.unescape(_VTT_TAG.sub("", text)))
        for block in list(_blocks(lines))[1:]
        if not (_VTT_OTHER_BLOCKS.match(block[1][0]) and ARROW not in block[1][0])
    ]


def read_srt(data: bytes) -> list[Part]:
    """Reads the subtitles of an SRT file, without the style tags in their text.

    Raises:
        InvalidValue: a subtitle is malformed; the message names its line.
    """
    return [_part(block, lambda text: _SRT_STYLE.sub("", text)) for block in _blocks(lines_of(text_of(data)))]


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    """Runs of non-blank lines, each with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _part(block: Block, strip_markup: Callable[[str], str]) -> Part:
    """The part that a block states: a line with its times, at most one line before it (a name), and text after it.

    Raises:
        InvalidValue: the block has no times, or malformed ones.
    """
    first, lines = block
    place = next((place for place, line in enumerate(lines[:2]) if ARROW in line), None)
    if place is None:
        raise InvalidValue(f"line {first}: {quoted(lines[0])} where a line `start {ARROW} end` was expected")
    start, _, end = lines[place].partition(ARROW)
    try:
        # The end may be followed by the position of the text on the picture.
        start_s, end_s = time_s(start), time_s((end.split() or [""])[0])
    except InvalidValue as problem:
        raise InvalidValue(f"line {first + place}: {problem}") from None
    title = strip_markup(" ".join(line.strip() for line in lines[place + 1 :]))
    return Part(where=f"line {first + place}", title=title, start_s=start_s, end_s=end_s)
