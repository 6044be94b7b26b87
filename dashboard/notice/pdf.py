"""The room notice as PDF: to print on A4 or Letter, and to read from two metres."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from typing import Final, Literal

import segno
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from dashboard.notice.contents import Notice
from dashboard.report.typefaces import BOLD, HEADING, TEXT, drawable, typeface_file

Paper = Literal["a4", "letter"]
PAPERS: Final = {"a4": A4, "letter": LETTER}

READ_AT_2_M_PT: Final = 20
"""The smallest letters of what is to be read from two metres: capitals of 4.6 mm, 8 minutes of arc there. Normal sight
reads 5."""

_LARGE_PT: Final = 25
_MARGIN: Final = 15 * mm
_QR: Final = 25 * mm
_INK, _QUIET, _RULE, _ACCENT = "#14181c", "#4c545c", "#b9bfc5", "#1c4e80"


def pdf_of(notices: Sequence[Notice], *, session: str, address: str = "", paper: Paper = "a4") -> bytes:
    """The sheet. One language has all on one page, where that fits in letters that are read from two metres; of several
    the details follow on pages of their own.

    Args:
        notices: a language each, one at least.
        session: its name, for the foot of each page.
        address: what the QR code leads to; "" for none.
        paper: its size.
    """
    _register_typefaces()
    sizes = range(_LARGE_PT, READ_AT_2_M_PT - 1, -1) if len(notices) == 1 else [READ_AT_2_M_PT]
    for size in sizes:
        content, pages = _sheet(notices, session, address, PAPERS[paper], size)
        if pages == 1:
            break
    return content


def _sheet(
    notices: Sequence[Notice], session: str, address: str, paper: tuple[float, float], size: int
) -> tuple[bytes, int]:
    """The sheet in letters of a size, and how many pages it has."""
    file = io.BytesIO()
    foot = _QR + 3 * mm if address else 6 * mm
    document = BaseDocTemplate(
        file,
        pagesize=paper,
        title=f"{notices[0].title}: {session}",
        author="Houselights",
        lang=notices[0].language,
        invariant=1,
    )
    width = paper[0] - 2 * _MARGIN
    frame = Frame(_MARGIN, _MARGIN + foot, width, paper[1] - 2 * _MARGIN - foot, 0, 0, 0, 0)
    more = " · ".join(dict.fromkeys(notice.more for notice in notices))

    def drawn(canvas: Canvas, _: BaseDocTemplate) -> None:
        _foot(canvas, paper[0], session, address, more)

    document.addPageTemplates(PageTemplate(frames=[frame], onPage=drawn))
    document.build(list(_story(notices, width, size)))
    return file.getvalue(), document.page


def _story(notices: Sequence[Notice], width: float, size: int) -> Iterator[Flowable]:
    several = len(notices) > 1
    for number, notice in enumerate(notices):
        yield KeepTogether(list(_block(notice, size, first=number == 0, width=width)))
    if several:
        yield PageBreak()
    for notice in notices:
        yield KeepTogether(list(_details(notice, named=several, width=width)))


def _block(notice: Notice, size: int, *, first: bool, width: float) -> Iterator[Flowable]:
    """What is to be read from two metres."""
    line = ParagraphStyle(
        "line", fontName=TEXT, fontSize=size, leading=size * 1.2, textColor=_INK, spaceAfter=size * 0.25
    )
    choice = ParagraphStyle("choice", parent=line, fontName=BOLD, textColor=_ACCENT)
    icon = size * 1.9
    room = width - icon - 5 * mm
    heading = min(size * 1.6, room / stringWidth(drawable(notice.title), HEADING, 1))
    title = ParagraphStyle("title", fontName=HEADING, fontSize=heading, leading=heading * 1.2, textColor=_INK)
    if not first:
        yield Spacer(1, 6 * mm)
    head = Table([[_Camera(icon), Paragraph(_text(notice.title), title)]], colWidths=(width - room, room + 1))
    head.setStyle(_HEAD)
    yield head
    yield Spacer(1, size * 0.4)
    yield from (Paragraph(_text(text), line) for text in notice.lines)
    yield Paragraph(_text(notice.choice), choice)


def _details(notice: Notice, *, named: bool, width: float) -> Iterator[Flowable]:
    """Who is responsible, for how long, and what people may ask for."""
    heading = f"{notice.name}: {notice.heading}" if named else notice.heading
    yield Spacer(1, 3 * mm)
    yield Paragraph(_text(heading), _SMALL_HEAD)
    rows = [
        [Paragraph(_text(label), _LABEL), Paragraph(_text(text), _SMALL) if text else _Blank()]
        for label, text in notice.details
    ]
    labels = [stringWidth(drawable(label), BOLD, _LABEL.fontSize) for label, _ in notice.details]
    first = min(45 * mm, max(labels) + 4 * mm)
    table = Table(rows, colWidths=(first, width - first))
    table.setStyle(_TABLE)
    yield table


class _Camera(Flowable):  # type: ignore[misc]
    """A camera as a pictogram, so that whoever reads none of the languages knows what it is about."""

    def __init__(self, side: float) -> None:
        super().__init__()
        self.width = self.height = side

    def draw(self) -> None:
        side, canvas = self.width, self.canv
        canvas.setFillColor(HexColor(_ACCENT))
        canvas.roundRect(0, 0, side, side, side * 0.18, stroke=0, fill=1)
        canvas.setFillColor(HexColor("#ffffff"))
        canvas.roundRect(side * 0.14, side * 0.3, side * 0.48, side * 0.4, side * 0.06, stroke=0, fill=1)
        lens = canvas.beginPath()
        for number, (x, y) in enumerate([(0.67, 0.5), (0.86, 0.33), (0.86, 0.67)]):
            (lens.lineTo if number else lens.moveTo)(side * x, side * y)
        lens.close()
        canvas.drawPath(lens, stroke=0, fill=1)


class _Blank(Flowable):  # type: ignore[misc]
    """A line to write on by pen."""

    def wrap(self, available_width: float, _: float) -> tuple[float, float]:
        self.width, self.height = available_width, 16.0
        return self.width, self.height

    def draw(self) -> None:
        self.canv.setStrokeColor(HexColor(_RULE))
        self.canv.line(0, 2, self.width * 0.8, 2)


def _foot(canvas: Canvas, width: float, session: str, address: str, more: str) -> None:
    canvas.setFillColor(HexColor(_QUIET))
    canvas.setFont(TEXT, 9)
    canvas.drawString(_MARGIN, _MARGIN * 0.75, drawable(session)[:90])
    if not address:
        return
    code = segno.make(address, micro=False, error="m")
    rows = list(code.matrix_iter(border=0))
    cell = _QR / len(rows)
    left, top = width - _MARGIN - _QR, _MARGIN + _QR
    canvas.setFillColor(HexColor("#000000"))
    for down, row in enumerate(rows):
        for across, dark in enumerate(row):
            if dark:
                # A little larger than its place, so that no gap shows between two.
                canvas.rect(left + across * cell, top - (down + 1) * cell, cell * 1.02, cell * 1.02, stroke=0, fill=1)
    room = left - _MARGIN - 6 * mm
    for text, style, up in ((more, _MORE, 14 * mm), (address, _ADDRESS, 8 * mm)):
        paragraph = Paragraph(_text(text), style)
        _, height = paragraph.wrap(room, _QR)
        paragraph.drawOn(canvas, _MARGIN, _MARGIN + up - min(height - style.leading, up))


def _text(text: str) -> str:
    return escape(drawable(text))


_SMALL = ParagraphStyle("small", fontName=TEXT, fontSize=11, leading=14, textColor=_INK)
_LABEL = ParagraphStyle("label", parent=_SMALL, fontName=BOLD)
_SMALL_HEAD = ParagraphStyle("small head", fontName=HEADING, fontSize=14, leading=19, textColor=_INK)
_MORE = ParagraphStyle("more", parent=_SMALL, fontName=BOLD, fontSize=12, leading=15, alignment=2)
_ADDRESS = ParagraphStyle("address", parent=_SMALL, fontSize=10, leading=12, alignment=2, textColor=_QUIET)
_HEAD = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
    ]
)
_TABLE = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
)


@lru_cache(maxsize=1)
def _register_typefaces() -> None:
    """Makes them known to reportlab, once a process."""
    for name in (TEXT, BOLD, HEADING):
        registerFont(TTFont(name, typeface_file(name)))
