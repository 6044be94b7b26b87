"""Readers for chapters of films, podcasts and records: ffmetadata, OGM, Matroska, Podlove, cue sheets, XSPF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.moments import moment_in, untangled
from timeline_files.parts import Part
from timeline_files.safe_xml import xml_of
from timeline_files.text import LARGEST_TEXT, lines_of, text_of
from timeline_files.times import quoted, time_s

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_OGM = re.compile(r"\s*CHAPTER_?([0-9]{1,4})(NAME)?\s*=\s*(.*)", re.IGNORECASE)
_CUE_LINE = re.compile(r"\s*([A-Za-z]+)(?:\s+(.*?))?\s*")
_CUE_INDEX = re.compile(r"([0-9]{1,2})\s+([0-9]{1,4}):([0-9]{1,2}):([0-9]{1,2})")
_CD_FRAMES: Final = 75
_NANOSECONDS: Final = Fraction(1, 10**9)


def read_ffmetadata(data: bytes, answers: Answers) -> list[Part]:
    """Reads the [CHAPTER] sections of FFmpeg's metadata file, at the time base that each states.

    Raises:
        InvalidValue: a section has no start, or a malformed one; the message names its line.
    """
    sections: list[tuple[int, dict[str, str]]] = []
    fields: dict[str, str] | None = None
    for number, line in _unescaped(lines_of(text_of(data))):
        if re.fullmatch(r"\s*\[[A-Za-z]+\]\s*", line):
            fields = {}
            if line.strip().upper() == "[CHAPTER]":
                sections.append((number, fields))
        elif fields is not None and "=" in line and not line.lstrip().startswith((";", "#")):
            key, _, value = line.partition("=")
            fields.setdefault(key.strip().lower(), re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL))
    parts = []
    for place, (number, chapter) in enumerate(sections, start=1):
        where = f"line {number}"
        base = re.fullmatch(r"\s*([0-9]{1,12})/([0-9]{1,12})\s*", chapter.get("timebase", "1/1000000000"))
        ticks = [re.fullmatch(r"\s*([0-9]{1,18})\s*", chapter.get(key, "")) for key in ("start", "end")]
        if base is None or not int(base[2]) or ticks[0] is None:
            raise InvalidValue(f"{where}: the chapter has no START such as 130000, with TIMEBASE=1/1000")
        tick = Fraction(int(base[1]), int(base[2]))
        start_s, end_s = (None if found is None else round(float(int(found[1]) * tick), 6) for found in ticks)
        assert start_s is not None
        title = chapter.get("title", "").strip() or f"Chapter {place}"
        parts.append(Part(where=where, title=title, start_s=start_s, end_s=end_s if end_s != start_s else None))
    return untangled(parts, answers)


def _unescaped(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Lines, those joined whose end is escaped, each with the number of its first line."""
    begun: tuple[int, str] | None = None
    for number, line in enumerate(lines, start=1):
        begun = (number, line) if begun is None else (begun[0], f"{begun[1][:-1]} {line}")
        if not re.search(r"(?<!\\)(?:\\\\)*\\$", line):
            yield begun
            begun = None
    if begun is not None:
        yield begun


def read_ogm(data: bytes, answers: Answers) -> list[Part]:
    """Reads OGM chapters: `CHAPTER01=00:02:10.000` and `CHAPTER01NAME=Demo`.

    Raises:
        InvalidValue: a line is malformed, or a name has no time; the message names it.
    """
    starts: dict[int, tuple[int, float]] = {}
    names: dict[int, tuple[int, str]] = {}
    for line_number, line in enumerate(lines_of(text_of(data)), start=1):
        if not line.strip():
            continue
        found = _OGM.fullmatch(line)
        if found is None:
            raise InvalidValue(f"line {line_number}: {quoted(line)} where CHAPTER01=00:02:10.000 was expected")
        if found[2]:
            names[int(found[1])] = (line_number, found[3].strip())
            continue
        try:
            starts[int(found[1])] = (line_number, time_s(found[3]))
        except InvalidValue as problem:
            raise InvalidValue(f"line {line_number}: {problem}") from None
    lost = next((names[key] for key in names if key not in starts), None)
    if lost is not None:
        raise InvalidValue(f"line {lost[0]}: {quoted(lost[1])} has no time")
    parts = [
        Part(where=f"line {line_number}", title=names.get(key, (0, ""))[1] or f"Chapter {key}", start_s=start_s)
        for key, (line_number, start_s) in starts.items()
    ]
    return untangled(parts, answers)


def read_matroska_xml(data: bytes, answers: Answers) -> list[Part]:
    """Reads Matroska chapters (mkvmerge's XML): the default edition, without hidden chapters; nested ones are read too.

    Raises:
        InvalidValue: the file is malformed, or a chapter has no start.
    """
    root = xml_of(data, at_most=LARGEST_TEXT)
    editions = root.findall("EditionEntry")
    edition = next((one for one in editions if _flag(one, "EditionFlagDefault")), editions[0] if editions else root)
    atoms = [one for one in edition.iter("ChapterAtom") if not _flag(one, "ChapterFlagHidden")]
    # A chapter that others divide is their sum.
    leaves = [one for one in atoms if one.find("ChapterAtom") is None]
    if len(leaves) < len(atoms):
        answers.note(f"{len(atoms) - len(leaves)} of its chapters hold others, which are read instead")
    parts = []
    for number, atom in enumerate(leaves, start=1):
        where = f"chapter {number}"
        start_s = _matroska_s(atom.findtext("ChapterTimeStart"), where)
        if start_s is None:
            raise InvalidValue(f"{where}: has no ChapterTimeStart")
        end_s = _matroska_s(atom.findtext("ChapterTimeEnd"), where)
        title = (atom.findtext("ChapterDisplay/ChapterString") or "").strip() or f"Chapter {number}"
        parts.append(Part(where=where, title=title, start_s=start_s, end_s=end_s if end_s != start_s else None))
    return untangled(parts, answers)


def _flag(element: Element, name: str) -> bool:
    return (element.findtext(name) or "").strip() == "1"


def _matroska_s(text: str | None, where: str) -> float | None:
    if text is None or not text.strip():
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return round(float(int(text[:20]) * _NANOSECONDS), 6)
    try:
        return round(time_s(text), 6)
    except InvalidValue as problem:
        raise InvalidValue(f"{where}: {problem}") from None


def read_podlove(data: bytes, answers: Answers) -> list[Part]:
    """Reads Podlove simple chapters, alone or within a feed, where only one episode may have them.

    Raises:
        InvalidValue: the file is malformed, or holds chapters of several episodes.
    """
    root = xml_of(data, at_most=LARGEST_TEXT)
    groups = [one for one in root.iter() if str(one.tag).endswith("}chapters") or one.tag == "chapters"]
    if len(groups) != 1:
        raise InvalidValue(f"is a feed with chapters of {len(groups)} episodes: give those of one")
    parts = []
    for number, chapter in enumerate(groups[0], start=1):
        where = f"chapter {number}"
        try:
            start_s = round(float(moment_in(chapter.get("start", "")).seconds), 6)
        except InvalidValue as problem:
            raise InvalidValue(f"{where}: {problem}") from None
        parts.append(Part(where=where, title=chapter.get("title", "") or f"Chapter {number}", start_s=start_s))
    return untangled(parts, answers)


def read_cue_sheet(data: bytes, answers: Answers) -> list[Part]:
    """Reads the tracks of a cue sheet from INDEX 01 of each, in minutes, seconds and 75ths of a second.

    Raises:
        InvalidValue: a line is malformed, or the sheet is of several files, whose lengths it does not state.
    """
    parts: list[Part] = []
    files = 0
    title, number, line_of_track = "", 0, 0
    for line_number, line in enumerate(lines_of(text_of(data)), start=1):
        found = _CUE_LINE.fullmatch(line)
        command, rest = (found[1].upper(), found[2] or "") if found else ("", "")
        if command == "FILE":
            files += 1
        elif command == "TRACK":
            number, title, line_of_track = number + 1, "", line_number
        elif command == "TITLE" and number:
            title = rest.strip('"')
        elif command == "INDEX":
            index = _CUE_INDEX.fullmatch(rest)
            if index is None or int(index[3]) >= 60 or int(index[4]) >= _CD_FRAMES or not number:
                raise InvalidValue(f"line {line_number}: {quoted(line)} where INDEX 01 mm:ss:ff was expected")
            if int(index[1]) == 1:
                start = int(index[2]) * 60 + int(index[3]) + Fraction(int(index[4]), _CD_FRAMES)
                where = f"line {line_of_track}"
                parts.append(Part(where=where, title=title or f"Track {number}", start_s=round(float(start), 6)))
    if files > 1:
        raise InvalidValue(f"is a cue sheet of {files} files: give one of a single recording")
    # A title may stand below its index, or be missing.
    return untangled(parts, answers)


def read_xspf(data: bytes, answers: Answers) -> list[Part]:
    """Reads the tracks of an XSPF playlist, one after the other by their durations.

    Raises:
        InvalidValue: the file is malformed, or a track other than the last has no duration.
    """
    root = xml_of(data, at_most=LARGEST_TEXT)
    space = str(root.tag).partition("}")[0] + "}" if str(root.tag).startswith("{") else ""
    tracks = root.findall(f"{space}trackList/{space}track")
    parts: list[Part] = []
    start_s = 0.0
    for number, track in enumerate(tracks, start=1):
        where = f"track {number}"
        title, by = ((track.findtext(space + name) or "").strip() for name in ("title", "creator"))
        stated = (track.findtext(f"{space}duration") or "").strip()
        part = Part(where=where, title=f"{by} – {title}" if by and title else title or by, start_s=start_s)  # noqa: RUF001
        if not part.title:
            part = replace(
                part, title=(track.findtext(f"{space}location") or "").rpartition("/")[2] or f"Track {number}"
            )
        if stated.isascii() and stated.isdigit() and int(stated[:12]):
            start_s = round(start_s + int(stated[:12]) / 1000, 3)
            part = replace(part, end_s=start_s)
        elif number < len(tracks):
            raise InvalidValue(
                f"{where}: {quoted(part.title)} has no duration: a playlist must state how long each lasts"
            )
        parts.append(part)
    return parts
