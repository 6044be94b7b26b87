"""Every kind of file that people have is read right, or refused as what it is; unclear times are asked about."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.errors import InvalidValue
from tests.examples import examples
from tests.timeline_files.kinds import CASES, Case, Segments, problem_with
from timeline_files.answers import Answers, Question, Unclear
from timeline_files.reading import ENDINGS, READERS, read_file, read_path, timeline_in
from timeline_files.timecode import Timecode, rate_in, rate_of


def read(case: Case) -> Segments | str:
    """Reads a case in this process, which is what the process of its own does."""
    try:
        found = timeline_in(case.data, name=case.name, length_s=case.length_s, read_as=case.read_as)
    except InvalidValue as problem:
        return str(problem)
    if "unclear" in found:
        return str(found["unclear"])
    return tuple((part["title"], part["start_s"], part["end_s"]) for part in found["timeline"]["segments"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_a_kind_is_read_right_or_refused_as_what_it_is(case: Case) -> None:
    assert problem_with(case, read) == ""


def test_the_kinds_are_many_and_different() -> None:
    assert len({case.kind for case in CASES}) == len(CASES) >= 100
    assert sum(case.not_said != () for case in CASES) >= 15


@pytest.mark.parametrize("kind", ["times of day", "timecodes at an answered rate"])
def test_a_question_comes_through_the_process_with_its_choices(kind: str) -> None:
    case = next(case for case in CASES if case.kind == kind)
    questions: tuple[Question, ...] = ()
    try:
        questions = read_file(case.name, case.data, length_s=case.length_s).questions
    except Unclear as problem:
        questions = (problem.question,)
    (question,) = (one for one in questions if one.choices)
    # Each choice is an answer that is understood, and gives a timeline.
    for answer, _ in question.choices:
        assert read_file(case.name, case.data, length_s=case.length_s, read_as=[answer]).timeline.segments


def test_an_answer_that_means_nothing_is_refused_with_those_that_do() -> None:
    with pytest.raises(InvalidValue, match="rate such as"):
        read_file("a.csv", b"A,0\n", read_as=["quickly"])


def test_what_is_left_out_of_pasted_chapters_is_noted() -> None:
    found = read_file("a.txt", b"Chapters\n0:00 Opening\nand then\n2:00 Demo\nBye\n")
    assert [part.title for part in found.timeline.segments] == ["Opening", "Demo"]
    (note,) = found.questions
    assert "line 3" in note.saw


def test_what_begins_after_the_end_is_noted() -> None:
    found = read_file("a.csv", b"Opening,0:00\nDemo,2:10\nQuestions,1:05:00\n", length_s=300)
    (note,) = found.questions
    assert "1 of its 3" in note.saw
    assert "1:05:00" in note.saw


@pytest.mark.parametrize(("name", "inside"), [("film.fcpxmld", "Info.fcpxml"), ("film.otiod", "content.otio")])
def test_a_bundle_is_read_by_what_is_in_it(tmp_path: Path, name: str, inside: str) -> None:
    kind = "Final Cut Pro XML" if inside.endswith("fcpxml") else "OpenTimelineIO"
    (tmp_path / name).mkdir()
    (tmp_path / name / inside).write_bytes(next(case.data for case in CASES if case.kind == kind))
    timeline = read_path(tmp_path / name).timeline
    assert (timeline.title, [part.title for part in timeline.segments]) == ("film", ["Opening", "Demo"])


@pytest.mark.parametrize(("name", "what"), [("talks.fcpbundle", "Final Cut"), ("set.logicx", "Logic"), ("a", "folder")])
def test_a_folder_is_refused_as_what_it_is(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(InvalidValue, match=what):
        read_path(tmp_path / name)


def test_ntsc_timecode_is_exact() -> None:
    """SMPTE ST 12-1: 24 h of drop-frame timecode are 2,589,408 frames at 30000/1001, 86.4 ms short of a day."""
    drop = Timecode(24, 0, 0, 0, drop=True).at(rate_of(30, ntsc=True))
    assert drop == Fraction(2_589_408 * 1001, 30_000)
    assert Timecode(1, 0, 0, 0, drop=False).at(rate_of(24, ntsc=True)) == Fraction(3600 * 1001, 1000)
    assert Timecode(0, 1, 0, 4, drop=True).at(rate_of(60, ntsc=True)) == Fraction(3600 * 1001, 60_000)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("23.976", Fraction(24_000, 1001)),
        ("23.98fps", Fraction(24_000, 1001)),
        ("29.97 fps", Fraction(30_000, 1001)),
        ("59.94", Fraction(60_000, 1001)),
        ("30000/1001", Fraction(30_000, 1001)),
        ("25", Fraction(25)),
        ("12.5", Fraction(25, 2)),
        ("0", None),
        ("1/0", None),
        ("fast", None),
    ],
)
def test_a_rate_near_an_ntsc_rate_is_that_rate(text: str, exact: Fraction | None) -> None:
    rate = rate_in(text)
    assert (rate and rate.exact) == exact


SUFFIXES = st.sampled_from(["", *ENDINGS])
MOST_OF = [case for case in CASES if case.segments is not None and len(case.data) < 20_000]


@settings(max_examples=examples(40))
@given(st.sampled_from(MOST_OF), SUFFIXES, st.data())
def test_a_damaged_file_of_any_kind_and_name_is_read_in_order_or_refused(
    case: Case, suffix: str, data: st.DataObject
) -> None:
    damaged = bytearray(case.data)
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=6)):
        damaged[place] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(1, len(damaged)))]
    try:
        found = read_file(case.name if data.draw(st.booleans()) else f"file{suffix}", bytes(damaged), length_s=600)
    except InvalidValue:
        return
    ends = [0.0, *itertools.chain.from_iterable((part.start_s, part.end_s) for part in found.timeline.segments)]
    assert ends == sorted(ends)


LINES = st.lists(
    st.text(st.sampled_from("0159:.,;-–→ \t\"()[]{}<>&*ApmhChapter#\u200f٣"), max_size=40), min_size=1, max_size=12
).map("\n".join)  # fmt: skip


@settings(max_examples=examples(300))
@given(LINES, st.sampled_from(sorted(READERS.keys() - {".pptx", ".otio", ".otioz", ".xlsx"})))
def test_every_reader_reads_or_refuses_any_text(text: str, kind: str) -> None:
    try:
        parts = READERS[kind](text.encode(), Answers(length_s=600))
    except InvalidValue:
        return
    assert all(isinstance(part.start_s, float | int) for part in parts)
