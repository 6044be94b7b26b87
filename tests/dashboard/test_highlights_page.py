"""Highlights and the room notice on the pages: the viewer says what a recording shows, and that the sheet is up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from audience.stores import open_store
from tests.dashboard.conftest import Pages
from tests.portraits import people_video
from tests.talks import FPS, pictures_of, write_talk

KEY = "highlights-talk-1-main"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of recordings that the server was told of."""
    videos = tmp_path / "videos"
    videos.mkdir()
    monkeypatch.setenv("HOUSELIGHTS_VIDEOS", str(videos))
    # As in a process of its own, which finds the modules of this checkout.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]) + os.pathsep + os.environ.get("PYTHONPATH", ""))
    return videos


@pytest.mark.usefixtures("filled")
def test_clips_are_cut_once_somebody_said_what_the_recording_shows(pages: Pages, folder: Path) -> None:
    write_talk(folder / "speaker.mp4", 100)
    people_video(folder / "hall.mp4", [6] * 60)
    app = pages.session("talk-1")
    cut = app.button(key=f"{KEY}-cut")
    assert cut.disabled
    assert sorted(app.selectbox(key=f"{KEY}-video").options) == ["hall.mp4", "speaker.mp4"]
    app.selectbox(key=f"{KEY}-video").select_index(1).run()
    assert app.button(key=f"{KEY}-cut").disabled
    app.radio(key=f"{KEY}-of").set_value("speaker").run()
    app.radio(key=f"{KEY}-began").set_value("Seconds after the session began").run()
    app.number_input(key=f"{KEY}-offset").set_value(90.0).run()
    app.button(key=f"{KEY}-cut").click().run(timeout=120)
    reel = app.session_state[f"{KEY}-reel"].path
    numbers = [number for _, number in pictures_of(reel)]
    assert min(numbers) / FPS < 60 - 1
    assert max(numbers) / FPS > 30
    # The hall is refused, and the clips of before are gone.
    app.selectbox(key=f"{KEY}-video").select_index(0).run()
    app.number_input(key=f"{KEY}-offset").set_value(100.0).run()
    app.button(key=f"{KEY}-cut").click().run(timeout=120)
    assert f"{KEY}-reel" not in app.session_state
    said = " ".join(
        element.proto.body for element in app.main if hasattr(element, "proto") and hasattr(element.proto, "body")
    )
    assert str(folder) not in said
    assert "--faces-allowed" not in said
    assert not reel.exists()


@pytest.mark.usefixtures("filled")
def test_without_folders_of_recordings_nothing_is_offered(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOUSELIGHTS_VIDEOS", raising=False)
    assert f"{KEY}-cut" not in {button.key for button in pages.session("talk-1").button}


def test_the_operator_makes_the_sheet_and_says_that_it_is_up(pages: Pages, filled: str) -> None:
    app = pages.operate(session="empty-1", part="Room notice")
    up = next(button for button in app.button if button.label == "The sheet is up")
    assert up.disabled
    app.text_input(key="operator").input("Ada").run()
    next(button for button in app.button if button.label == "The sheet is up").click().run()
    with open_store(filled) as store:
        session = store.session("empty-1")
    assert session.notice_given
    assert session.notice is not None
    assert session.notice.up_by == "Ada"
