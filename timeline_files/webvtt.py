"""WebVTT, chapters or subtitles (W3C WebVTT, section 4)."""

from __future__ import annotations

import html
import re

from audience.errors import InvalidValue
from timeline_files.parts import Part
from timeline_files.subtitle_cues import ARROW, blocks_of, part_of
from timeline_files.text import lines_of, text_of
from timeline_files.times import shown

_NOT_CUES = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")
_TAG = re.compile(r"<[^<>]*>")


def read_webvtt(data: bytes) -> list[Part]:
    """Reads the cues of a WebVTT file; tags are left out of their text.

    Raises:
        InvalidValue: it does not begin with WEBVTT, or a cue is not as expected; its line is named.
    """
    lines = lines_of(text_of(data))
    if not re.match(r"WEBVTT(\s|$)", lines[0]):
        raise InvalidValue(f"line 1: {shown(lines[0])} where WEBVTT was expected")
    blocks = list(blocks_of(lines))
    # What follows WEBVTT without a blank line is the header's.
    return [
        part_of(block, _plain)
        for block in blocks[1:]
        if not (_NOT_CUES.match(block[1][0]) and ARROW not in block[1][0])
    ]


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub("", text))
