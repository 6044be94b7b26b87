"""Reader for PowerPoint decks: slide titles, and how long each slide was shown in rehearsal.

A .pptx is a zip of XML (ECMA-376, PresentationML). The rehearsed time is the `advTm` attribute of a slide's transition,
milliseconds; newer versions of PowerPoint wrap the transition in mc:AlternateContent.
"""

from __future__ import annotations

import io
import lzma
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audience.errors import InvalidValue
from timeline_files.parts import LATEST_S, MOST_PARTS, Part
from timeline_files.safe_xml import xml_of
from timeline_files.times import quoted

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_DECK = 256 * 2**20  # includes pictures and films
LARGEST_XML = 4 * 2**20  # of one slide
LARGEST_IN_ALL = 128 * 2**20
_MOST_FILES = 50_000
_CENTRAL_ENTRY = b"PK\x01\x02"

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """A slide that is not hidden.

    Attributes:
        number: its place in the deck, from 1; hidden slides count.
        title: its title; "Slide 7" where it has none.
        shown_s: rehearsed time, seconds, over 0; None where none was saved.
    """

    number: int
    title: str
    shown_s: float | None


def read_slides(data: bytes) -> list[Part]:
    """Reads the slides of a rehearsed deck, one after the other from second 0.

    Raises:
        InvalidValue: the file is not a deck, or a slide other than the last has no time.
    """
    slides = slides_of(data)
    if slides and all(slide.shown_s is None for slide in slides):
        raise InvalidValue(
            f"its {len(slides)} slides have titles but no times: rehearse the talk in PowerPoint (Slide Show, Rehearse "
            "Timings) and save, or write the times down as title,start in a CSV file"
        )
    untimed = [slide for slide in slides[:-1] if slide.shown_s is None]
    if untimed:
        others = f" (nor have {len(untimed) - 1} others)" if len(untimed) > 1 else ""
        raise InvalidValue(
            f"slide {untimed[0].number}: {quoted(untimed[0].title)} has no rehearsed time{others}: rehearse the talk "
            "to its end (Slide Show, Rehearse Timings) and save"
        )
    parts = []
    start_s = 0.0
    for slide in slides:
        end_s = None if slide.shown_s is None else round(start_s + slide.shown_s, 3)
        parts.append(Part(where=f"slide {slide.number}", title=slide.title, start_s=start_s, end_s=end_s))
        start_s = end_s or start_s
    return parts


def slides_of(data: bytes) -> list[Slide]:
    """Reads all slides of a deck that are not hidden, in order.

    Raises:
        InvalidValue: the file is not a .pptx, is damaged, or is too large.
    """
    if len(data) > LARGEST_DECK or data.count(_CENTRAL_ENTRY) > _MOST_FILES:
        raise InvalidValue(f"is larger than a deck of slides can be ({LARGEST_DECK >> 20} MiB): save it without films")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _Deck(archive).slides()
    except InvalidValue:
        raise
    except KeyError as problem:
        raise InvalidValue(f"is not a PowerPoint file, or is damaged ({problem}): save it as .pptx again") from None
    except (
        # What zipfile raises for files that are not zips, are damaged or encrypted, or use a rare compression.
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        NotImplementedError,
        OSError,
        OverflowError,
        RuntimeError,
        ValueError,
    ) as problem:
        raise InvalidValue(
            f"is not a .pptx file that can be opened ({problem}): save it as .pptx, without a password"
        ) from None


class _Deck:
    """Reads the XML of a deck's slides, at most `LARGEST_IN_ALL` bytes of it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = LARGEST_IN_ALL
        self._cache: dict[str, tuple[bool, str, float | None]] = {}

    def slides(self) -> list[Slide]:
        deck = self._xml("ppt/presentation.xml")
        targets = {
            relation.get("Id"): relation.get("Target", "")
            for relation in self._xml("ppt/_rels/presentation.xml.rels").iter(_RELATION)
        }
        ids = [slide.get(f"{_R}id") for slide in deck.iterfind(f"{_P}sldIdLst/{_P}sldId")]
        if len(ids) > MOST_PARTS:
            raise InvalidValue(f"holds {len(ids)} slides: a timeline has at most {MOST_PARTS} segments")
        slides = []
        for number, relation in enumerate(ids, start=1):
            # A target is relative to ppt/, or absolute in the archive.
            path = posixpath.normpath(posixpath.join("/ppt", targets[relation])).lstrip("/")
            is_shown, title, shown_s = self._slide(path)
            if is_shown:
                slides.append(Slide(number=number, title=title or f"Slide {number}", shown_s=shown_s))
        return slides

    def _slide(self, path: str) -> tuple[bool, str, float | None]:
        """Whether a slide is shown, its title, and its time. A deck may list the same slide many times: cached."""
        if path not in self._cache:
            slide = self._xml(path)
            self._cache[path] = slide.get("show") not in ("0", "false"), _title(slide), _shown_s(slide)
        return self._cache[path]

    def _xml(self, path: str) -> Element:
        with self._archive.open(path) as file:
            data = file.read(LARGEST_XML + 1)
        self._left -= len(data)
        if self._left < 0:
            raise InvalidValue(f"holds slides of more than {LARGEST_IN_ALL >> 20} MiB of XML")
        try:
            return xml_of(data, at_most=LARGEST_XML)
        except InvalidValue as problem:
            raise InvalidValue(f"{path}: {problem}") from None


def _title(slide: Element) -> str:
    for shape in slide.iter(f"{_P}sp"):
        placeholder = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
        if placeholder is not None and placeholder.get("type") in ("title", "ctrTitle"):
            paragraphs = ("".join(_texts(paragraph)) for paragraph in shape.iterfind(f"{_P}txBody/{_A}p"))
            return " ".join(" ".join(paragraphs).split())
    return ""


def _texts(paragraph: Element) -> Sequence[str]:
    return [
        " " if part.tag == f"{_A}br" else part.text or ""
        for part in paragraph.iter()
        if part.tag in (f"{_A}t", f"{_A}br")
    ]


def _shown_s(slide: Element) -> float | None:
    for transition in slide.iter(f"{_P}transition"):
        stated = transition.get("advTm", "")
        if stated.isascii() and stated.isdigit() and 0 < int(stated[:12]) <= LATEST_S * 1000:
            return int(stated) / 1000
    return None
