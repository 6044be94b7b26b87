"""Finds the titles and times among the columns of a table, by their names or else by what is in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from audience.errors import InvalidValue
from timeline_files.answers import UNITS, Answers
from timeline_files.moments import Entry, is_time, moment_in, parts_of
from timeline_files.parts import Part
from timeline_files.times import quoted

EXPECTED = "title,start[,end]"
Row = tuple[str, list[str]]
"""Where a row is, for messages ("line 3"), and its cells."""

# What columns are called, in order of preference. A name is compared in lower case, without its unit and punctuation.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "title": (
        *("title", "marker name", "chapter title", "chapter name", "slide title", "scene title", "section title"),
        *(
            "segment title",
            "clip name",
            "event name",
            "name",
            "chapter",
            "slide",
            "scene",
            "song",
            "segment",
            "section",
        ),
        *("topic", "label", "marker", "comment", "comments", "description", "text", "subject", "heading", "act"),
        *("track title", "what", "content", "caption", "message", "event", "item", "session", "filename", "file name"),
        *("clip", "notes", "note", "titel", "bezeichnung", "kapitel", "abschnitt", "folie", "szene", "titre", "nom"),
        *("chapitre", "scène", "titulo", "título", "nombre", "capítulo", "titolo", "capitolo", "nome", "título"),
        *("название", "имя", "tytuł", "nazwa", "název", "タイトル", "名前", "标题", "標題", "제목"),
    ),
    "start": (
        *(
            "start",
            "start time",
            "start timecode",
            "start tc",
            "timecode in",
            "tc in",
            "time in",
            "in point",
            "mark in",
        ),
        *("record in", "record start", "rec in", "begin", "begins", "starts", "beginning", "in", "from", "timecode"),
        *("tc", "time", "timestamp", "time stamp", "position", "pos", "at", "offset", "when", "start offset", "cue"),
        *("startzeit", "beginn", "anfang", "zeit", "von", "début", "debut", "heure", "temps", "inicio", "hora"),
        *("tiempo", "inizio", "tempo", "início", "начало", "время", "początek", "czas", "začátek", "čas", "開始"),
        *("时间", "开始", "시작", "시간", "start frame", "frame in", "frame"),
        *("seconds", "secs", "sec", "minutes", "mins", "milliseconds", "ms", "frames"),
    ),
    "end": (
        *("end", "end time", "end timecode", "end tc", "timecode out", "tc out", "time out", "out point", "mark out"),
        *("record out", "record end", "rec out", "stop", "ends", "finish", "out", "to", "until", "end offset"),
        *("endzeit", "ende", "bis", "fin", "hasta", "fine", "fim", "конец", "koniec", "konec", "終了", "结束", "끝"),
        *("end frame", "frame out"),
    ),
    "length": ("duration", "length", "dur", "lasts", "dauer", "länge", "durée", "duración", "durata", "duração"),
    "number": (
        *("scene number", "chapter number", "slide number", "marker number", "track number", "number", "no", "nr"),
        *("#", "id", "index"),
    ),
}
_ROLE: Final = {name: (role, place) for role, names in _NAMES.items() for place, name in enumerate(names)}
_UNIT_WORDS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sek", "sekunden", "secondes", "segundos"), "seconds"),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("min", "mins", "minute", "minutes", "minuten"), "minutes"),
    **dict.fromkeys(("h", "hour", "hours"), "hours"),
    **dict.fromkeys(("frame", "frames", "f"), "frames"),
}
_OUTSIDE_HEADER = 40
"""Rows in which a header is looked for: programs write a few lines about the project first."""

Columns = dict[str, int]


def columns_of(row: Sequence[str]) -> tuple[Columns, str | None] | None:
    """The index of each column by its role, and the unit of the times; None if the row names no start and no title."""
    found: dict[str, tuple[int, int, str | None]] = {}
    for index, cell in enumerate(row[:200]):
        for name, unit in _spellings(cell):
            if name not in _ROLE:
                continue
            role, place = _ROLE[name]
            if role not in found or place < found[role][0]:
                found[role] = (place, index, unit)
            break
    if "start" not in found or not {"title", "number"} & found.keys():
        return None
    unit = found["start"][2] or _UNIT_WORDS.get(_ordered("start")[found["start"][0]])
    if "frame" in _ordered("start")[found["start"][0]]:
        unit = "frames"
    columns = {role: index for role, (_, index, _) in found.items()}
    if found.get("end", (0, 0, None))[2] != found["start"][2] or _frames_in("end", found) != _frames_in("start", found):
        columns.pop("end", None)
    return columns, unit


def _frames_in(role: str, found: Mapping[str, tuple[int, int, str | None]]) -> bool:
    return role in found and "frame" in _ordered(role)[found[role][0]]


def _ordered(role: str) -> tuple[str, ...]:
    return _NAMES[role]


def _spellings(cell: str) -> list[tuple[str, str | None]]:
    """A column's name as it may be listed, each with the unit that it states."""
    text = unicodedata.normalize("NFKC", cell[:80]).strip().strip("\ufeff'\"")
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()
    bracketed = re.search(r"[(\[]([^)\]]*)[)\]]", text)
    unit = _UNIT_WORDS.get(bracketed[1].strip(". ")) if bracketed else None
    plain = re.sub(r"[(\[][^)\]]*[)\]]", " ", text)
    plain = " ".join(re.sub(r"[_\-./:*]+", " ", plain).split())
    spellings = [(plain, unit)]
    head, _, last = plain.rpartition(" ")
    if head and last in _UNIT_WORDS:
        spellings.append((head, _UNIT_WORDS[last]))
        spellings.append((head.removesuffix(" in").removesuffix(" time"), _UNIT_WORDS[last]))
    if len(plain) > 2 and plain.endswith("ms"):
        spellings.append((plain[:-2].strip(), "ms"))
    return spellings


def header_of(rows: Sequence[Row]) -> tuple[int, Columns, str | None] | None:
    """The place of the row that names the columns, the columns, and the unit of the times; None if there is none."""
    for place, (_, cells) in enumerate(rows[:_OUTSIDE_HEADER]):
        if (found := columns_of(cells)) is not None and not is_time(cells[found[0]["start"]]):
            return place, *found
    return None


def read_rows(
    rows: Sequence[Row], columns: Columns, answers: Answers, *, unit: str | None = None, comma_is_decimal: bool = False
) -> list[Part]:
    """The parts of a table's rows.

    Args:
        rows: the rows under the header.
        columns: the index of each column; "title" or "number", and "start".
        answers: answers given, and where questions go.
        unit: unit of plain numbers, a key of `UNITS`, where the header states one.
        comma_is_decimal: whether a comma in a number can only be a decimal one.

    Raises:
        InvalidValue: a row is malformed; the message names its place.
    """
    if unit is not None and not any(one in UNITS for one in answers.given):
        answers = _with_unit(answers, unit)
    entries = []
    for where, row in rows:
        cells = {role: row[index].strip() if index < len(row) else "" for role, index in columns.items()}
        if not cells["start"] and not cells.get("end") and len(rows) > 1 and _is_remark(cells):
            continue
        title = cells.get("title", "") or _numbered(cells.get("number", ""))
        if not cells["start"]:
            raise InvalidValue(f"{where}: {quoted(title)} has no start: {EXPECTED} was expected")
        try:
            start, end, length = (
                moment_in(cells[role]) if cells.get(role) else None for role in ("start", "end", "length")
            )
        except InvalidValue as problem:
            raise InvalidValue(f"{where}: {problem} ({EXPECTED} was expected)") from None
        assert start is not None
        entries.append(Entry(where=where, title=title, start=start, end=end, length=length))
    return parts_of(_in_use(entries), answers, comma_is_decimal=comma_is_decimal)


def _with_unit(answers: Answers, unit: str) -> Answers:
    """The answers, with the unit that a header states; questions go where they went."""
    return Answers(given=(*answers.given, unit), length_s=answers.length_s, asked=answers.asked)


def _is_remark(cells: Mapping[str, str]) -> bool:
    """Whether a row without times is a heading between the others."""
    return not cells.get("title") and not cells.get("number")


def _numbered(number: str) -> str:
    return f"Scene {number}" if number.isdigit() else number


def _in_use(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries without lengths, where an end is stated as well."""
    return [
        Entry(where=one.where, title=one.title, start=one.start, end=one.end) if one.end is not None else one
        for one in entries
    ]


def columns_by_content(rows: Sequence[Row]) -> Columns | None:
    """The columns of a table without a header, by what is in them; None where times are not plain to see."""
    if not rows:
        return None
    width = max(len(cells) for _, cells in rows[:200])
    timed = []
    for index in range(min(width, 12)):
        cells = [row[index].strip() for _, row in rows[:200] if index < len(row) and row[index].strip()]
        timed.append(len(cells) >= len(rows[:200]) * 0.5 and all(is_time(cell) for cell in cells))
    if timed[:2] == [True, True] and width >= 3 and not timed[2]:
        return {"start": 0, "end": 1, "title": 2}
    if width == 2 and timed[0] and not timed[1]:
        return {"start": 0, "title": 1}
    return None


def named_columns(rows: Sequence[Row]) -> str | None:
    """The names of columns where the first row seems to be a header that names no start or title; else None."""
    if len(rows) < 2 or any(is_time(cell) for cell in rows[0][1] if cell.strip()):
        return None
    if not all(any(is_time(cell) for cell in cells if cell.strip()) for _, cells in rows[1:6]):
        return None
    return ", ".join(quoted(cell) for cell in rows[0][1][:12])
