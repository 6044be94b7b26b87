"""Reads decks of slides: titles, speaker notes and, where they were saved, how long each slide was shown in rehearsal.

Three kinds are read: PowerPoint (`timeline_files.pptx`), OpenDocument (`timeline_files.odp`) and PDF
(`timeline_files.pdf_deck`). A deck without times becomes a draft: its slides in order, evenly spaced, marked as
guessed.
"""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import Final

from audience.errors import InvalidValue
from timeline_files.parts import MOST_PARTS, Part, plain_title
from timeline_files.slides import Slide

DECKS: Final = (".pdf", ".pptx", ".odp")
"""How names of decks end."""

LARGEST_DECK: Final = 256 * 2**20  # includes pictures and films
DRAFT_SLIDE_S: Final = 60.0
"""Seconds of a slide in a draft whose session has no known length."""

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK\x03\x04"


def read_slides(data: bytes) -> list[Part]:
    """Reads the slides of a deck, one after the other from second 0.

    Without rehearsed times all are guessed, each `DRAFT_SLIDE_S` long. Where some have a time, one that has none gets
    the usual of those, and is guessed like all after it.

    Raises:
        InvalidValue: the file is not a deck that can be read.
    """
    slides = slides_of(data)
    times = [slide.shown_s for slide in slides if slide.shown_s is not None]
    # Rehearsing often stops without a time for the last slide, which lasts until the end.
    timed = [slide.shown_s is not None for slide in slides[:-1]]
    usual_s = statistics.median(times) if times else DRAFT_SLIDE_S
    all_guessed = not times
    parts = []
    start_s, guessed = 0.0, all_guessed
    for place, slide in enumerate(slides):
        is_last = place == len(slides) - 1
        guessed = guessed or not (is_last or timed[place])
        shown_s = slide.shown_s
        if shown_s is None and (not is_last or all_guessed):
            shown_s = usual_s
        end_s = None if shown_s is None else round(start_s + shown_s, 3)
        parts.append(
            Part(
                where=f"slide {slide.number}",
                title=plain_title(slide.title) or f"Slide {slide.number}",
                start_s=start_s,
                end_s=end_s,
                notes=slide.notes,
                guessed=guessed,
                picture=slide.page_name,
            )
        )
        start_s = end_s or start_s
    return parts


def slides_of(data: bytes) -> list[Slide]:
    """Reads all slides of a deck that are not hidden, in order.

    Raises:
        InvalidValue: the file is not a deck, is damaged or too large, or is of a kind that cannot be read; the message
            says what it is and what to export instead.
    """
    if len(data) > LARGEST_DECK:
        raise InvalidValue(f"is larger than a deck of slides can be ({LARGEST_DECK >> 20} MiB): save it without films")
    if is_pdf(data):
        from timeline_files.pdf_deck import pdf_slides

        slides = pdf_slides(data)
    else:
        _refuse_other_decks(data)
        from timeline_files.office_zip import OfficeZip

        with OfficeZip(data) as archive:
            if archive.is_open_document:
                from timeline_files.odp import odp_slides

                slides = odp_slides(archive)
            else:
                from timeline_files.pptx import pptx_slides

                slides = pptx_slides(archive)
        slides = [replace(slide, pages=(place,)) for place, slide in enumerate(slides)]
    if not slides:
        raise InvalidValue("holds no slide that is shown, so there is nothing to put on a timeline")
    if len(slides) > MOST_PARTS:
        raise InvalidValue(f"holds {len(slides)} slides: a timeline has at most {MOST_PARTS} segments")
    return slides


def is_pdf(data: bytes) -> bool:
    """Whether a file is a PDF, whose header may come after other bytes."""
    return b"%PDF-" in data[:1024]


def _refuse_other_decks(data: bytes) -> None:
    """Refuses kinds of decks that cannot be read, as what they are.

    Raises:
        InvalidValue: the file is one.
    """
    if data.startswith(_OLE):
        raise InvalidValue(
            "is in an old Office format (.ppt) or has a password: open it in PowerPoint or LibreOffice and save it "
            "as .pptx or PDF, without a password"
        )
    if data.startswith(_ZIP) and (b"Index/Document.iwa" in data or b"Index.zip" in data or b"index.apxl" in data):
        raise InvalidValue("is a Keynote presentation: in Keynote choose File, Export To, PowerPoint or PDF")
    if data.lstrip()[:1] == b"{" and b"docs.google.com" in data[:4096]:
        raise InvalidValue(
            "is a link to Google Slides, not the slides: open it there and choose File, Download, Microsoft PowerPoint "
            "(.pptx) or PDF"
        )
