"""Slides of a deck: titles, rehearsed times, and hostile decks."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from tests.timeline_files.written import a_slide, a_title, as_odp, as_pdf, as_pptx, as_zip
from timeline_files.decks import DRAFT_SLIDE_S, slides_of
from timeline_files.office_zip import LARGEST_XML
from timeline_files.reading import read_timeline, read_timeline_file

DECK = as_pptx(
    a_slide(a_title("Opening"), ms=75_000),
    a_slide(a_title("Not shown"), ms=5_000, hidden=True),
    a_slide("<a:p><a:r><a:t>How we</a:t></a:r><a:br/><a:r><a:t>work</a:t></a:r></a:p>", ms=10_500, wrapped=True),
    a_slide(None, ms=4_500),
)


def complaint(data: bytes) -> str:
    with pytest.raises(InvalidValue, match=r"^talk\.pptx: ") as refused:
        read_timeline("talk.pptx", data)
    return str(refused.value)


def test_a_rehearsed_deck_is_a_timeline_of_its_visible_slides_in_order() -> None:
    segments = read_timeline("talk.pptx", DECK).segments
    assert [(part.title, part.start_s, part.end_s) for part in segments] == [
        ("Opening", 0, 75),
        ("How we work", 75, 85.5),
        ("Slide 4", 85.5, 90),
    ]


def test_the_last_slide_may_have_no_time() -> None:
    deck = as_pptx(a_slide(a_title("A"), ms=2000), a_slide(a_title("B")))
    assert [part.end_s for part in read_timeline("talk.pptx", deck, length_s=60).segments] == [2, 60]


def test_a_deck_without_times_is_a_draft_spaced_evenly_over_the_talk() -> None:
    deck = as_pptx(a_slide(a_title("A & B")), a_slide(a_title("Not shown"), hidden=True), a_slide(None))
    draft = read_timeline("talk.pptx", deck, length_s=90)
    assert [(one.title, one.start_s, one.end_s) for one in draft.segments] == [("A & B", 0, 45), ("Slide 3", 45, 90)]
    assert all(one.guessed for one in draft.segments)
    assert read_timeline("talk.pptx", deck).segments[-1].end_s == 2 * DRAFT_SLIDE_S


def test_a_deck_of_no_slides_is_refused() -> None:
    assert "no slide" in complaint(as_pptx())


def test_from_a_slide_without_a_time_on_all_times_are_guessed() -> None:
    times = (2000, None, 4000, None)
    segments = read_timeline(
        "talk.pptx", as_pptx(*(a_slide(a_title("A"), ms=ms) for ms in times)), length_s=60
    ).segments
    assert [(one.start_s, one.guessed) for one in segments] == [(0, False), (2, True), (5, True), (9, True)]


def test_notes_are_those_of_each_slide() -> None:
    deck = as_pptx(a_slide(a_title("A"), ms=1000), a_slide(a_title("B")), notes={0: ("Say hello.", "Then wait.")})
    assert [one.notes for one in read_timeline("talk.pptx", deck).segments] == ["Say hello.\nThen wait.", ""]


def test_a_slide_without_a_title_is_called_by_its_first_line_unless_that_is_long() -> None:
    lines = ("A picture of a bridge", "word " * 40)
    deck = as_pptx(*(a_slide(None, text=a_title(line)) for line in lines))
    assert [slide.title for slide in slides_of(deck)] == ["A picture of a bridge", "Slide 2"]


def test_an_opendocument_presentation_has_titles_notes_times_and_hidden_slides() -> None:
    deck = as_odp(("Opening", "Say hello.", "PT00H01M15S"), ("Not shown", "", None), ("How we<text:s/>work", "", None))
    segments = read_timeline("talk.odp", deck).segments
    assert [(one.title, one.start_s, one.notes) for one in segments] == [
        ("Opening", 0, "Say hello."),
        ("How we work", 75, ""),
    ]
    assert [one.guessed for one in segments] == [False, False]  # the last may go on until the end


def test_a_pdf_has_titles_and_its_steps_are_one_slide() -> None:
    footer = "Houselights 2026"
    deck = as_pdf(
        (footer, "Why bridges hum"),
        (footer, "Agenda", "One"),
        (footer, "Agenda", "One", "Two"),
        (footer, "Agenda", "Something else"),
        (footer, ""),
    )
    slides = slides_of(deck)
    assert [slide.title for slide in slides] == ["Why bridges hum", "Agenda", "Agenda", "Slide 5"]
    assert [slide.pages for slide in slides] == [(0,), (1, 2), (3,), (4,)]
    assert all(one.guessed for one in read_timeline("talk.pdf", deck, length_s=100).segments)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("talk.ppt", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Office"),
        ("talk.pptx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Office"),
        ("talk.key", as_zip({"Index/Document.iwa": b"x"}), "Keynote"),
        ("talk.gslides", b'{"url": "https://docs.google.com/open?id=1"}', "Google"),
        (
            "talk.odp",
            as_zip({"content.xml": "<x/>", "mimetype": "application/vnd.oasis.opendocument.text"}),
            "OpenDocument",
        ),
        ("talk.pdf", b"%PDF-1.7 and no more", "PDF that cannot be opened"),
    ],
)
def test_other_decks_are_refused_as_what_they_are(name: str, data: bytes, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        read_timeline(name, data)


def test_an_address_of_google_slides_is_refused_as_one() -> None:
    with pytest.raises(InvalidValue, match="Google Slides"):
        read_timeline_file(Path("https://docs.google.com/presentation/d/1x/edit"))


def test_a_zip_of_something_else_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "Word document" in complaint(buffer.getvalue())


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", DECK[: len(DECK) // 2], b"not a zip at all"])
def test_a_file_that_is_not_a_zip_is_refused(data: bytes) -> None:
    assert "save it as .pptx" in complaint(data)


def test_a_zip_bomb_is_not_unpacked_to_its_end() -> None:
    bomb = as_pptx(a_slide(a_title("A"), ms=1), entries={"ppt/slides/slide1.xml": b" " * (100 * LARGEST_XML)})
    assert len(bomb) < 2**20
    assert "ppt/slides/slide1.xml: holds XML of more than 4 MiB" in complaint(bomb)


def test_entities_are_not_expanded() -> None:
    laughs = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
    assert "declares XML entities" in complaint(as_pptx(a_slide("", ms=1), entries={"ppt/slides/slide1.xml": laughs}))


def test_a_slide_path_outside_the_archive_is_not_found() -> None:
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId0" Target="../../../../etc/passwd"/></Relationships>'
    )
    deck = as_pptx(a_slide("", ms=1), entries={"ppt/_rels/presentation.xml.rels": relations})
    assert "etc/passwd" in complaint(deck)


@given(st.data())
def test_a_damaged_deck_is_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(DECK)
    for place in data.draw(st.lists(st.integers(0, len(DECK) - 1), min_size=1, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidValue):
        read_timeline("talk.pptx", bytes(damaged))
