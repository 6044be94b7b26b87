"""A report as PDF, for who forwards or prints it: A4, pictures drawn as lines, typefaces inside."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from html import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Table,
    TableStyle,
)

from dashboard.charts.theme import LIGHT
from dashboard.markup import units_kept
from dashboard.report import typefaces
from dashboard.report.chart import WIDE, chart, spark_scale, sparkline
from dashboard.report.contents import SIMULATED, Note, Report
from dashboard.report.drawing import drawing
from dashboard.report.table import headings, rows, table_says
from dashboard.wording import NOT_FEELING

_MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_SPARK = 60.0
NOT_DRAWN = (
    f"A “{typefaces.MISSING}” may stand for signs that this PDF's typefaces do not have (other than Latin, Greek and "
    "Cyrillic letters); the HTML report shows them."
)


def pdf_of(report: Report) -> bytes:
    """The PDF. The same report makes the same bytes."""
    typefaces.register()
    file = io.BytesIO()
    document = BaseDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=report.title,
        author="Houselights",
        subject=NOT_FEELING,
        lang="en",
        invariant=1,
    )
    frame = Frame(_MARGIN, _MARGIN, _WIDTH, A4[1] - 2 * _MARGIN, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=_foot))
    document.build(list(_story(report)))
    return file.getvalue()


def _story(report: Report) -> Iterator[Flowable]:
    yield _said(report.title, _TITLE)
    yield _said(" · ".join([*report.labels, *report.facts]), _QUIET)
    if report.simulated:
        yield _said(SIMULATED, _SIMULATED)
    yield _said(report.lead, _LEAD)
    if len(report.windows.start_ms):
        yield drawing(chart(report.windows, report.curve, report.moments), _WIDTH / WIDE)
        yield _small(report.chart_says)
    yield from _moments(report)
    yield from _segments(report)
    yield from _notes("Left out of every figure", report.left_out)
    yield from _notes("Notes", report.notes)
    for title, sentences in (("What was measured", report.measured), ("How it was worked out", report.method)):
        if sentences:
            yield KeepTogether([_said(title, _SECTION), _small(sentences)])
    yield _small([report.made, *([NOT_DRAWN] if _some_missing(report) else [])])


def _moments(report: Report) -> Iterator[Flowable]:
    if not report.moments_say:
        return
    yield _said("Moments", _SECTION)
    for moment in report.moments:
        yield Paragraph(
            f'<font name="{typefaces.BOLD}" color="{LIGHT.curve}">{moment.number}</font>&nbsp;&nbsp;'
            f"{_text(moment.sentence)} {_text(moment.sure.capitalize())}.",
            _BODY,
        )
    yield _small([report.moments_say])


def _segments(report: Report) -> Iterator[Flowable]:
    if not report.segments:
        return
    shape = report.expression is not None
    columns = headings(report)
    top = spark_scale(report)
    table: list[list[object]] = [[_said(name, _QUIET) for name in ("Segment", *columns, *(["Shape"] * shape))]]
    for row in rows(report):
        title = Paragraph(
            f'<font name="{typefaces.BOLD}">{_text(row.title)}</font><br/>'
            f'<font size="8" color="{LIGHT.quiet}">{_text(row.when)}</font>',
            _CELL,
        )
        cells: list[object] = [title, *(_said(cell, _CELL) for cell in row.cells)]
        if shape:
            spark = sparkline(row.sparkline, top)
            cells.append(drawing(spark, _SPARK / spark.width) if row.sparkline else "")
        table.append(cells)
    others = (98.0, 118.0, 70.0, _SPARK) if shape else (110.0,)
    laid = Table(table, colWidths=(_WIDTH - sum(others), *others), repeatRows=1)
    laid.setStyle(_TABLE)
    yield CondPageBreak(40 * mm)
    yield _said("Segments", _TABLE_SECTION)
    yield laid
    yield _small(table_says(report))


def _notes(title: str, notes: Sequence[Note]) -> Iterator[Flowable]:
    if notes:
        yield _said(title, _SECTION)
        for note in notes:
            yield Paragraph(f'<font name="{typefaces.BOLD}">{_text(note.when)}</font>&nbsp; {_text(note.what)}', _BODY)


def _foot(canvas: Canvas, document: BaseDocTemplate) -> None:
    canvas.setFont(typefaces.TEXT, 8)
    canvas.setFillColor(HexColor(LIGHT.quiet))
    canvas.drawString(_MARGIN, 9 * mm, NOT_FEELING)
    canvas.drawRightString(A4[0] - _MARGIN, 9 * mm, str(document.page))


def _said(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(_text(text), style)


def _small(sentences: Sequence[str]) -> Flowable:
    return _said(" ".join(sentence for sentence in sentences if sentence), _SMALL)


def _text(text: str) -> str:
    """Text as a paragraph takes it: never markup, in signs that can be drawn."""
    return escape(typefaces.drawable(units_kept(text)))


def _some_missing(report: Report) -> bool:
    titles = [report.title, report.windows.stage.name, *(row.title for row in report.segments)]
    said = "".join([*titles, *(note.what for note in (*report.left_out, *report.notes))])
    return typefaces.lacks(said)


_BODY = ParagraphStyle("body", fontName=typefaces.TEXT, fontSize=10, leading=14, textColor=LIGHT.ink, spaceAfter=3)
_CELL = ParagraphStyle("cell", parent=_BODY, fontSize=9, leading=11.5, spaceAfter=0)
_QUIET = ParagraphStyle("quiet", parent=_CELL, textColor=LIGHT.quiet)
_SMALL = ParagraphStyle("small", parent=_QUIET, leading=12, spaceBefore=4)
_LEAD = ParagraphStyle("lead", parent=_BODY, fontSize=12.5, leading=17.5, spaceBefore=8, spaceAfter=10)
_SIMULATED = ParagraphStyle(
    "simulated",
    parent=_BODY,
    backColor="#f6ead8",
    borderPadding=(3, 6, 5, 6),
    leftIndent=6,
    rightIndent=6,
    spaceBefore=9,
    spaceAfter=4,
)
_TITLE = ParagraphStyle("title", parent=_BODY, fontName=typefaces.HEADING, fontSize=20, leading=25, spaceAfter=5)
_SECTION = ParagraphStyle(
    "section", parent=_BODY, fontName=typefaces.HEADING, fontSize=13, leading=17, spaceBefore=13, keepWithNext=1
)
# A heading that is kept with a table would take all of it to the next page.
_TABLE_SECTION = ParagraphStyle("table section", parent=_SECTION, keepWithNext=0)
_TABLE = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 6),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ("LINEBELOW", (0, 0), (-1, -1), 0.6, HexColor(LIGHT.rule)),
    ]
)
