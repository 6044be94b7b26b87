"""Transcripts: the words of a stretch are those that were said in it, in whole sentences."""

from __future__ import annotations

import pytest

from audience.errors import InvalidValue
from audience.transcripts import MOST_CHARACTERS, Line, first_sentences, without_repeats
from tests.builders import a_transcript

TALK = a_transcript(
    (0, 4, "Hello and welcome. Today we"),
    (4, 8, "look at 3.5 million faces. And then"),
    (8, 12, "somebody laughed! Everybody did."),
    (12, 16, "J. Smith did not."),
    (40, 44, "Half a minute later."),
)


def test_a_sentence_that_began_earlier_is_quoted_from_its_beginning() -> None:
    assert TALK.words(5, 7) == "Today we look at 3.5 million faces."
    assert TALK.words(9, 11) == "And then somebody laughed! Everybody did."


def test_an_initial_ends_no_sentence() -> None:
    assert TALK.words(13, 15) == "J. Smith did not."


def test_where_nothing_was_said_there_are_no_words() -> None:
    assert TALK.words(20, 39) == ""
    assert TALK.words(float("nan"), 10) == ""


def test_too_many_words_lose_whole_sentences_far_from_the_end() -> None:
    talk = a_transcript(*((at, at + 1, f"This is sentence number {at}.") for at in range(100)))
    words = talk.words(0, 99)
    assert len(words) <= MOST_CHARACTERS
    assert words.startswith("This is sentence number ")
    assert words.endswith("number 99.")


def test_captions_without_full_stops_are_cut_between_words_and_say_so() -> None:
    talk = a_transcript(*((at, at + 1, "and so we went on and on") for at in range(60)))
    words = talk.words(20, 50)
    assert len(words) <= MOST_CHARACTERS
    assert words[0] == words[-1] == "…"
    assert set(words.strip("…").split()) <= {"and", "so", "we", "went", "on"}


def test_sentences_of_languages_without_spaces_are_sentences() -> None:
    assert (
        a_transcript((0, 2, "こんにちは。今日は"), (2, 4, "いい天気です。はい")).words(2.5, 3.5)
        == "今日は いい天気です。"
    )


def test_rolling_captions_say_everything_once() -> None:
    rolling = [
        Line(start_s=0, end_s=2, text="so this is"),
        Line(start_s=2, end_s=4, text="so this is what we do"),
        Line(start_s=4, end_s=6, text="what we do on Mondays"),
        Line(start_s=6, end_s=8, text="what we do on Mondays"),
    ]
    assert [line.text for line in without_repeats(rolling)] == ["so this is", "what we do", "on Mondays"]


def test_notes_are_cut_after_a_sentence() -> None:
    notes = "Say hello. " + "Then tell them about the bridge and the wind. " * 10
    assert first_sentences(notes).endswith("the wind.")
    assert len(first_sentences(notes)) <= MOST_CHARACTERS
    assert first_sentences("bridges " * 90).endswith("bridges…")
    assert first_sentences("Hello") == "Hello"


@pytest.mark.parametrize(
    "line", [(5, 4, "a"), (-1, 4, "a"), (0, 1, " "), (0, float("inf"), "a"), (float("nan"), 1, "a")]
)
def test_a_line_that_cannot_be_is_refused(line: tuple[float, float, str]) -> None:
    with pytest.raises(InvalidValue):
        a_transcript(line)
