"""A report as PDF, for who forwards or prints it: A4, pictures drawn as lines, typefaces inside."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from itertools import groupby

from pypdf import PdfReader, PdfWriter, Transformation
from pypdf.generic import DictionaryObject, NameObject, PdfObject
from reportlab.graphics.shapes import Drawing, Line, PolyLine
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import getFont, registerFont
from reportlab.pdfbase.ttfonts import TTFont
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

from audience.reaction.curve import ReactionCurve, StageWindows
from audience.reaction.moments import Moment
from dashboard.charts.reaction import reaction_chart
from dashboard.charts.render import pdf as drawn_pdf
from dashboard.charts.theme import LIGHT
from dashboard.markup import units_kept
from dashboard.report.contents import SIMULATED, Note, Report
from dashboard.report.table import SPARK_PX, headings, highest_of, rows, spark_lines, table_says
from dashboard.wording import NOT_FEELING

# The typefaces of the pages, as packages carry them: Latin, Greek and Cyrillic letters.
TEXT, BOLD, HEADING = "SourceSansPro-Regular", "SourceSansPro-Semibold", "SourceSerifPro-Semibold"
_PACKAGES = {TEXT: "font_source_sans_pro", BOLD: "font_source_sans_pro", HEADING: "font_source_serif_pro"}
# Stands for what none of them has.
MISSING = "?"

_MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_SPARK = 60.0
_CHART_PX = 960
NOT_DRAWN = (
    f"A “{MISSING}” may stand for signs that this PDF's typefaces do not have (other than Latin, Greek and "
    "Cyrillic letters); the HTML report shows them."
)


def pdf_of(report: Report) -> bytes:
    """The PDF. The same report makes the same bytes."""
    register_typefaces()
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
    charts = []
    if len(report.windows.start_ms):
        charts.append(_Chart(report.windows, report.curve, report.moments))
        if report.facing is not None:
            charts.append(_Chart(report.windows, report.facing, ()))
    document.build(list(_story(report, charts)))
    return _with_charts(file, charts) if charts else file.getvalue()


class _Chart(Flowable):  # type: ignore[misc]
    """The place of a chart: its lines and letters are laid into the finished file, as reportlab cannot."""

    def __init__(self, windows: StageWindows, curve: ReactionCurve | None, moments: Sequence[Moment]) -> None:
        super().__init__()
        chart = reaction_chart(windows, curve, moments, LIGHT, written=drawable)
        self.page = PdfReader(io.BytesIO(drawn_pdf(chart, width=_CHART_PX))).pages[0]
        _put_in_order(self.page["/Resources"])
        self.scale = _WIDTH / float(self.page.mediabox.width)
        self.width, self.height = _WIDTH, self.scale * float(self.page.mediabox.height)
        self.on, self.at = 0, (0.0, 0.0)

    def draw(self) -> None:
        """Notes where it comes to stand."""
        self.on, self.at = self.canv.getPageNumber() - 1, self.canv.absolutePosition(0, 0)

    def put_into(self, whole: PdfWriter) -> None:
        """Puts the chart in its place in a PDF."""
        placed = Transformation().scale(self.scale).translate(*self.at)
        whole.pages[self.on].merge_transformed_page(self.page, placed)


def _with_charts(file: io.BytesIO, charts: Sequence[_Chart]) -> bytes:
    whole = PdfWriter(clone_from=PdfReader(file))
    for chart in charts:
        chart.put_into(whole)
    sink = io.BytesIO()
    whole.write(sink)
    return sink.getvalue()


def _put_in_order(resources: PdfObject) -> None:
    """Sorts what a page draws with by name: vl-convert lists it in an order that differs every time."""
    assert isinstance(resources, DictionaryObject)
    for kind, found in list(resources.items()):
        if isinstance(found, DictionaryObject):
            resources[NameObject(kind)] = DictionaryObject(sorted(found.items()))
    for one in (entry.get_object() for entry in resources.get("/XObject", {}).values()):
        if "/Resources" in one:
            _put_in_order(one["/Resources"])


def _story(report: Report, charts: Sequence[_Chart]) -> Iterator[Flowable]:
    yield _said(report.title, _TITLE)
    yield _said(" · ".join([*report.labels, *report.facts]), _QUIET)
    if report.simulated:
        yield _said(SIMULATED, _SIMULATED)
    yield _said(report.lead, _LEAD)
    for chart, says in zip(charts, (report.chart_says, report.facing_says), strict=False):
        yield chart
        yield _small(says)
    yield from _moments(report)
    yield from _segments(report)
    yield from _notes("Excluded from every figure", report.left_out)
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
            f'<font name="{BOLD}" color="{LIGHT.curve}">{moment.number}</font>&nbsp;&nbsp;'
            f"{_text(moment.sentence)} {_text(moment.sure.capitalize())}.",
            _BODY,
        )
    yield _small([report.moments_say])


def _segments(report: Report) -> Iterator[Flowable]:
    if not report.segments:
        return
    shape = report.expression is not None
    columns = headings(report)
    top = highest_of(report)
    table: list[list[object]] = [[_said(name, _QUIET) for name in ("Segment", *columns, *(["Shape"] * shape))]]
    for row in rows(report):
        title = Paragraph(
            f'<font name="{BOLD}">{_text(row.title)}</font><br/>'
            f'<font size="8" color="{LIGHT.quiet}">{_text(row.when)}</font>',
            _CELL,
        )
        cells: list[object] = [title, *(_said(cell, _CELL) for cell in row.cells)]
        if shape:
            cells.append(_spark(spark_lines(row.sparkline, top)) if row.sparkline else "")
        table.append(cells)
    others = (98.0, 118.0, 70.0, _SPARK) if shape else (110.0,)
    laid = Table(table, colWidths=(_WIDTH - sum(others), *others), repeatRows=1)
    laid.setStyle(_TABLE)
    yield CondPageBreak(40 * mm)
    yield _said("Segments", _TABLE_SECTION)
    yield laid
    yield _small(table_says(report))


def _spark(lines: Sequence[Sequence[tuple[float, float]]]) -> Drawing:
    """A segment's shares as a small line; what counts from above counts from below in a PDF."""
    width, height = SPARK_PX
    drawn = Drawing(width, height)
    drawn.add(Line(0, 1.5, width, 1.5, strokeColor=HexColor(LIGHT.rule)))
    for line in lines:
        points = [coordinate for x, y in line for coordinate in (x, height - y)]
        drawn.add(PolyLine(points, strokeColor=HexColor(LIGHT.curve), strokeWidth=1.4))
    drawn.scale(_SPARK / width, _SPARK / width)
    drawn.width, drawn.height = _SPARK, height * _SPARK / width
    return drawn


def _notes(title: str, notes: Sequence[Note]) -> Iterator[Flowable]:
    if notes:
        yield _said(title, _SECTION)
        for note in notes:
            yield Paragraph(f'<font name="{BOLD}">{_text(note.when)}</font>&nbsp; {_text(note.what)}', _BODY)


def _foot(canvas: Canvas, document: BaseDocTemplate) -> None:
    canvas.setFont(TEXT, 8)
    canvas.setFillColor(HexColor(LIGHT.quiet))
    canvas.drawString(_MARGIN, 9 * mm, NOT_FEELING)
    canvas.drawRightString(A4[0] - _MARGIN, 9 * mm, str(document.page))


def _said(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(_text(text), style)


def _small(sentences: Sequence[str]) -> Flowable:
    return _said(" ".join(sentence for sentence in sentences if sentence), _SMALL)


def _text(text: str) -> str:
    """Text as a paragraph takes it: never markup, in signs that can be drawn."""
    return escape(drawable(units_kept(text)))


def _some_missing(report: Report) -> bool:
    titles = [report.title, report.windows.stage.name, *(row.title for row in report.segments)]
    said = "".join([*titles, *(note.what for note in (*report.left_out, *report.notes))])
    return lacks(said)


_BODY = ParagraphStyle("body", fontName=TEXT, fontSize=10, leading=14, textColor=LIGHT.ink, spaceAfter=3)
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
_TITLE = ParagraphStyle("title", parent=_BODY, fontName=HEADING, fontSize=20, leading=25, spaceAfter=5)
_SECTION = ParagraphStyle(
    "section", parent=_BODY, fontName=HEADING, fontSize=13, leading=17, spaceBefore=13, keepWithNext=1
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


@lru_cache(maxsize=1)
def register_typefaces() -> None:
    """Makes them known to reportlab, once a process."""
    for name, package in _PACKAGES.items():
        registerFont(TTFont(name, str(files(package) / "files" / f"{name}.ttf")))


def drawable(text: str) -> str:
    """The text as these typefaces can draw it.

    A letter and its accent that are two characters become one where there is one. What they have no glyph for (Chinese,
    Japanese, Korean, Arabic, Hebrew, emoji) becomes `MISSING`, a run of it one; marks that show nothing are left out.
    """
    runs = groupby(_shown(text), _is_missing)
    return "".join(MISSING if missing else "".join(run) for missing, run in runs)


def lacks(text: str) -> bool:
    """Whether something in the text is drawn as `MISSING`."""
    return any(map(_is_missing, _shown(text)))


def _shown(text: str) -> list[str]:
    signs = unicodedata.normalize("NFC", text)
    return [sign for sign in signs if ord(sign) in _known() or unicodedata.category(sign) not in ("Cf", "Mn", "Me")]


def _is_missing(sign: str) -> bool:
    return ord(sign) not in _known()


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    """The letters that text and headings have."""
    register_typefaces()
    return frozenset(getFont(TEXT).face.charToGlyph.keys() & getFont(HEADING).face.charToGlyph.keys())
