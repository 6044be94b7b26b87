"""Reads transcripts: WebVTT, SRT, and plain text with times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from audience.errors import InvalidValue
from audience.time import clock_text
from audience.transcripts import LATEST_S, LONGEST_LINE, MOST_LINES, Line, Transcript, without_repeats
from timeline_files.isolated import ProcessCrashed, ProcessTimedOut, run_isolated
from timeline_files.parts import Part, plain_title
from timeline_files.reading import file_bytes
from timeline_files.subtitles import ARROW, read_srt, read_webvtt
from timeline_files.text import LARGEST_TEXT, lines_of, text_of
from timeline_files.times import time_s

KINDS = (".vtt", ".srt", ".txt")
_LAST_S = 10.0  # how long the last line of a text without ends is taken to last
# `0:15`, `[00:01:15]`, `(1:15.5) Ada:`; the words may stand in the same line or in those below.
_CLOCK = r"[\[(]?\s*((?:[0-9]{1,4}:)?[0-9]{1,4}:[0-9]{2}(?:[.,][0-9]{1,6})?)\s*[\])]?"
_TIME = re.compile(_CLOCK + r"(?:\s*[-\u2013\u2014|:]\s*|\s+|$)(.*)")


def read_transcript(name: str, data: bytes) -> Transcript:
    """Reads the transcript in a file. Its title is the file's name without the suffix.

    Args:
        name: the file's name; the content decides where the suffix is none of `KINDS`.
        data: the whole file.

    Raises:
        InvalidValue: the file is no transcript; one line names the file and what is wrong.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if len(data) > LARGEST_TEXT:
        raise InvalidValue(f"{path.name}: is larger than any transcript ({LARGEST_TEXT >> 20} MiB)")
    try:
        rows = run_isolated(lines_in, data, kind=_kind(path.suffix.lower(), data))
        return Transcript(title=plain_title(path.stem), lines=tuple(Line(**row) for row in rows))
    except InvalidValue as problem:
        raise InvalidValue(f"{path.name}: {problem}") from None
    except ProcessTimedOut:
        raise InvalidValue(f"{path.name}: takes far too long to read for its size: export it again") from None
    except ProcessCrashed:
        raise InvalidValue(f"{path.name}: is not a readable transcript: export it again") from None


def read_transcript_file(path: Path) -> Transcript:
    """Reads the transcript in a file on disk.

    Raises:
        InvalidValue: as `read_transcript`, or the file cannot be read.
    """
    return read_transcript(path.name, file_bytes(path, LARGEST_TEXT))


def lines_in(data: bytes, *, kind: str) -> list[dict[str, Any]]:
    """Reads the lines of a transcript in this process, as dicts.

    Args:
        data: the whole file.
        kind: one of `KINDS`.

    Raises:
        InvalidValue: as `read_transcript`, without the file's name.
    """
    readers = {".vtt": read_webvtt, ".srt": read_srt, ".txt": read_timed_text}
    parts = sorted(readers[kind](data), key=lambda part: part.start_s)
    if len(parts) > MOST_LINES:
        raise InvalidValue(f"holds {len(parts)} lines: a transcript has at most {MOST_LINES}")
    lines = without_repeats(list(_lines(parts)))
    if not lines:
        raise InvalidValue("holds no words with their times")
    return [{"start_s": line.start_s, "end_s": line.end_s, "text": line.text} for line in lines]


def read_timed_text(data: bytes) -> list[Part]:
    """Reads plain text in which a line begins with its time, or stands below it, as video sites show transcripts.

    Lines before the first time are a heading, and skipped.

    Raises:
        InvalidValue: no line begins with a time.
    """
    parts: list[Part] = []
    start_s, words, where = None, list[str](), ""
    for number, line in enumerate([*lines_of(text_of(data)), "0:00"], start=1):
        found = _TIME.fullmatch(line.strip())
        if found is None:
            words.append(line.strip())
            continue
        if start_s is not None and any(words):
            parts.append(Part(where=where, title=" ".join(filter(None, words)), start_s=start_s))
        start_s, words, where = time_s(found[1]), [found[2]], f"line {number}"
    if not parts:
        raise InvalidValue("holds no words with their times: begin each line with its time, such as `1:15 Welcome`")
    return parts


def _lines(parts: Sequence[Part]) -> Iterator[Line]:
    """The parts as lines; one without an end lasts until the next begins."""
    for place, part in enumerate(parts):
        text = " ".join("".join(sign if sign.isprintable() else " " for sign in part.title).split())
        if not 0 <= part.start_s <= LATEST_S:
            raise InvalidValue(f"{part.where}: words at {clock_text(part.start_s)}: no talk is that long")
        following = parts[place + 1].start_s if place + 1 < len(parts) else part.start_s + _LAST_S
        end_s = following if part.end_s is None else min(max(part.end_s, part.start_s), LATEST_S)
        if text:
            yield Line(start_s=part.start_s, end_s=min(end_s, LATEST_S), text=text[:LONGEST_LINE])


def _kind(suffix: str, data: bytes) -> str:
    begin = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"WEBVTT"):
        return ".vtt"
    if suffix in KINDS and suffix != ".txt":
        return suffix
    return ".srt" if ARROW.encode() in begin else ".txt"
