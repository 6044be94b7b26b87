"""`houselights report`: a session's report as a file."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from audience.store import Store
from audience.time import to_ms
from houselights.cli import run
from tests.builders import a_cue, a_heartbeat, a_scorer, a_session, a_stage, a_timeline, a_window, after
from tests.houselights.conftest import Houselights


@pytest.fixture(autouse=True)
def talk(store: Store) -> None:
    store.put_session(a_session("talk-1", title="Why bridges hum", ended_at=after(60)))
    store.put_stage("talk-1", a_stage(title="Great hall"))
    store.put_scorer(a_scorer())
    store.put_windows([a_window(at, smiling=10, of=40) for at in range(60)])


def test_the_ending_says_what_kind_of_file_it_becomes(houselights: Houselights, tmp_path: Path) -> None:
    for name, begins in (("talk.html", b"<!DOCTYPE html>"), ("talk.PDF", b"%PDF-"), ("talk.pptx", b"PK")):
        ended = houselights("report", "talk-1", "--to", tmp_path / name)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.strip() == str(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begins)
    assert "Why bridges hum" in (tmp_path / "talk.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith((".", "talk."))) == [
        "talk.PDF",
        "talk.html",
        "talk.pptx",
    ]


def test_without_a_name_it_is_called_as_the_session(
    houselights: Houselights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert houselights("report", "talk-1").out == "talk-1.html\n"
    assert "About 1 in 4 faces smiled on average." in (tmp_path / "talk-1.html").read_text()


def test_another_stage_and_expression_can_be_asked_for(houselights: Houselights, store: Store, tmp_path: Path) -> None:
    store.put_stage("talk-1", a_stage("tent", title="The tent"))
    assert "has several stages: give --stage with one of main, tent" in houselights("report", "talk-1").complaint
    houselights("report", "talk-1", "--stage", "tent", "--to", tmp_path / "tent.html")
    assert "Nothing has been recorded here yet." in (tmp_path / "tent.html").read_text()
    houselights("report", "talk-1", "--stage", "main", "--expression", "sad", "--to", tmp_path / "sad.html")
    assert "There is no figure for this expression (sad)" in (tmp_path / "sad.html").read_text()


def test_while_a_session_runs_there_are_no_moments_as_on_its_page(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    later, page = "Key moments appear when the session ends.", tmp_path / "talk.html"
    store.put_heartbeat(replace(a_heartbeat(), at_ms=to_ms(datetime.now(UTC))))
    houselights("report", "talk-1", "--to", page)
    assert later not in page.read_text()
    store.put_session(a_session("talk-1"))
    houselights("report", "talk-1", "--to", page)
    assert later in page.read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere"], "nowhere"),
        (["talk-1", "--to", "talk.docx"], "talk.docx is none of .html, .pdf, .pptx"),
        (["talk-1", "--to", "absent/talk.html"], "absent/talk.html cannot be written: No such file or directory"),
        (["talk-1", "--stage", "tnet"], "has no stage 'tnet'"),
        (["talk-1", "--expression", "joy"], "joy"),
    ],
)
def test_what_cannot_be_written_is_one_line(houselights: Houselights, words: list[str], says: str) -> None:
    assert says in houselights("report", *words).complaint


def test_a_session_without_a_stage_is_refused(houselights: Houselights, store: Store) -> None:
    store.put_session(a_session("tonight"))
    assert "has no stage yet: score a recording into it first" in houselights("report", "tonight").complaint


def test_pictures_of_the_slides_stand_in_it_in_the_order_of_their_numbers(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    slides = tmp_path / "slides"
    slides.mkdir()
    for number, colour in ((1, "red"), (2, "lime"), (10, "blue")):
        Image.new("RGB", (2000, 1125), colour).save(slides / f"Slide{number}.PNG")
    parts = a_timeline(("Opening", 0, 20), ("Demo", 20, 40), ("Thanks", 40, 60))
    store.put_stage("talk-1", a_stage(title="Great hall", timelines=[parts], cues=[a_cue(0, 0)]))
    words = ["report", "talk-1", "--slides", slides, "--to", tmp_path / "talk.html"]
    assert houselights(*words).code == 0
    html = (tmp_path / "talk.html").read_text()
    (cover,) = re.findall(r'class="cover" alt="[^"]*" src="data:image/jpeg;base64,([^"]*)"', html)
    picture = Image.open(io.BytesIO(b64decode(cover)))
    assert picture.size == (960, 540)
    assert picture.getpixel((0, 0))[0] > 240  # type: ignore[index]
    (slides / "Slide2.PNG").unlink()
    assert "has 2 pictures and the session's timeline 3 parts" in houselights(*words).complaint
    (slides / "Slide2.PNG").write_bytes(b"GIF89a")
    assert "is no PNG or JPEG" in houselights(*words).complaint
    assert "cannot be read" in houselights("report", "talk-1", "--slides", tmp_path / "none").complaint


def test_it_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "--help"]) == 0
    assert "contains no picture of the audience" in capsys.readouterr().out
