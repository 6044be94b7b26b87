"""Reader for decks in PDF: titles by their size and place, comments as speaker notes, and pictures of the pages.

pypdfium2 (PDFium, which draws PDF in Chromium) does the reading and the drawing. What is here runs in an isolated
process (`timeline_files.isolated`), since a PDF is a program of sorts.
"""

from __future__ import annotations

import re
import statistics
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from audience.errors import InvalidValue
from audience.timelines import LONGEST_NOTES
from timeline_files.optional import require
from timeline_files.parts import MOST_PARTS
from timeline_files.slides import Slide

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

MOST_CHARACTERS: Final = 2_000  # of one page; titles come first
_MEASURED: Final = 8  # letters of a line
_LEAST_LETTERS: Final = 2  # of a title
_MOST_COMMENTS: Final = 20
# A line is as large as a title from this part of the largest on its page.
_AS_LARGE: Final = 0.85
# A line in the same place on this part of the pages is a header or a footer.
_REPEATED: Final = 0.5
_NUMBER: Final = re.compile(r"[\s0-9/.|of\u2013-]*")
_DRAWN_FOR_S: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of text on a page.

    Attributes:
        text: what it says.
        size: height of its letters, parts of the page's height.
        top: its upper edge, parts of the page's height from the top.
    """

    text: str
    size: float
    top: float

    @property
    def place(self) -> tuple[str, int]:
        """What it says, without numbers, and about where."""
        return re.sub("[0-9]+", "#", self.text), round(self.top * 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    lines: tuple[_Line, ...]
    label: str
    notes: str


def pdf_slides(data: bytes) -> list[Slide]:
    """Reads the slides of a PDF. Pages that build one slide up, step by step, are one.

    Raises:
        InvalidValue: the file is damaged, has a password or has too many pages; or pypdfium2 is not installed.
    """
    with _opened(data) as document:
        if len(document) > MOST_PARTS:
            raise InvalidValue(f"holds {len(document)} pages: a timeline has at most {MOST_PARTS} segments")
        pages = [_page(document, number) for number in range(len(document))]
    repeated = _headers_and_footers(pages)
    slides: list[Slide] = []
    before: _Page | None = None
    for number, page in enumerate(pages):
        own = tuple(line for line in page.lines if line.place not in repeated and not _NUMBER.fullmatch(line.text))
        page = replace(page, lines=own)
        title = _title(own)
        if before is not None and title and title == _title(before.lines) and _builds_on(page, before):
            notes = "\n".join(dict.fromkeys(text for text in (slides[-1].notes, page.notes) if text))
            slides[-1] = replace(slides[-1], pages=(*slides[-1].pages, number), notes=notes)
        else:
            title = title or f"Slide {number + 1}"
            slides.append(Slide(number=number + 1, title=title, shown_s=None, notes=page.notes, pages=(number,)))
        before = page
    return slides


def page_pictures(data: bytes, *, wanted: Sequence[int], width: int, in_colour: bool) -> dict[str, Any]:
    """Draws pages, as many as can be drawn in about `_DRAWN_FOR_S`, at least one.

    Args:
        data: the PDF.
        wanted: the pages to draw, from 0; those that the PDF does not have are left out.
        width: of the pictures, pixels.
        in_colour: whether pixels are blue, green and red; else they are grey.

    Returns:
        `pages`, how many the PDF has, and `pictures`, those drawn in the order of `wanted`: the `height` of each in
        pixels, and its rows in base64 (`rows`).

    Raises:
        InvalidValue: as `pdf_slides`.
    """
    began_s = time.process_time()
    pictures = []
    with _opened(data) as document:
        for number in (page for page in wanted if page < len(document)):
            page = document[number]
            wide, high = page.get_size()
            if not (wide > 0 and 0.2 < high / wide < 5):
                raise InvalidValue(f"page {number + 1} is {wide:g} by {high:g} points, which is no slide")
            # Rows end with unused bytes, and a width of a fraction may be one pixel more.
            drawn = page.render(scale=width / wide, grayscale=not in_colour).to_numpy()
            drawn = np.ascontiguousarray(drawn.reshape(*drawn.shape[:2], -1)[:, :width])
            pictures.append({"height": drawn.shape[0], "rows": b64encode(drawn.tobytes()).decode()})
            page.close()
            if time.process_time() - began_s > _DRAWN_FOR_S:
                break
        return {"pages": len(document), "pictures": pictures}


@contextmanager
def _opened(data: bytes) -> Iterator[PdfDocument]:
    require("pypdfium2", "reading PDF")
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as problem:
        if "password" in str(problem).lower():
            raise InvalidValue("is a PDF with a password: save it without one") from None
        raise InvalidValue("is a PDF that cannot be opened: export it again") from None
    try:
        yield document
    except pypdfium2.PdfiumError as problem:
        raise InvalidValue(f"is a damaged PDF ({problem}): export it again") from None
    finally:
        document.close()


def _page(document: PdfDocument, number: int) -> _Page:
    page = document[number]
    text = page.get_textpage()
    try:
        return _Page(
            lines=tuple(_lines(text, page.get_height())),
            label=document.get_page_label(number),
            notes=_comments(page),
        )
    finally:
        text.close()
        page.close()


def _lines(text: PdfTextPage, height: float) -> Iterator[_Line]:
    """The lines of a page, in the order in which they were written."""
    from pypdfium2 import raw

    letters: list[str] = []
    boxes: list[tuple[float, float]] = []
    count = min(text.count_chars(), MOST_CHARACTERS)
    for place in range(count + 1):
        letter = chr(raw.FPDFText_GetUnicode(text, place) or 0x20) if place < count else "\n"
        if letter in "\r\n":
            line = " ".join("".join(letters).split())
            if line and boxes:
                size = statistics.median(top - bottom for bottom, top in boxes)
                yield _Line(text=line, size=size / height, top=1 - max(top for _, top in boxes) / height)
            letters, boxes = [], []
        elif not letter.isspace():
            letters.append(letter)
            if len(boxes) < _MEASURED:
                _, bottom, _, top = text.get_charbox(place, loose=True)
                boxes.append((bottom, top))
        else:
            letters.append(" ")


def _comments(page: PdfPage) -> str:
    """The comments on a page, as which LibreOffice exports speaker notes; "" for none."""
    import ctypes

    from pypdfium2 import raw

    comments = []
    for place in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_COMMENTS)):
        annotation = raw.FPDFPage_GetAnnot(page, place)
        if not annotation:
            continue
        try:
            if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_TEXT:
                size = raw.FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0)
                size = min(size, 8 * LONGEST_NOTES) // 2 * 2
                buffer = ctypes.create_string_buffer(size)
                held = ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR))
                raw.FPDFAnnot_GetStringValue(annotation, b"Contents", held, size)
                comments.append(buffer.raw.decode("utf-16-le", "replace").rstrip("\0").replace("\r", "\n").strip())
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return "\n".join(filter(None, comments))


def _headers_and_footers(pages: Sequence[_Page]) -> set[tuple[str, int]]:
    """The places of lines that stand on most pages, and are not what is written largest there."""
    if len(pages) < 4:
        return set()
    counted, as_title = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for page in pages:
        largest = max((line.size for line in page.lines), default=0.0)
        counted.update({line.place for line in page.lines})
        as_title.update({line.place for line in page.lines if line.size == largest})
    return {place for place, n in counted.items() if n > _REPEATED * len(pages) and as_title[place] < n / 2}


def _title(lines: Sequence[_Line]) -> str:
    """The first of the lines as large as any, with the lines under it that go on in its size; "" for none."""
    # A sign out of a formula may be larger than any word.
    lines = [line for line in lines if sum(map(str.isalnum, line.text)) >= _LEAST_LETTERS]
    if not lines:
        return ""
    largest = max(line.size for line in lines)
    ordered = sorted(lines, key=lambda line: line.top)
    first = next(line for line in ordered if line.size >= _AS_LARGE * largest)
    title, below = [first.text], first
    for line in ordered[ordered.index(first) + 1 :]:
        near = line.top - below.top < 1.6 * first.size
        if not near or abs(line.size / first.size - 1) > 0.08 or len(title) == 3:
            break
        title.append(line.text)
        below = line
    # A page all in one size is text without a title, of which the first line has to do.
    return " ".join(title if len(title) < len(lines) or len(lines) <= 2 else title[:1])


def _builds_on(page: _Page, before: _Page) -> bool:
    """Whether a page with the same title shows what the one before it shows, and maybe more.

    LaTeX numbers the steps of a slide alike, and numbers slides with one title differently.
    """
    if page.label and before.label and page.label == before.label:
        return True
    words = Counter(word for line in page.lines for word in line.text.split())
    words_before = Counter(word for line in before.lines for word in line.text.split())
    return words_before <= words and words != words_before
