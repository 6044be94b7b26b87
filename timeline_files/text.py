"""Decodes text files and splits them into lines."""

from __future__ import annotations

import codecs
import re

from audience.errors import InvalidValue

LARGEST_TEXT = 8 * 2**20
# Ten thousand subtitles of several lines each.
MOST_LINES = 100_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The line ends of these formats; str.splitlines() would also split at form feeds and U+2028.
_LINE_ENDS = re.compile(r"\r\n|\n|\r")


def text_of(data: bytes) -> str:
    """Decodes a file in UTF-8, or in UTF-16 with a byte order mark, and drops the mark.

    Raises:
        InvalidValue: the file is too large, or is not such text.
    """
    if len(data) > LARGEST_TEXT:
        raise InvalidValue(f"is {len(data) / 2**20:.0f} MiB: a text timeline has at most {LARGEST_TEXT >> 20}")
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        line = len(_LINE_ENDS.findall(data[: problem.start].decode("latin-1"))) + 1
        raise InvalidValue(f"line {line}: is not UTF-8 text: save the file as UTF-8") from None
    if "\0" in text:
        raise InvalidValue(f"line {len(_LINE_ENDS.findall(text.partition(chr(0))[0])) + 1}: holds a NUL: is this text?")
    return text


def lines_of(text: str) -> list[str]:
    """Splits a text into lines, without their line ends.

    Raises:
        InvalidValue: there are more than `MOST_LINES`.
    """
    lines = _LINE_ENDS.split(text, maxsplit=MOST_LINES)
    if len(lines) > MOST_LINES:
        raise InvalidValue(f"has more than {MOST_LINES} lines: is this a timeline?")
    return lines
