"""Reads a timeline from a file of any supported format, detected from its suffix or else from its content."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from audience.errors import InvalidValue
from audience.timelines import Segment, Timeline
from timeline_files.chapter_text import read_chapter_text
from timeline_files.decks import LARGEST_DECK, is_pdf, read_slides
from timeline_files.edl import read_edl
from timeline_files.fcpxml import read_fcpxml
from timeline_files.isolated import ProcessCrashed, ProcessTimedOut, run_isolated
from timeline_files.otio import read_otio
from timeline_files.parts import Part, timeline_of
from timeline_files.subtitles import ARROW, read_srt, read_webvtt
from timeline_files.tables import read_table

Reader = Callable[[bytes], list[Part]]

READERS: Mapping[str, Reader] = {
    ".csv": read_table,
    ".tsv": read_table,
    ".vtt": read_webvtt,
    ".srt": read_srt,
    ".pptx": read_slides,
    ".odp": read_slides,
    ".pdf": read_slides,
    # Decks of other kinds, which `read_slides` refuses as what they are.
    ".ppt": read_slides,
    ".key": read_slides,
    ".gslides": read_slides,
    ".otio": read_otio,
    ".edl": read_edl,
    ".fcpxml": read_fcpxml,
}
_CHAPTERS = ".txt"
_GOOGLE_SLIDES = "docs.google.com"
_PRODUCTS = {
    ".otio": "OpenTimelineIO ",
    ".pptx": "PowerPoint ",
    ".odp": "OpenDocument ",
    ".pdf": "PDF ",
    ".fcpxml": "Final Cut Pro ",
}
MEDIA = (".avi", ".m4a", ".m4v", ".mkv", ".mov", ".mp3", ".mp4", ".mpg", ".mts", ".ogg", ".ts", ".wav", ".webm")
_DIGIT = re.compile(rb"[0-9]")
_CLOCK = re.compile(rb"[0-9]:[0-5][0-9]")
_HEADER = re.compile(rb"[^\r\n]*\b(title|name|start|begin)\b[^\r\n]*[,;\t]", re.IGNORECASE)
_ENDS_IN_A_COLUMN = re.compile(rb"[,;\t]\s*[0-9:.,]+\s*$")
_EDL_LINE = re.compile(rb"\s*(TITLE:|[0-9]{3,6}\s+\S+\s+\S+\s+[CDKW])")


def read_timeline(name: str, data: bytes, *, length_s: float | None = None) -> Timeline:
    """Reads the timeline in a file. Its title is the file's name without the suffix.

    Args:
        name: the file's name; a known suffix decides the format, otherwise the content does.
        data: the whole file.
        length_s: length of the film or talk, seconds, for a last segment without a stated end; None if unknown.

    Raises:
        InvalidValue: the file is not a timeline; one line names the file, the place, the value and what was expected.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if len(data) > LARGEST_DECK:
        raise InvalidValue(f"{path.name}: is larger than any timeline ({LARGEST_DECK >> 20} MiB)")
    kind = path.suffix.lower() if path.suffix.lower() in READERS else _detect_kind(data)
    options = {"kind": kind, "title": path.stem, "length_s": length_s}
    return _isolated(path.name, _PRODUCTS.get(kind, ""), lambda: run_isolated(timeline_in, data, **options))


def read_timeline_file(path: Path, *, length_s: float | None = None) -> Timeline:
    """Reads the timeline in a file on disk; for a film or audio file, its chapters.

    Raises:
        InvalidValue: as `read_timeline`, or the file cannot be read, or the film holds no chapters.
        RecordingUnreadable: the file has the suffix of a film and cannot be opened as one.
    """
    if path.suffix.lower() in MEDIA:
        options = {"path": str(path), "length_s": length_s}
        return _isolated(path.name, "", lambda: run_isolated(chapters_in, b"", **options))
    if _GOOGLE_SLIDES in path.parts:
        raise InvalidValue(
            f"{path} is the address of Google Slides, not a file: choose File, Download, Microsoft PowerPoint "
            "(.pptx) or PDF there, and give that"
        )
    if path.is_dir() and path.suffix.lower() == ".key":
        raise InvalidValue(
            f"{path.name} is a Keynote presentation: in Keynote choose File, Export To, PowerPoint or PDF"
        )
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_DECK + 1)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise InvalidValue(f"{path} cannot be read ({reason}): check the name and the folder") from None
    return read_timeline(path.name, data, length_s=length_s)


def timeline_in(data: bytes, *, kind: str, title: str, length_s: float | None) -> dict[str, Any]:
    """Reads a timeline in this process, as a dict (`asdict`).

    Args:
        data: the whole file.
        kind: a key of `READERS`, or ".txt" for chapter text.
        title: title of the timeline.
        length_s: as for `read_timeline`.

    Raises:
        InvalidValue: as `read_timeline`, without the file's name.
    """
    reader = read_chapter_text if kind == _CHAPTERS else READERS[kind]
    return asdict(timeline_of(title, reader(data), length_s))


def chapters_in(_data: bytes, *, path: str, length_s: float | None) -> dict[str, Any]:
    """Reads the chapters of a film or audio file in this process, as `timeline_in` does.

    Raises:
        InvalidValue: the file holds none.
        RecordingUnreadable: the file cannot be opened.
    """
    from timeline_files.media import read_chapters

    parts, media_s = read_chapters(Path(path))
    if not parts:
        raise InvalidValue("holds no chapters: find its scenes with --scenes, or give another file")
    return asdict(timeline_of(Path(path).stem, parts, media_s or length_s))


def _isolated(name: str, product: str, read: Callable[[], dict[str, Any]]) -> Timeline:
    """Builds the timeline from the result of an isolated process, and names the file in its errors."""
    try:
        result = read()
    except InvalidValue as problem:
        raise InvalidValue(f"{name}: {problem}") from None
    except ProcessTimedOut:
        raise InvalidValue(f"{name}: takes far too long to read for its size: export it again") from None
    except ProcessCrashed:
        raise InvalidValue(f"{name}: is not a readable {product}file: export it again") from None
    return Timeline(title=result["title"], segments=tuple(Segment(**segment) for segment in result["segments"]))


def _detect_kind(data: bytes) -> str:
    """Detects the format of a file with an unknown suffix."""
    begin = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"PK\x03\x04"):
        return ".pptx"
    if is_pdf(data):
        return ".pdf"
    if begin.startswith(b"WEBVTT"):
        return ".vtt"
    if begin.startswith(b"<"):
        return ".fcpxml"
    if begin.startswith(b"{"):
        return ".otio"
    if ARROW.encode() in begin:
        return ".srt"
    if _EDL_LINE.match(begin):
        return ".edl"
    if _HEADER.match(begin):
        return ".csv"
    first = next((line for line in begin.splitlines() if _DIGIT.search(line)), b"")
    return _CHAPTERS if _CLOCK.search(first) and not _ENDS_IN_A_COLUMN.search(first) else ".csv"
