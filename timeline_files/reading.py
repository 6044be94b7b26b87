"""A timeline out of a file of any kind, the kind told by the file's ending or else by what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from audience.errors import InvalidValue
from audience.timelines import Timeline
from timeline_files.chapter_text import read_chapter_text
from timeline_files.edl import read_edl
from timeline_files.fcpxml import read_fcpxml
from timeline_files.otio import read_otio
from timeline_files.parts import Part, timeline_of
from timeline_files.slides import LARGEST_DECK, read_slides
from timeline_files.srt import read_srt
from timeline_files.subtitle_cues import ARROW
from timeline_files.tables import read_table
from timeline_files.webvtt import read_webvtt

Reader = Callable[[bytes], list[Part]]

READERS: Mapping[str, Reader] = {
    ".csv": read_table,
    ".tsv": read_table,
    ".vtt": read_webvtt,
    ".srt": read_srt,
    ".pptx": read_slides,
    ".otio": read_otio,
    ".edl": read_edl,
    ".fcpxml": read_fcpxml,
}
MEDIA = (".avi", ".m4a", ".m4v", ".mkv", ".mov", ".mp3", ".mp4", ".mpg", ".mts", ".ogg", ".ts", ".wav", ".webm")
_FIGURE = re.compile(rb"[0-9]")
_CLOCK = re.compile(rb"[0-9]:[0-5][0-9]")
_HEADER = re.compile(rb"[^\r\n]*\b(title|name|start|begin)\b[^\r\n]*[,;\t]", re.IGNORECASE)
_ENDS_IN_A_COLUMN = re.compile(rb"[,;\t]\s*[0-9:.,]+\s*$")
_CUT = re.compile(rb"\s*(TITLE:|[0-9]{3,6}\s+\S+\s+\S+\s+[CDKW])")


def read_timeline(name: str, data: bytes, *, length_s: float | None = None) -> Timeline:
    """The timeline a file holds, called by the file's name without its ending.

    Args:
        name: the file's name; a known ending says of what kind it is, else what is in it does.
        data: all of the file.
        length_s: how long what was shown lasted, seconds, for a last segment whose end the file does not state; None
            where that is not known.

    Raises:
        InvalidValue: with one line that names the file, the place in it, what stands there, and what was expected.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    reader = READERS.get(path.suffix.lower()) or _reader_of(data)
    try:
        return timeline_of(path.stem, reader(data), length_s)
    except InvalidValue as problem:
        raise InvalidValue(f"{path.name}: {problem}") from None


def read_timeline_file(path: Path, *, length_s: float | None = None) -> Timeline:
    """`read_timeline` of a file on disk; of a film or a sound, the chapters kept in it.

    Raises:
        InvalidValue: as `read_timeline`, or the file cannot be read, or the film holds no chapters.
        RecordingUnreadable: it is called as a film and is none.
    """
    if path.suffix.lower() in MEDIA:
        from timeline_files.media import read_chapters

        parts, media_s = read_chapters(path)
        if not parts:
            raise InvalidValue(f"{path.name}: holds no chapters: find its scenes with --scenes, or give another file")
        try:
            return timeline_of(path.stem, parts, media_s or length_s)
        except InvalidValue as problem:
            raise InvalidValue(f"{path.name}: {problem}") from None
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_DECK + 1)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise InvalidValue(f"{path} cannot be read ({reason}): check the name and the folder") from None
    return read_timeline(path.name, data, length_s=length_s)


def _reader_of(data: bytes) -> Reader:
    """The reader for a file whose name says nothing."""
    begin = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"PK\x03\x04"):
        return read_slides
    if begin.startswith(b"WEBVTT"):
        return read_webvtt
    if begin.startswith(b"<"):
        return read_fcpxml
    if begin.startswith(b"{"):
        return read_otio
    if ARROW.encode() in begin:
        return read_srt
    if _CUT.match(begin):
        return read_edl
    if _HEADER.match(begin):
        return read_table
    first = next((line for line in begin.splitlines() if _FIGURE.search(line)), b"")
    return read_chapter_text if _CLOCK.search(first) and not _ENDS_IN_A_COLUMN.search(first) else read_table
