"""Reads a timeline from a file of any kind that people have, or says what the file is and what to give instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from audience.errors import HouselightsError, InvalidValue
from audience.time import clock_text
from audience.timelines import Segment, Timeline
from timeline_files.answers import Answers, Question, Unclear, question_from
from timeline_files.captions import read_lrc, read_microdvd, read_pysubs2, read_sami, read_ttml
from timeline_files.chapter_text import read_chapter_text
from timeline_files.chapters import (
    read_cue_sheet,
    read_ffmetadata,
    read_matroska_xml,
    read_ogm,
    read_podlove,
    read_xspf,
)
from timeline_files.decks import LARGEST_DECK, is_pdf, read_slides
from timeline_files.edl import read_edl
from timeline_files.fcpxml import BUNDLED, read_fcpxml, read_zipped_fcpxml
from timeline_files.isolated import ProcessCrashed, ProcessTimedOut, run_isolated
from timeline_files.json_files import read_json
from timeline_files.kinds import FOLDERS, MEDIA, MEDIA_KIND, REFUSED, kind_of
from timeline_files.moments import from_beginning, in_order
from timeline_files.otio import CONTENT, read_otio, read_otioz
from timeline_files.parts import Part, spread, timeline_of
from timeline_files.protools import read_protools
from timeline_files.slide_pictures import with_pictures
from timeline_files.subtitles import read_sbv, read_srt, read_webvtt
from timeline_files.tables import read_table
from timeline_files.text import as_utf8
from timeline_files.workbooks import read_workbook
from timeline_files.xmeml import read_xmeml

Reader = Callable[[bytes, Answers], list[Part]]


def _certain(read: Callable[[bytes], list[Part]]) -> Reader:
    """The reader of a kind whose times have one meaning."""
    return lambda data, _answers: read(data)


READERS: Final[Mapping[str, Reader]] = {
    ".csv": read_table,
    ".tsv": read_table,
    ".txt": read_chapter_text,
    ".xlsx": read_workbook,
    ".vtt": read_webvtt,
    ".srt": read_srt,
    ".sbv": read_sbv,
    ".ass": partial(read_pysubs2, format_="ass"),
    ".ssa": partial(read_pysubs2, format_="ssa"),
    ".smi": read_sami,
    ".mpl2": partial(read_pysubs2, format_="mpl2"),
    ".tmp": partial(read_pysubs2, format_="tmp"),
    ".sub": read_microdvd,
    ".lrc": read_lrc,
    ".ttml": read_ttml,
    ".pptx": _certain(read_slides),
    ".odp": _certain(read_slides),
    ".pdf": _certain(read_slides),
    ".otio": read_otio,
    ".otioz": read_otioz,
    ".edl": read_edl,
    ".fcpxml": read_fcpxml,
    ".fcpxmld": read_zipped_fcpxml,
    ".xmeml": read_xmeml,
    ".json": read_json,
    ".ffmeta": read_ffmetadata,
    ".ogm": read_ogm,
    ".mkvxml": read_matroska_xml,
    ".psc": read_podlove,
    ".cue": read_cue_sheet,
    ".xspf": read_xspf,
    ".protools": read_protools,
}
"""The reader of each kind; most kinds are called by the ending that their files have."""
ENDINGS: Final = tuple(
    sorted(
        {
            *(".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".vtt", ".srt", ".sbv", ".ass", ".ssa", ".smi", ".sub", ".lrc"),
            *(".ttml", ".dfxp", ".itt", ".pptx", ".otio", ".otioz", ".edl", ".fcpxml", ".zip", ".xml", ".json"),
            *(".ffmeta", ".psc", ".cue", ".xspf", ".mp3", ".m4a", ".m4b", ".ogg", ".opus", ".flac", ".wav"),
            *(kind for kind in READERS if kind in (".pdf", ".odp")),
        }
    )
)
"""Endings of files that may hold a timeline, for a chooser of files."""
_GOOGLE: Final = "docs.google.com"
_BYTES: Final = frozenset({".xlsx", ".pptx", ".otioz", ".fcpxmld", ".pdf", ".odp"})
"""Kinds that are no text."""
_OWN_ENCODING: Final = frozenset({".fcpxml", ".xmeml", ".mkvxml", ".psc", ".xspf", ".ttml"})
"""Kinds that state their encoding, as XML does."""
_ALIGNED: Final = frozenset({".vtt", ".srt", ".sbv", ".ass", ".ssa", ".smi", ".mpl2", ".tmp", ".sub", ".ttml"})
"""Kinds whose times are those of a film as it was edited, which may begin at hour 1 or 10."""
_UNORDERED: Final = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".json"})
"""Kinds that people write, in any order."""
_PRODUCTS: Final = {
    **{".otio": "OpenTimelineIO ", ".otioz": "OpenTimelineIO ", ".pptx": "PowerPoint ", ".fcpxml": "Final Cut Pro "},
    **{".xlsx": "Excel ", ".xmeml": "Premiere "},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """What a file holds.

    Attributes:
        timeline: the timeline; its title is the file's name without the suffix.
        questions: what was taken as likeliest and may be answered otherwise, and notes on what was left out.
        pictures: of the slides of a deck in PDF, JPEG, by the ids that the timeline's segments name; of other decks
            there are none, as only a deck printed as PDF is drawn.
    """

    timeline: Timeline
    questions: tuple[Question, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def read_timeline(name: str, data: bytes, *, length_s: float | None = None, read_as: Sequence[str] = ()) -> Timeline:
    """The timeline of `read_file`.

    Raises:
        InvalidValue: as `read_file`.
    """
    return read_file(name, data, length_s=length_s, read_as=read_as).timeline


def read_timeline_file(path: Path, *, length_s: float | None = None, read_as: Sequence[str] = ()) -> Timeline:
    """The timeline of `read_path`.

    Raises:
        InvalidValue: as `read_path`.
        RecordingUnreadable: as `read_path`.
    """
    return read_path(path, length_s=length_s, read_as=read_as).timeline


def read_file(name: str, data: bytes, *, length_s: float | None = None, read_as: Sequence[str] = ()) -> FileRead:
    """Reads the timeline in a file.

    Args:
        name: the file's name, which decides its kind only where the content does not.
        data: the whole file.
        length_s: length of the film or talk, seconds, for a last segment without a stated end; None if unknown.
        read_as: answers to questions that were asked about the file.

    Raises:
        Unclear: its times have several meanings; the message names the answers.
        InvalidValue: the file is not a timeline; one line says what it is, or names the place, the value and what was
            expected.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if len(data) > LARGEST_DECK:
        raise InvalidValue(f"{path.name}: is larger than any timeline ({LARGEST_DECK >> 20} MiB)")
    options = {"name": path.name, "length_s": length_s, "read_as": list(read_as)}
    read = _isolated(path.name, path.suffix.lower(), lambda: run_isolated(timeline_in, data, **options))
    if not any(segment.picture for segment in read.timeline.segments):
        return read
    timeline, pictures = with_pictures(path.name, data if is_pdf(data) else None, read.timeline)
    return replace(read, timeline=timeline, pictures=pictures)


def read_path(path: Path, *, length_s: float | None = None, read_as: Sequence[str] = ()) -> FileRead:
    """Reads the timeline in a file or bundle on disk; for a film or audio file, its chapters.

    Raises:
        Unclear: as `read_file`.
        InvalidValue: as `read_file`, or the file cannot be read, or the film holds no chapters.
        RecordingUnreadable: the file has the suffix of a film and cannot be opened as one.
    """
    if _GOOGLE in path.parts:
        raise InvalidValue(
            f"{path} is the address of Google Slides or another Google document, not a file: choose File, Download "
            "there, and give that file"
        )
    if path.is_dir():
        path = _inside(path)
    if path.suffix.lower() in MEDIA and _seems_media(path):
        options = {"path": str(path), "length_s": length_s}
        return _isolated(path.name, "", lambda: run_isolated(chapters_in, b"", **options))
    data = file_bytes(path, LARGEST_DECK)
    name = path.parent.name if path.name in (BUNDLED, CONTENT) else path.name
    return read_file(name, data, length_s=length_s, read_as=read_as)


def file_bytes(path: Path, at_most: int) -> bytes:
    """The bytes of a file on disk: one more than `at_most` where it is larger, so that its reader refuses it.

    Raises:
        InvalidValue: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(at_most + 1)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise InvalidValue(f"{path} cannot be read ({reason}): check the name and the folder") from None


def _seems_media(path: Path) -> bool:
    """Whether a file with the ending of a film is to be opened as one; a text under such a name is read as text."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except (OSError, ValueError):
        return True
    return not head or kind_of(path.name, head) not in READERS


def _inside(folder: Path) -> Path:
    """The file with the timeline in a folder that is one document.

    Raises:
        InvalidValue: the folder is none, or one of a program that has to export it.
    """
    for name in (BUNDLED, CONTENT):
        if (folder / name).is_file():
            return folder / name
    what = FOLDERS.get(folder.suffix.lower())
    raise InvalidValue(
        f"{folder.name}: {what}" if what else f"{folder} is a folder: give the file with the times in it"
    )


def timeline_in(data: bytes, *, name: str, length_s: float | None, read_as: Sequence[str]) -> dict[str, Any]:
    """Reads a timeline in this process.

    Args:
        data: the whole file.
        name: its name.
        length_s: as for `read_file`.
        read_as: as for `read_file`.

    Returns:
        The timeline as a dict (`asdict`) and the questions as such; or the question without whose answer it cannot be
        read, and the message.

    Raises:
        InvalidValue: as `read_file`, without the file's name.
    """
    answers = Answers(tuple(read_as), length_s)
    try:
        kind = kind_of(name, data)
        if kind == ".txt" or kind in READERS.keys() - _BYTES - _OWN_ENCODING or kind == "binary":
            decoded = as_utf8(data, answers)
            kind = kind_of(name, decoded) if decoded is not data else kind
            data = decoded
        title = PurePosixPath(name).stem
        if kind == MEDIA_KIND:
            return _packed(_media(data, name, answers), title, answers)
        if kind not in READERS:
            raise InvalidValue(REFUSED[kind])
        parts = READERS[kind](data, answers)
        if kind in _UNORDERED:
            parts = in_order(parts, answers)
        elif kind in _ALIGNED:
            parts = from_beginning(parts, answers)
        return _packed(parts, title, answers)
    except Unclear as problem:
        return {"unclear": str(problem), "question": asdict(problem.question)}


def _packed(parts: Sequence[Part], title: str, answers: Answers) -> dict[str, Any]:
    timeline = timeline_of(title, spread(parts, answers.length_s), answers.length_s)
    late = [part for part in timeline.segments if answers.length_s is not None and part.start_s >= answers.length_s]
    if late and answers.length_s is not None:
        count = f"{len(late)} of its {len(timeline.segments)} segments begin"
        answers.note(
            f"{count} after the end, {clock_text(answers.length_s)}: the first at {clock_text(late[0].start_s)}"
        )
    return {"timeline": asdict(timeline), "questions": [asdict(one) for one in answers.asked]}


def _media(data: bytes, name: str, answers: Answers) -> list[Part]:
    from timeline_files.media import read_chapters_in

    try:
        parts, media_s = read_chapters_in(data, name)
    except InvalidValue:
        raise
    except HouselightsError:
        raise InvalidValue("is a film or sound that cannot be opened: export it again") from None
    if not parts:
        raise InvalidValue("is a film or sound without chapters: give a file with times")
    answers.length_s = media_s or answers.length_s
    return parts


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
    return _packed(parts, Path(path).stem, Answers(length_s=media_s or length_s))


def _isolated(name: str, suffix: str, read: Callable[[], dict[str, Any]]) -> FileRead:
    """Builds the timeline from the result of an isolated process, and names the file in its errors."""
    try:
        result = read()
    except InvalidValue as problem:
        raise InvalidValue(f"{name}: {problem}") from None
    except ProcessTimedOut:
        raise InvalidValue(f"{name}: takes far too long to read for its size: export it again") from None
    except ProcessCrashed:
        product = _PRODUCTS.get(suffix, "")
        raise InvalidValue(f"{name}: is not a readable {product}file: export it again") from None
    if "unclear" in result:
        raise Unclear(f"{name}: {result['unclear']}", question_from(result["question"]))
    timeline = result["timeline"]
    return FileRead(
        timeline=Timeline(
            title=timeline["title"], segments=tuple(Segment(**segment) for segment in timeline["segments"])
        ),
        questions=tuple(question_from(one) for one in result["questions"]),
    )
