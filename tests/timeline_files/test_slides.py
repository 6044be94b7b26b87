"""Slides of a deck: titles, rehearsed times, and hostile decks."""

from __future__ import annotations

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from tests.timeline_files.written import a_slide, a_title, as_pptx
from timeline_files.reading import read_timeline
from timeline_files.slides import LARGEST_XML, slides_of

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


def test_a_deck_without_times_is_refused_with_a_remedy_but_has_titles() -> None:
    deck = as_pptx(a_slide(a_title("A & B")), a_slide(None))
    assert "Rehearse Timings" in complaint(deck)
    assert [slide.title for slide in slides_of(deck)] == ["A & B", "Slide 2"]


def test_a_deck_of_no_slides_has_no_segment() -> None:
    assert "holds no segment" in complaint(as_pptx())


def test_a_slide_without_a_time_among_others_is_named() -> None:
    deck = as_pptx(a_slide(a_title("A"), ms=2000), a_slide(a_title("B")), a_slide(a_title("C"), ms=2000))
    assert "slide 2: 'B'" in complaint(deck)


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
