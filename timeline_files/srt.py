"""SRT, as SubRip writes it."""

from __future__ import annotations

import re

from timeline_files.parts import Part
from timeline_files.subtitle_cues import blocks_of, part_of
from timeline_files.text import lines_of, text_of

_STYLE = re.compile(r"</?(?:b|i|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)


def read_srt(data: bytes) -> list[Part]:
    """Reads the subtitles of an SRT file; marks of style are left out of their text.

    Raises:
        InvalidValue: one is not as expected; its line is named.
    """
    return [part_of(block, lambda text: _STYLE.sub("", text)) for block in blocks_of(lines_of(text_of(data)))]
