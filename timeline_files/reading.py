"""A timeline out of a file of any kind, the kind told by the file's ending or else by what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from audience.errors import InvalidValue
from audience.timelines import Segment, Timeline
from timeline_files.chapter_text import read_chapter_text
from timeline_files.confined import BroughtDown, TookTooLong, confined
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
_CHAPTERS = ".txt"
_CALLED = {".otio": "OpenTimelineIO ", ".pptx": "PowerPoint ", ".fcpxml": "Final Cut Pro "}
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
    if len(data) > LARGEST_DECK:
        raise InvalidValue(f"{path.name}: is larger than any timeline ({LARGEST_DECK >> 20} MiB)")
    kind = path.suffix.lower() if path.suffix.lower() in READERS else _kind_of(data)
    options = {"kind": kind, "title": path.stem, "length_s": length_s}
    return _made_apart(path.name, _CALLED.get(kind, ""), lambda: confined(timeline_in, data, **options))


def read_timeline_file(path: Path, *, length_s: float | None = None) -> Timeline:
    """`read_timeline` of a file on disk; of a film or a sound, the chapters kept in it.

    Raises:
        InvalidValue: as `read_timeline`, or the file cannot be read, or the film holds no chapters.
        RecordingUnreadable: it is called as a film and is none.
    """
    if path.suffix.lower() in MEDIA:
        options = {"path": str(path), "length_s": length_s}
        return _made_apart(path.name, "", lambda: confined(chapters_in, b"", **options))
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_DECK + 1)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise InvalidValue(f"{path} cannot be read ({reason}): check the name and the folder") from None
    return read_timeline(path.name, data, length_s=length_s)


def timeline_in(data: bytes, *, kind: str, title: str, length_s: float | None) -> dict[str, Any]:
    """The timeline that a file states, as `asdict` has it, read in this very process.

    Args:
        data: all of the file.
        kind: of `READERS`, or ".txt" for chapters as people write them.
        title: of the timeline.
        length_s: as for `read_timeline`.

    Raises:
        InvalidValue: as `read_timeline`, without the file's name.
    """
    reader = read_chapter_text if kind == _CHAPTERS else READERS[kind]
    return asdict(timeline_of(title, reader(data), length_s))


def chapters_in(_data: bytes, *, path: str, length_s: float | None) -> dict[str, Any]:
    """The chapters of a film or sound, as `timeline_in`.

    Raises:
        InvalidValue: it holds none.
        RecordingUnreadable: it cannot be opened.
    """
    from timeline_files.media import read_chapters

    parts, media_s = read_chapters(Path(path))
    if not parts:
        raise InvalidValue("holds no chapters: find its scenes with --scenes, or give another file")
    return asdict(timeline_of(Path(path).stem, parts, media_s or length_s))


def _made_apart(name: str, called: str, make: Callable[[], dict[str, Any]]) -> Timeline:
    """The timeline that a process of its own makes of a file."""
    try:
        made = make()
    except InvalidValue as problem:
        raise InvalidValue(f"{name}: {problem}") from None
    except TookTooLong:
        raise InvalidValue(f"{name}: takes far longer to read than a timeline of its size: export it anew") from None
    except BroughtDown:
        raise InvalidValue(f"{name}: is no {called}file that can be read: export it anew") from None
    return Timeline(title=made["title"], segments=tuple(Segment(**segment) for segment in made["segments"]))


def _kind_of(data: bytes) -> str:
    """The kind of a file whose name says nothing."""
    begin = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"PK\x03\x04"):
        return ".pptx"
    if begin.startswith(b"WEBVTT"):
        return ".vtt"
    if begin.startswith(b"<"):
        return ".fcpxml"
    if begin.startswith(b"{"):
        return ".otio"
    if ARROW.encode() in begin:
        return ".srt"
    if _CUT.match(begin):
        return ".edl"
    if _HEADER.match(begin):
        return ".csv"
    first = next((line for line in begin.splitlines() if _FIGURE.search(line)), b"")
    return _CHAPTERS if _CLOCK.search(first) and not _ENDS_IN_A_COLUMN.search(first) else ".csv"
