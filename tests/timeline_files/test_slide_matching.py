"""Slides found in a talk's recording: filmed at an angle, shown twice, hidden behind a cut to the speaker."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from audience.errors import InvalidValue
from edge_lambda.detectors import Image
from tests.timeline_files.written import a_slide, a_title, as_pdf, as_pptx
from tests.videos import write_video
from timeline_files.slide_matching import match_deck
from timeline_files.slide_pictures import deck_pictures, printed

DECK = as_pdf(
    ("Talk", "Why bridges hum", "The wind on a steel cable", "and what an engineer hears", "in a night of November"),
    (
        "Talk",
        "Loads that nobody plans for",
        "Crowds that walk in step",
        "Ice on every second wire",
        "Two trains at once",
    ),
    ("Talk", "What we measured in 2026", "Forty sensors, nine of them dead", "One river, three floods", "Hum: 1.2 Hz"),
    ("Talk", "What we measured in 2026", "Forty sensors, nine of them dead", "One river, three floods", "Hum: 3.7 Hz"),
    ("Talk", "Questions and thanks", "Slides: example.org/bridges", "Write to me about your bridge", "Good night"),
)
SIZE = (640, 360)
SCREEN = np.float32([[190, 40], [600, 66], [590, 300], [180, 270]])  # type: ignore[arg-type]


@cache
def pages() -> list[Image]:
    return [cv2.cvtColor(page, cv2.COLOR_GRAY2BGR) for page in deck_pictures("talk.pdf", DECK, width=SIZE[0])]


def filmed(page: int | None, number: int) -> Image:
    """A hall in which the page is on the screen; the speaker alone where it is None."""
    picture = np.full((SIZE[1], SIZE[0], 3), 30, np.uint8)
    if page is None:
        cv2.circle(picture, (320 + 5 * (number % 9), 150), 60, (150, 170, 200), -1)
    else:
        corners = np.float32([[0, 0], [SIZE[0], 0], SIZE, [0, SIZE[1]]])  # type: ignore[arg-type]
        warp = cv2.getPerspectiveTransform(corners, SCREEN)
        cv2.warpPerspective((pages()[page] * 0.7).astype(np.uint8), warp, SIZE, picture, cv2.INTER_AREA, 5)
    cv2.ellipse(picture, (220 + number % 40, 330), (30, 90), 0, 0, 360, (50, 40, 40), -1)
    noise = np.random.default_rng(number).integers(-8, 9, picture.shape)
    return (picture + noise).clip(0, 255).astype(np.uint8)


def recording(folder: Path, *shown: tuple[int | None, int]) -> Path:
    """A recording of pages, each with the second from which on it is shown; the last lasts 8 s."""
    at_ms = range(0, 1000 * (shown[-1][1] + 8), 500)

    def picture(number: int) -> Image:
        page = next(page for page, from_s in reversed(shown) if from_s <= number / 2)
        return filmed(page, number)

    return write_video(folder / "talk.mp4", at_ms=[*at_ms], size=SIZE, fps=2, key_every=8, picture=picture)


def test_slides_are_found_where_they_were_shown_and_shown_again(tmp_path: Path) -> None:
    talk = recording(tmp_path, (0, 0), (1, 10), (None, 14), (1, 18), (2, 24), (3, 31), (1, 39))
    match = match_deck("talk.pdf", DECK, talk)
    titles = [slide.title for slide in match.timeline.segments]
    assert titles == [
        "Why bridges hum",
        "Loads that nobody plans for",
        "What we measured in 2026",
        "What we measured in 2026",
        "Loads that nobody plans for",
    ]
    starts = [segment.start_s for segment in match.timeline.segments]
    assert starts == pytest.approx([0, 10, 24, 31, 39], abs=2)
    assert match.unsure == 0
    assert [slide.title for slide in match.unseen] == ["Questions and thanks"]


def test_a_change_that_the_recording_does_not_show_is_a_guess(tmp_path: Path) -> None:
    talk = recording(tmp_path, (0, 0), (None, 8), (4, 24))
    match = match_deck("talk.pdf", DECK, talk)
    assert match.timeline.segments[-1].title == "Questions and thanks"
    assert [segment.guessed for segment in match.timeline.segments] == [False, True, True, True, True]
    assert match.timeline.is_draft


def test_another_recording_is_refused(tmp_path: Path) -> None:
    talk = recording(tmp_path, (None, 0))
    with pytest.raises(InvalidValue, match="none of the 5 slides is seen"):
        match_deck("talk.pdf", DECK, talk)


def test_a_powerpoint_deck_without_libreoffice_asks_for_a_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidValue, match="as PDF"):
        match_deck("talk.pptx", as_pptx(a_slide(a_title("A"))), tmp_path / "talk.mp4")


def test_libreoffice_prints_the_deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a program of its name, which gets the deck and the folder for the PDF."""
    (tmp_path / "printed.pdf").write_bytes(DECK)
    program = tmp_path / "soffice"
    program.write_text(
        "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ $1 = --outdir ] && out=$2; shift; done\n"
        f'test -s "$1" && /bin/cp {tmp_path}/printed.pdf "$out/deck.pdf"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert printed("talk.pptx", b"PK\x03\x04") == DECK
