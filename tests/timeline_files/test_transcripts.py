"""Reading transcripts: captions, and text with times as people copy it."""

from __future__ import annotations

from pathlib import Path

import pytest

from audience.errors import InvalidValue
from timeline_files.transcripts import read_transcript, read_transcript_file

VTT = b"""WEBVTT

00:00:01.000 --> 00:00:04.000
<v Ada>Hello &amp; welcome.

00:00:04.000 --> 00:00:06.000
Two lines
of one cue.
"""
SRT = "1\n00:00:01,000 --> 00:00:04,000\n<i>Grüß Gott.</i>\n\n2\n00:00:03,500 --> 00:00:06,000\nAt the same time.\n"


def said(name: str, data: bytes | str) -> list[tuple[float, float, str]]:
    transcript = read_transcript(name, data.encode() if isinstance(data, str) else data)
    return [(line.start_s, line.end_s, line.text) for line in transcript.lines]


def test_webvtt_keeps_words_and_times() -> None:
    assert said("talk.vtt", VTT) == [(1, 4, "Hello & welcome."), (4, 6, "Two lines of one cue.")]
    assert read_transcript("my talk.vtt", VTT).title == "my talk"


def test_srt_may_overlap_where_two_people_speak() -> None:
    assert said("talk.srt", SRT) == [(1, 3.5, "Grüß Gott."), (3.5, 6, "At the same time.")]


def test_a_file_that_is_called_otherwise_is_read_as_what_it_is() -> None:
    assert said("talk.txt", VTT) == said("talk.vtt", VTT)
    assert said("talk", SRT) == said("talk.srt", SRT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Transcript\n0:00\nhello everyone\n0:05\nto this talk", [(0, 5, "hello everyone"), (5, 15, "to this talk")]),
        ("[00:01:15] Ada: Hello.\n(1:20.5) Hi\nthere.", [(75, 80.5, "Ada: Hello."), (80.5, 90.5, "Hi there.")]),
        ("1:00:00 - Last part", [(3600, 3610, "Last part")]),
    ],
)
def test_text_with_times(text: str, expected: list[tuple[float, float, str]]) -> None:
    assert said("talk.txt", text) == expected


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.txt", b"no times at all"),
        ("talk.txt", b""),
        ("talk.vtt", b"WEBVTT\n"),
        ("talk.vtt", b"WEBVTT\n\n99:99 --> x\nHello"),
        ("talk.srt", b"\xff\xfe\xff"),
        ("talk.txt", b"9999:00:00 far too late"),
        ("big.vtt", b" " * (9 << 20)),
    ],
)
def test_what_is_no_transcript_is_refused_by_its_name(name: str, data: bytes) -> None:
    with pytest.raises(InvalidValue, match=name):
        read_transcript(name, data)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="cannot be read"):
        read_transcript_file(tmp_path / "none.vtt")
