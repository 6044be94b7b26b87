"""Reader for PowerPoint decks: titles, speaker notes and rehearsed times.

A .pptx is a zip of XML (ECMA-376, PresentationML). The rehearsed time is the `advTm` attribute of a slide's transition,
milliseconds; newer versions of PowerPoint wrap the transition in mc:AlternateContent.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import TYPE_CHECKING

from audience.errors import InvalidValue
from audience.timelines import LONGEST_NOTES
from timeline_files.office_zip import OfficeZip
from timeline_files.parts import LATEST_S, MOST_PARTS
from timeline_files.slides import Slide

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_TITLES = ("title", "ctrTitle")
_NOT_TEXT = ("dt", "ftr", "hdr", "sldNum", "sldImg")
_LONGEST_FIRST_LINE = 80

_Read = tuple[bool, str, float | None, str]


def pptx_slides(archive: OfficeZip) -> list[Slide]:
    """Reads all slides of a deck that are not hidden, in order.

    Raises:
        KeyError: a file is missing from the deck.
        InvalidValue: the deck holds too many slides or too much XML.
    """
    deck = archive.xml("ppt/presentation.xml")
    targets = {one.get("Id"): one.get("Target", "") for one in _relations(archive, "ppt/presentation.xml")}
    ids = [slide.get(f"{_R}id") for slide in deck.iterfind(f"{_P}sldIdLst/{_P}sldId")]
    if len(ids) > MOST_PARTS:
        raise InvalidValue(f"holds {len(ids)} slides: a timeline has at most {MOST_PARTS} segments")
    # A deck may list the same slide many times.
    read: dict[str, _Read] = {}
    slides = []
    for number, relation in enumerate(ids, start=1):
        path = _path("ppt", targets[relation])
        if path not in read:
            read[path] = _slide(archive, path)
        is_shown, title, shown_s, notes = read[path]
        if is_shown:
            slides.append(Slide(number=number, title=title or f"Slide {number}", shown_s=shown_s, notes=notes))
    return slides


def _slide(archive: OfficeZip, path: str) -> _Read:
    """Whether a slide is shown, its title, its rehearsed time and its notes."""
    slide = archive.xml(path)
    is_shown = slide.get("show") not in ("0", "false")
    return is_shown, _title(slide), _shown_s(slide), _notes(archive, path) if is_shown else ""


def _notes(archive: OfficeZip, path: str) -> str:
    """The speaker notes of a slide; "" for none."""
    if _relations_path(path) not in archive:
        return ""
    for relation in _relations(archive, path):
        if relation.get("Type", "").endswith("/notesSlide"):
            target = _path(posixpath.dirname(path), relation.get("Target", ""))
            if target not in archive:
                return ""
            return "\n".join(_lines_of_kind(archive.xml(target), "body"))[: 2 * LONGEST_NOTES].strip()
    return ""


def _relations(archive: OfficeZip, path: str) -> list[Element]:
    return list(archive.xml(_relations_path(path)).iter(_RELATION))


def _relations_path(path: str) -> str:
    folder, name = posixpath.split(path)
    return f"{folder}/_rels/{name}.rels"


def _path(folder: str, target: str) -> str:
    """The path of a relation's target, which is relative to a folder of the archive, or absolute in the archive."""
    return posixpath.normpath(posixpath.join(f"/{folder}", target)).lstrip("/")


def _title(slide: Element) -> str:
    """The title; without one the first line of text, if it is short."""
    for kind in _TITLES:
        if lines := _lines_of_kind(slide, kind):
            return " ".join(" ".join(lines).split())
    for shape in slide.iter(f"{_P}sp"):
        if _placeholder(shape).get("type") not in _NOT_TEXT:
            first = next((line for line in map(str.strip, _lines(shape)) if line), "")
            if first:
                return " ".join(first.split()) if len(first) <= _LONGEST_FIRST_LINE else ""
    return ""


def _lines_of_kind(slide: Element, kind: str) -> list[str]:
    """The paragraphs of the first shape that stands in for a kind, such as the title."""
    for shape in slide.iter(f"{_P}sp"):
        if _placeholder(shape).get("type") == kind:
            return _lines(shape)
    return []


def _placeholder(shape: Element) -> Mapping[str, str]:
    found = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return {} if found is None else found.attrib


def _lines(shape: Element) -> list[str]:
    """The paragraphs of a shape."""
    return [
        "".join(
            " " if part.tag == f"{_A}br" else part.text or ""
            for part in paragraph.iter()
            if part.tag in (f"{_A}t", f"{_A}br")
        )
        for paragraph in shape.iterfind(f"{_P}txBody/{_A}p")
    ]


def _shown_s(slide: Element) -> float | None:
    for transition in slide.iter(f"{_P}transition"):
        stated = transition.get("advTm", "")
        if stated.isascii() and stated.isdigit() and 0 < int(stated[:12]) <= LATEST_S * 1000:
            return int(stated) / 1000
    return None
