"""`houselights notice`: the sheet is made, and the store knows that people were told."""

from __future__ import annotations

from pathlib import Path

from audience.store import Store
from tests.builders import a_progress, a_session, a_stage, a_window
from tests.houselights.conftest import Houselights


def test_a_sheet_is_made_and_recorded_and_people_are_informed_once_it_is_up(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    store.put_session(a_session(title="Bridges", country="DE"))
    assert "houselights notice talk-1" in houselights("prepare", "--session", "talk-1").err
    ended = houselights("notice", "talk-1", "--languages", "de,en", "--to", tmp_path / "notice.pdf")
    assert ended.code == 0, ended.err
    assert (tmp_path / "notice.pdf").read_bytes().startswith(b"%PDF")
    made = store.session("talk-1")
    assert made.notice is not None
    assert made.notice.languages == ("de", "en")
    assert made.notice.sheet_at is not None
    assert not made.notice_given
    assert houselights("notice", "talk-1", "--up", "--by", "Ada").code == 0
    told = store.session("talk-1")
    assert told.notice_given
    assert told.notice is not None
    assert (told.notice.up_by, told.notice.languages) == ("Ada", ("de", "en"))
    assert told.notice.up_at is not None
    assert "houselights notice" not in houselights("prepare", "--session", "talk-1").err


def test_where_a_recording_was_scored_it_says_that_people_are_filmed(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    store.put_session(a_session())
    store.put_stage("talk-1", a_stage())
    page = tmp_path / "notice.html"
    houselights("notice", "talk-1", "--to", page)
    assert "No picture of your face is kept" in page.read_text()
    store.put_windows([a_window(0, of=5)], progress=a_progress())
    houselights("notice", "talk-1", "--to", page)
    assert "The audience is filmed" in page.read_text()


def test_a_wrong_ending_or_language_makes_and_records_nothing(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    store.put_session(a_session())
    assert "neither .pdf nor .html" in houselights("notice", "talk-1", "--to", tmp_path / "a.doc").complaint
    assert "choose from" in houselights("notice", "talk-1", "--languages", "xx", "--to", tmp_path / "a.pdf").complaint
    assert store.session("talk-1").notice is None
    assert not list(tmp_path.glob("a.*"))
