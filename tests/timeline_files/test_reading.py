"""Timelines in text files: accepted forms, error messages, and round trips."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.timelines import Timeline
from tests.builders import a_timeline
from tests.timeline_files.written import as_chapter_text, as_csv, as_srt, as_webvtt
from timeline_files.parts import OPEN_END_S, plain_title
from timeline_files.reading import READERS, read_file, read_timeline

TALK = a_timeline(("Opening", 0, 75), ("Demo", 75, 130.5), ("Questions", 130.5, 3600), title="talk")


def segments(name: str, text: str | bytes, length_s: float | None = None) -> list[tuple[str, float, float]]:
    data = text.encode() if isinstance(text, str) else text
    read = read_timeline(name, data, length_s=length_s)
    return [(part.title, part.start_s, part.end_s) for part in read.segments]


def complaint(name: str, text: str | bytes) -> str:
    with pytest.raises(InvalidValue) as refused:
        segments(name, text)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "title,start,end\nOpening,0,75\nDemo,1:15,2:10.5\nQuestions,130.5,1:00:00\n",
        "Opening,0\nDemo,0:01:15.0\nQuestions,00:02:10.5,3600",
        "\ufeffstart;end;title\r\n0;75;Opening\r\n1:15;2:10,5;Demo\r\n00:02:10,500;3600;Questions\r\n",
        "Opening;0;75\nDemo;75;130,5\nQuestions;130,5;3600",
        'Slide\tNotes\tStart\n"Opening"\tsay hello\t0\n\nDemo\t\t1:15\nQuestions\t\t2:10.5',
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(text: str) -> None:
    assert segments("talk.csv", text, length_s=3600) == [
        ("Opening", 0, 75),
        ("Demo", 75, 130.5),
        ("Questions", 130.5, 3600),
    ]


def test_a_table_in_utf_16_as_excel_saves_unicode_text_is_read() -> None:
    assert segments("talk.tsv", "Größe\t0\t5".encode("utf-16")) == [("Größe", 0, 5)]


def test_a_quoted_title_keeps_its_commas_and_quotes() -> None:
    assert segments("talk.csv", 'title,start\n"Well, ""hello""",5', length_s=9) == [('Well, "hello"', 5, 9)]


@pytest.mark.parametrize(
    "line",
    [
        "02:10 Demo",
        "2:10 - Demo",
        "(2:10) Demo",
        "[0:02:10] Demo",
        "- 2:10 Demo",
        "• 02:10 – Demo",
        "2. 2:10 Demo",
        "Demo - 02:10",
        "Demo (2:10)",
        "* Demo 0:02:10",
        "2:10: Demo",
        "2:10 | Demo",
    ],
)
def test_chapters_are_read_as_people_write_them(line: str) -> None:
    assert segments("chapters.txt", f"Chapters:\n\n0:00 Opening\n{line}\n\n5:00 End", length_s=400) == [
        ("Opening", 0, 130),
        ("Demo", 130, 300),
        ("End", 300, 400),
    ]


def test_chapters_may_state_their_ends() -> None:
    assert segments("chapters.txt", "0:00 - 1:30 Opening\n2:00-2:30: Demo") == [("Opening", 0, 90), ("Demo", 120, 150)]


def test_malformed_cues_are_left_out_and_counted() -> None:
    text = "WEBVTT\n\n00:00 --> 00:05\nOne\n\n00:05 -> 00:09\nTwo\n\n00:09 --> never\nThree\n\n0:12 --> 0:15\nFour\n"
    found = read_file("film.vtt", text.encode())
    assert [segment.title for segment in found.timeline.segments] == ["One", "Four"]
    (note,) = found.questions
    assert "2 of its 4 entries" in note.saw
    assert "line 6" in note.saw
    with pytest.raises(InvalidValue, match="line 6"):
        read_file("film.vtt", text.replace("0:12 -->", "0:12 >").encode())


def test_webvtt_is_read_without_notes_styles_names_and_tags() -> None:
    text = (
        "WEBVTT - chapters\nKind: chapters\n\nNOTE made by hand\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:00.000 --> 00:12.500 align:start\n<v Ada>Tom &amp; <b>Jerry</b>\nagain\n\n"
        "01:00:00.000 --> 01:00:01.000\nLater"
    )
    assert segments("film.vtt", text) == [("Tom & Jerry again", 0, 12.5), ("Later", 3600, 3601)]


def test_srt_is_read_without_numbers_and_style_tags() -> None:
    text = (
        "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i>\r\n{\\an8}there\r\n\r\n"
        "2\r\n00:00:03,000 --> 00:00:04,000\r\nWhy?\r\n"
    )
    assert segments("film.srt", text) == [("Hello there", 1, 2.5), ("Why?", 3, 4)]


def test_a_missing_end_is_the_next_start_or_the_end_of_the_recording() -> None:
    assert segments("a.csv", "A,0\nB,10,15\nC,20", length_s=25) == [("A", 0, 10), ("B", 10, 15), ("C", 20, 25)]


@pytest.mark.parametrize("length_s", [None, 15.0, 20.0])
def test_a_last_segment_with_an_unknown_end_lasts_an_hour(length_s: float | None) -> None:
    assert segments("a.csv", "A,0\nC,20", length_s)[-1] == ("C", 20, 20 + OPEN_END_S)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "title,start\nOpening,0\nDemo,soon", "a.csv: line 3: 'soon' is not a time: write it as 75, 1:15"),
        ("a.csv", "Opening,0\nDemo,1:75", "line 2: '1:75' is not a time: minutes and seconds go up to 59"),
        ("a.csv", "Opening,0\nDemo", "line 2: 'Demo' has no start"),
        ("a.csv", "Opening,0\n,10", "line 2: there is no title"),
        ("a.csv", "Opening,0,5,9", "line 1: has 4 columns where title,start[,end] was expected"),
        ("a.csv", 'Opening,0\n"Demo,9', "line 2: unexpected end of data"),
        ("a.csv", "A,0,10\nB,9.5", "line 2: 'B' starts at 0:09.5, before 'A' (line 1) ends at 0:10: "),
        ("a.csv", "A,10\nB,9", "line 2: 'B' starts at 0:09, not after 'A' (line 1) at 0:10"),
        ("a.csv", "A,10,9", "line 1: 'A' runs from 0:10 to 0:09: it must end after it starts"),
        ("a.csv", "A,9999999", "line 1: 'A' starts at 1e+07 s: use 0 to 1000000 seconds"),
        ("a.csv", b"A,0\nB\x81\x8d\xff,10", "line 2: is not UTF-8 text"),
        ("a.csv", b"A,0\nB\0,10", "line 2: holds a NUL"),
        ("a.csv", "", "holds no segment"),
        ("a.csv", "title,start\n", "holds no segment"),
        ("a.vtt", "00:00.000 --> 00:01.000\nA", "line 1: '00:00.000 --> 00:01.000' where WEBVTT was expected"),
        ("a.vtt", "WEBVTT\n\n00:00 -> 00:01\nA", "line 3: '00:00 -> 00:01' where a line `start --> end` was expected"),
        ("a.vtt", "WEBVTT\n\nx\n00:00 --> never\nA", "line 4: 'never' is not a time"),
        ("a.srt", "1\n00:00:00,000 --> 00:00:02,000\n", "line 2: there is no title"),
        ("a.txt", "Opening\nDemo", "line 1 is 'Opening' where a line such as `2:10 Demo` was expected"),
        ("a.txt", "0:00 Opening\n2:61 Demo", "line 2: '2:61' is not a time"),
        ("a.txt", "0:00 " + "x" * 2000, "line 1: has 2005 characters"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_what_was_expected(name: str, text: str | bytes, says: str) -> None:
    assert says in complaint(name, text)


def test_too_many_segments_are_refused() -> None:
    assert "holds 10001 segments" in complaint("a.csv", "\n".join(f"s,{second}" for second in range(10_001)))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", ["a,1", "", "1:00 a", "a;1"])
def test_a_file_of_a_million_lines_is_refused_quickly(line: str) -> None:
    for name in ("a", "a.csv", "a.txt", "a.srt", "a.edl"):
        assert complaint(name, f"{line}\n" * 1_000_000)


def test_a_text_larger_than_any_timeline_is_refused_unread() -> None:
    assert "9 MiB" in complaint("a.csv", b"x" * (9 * 2**20))


def test_a_long_title_is_shortened_with_an_ellipsis() -> None:
    ((title, *_),) = segments("a.csv", "t" * 300 + ",0")
    assert len(title) == 200
    assert title.endswith("t…")


@pytest.mark.parametrize(
    "text",
    [
        as_csv(TALK),
        as_webvtt(TALK),
        as_srt(TALK),
        as_chapter_text(TALK),
        b"Opening,0\nDemo,1:15\nQuestions,2:10.5",
        b"Opening 0:00\nDemo 1:15\nQuestions 2:10.5",
    ],
)
@pytest.mark.parametrize("name", ["talk", "talk.txt", "talk.TXT", "C:\\talks\\talk"])
def test_without_a_known_suffix_the_content_decides_the_format(name: str, text: bytes) -> None:
    assert read_timeline(name, text, length_s=3600) == TALK


def test_a_known_suffix_decides_the_format() -> None:
    assert "WEBVTT was expected" in complaint("talk.vtt", as_csv(TALK))


SIGNS = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
TITLES = st.text(SIGNS, min_size=1, max_size=30).map(str.strip).filter(bool)
# Without what SRT and chapter text cannot write.
PLAIN_TITLES = TITLES.filter(lambda title: title[0].isalpha() and not set(title) & set("<{"))


@st.composite
def timelines(draw: st.DrawFn, titles: st.SearchStrategy[str], *, gaps: bool = True) -> Timeline:
    count = draw(st.integers(1, 6))
    steps = st.integers(1, 10_000_000)
    edges = list(itertools.accumulate(draw(st.lists(steps, min_size=2 * count, max_size=2 * count))))
    starts, ends = edges[::2], edges[1::2]
    if not gaps:
        ends = [*starts[1:], ends[-1]]
    names = draw(st.lists(titles, min_size=count, max_size=count))
    return a_timeline(
        *((name, start / 1000, end / 1000) for name, start, end in zip(names, starts, ends, strict=True)), title="film"
    )


@given(timelines(TITLES), st.sampled_from(",;\t"))
def test_a_table_survives_a_round_trip(timeline: Timeline, delimiter: str) -> None:
    assert read_timeline("film.csv", as_csv(timeline, delimiter), read_as=["seconds"]) == timeline


@given(timelines(TITLES))
def test_webvtt_survives_a_round_trip(timeline: Timeline) -> None:
    assert read_timeline("film.vtt", as_webvtt(timeline)) == timeline


@given(timelines(PLAIN_TITLES))
def test_srt_survives_a_round_trip(timeline: Timeline) -> None:
    assert read_timeline("film.srt", as_srt(timeline)) == timeline


@given(timelines(PLAIN_TITLES, gaps=False))
def test_chapter_text_survives_a_round_trip(timeline: Timeline) -> None:
    length_s = timeline.segments[-1].end_s
    assert read_timeline("film.txt", as_chapter_text(timeline), length_s=length_s) == timeline


NAMES = st.sampled_from(["file", "file.txt", *("file" + ending for ending in READERS)])
BEGINNINGS = st.sampled_from(
    [
        b"",
        b"WEBVTT\n\n",
        b"PK\x03\x04",
        b"<fcpxml>",
        b"<?xml version='1.0'?>",
        b'{"OTIO_SCHEMA":',
        b"TITLE: x\n",
        b"0:00 ",
    ]
)
WILD_TEXT = st.text(st.sampled_from('0159:.,;-–> \t\r\n"()[]{}<&*VC\ufeff\u2028aé')).map(str.encode)


@given(NAMES, BEGINNINGS, st.binary() | WILD_TEXT)
def test_any_content_is_read_or_refused(name: str, begin: bytes, data: bytes) -> None:
    try:
        read = read_timeline(name, begin + data)
    except InvalidValue:
        return
    assert read.segments
    assert all(part.title == plain_title(part.title) for part in read.segments)


@pytest.mark.parametrize("line", ["a" + " " * 990 + "b", "(" * 999, "- " * 499, "1:" * 499, "0:00" + " -" * 450])
@pytest.mark.timeout(5)
def test_every_line_is_refused_quickly(line: str) -> None:
    for name in ("a.txt", "a.csv", "a.edl", "a.srt", "a.vtt"):
        with pytest.raises(InvalidValue):
            read_timeline(name, "\n".join([line] * 50).encode())
