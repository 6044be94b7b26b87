"""Reader for OpenDocument presentations (.odp), as LibreOffice Impress saves them: titles, notes and rehearsed times.

OpenDocument 1.3, part 3: a slide is a `draw:page`; the presentation attributes of its style say whether it is hidden,
and after how long it goes on by itself, which is where "Rehearse Timings" keeps its times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from audience.errors import InvalidValue
from audience.timelines import LONGEST_NOTES
from timeline_files.office_zip import LARGEST_IN_ALL, OfficeZip
from timeline_files.parts import LATEST_S
from timeline_files.slides import Slide

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMESPACE: Final = "urn:oasis:names:tc:opendocument:xmlns"
_DRAW = f"{{{_NAMESPACE}:drawing:1.0}}"
_OFFICE = f"{{{_NAMESPACE}:office:1.0}}"
_PRESENTATION = f"{{{_NAMESPACE}:presentation:1.0}}"
_STYLE = f"{{{_NAMESPACE}:style:1.0}}"
_TEXT = f"{{{_NAMESPACE}:text:1.0}}"
_LONGEST_FIRST_LINE = 80
_DURATION = re.compile(r"PT(?:([0-9]{1,4})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,6}(?:[.,][0-9]{1,6})?)S)?")


def odp_slides(archive: OfficeZip) -> list[Slide]:
    """Reads all slides of a presentation that are not hidden, in order.

    Raises:
        InvalidValue: the document is not a presentation.
    """
    content = archive.xml("content.xml", at_most=LARGEST_IN_ALL // 4)
    presentation = content.find(f"{_OFFICE}body/{_OFFICE}presentation")
    if presentation is None:
        raise InvalidValue(
            "is an OpenDocument file but not a presentation: give the slides (.odp), or export them as PDF"
        )
    styles = {
        style.get(f"{_STYLE}name", ""): properties.attrib
        for style in content.iterfind(f"{_OFFICE}automatic-styles/{_STYLE}style")
        if (properties := style.find(f"{_STYLE}drawing-page-properties")) is not None
    }
    slides = []
    for number, page in enumerate(presentation.iterfind(f"{_DRAW}page"), start=1):
        style = styles.get(page.get(f"{_DRAW}style-name", ""), {})
        if style.get(f"{_PRESENTATION}visibility") != "hidden":
            notes = "\n".join(_lines_of_class(page.find(f"{_PRESENTATION}notes"), "notes"))
            slides.append(
                Slide(
                    number=number,
                    title=_title(page) or f"Slide {number}",
                    shown_s=_shown_s(style),
                    notes=notes[: 2 * LONGEST_NOTES].strip(),
                )
            )
    return slides


def _title(page: Element) -> str:
    """The title; without one the first line of text, if it is short."""
    if lines := _lines_of_class(page, "title"):
        return " ".join(" ".join(lines).split())
    first = next((line for frame in page.iterfind(f"{_DRAW}frame") for line in _lines(frame) if line.strip()), "")
    return " ".join(first.split()) if len(first) <= _LONGEST_FIRST_LINE else ""


def _lines_of_class(page: Element | None, name: str) -> list[str]:
    """The paragraphs of the first frame of a class, such as the title, that is filled in."""
    for frame in () if page is None else page.iterfind(f"{_DRAW}frame"):
        is_empty = frame.get(f"{_PRESENTATION}placeholder") == "true"
        if frame.get(f"{_PRESENTATION}class") == name and not is_empty:
            return _lines(frame)
    return []


def _lines(frame: Element) -> list[str]:
    return [_text(paragraph) for paragraph in frame.iter(f"{_TEXT}p")]


def _text(element: Element) -> str:
    """The text of a paragraph; runs of spaces, tabs and line breaks are elements of their own."""
    text = element.text or ""
    for child in element:
        if child.tag == f"{_TEXT}s" or child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            text += " "
        else:
            text += _text(child)
        text += child.tail or ""
    return text


def _shown_s(style: Mapping[str, str]) -> float | None:
    if style.get(f"{_PRESENTATION}transition-type") != "automatic":
        return None
    found = _DURATION.fullmatch(style.get(f"{_PRESENTATION}duration", ""))
    if found is None:
        return None
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.groups())
    shown_s = 3600 * hours + 60 * minutes + seconds
    return shown_s if 0 < shown_s <= LATEST_S else None
