"""What each kind of report is besides what it says: tagged pages, a page with its own letters, slides to edit."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from PIL import Image
from pptx import Presentation
from pptx.util import Inches
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, IndirectObject

from audience.percents import percent_text
from audience.transcripts import Line, Transcript
from dashboard.clock import machine_zone, span_text
from dashboard.report.contents import Report, ReportPictures
from dashboard.report.html_page import html_of
from dashboard.report.pdf import pdf_of
from dashboard.report.powerpoint import pptx_of
from tests.builders import a_session, a_stage, after, an_annotation
from tests.dashboard.test_report import EMOJI, HOSTILE, RTL, TALK, a_talk, report, text_of, words_of


def a_picture(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (160, 90), colour).save(made, "PNG")
    return made.getvalue()


@pytest.fixture(scope="module")
def told() -> Report:
    """A talk's report with a picture of its first two slides."""
    pictures = ReportPictures(cover=a_picture("red"), segments={0: a_picture("red"), 1: a_picture("blue")})
    stage = a_stage(title="Hall", audience_size=50, timelines=[TALK], annotations=[an_annotation(125)])
    return replace(report(a_talk(stage=stage)), pictures=pictures)


def elements(pdf: bytes) -> Iterator[DictionaryObject]:
    """The structure of a PDF, in reading order."""

    def under(one: object) -> Iterator[DictionaryObject]:
        one = one.get_object() if isinstance(one, IndirectObject) else one
        if isinstance(one, list):
            for child in one:
                yield from under(child)
        elif isinstance(one, DictionaryObject) and "/S" in one:
            yield one
            yield from under(one.get("/K", []))

    yield from under(PdfReader(io.BytesIO(pdf)).root_object["/StructTreeRoot"]["/K"])


def test_a_pdf_is_tagged_so_that_it_can_be_read_out(told: Report) -> None:
    pdf = pdf_of(told)
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert str(reader.root_object["/Lang"]).startswith("en")
    assert reader.root_object["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == told.title
    assert b"pdfuaid:part" in reader.root_object["/Metadata"].get_object().get_data()
    kinds = [one["/S"] for one in elements(pdf)]
    assert kinds.index("/H1") < kinds.index("/H2") < kinds.index("/Table")
    assert kinds.count("/H1") == 1
    assert kinds.count("/TH") == 5
    assert kinds.count("/LI") >= len(told.moments)
    assert all(page.get("/StructParents") is not None for page in reader.pages)


def test_each_picture_of_a_pdf_says_what_it_shows_and_bookmarks_lead_through_it(told: Report) -> None:
    pdf = pdf_of(told)
    figures = [
        str(one.get("/Alt", "")).replace("\N{NO-BREAK SPACE}", " ") for one in elements(pdf) if one["/S"] == "/Figure"
    ]
    assert all(figures)
    assert any(told.lead in alt for alt in figures)
    assert f"What was shown: {told.title}" in figures
    assert "Slide: Demo" in figures
    marks = PdfReader(io.BytesIO(pdf)).outline
    (title, under) = marks
    assert title["/Title"] == told.title
    assert len([one for one in under if not isinstance(one, list)]) >= 5


def test_a_page_brings_its_letters_and_its_dark_colours(told: Report) -> None:
    html = html_of(told)
    assert len(re.findall(r"@font-face", html)) == 3
    assert "prefers-color-scheme: dark" in html
    assert html.count("<img") == 1 + 2 * len(told.findings)  # the cover; a slide for each finding and each moment
    assert "Slide: Demo" in html


def test_slides_have_titles_notes_and_words_for_their_pictures(told: Report) -> None:
    deck = Presentation(io.BytesIO(pptx_of(told)))
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, abs=0.001)
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert titles[0] == told.title
    assert len({*titles}) == len(titles)
    for slide in deck.slides:
        assert slide.notes_slide.notes_text_frame.text.strip()
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width + Inches(0.01)
            assert shape.top + shape.height <= deck.slide_height
            if shape.shape_type == 13 or shape.has_chart or shape.has_table:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")


def test_slides_have_the_curve_as_a_chart_and_the_parts_as_a_table(told: Report) -> None:
    deck = Presentation(io.BytesIO(pptx_of(told)))
    (chart,) = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    share = next(iter(chart.plots[0].series)).values
    assert told.curve is not None
    assert max(one for one in share if one is not None) == pytest.approx(100 * np.nanmax(told.curve.share), abs=3)
    assert None in share  # nobody was in view for a while
    tables = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]
    cells = [[cell.text for cell in row.cells] for table in tables for row in table.rows]
    (demo,) = [row for row in cells if row[0] == "2 Demo"]
    assert demo[2].startswith(percent_text(told.segments[1].share))


@pytest.mark.parametrize("title", [HOSTILE, RTL, EMOJI, "no sign: \ufffe", "{title} %s $x$ &amp;"])
def test_titles_are_text_on_slides_whatever_they_hold(title: str) -> None:
    stage = a_stage(title=title, timelines=[TALK], annotations=[an_annotation(30, title)])
    made = pptx_of(report(a_talk(session=a_session(title=title, ended_at=after(600)), stage=stage)))
    first = Presentation(io.BytesIO(made)).slides[0].shapes.title.text_frame.text
    assert first == title.replace("\ufffe", "")


def test_a_session_without_a_record_makes_slides_that_say_so() -> None:
    told = report(a_talk(until=0))
    deck = Presentation(io.BytesIO(pptx_of(told)))
    assert told.lead in "".join(shape.text_frame.text for shape in deck.slides[0].shapes if shape.has_text_frame)


def test_times_are_the_readers_and_name_their_zone() -> None:
    told = report(a_talk())
    began, ended = datetime(2026, 3, 28, 22, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, 0, tzinfo=UTC)
    berlin = span_text(began, ended, ZoneInfo("Europe/Berlin"))  # the night the clocks go forward
    assert "23:30" in berlin
    assert "04:00" in berlin
    assert "Europe/Berlin" in berlin
    assert "UTC+03" in span_text(began, None, ZoneInfo("Europe/Istanbul"))
    assert replace(told, zone=ZoneInfo("Asia/Kolkata")).time_of_day(0) == "01:00"
    assert "01:00 on the clock" not in words_of(html_of(told))


def test_this_machines_zone_is_known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    assert machine_zone() == ZoneInfo("Europe/Lisbon")


def test_what_was_said_at_a_moment_and_the_notes_of_its_slide_stand_in_every_kind() -> None:
    timeline = replace(
        TALK, segments=(TALK.segments[0], replace(TALK.segments[1], notes="Swing the model."), *TALK.segments[2:])
    )
    stage = a_stage(title="Hall", audience_size=50, timelines=[timeline])
    said = Transcript(title="talk", lines=(Line(start_s=236, end_s=244, text="And now it falls down."),))
    made = report(a_talk(stage=stage), transcript=said)
    deck = Presentation(io.BytesIO(pptx_of(made)))
    notes = " ".join(slide.notes_slide.notes_text_frame.text for slide in deck.slides)
    for text in (words_of(html_of(made)), text_of(pdf_of(made)), notes):
        assert "And now it falls down." in text
        assert "Swing the model." in text
