"""A report as slides: what somebody shows their team, charts as pictures and again as what PowerPoint can edit."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
from pptx.enum.dml import MSO_LINE_DASH_STYLE
from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.slide import Slide
from pptx.util import Emu, Inches, Length, Pt

from audience.language import gettext, language, ngettext
from audience.reaction.curve import ReactionCurve, shown
from audience.reaction.segments import shape_of
from audience.time import clock_text
from dashboard.charts.axes import share_ticks
from dashboard.charts.reaction import reaction_chart
from dashboard.charts.render import png
from dashboard.charts.theme import LIGHT, drawable
from dashboard.report.contents import (
    FRONT,
    LEFT_OUT,
    MOMENTS,
    NOTES,
    SEGMENTS,
    SIMULATED,
    Report,
    curve_notes,
    curve_title,
    findings_title,
    legend_of,
    slide_text,
)
from dashboard.report.table import headings, rows, table_says
from dashboard.wording import NOT_FEELING

# Typefaces that come with Office: a slide cannot bring its own.
_TEXT_FONT, _HEADING_FONT = "Calibri", "Georgia"
_WIDE, _HIGH = Inches(13.333), Inches(7.5)
_LEFT, _TOP = Inches(0.6), Inches(1.45)
_FULL = Emu(_WIDE - 2 * _LEFT)
_CHART_PX: Final = 1000
_BESIDE_PX: Final = 560  # of a chart beside the number; its letters are then as large as those of the text
_POINTS: Final = 180  # of a curve that can be edited
_ROWS: Final = 9  # of a table, on a slide
_LANGUAGES: Final = {
    "en": MSO_LANGUAGE_ID.ENGLISH_UK,
    "de": MSO_LANGUAGE_ID.GERMAN,
    "es": MSO_LANGUAGE_ID.SPANISH,
    "fr": MSO_LANGUAGE_ID.FRENCH,
    "pl": MSO_LANGUAGE_ID.POLISH,
}


def pptx_of(report: Report) -> bytes:
    """The slides as a PowerPoint file, 16:9."""
    deck = _Deck(report)
    chart = reaction_chart(report.windows, report.curve, report.moments, LIGHT) if report.has_chart else None
    deck.opening(None if chart is None else png(chart, width=_BESIDE_PX))
    deck.findings()
    if chart is not None:
        drawn = png(chart, width=_CHART_PX)
        deck.curve(curve_title(report), drawn, report.curve, report.lead, curve_notes(report, _CHART_PX))
    if report.facing is not None:
        front = png(reaction_chart(report.windows, report.facing, (), LIGHT), width=_CHART_PX)
        deck.curve(gettext(FRONT), front, report.facing, report.facing_says[0], report.facing_says)
    deck.moments()
    deck.segments()
    for title, notes in ((gettext(LEFT_OUT), report.left_out), (gettext(NOTES), report.notes)):
        deck.table(title, (gettext("When"), gettext("What")), [(one.when, one.what) for one in notes], (0.25, 0.75), "")
    for title, sentences in report.appendix:
        deck.small_print(title, sentences)
    return deck.saved()


class _Deck:
    """The slides of a report, in the order in which they are added."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._file: Any = Presentation()
        _widen(self._file)
        about = self._file.core_properties
        about.title, about.author, about.subject = drawable(report.title), "Houselights", gettext(NOT_FEELING)
        about.language = language()
        about.created = about.modified = report.made_at.replace(tzinfo=None)

    def saved(self) -> bytes:
        """The file."""
        made = io.BytesIO()
        self._file.save(made)
        return made.getvalue()

    def opening(self, drawn: bytes | None) -> None:
        """One number, one sentence, and a picture of what was shown; else the curve."""
        report = self._report
        slide = self._slide(report.title, [report.lead, report.number.range if report.number else "", report.made])
        _write(slide, [" · ".join([*report.labels, *report.facts])], (_LEFT, Inches(1.25), _FULL, Inches(0.4)), 14)
        beside = report.pictures.cover or drawn
        width = Inches(5.7) if beside is not None else _FULL
        top = Inches(2.0)
        if report.number is not None:
            place = (_LEFT, top, width, Inches(1.5))
            _write(slide, [report.number.figure], place, 80, colour=LIGHT.curve, font=_HEADING_FONT)
            _write(slide, [report.number.what], (_LEFT, Inches(3.5), width, Inches(0.8)), 18)
            top = Inches(4.4)
        said = [report.lead, *([report.number.range] if report.number and report.number.range else [])]
        _write(slide, said, (_LEFT, top, width, Inches(2.2)), 18, colour=LIGHT.ink)
        if beside is not None:
            says = (
                gettext("What was shown: {title}", title=report.title) if report.pictures.cover else self._chart_text()
            )
            _picture(slide, beside, says, (Inches(6.7), Inches(2.0), Inches(6.0), Inches(4.4)))
        foot = [gettext(SIMULATED) if report.simulated else gettext(NOT_FEELING)]
        _write(slide, foot, (_LEFT, Inches(6.8), _FULL, Inches(0.4)), 12)

    def findings(self) -> None:
        """Up to three, side by side, each with its slide."""
        report = self._report
        if not report.findings:
            return
        says = [f"{one.title}: {one.sentence}" for one in report.findings]
        slide = self._slide(findings_title(report), [*says, report.moments_say])
        gap = Inches(0.3)
        columns = max(2, len(report.findings))  # one alone is no wider than one of two
        width = Emu(int((_FULL - (columns - 1) * gap) / columns))
        high = Inches(5.3) if report.pictures.segments else Inches(3.2)
        for place, one in enumerate(report.findings):
            left = Emu(_LEFT + place * (width + gap))
            card = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, left, _TOP, width, high)
            card.fill.solid()
            card.fill.fore_color.rgb = _rgb(LIGHT.ground)
            card.line.color.rgb = _rgb(LIGHT.rule)
            card.shadow.inherit = False
            _described(card, "")
            inside, top = Emu(left + Inches(0.2)), Emu(_TOP + Inches(0.2))
            wide = Emu(width - Inches(0.4))
            if (picture := report.pictures.segments.get(one.segment)) is not None:
                shown_high = Emu(min(int(wide * 9 / 16), Inches(2.4)))
                _picture(slide, picture, slide_text(report, one.segment), (inside, top, wide, shown_high))
                top = Emu(top + shown_high + Inches(0.1))
            _write(slide, [one.title], (inside, top, wide, Inches(0.4)), 16)
            place_of_figure = (inside, Emu(top + Inches(0.35)), wide, Inches(0.8))
            _write(slide, [one.figure], place_of_figure, 40, colour=LIGHT.curve, font=_HEADING_FONT)
            text = (inside, Emu(top + Inches(1.15)), wide, Inches(1.6))
            _write(slide, [one.sentence], text, 16, colour=LIGHT.ink)

    def curve(self, title: str, drawn: bytes, curve: ReactionCurve | None, lead: str, says: Sequence[str]) -> None:
        """A curve as the page has it, and again as a chart that can be edited."""
        legend = legend_of(self._report, _CHART_PX) if curve is self._report.curve else {}
        slide = self._slide(title, [lead, *says])
        _picture(slide, drawn, f"{says[0]} {lead}", (_LEFT, _TOP, _FULL, Inches(5.0)))
        named = "    ".join(f"{number} {name}" for number, name in legend.items())
        _write(slide, [named, *says[:2]] if named else says[:2], (_LEFT, Inches(6.5), _FULL, Inches(0.8)), 12)
        if curve is not None:
            self._editable(title, curve, [lead, *says])

    def _editable(self, title: str, curve: ReactionCurve, says: Sequence[str]) -> None:
        windows = self._report.windows
        times = windows.timeline_s if shown(windows) else windows.session_s
        data: Any = CategoryChartData(number_format='0" %"')  # type: ignore[no-untyped-call]
        places = [part[len(part) // 2] for part in np.array_split(np.arange(len(times)), min(_POINTS, len(times)))]
        data.categories = [clock_text(times[one]) if not np.isnan(times[one]) else "" for one in places]
        lines = {
            gettext("Share"): curve.share,
            gettext("Lower end of the range"): curve.share_low,
            gettext("Upper end"): curve.share_high,
        }
        for name, share in lines.items():
            points = shape_of(100 * share, _POINTS)
            data.add_series(name, [None if np.isnan(one) else round(one, 1) for one in points])
        steps = gettext("The figures are those of the picture, in steps.")
        slide = self._slide(gettext("{title}, to edit", title=title), [*says, steps])
        frame: Any = slide.shapes.add_chart(XL_CHART_TYPE.LINE, _LEFT, _TOP, _FULL, Inches(5.5), data)
        _described(frame, " ".join([gettext("The same curve as a chart."), *says[:2]]))
        chart = frame.chart
        chart.has_legend, chart.has_title = True, False
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
        chart.font.size, chart.font.color.rgb = Pt(14), _rgb(LIGHT.quiet)
        chart.value_axis.minimum_scale = 0
        chart.value_axis.maximum_scale = share_ticks(100 * float(np.nanmax(curve.share_high, initial=0.0)))[-1]
        chart.value_axis.major_gridlines.format.line.color.rgb = _rgb(LIGHT.rule)
        chart.value_axis.format.line.fill.background()
        styles = ((LIGHT.curve, 2.5), (LIGHT.faces, 1), (LIGHT.faces, 1))
        for series, (colour, width) in zip(chart.plots[0].series, styles, strict=True):
            series.smooth = False
            series.format.line.color.rgb = _rgb(colour)
            series.format.line.width = Pt(width)
            if width == 1:
                series.format.line.dash_style = MSO_LINE_DASH_STYLE.SQUARE_DOT

    def moments(self) -> None:
        """What stood out, as a table."""
        report = self._report
        found = [
            (f"{one.number}", report.time_of_day(one.session_s), one.sentence, one.sure.capitalize())
            for one in report.moments
        ]
        columns = (gettext("No."), gettext("On the clock"), gettext("What happened"), gettext("How sure"))
        notes = [
            " ".join([*row, *([f"“{said}”"] if said else []), *([f"{gettext(NOTES)}: {slide}"] if slide else [])])
            for row, (said, slide) in zip(found, report.words, strict=True)
        ]
        self.table(gettext(MOMENTS), columns, found, (0.06, 0.13, 0.68, 0.13), report.moments_say, notes)

    def segments(self) -> None:
        """The parts, as a table."""
        report = self._report
        columns = (gettext("Segment"), gettext("When"), *headings(report))
        widths = (0.3, 0.16, 0.54) if report.expression is None else (0.28, 0.15, 0.16, 0.25, 0.16)
        found = [(row.title, row.when, *row.cells) for row in rows(report)]
        self.table(gettext(SEGMENTS), columns, found, widths, " ".join(table_says(report)))

    def table(
        self,
        title: str,
        columns: Sequence[str],
        cells: Sequence[Sequence[str]],
        widths: Sequence[float],
        says: str,
        notes: Sequence[str] = (),
    ) -> None:
        """A table over as many slides as it needs; none where it is empty.

        Args:
            title: of the slides.
            columns: their headings.
            cells: a row each.
            widths: of the columns, parts of the whole.
            says: how to read it.
            notes: what the speaker's notes say of each row; none for what stands in it.
        """
        each = -(-len(cells) // max(1, -(-len(cells) // _ROWS)))  # as many on every slide
        starts = range(0, len(cells), each or 1)
        texts = notes or [f"{'; '.join(row)}." for row in cells]
        for number, first in enumerate(starts, start=1):
            page = cells[first : first + each]
            heading = title
            if len(starts) > 1:
                heading = gettext("{title} ({number} of {slides})", title=title, number=number, slides=len(starts))
            slide = self._slide(heading, [says, *texts[first : first + each]])
            height = Inches(0.5 * len(page) + 0.5)
            frame = slide.shapes.add_table(len(page) + 1, len(columns), _LEFT, _TOP, _FULL, height)
            says_of_table = ngettext(
                "{title}: a table of {count} row.", "{title}: a table of {count} rows.", len(page), title=title
            )
            _described(frame, says_of_table)
            for column, width in enumerate(widths):
                frame.table.columns[column].width = Emu(int(_FULL * width))
            for row, words in enumerate([columns, *page]):
                for column, text in enumerate(words):
                    cell = frame.table.cell(row, column)
                    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
                    _fill(cell.text_frame, [text], 14 if row else 13, bold=row == 0 or column == 0)
            if says:
                _write(slide, [says], (_LEFT, Inches(6.6), _FULL, Inches(0.7)), 12)

    def small_print(self, title: str, sentences: Sequence[str]) -> None:
        """A slide of the appendix."""
        slide = self._slide(gettext("Appendix: {title}", title=title), sentences)
        _write(slide, sentences, (_LEFT, _TOP, _FULL, Inches(5.5)), 16, colour=LIGHT.ink)

    def _slide(self, title: str, notes: Sequence[str]) -> Slide:
        slide: Slide = self._file.slides.add_slide(self._file.slide_layouts[0])
        assert slide.shapes.title is not None
        _fill(slide.shapes.title.text_frame, [title], 30, font=_HEADING_FONT, colour=LIGHT.ink)
        spoken = slide.notes_slide.notes_text_frame
        assert spoken is not None
        _fill(spoken, [note for note in notes if note], 12)
        return slide

    def _chart_text(self) -> str:
        return f"{self._report.chart_says[0]} {self._report.lead}"


_Place = tuple[Length, Length, Length, Length]


def _widen(file: Any) -> None:
    """Makes python-pptx's own template 16:9, in the colours of the charts, with the one layout that is used."""
    wider = _WIDE / file.slide_width
    file.slide_width, file.slide_height = _WIDE, _HIGH
    only = file.slide_layouts.get_by_name("Title Only")
    for layout in [one for one in file.slide_layouts if one is not only]:
        file.slide_layouts.remove(layout)
    for shape in (*file.slide_master.placeholders, *only.placeholders):
        shape.left, shape.width = Emu(int(shape.left * wider)), Emu(int(shape.width * wider))
    for parent in (file.slide_master, only):
        title = next(one for one in parent.placeholders if one.placeholder_format.type == 1)
        title.left, title.top, title.width, title.height = _LEFT, Inches(0.4), _FULL, Inches(0.9)
        title.text_frame.margin_left = Emu(0)
    file.slide_master._element.xpath(".//p:titleStyle/a:lvl1pPr")[0].set("algn", "l")
    theme = file.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    text = theme.blob.decode()
    for name, colour in (("accent1", LIGHT.curve), ("accent2", LIGHT.faces), ("accent3", LIGHT.quiet)):
        text = re.sub(rf"(<a:{name}><a:srgbClr val=\")[0-9A-F]+", rf"\g<1>{colour[1:].upper()}", text)
    for kind, font in (("major", _HEADING_FONT), ("minor", _TEXT_FONT)):
        text = re.sub(rf"(<a:{kind}Font>\s*<a:latin typeface=\")[^\"]*", rf"\g<1>{font}", text)
    theme._blob = text.encode()


def _rgb(colour: str) -> RGBColor:
    return RGBColor(*bytes.fromhex(colour[1:]))  # type: ignore[no-untyped-call]


def _described(shape: Any, says: str) -> None:
    """Sets a shape's alternative text; "" says that it is there for looks."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", drawable(says))


def _picture(slide: Slide, picture: bytes, says: str, place: _Place) -> None:
    """A picture as large as fits into a place, in its middle."""
    left, top, width, height = place
    added = slide.shapes.add_picture(io.BytesIO(picture), left, top)
    scale = min(width / added.width, height / added.height)
    added.width, added.height = Emu(int(added.width * scale)), Emu(int(added.height * scale))
    added.left, added.top = Emu(left + (width - added.width) // 2), Emu(top + (height - added.height) // 2)
    _described(added, says)


def _write(
    slide: Slide,
    paragraphs: Sequence[str],
    place: _Place,
    size: float,
    *,
    colour: str = LIGHT.quiet,
    font: str = _TEXT_FONT,
) -> None:
    """Text in a place."""
    box = slide.shapes.add_textbox(*place)
    frame = box.text_frame
    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
    frame.margin_left = frame.margin_right = Emu(0)
    _fill(frame, [one for one in paragraphs if one], size, colour=colour, font=font)


def _fill(
    frame: Any,
    paragraphs: Sequence[str],
    size: float,
    *,
    colour: str | None = None,
    font: str | None = None,
    bold: bool = False,
) -> None:
    """Paragraphs into a frame of text. They may hold anything: they are text."""
    for number, text in enumerate(paragraphs):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = drawable(text)
        run.font.size, run.font.bold, run.font.language_id = Pt(size), bold or None, _LANGUAGES[language()]
        if number:
            paragraph.space_before = Pt(size / 2)
        if colour is not None:
            run.font.color.rgb = _rgb(colour)
        if font is not None:
            run.font.name = font
