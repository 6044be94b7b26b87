"""What the public board tells of a store: festivals, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audience.board_snapshot import read_snapshot
from audience.errors import StoreUnavailable
from audience.instants import to_ms
from audience.stores import open_store
from dashboard.live_board.data import Boards
from tests.builders import a_session, a_stage, after
from tests.dashboard.conftest import put, windows_of

NOW_MS = to_ms(after(180))


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with a festival that runs, one that has ended, and a talk."""
    url = f"sqlite:///{tmp_path / 'houselights.db'}"
    monkeypatch.setenv("HOUSELIGHTS_STORE", url)
    festival = replace(a_session("fete", title="Fête"), kind="festival")
    with open_store(url) as store:
        put(
            store,
            festival,
            (a_stage("main", title="Main"), windows_of("fete", "main")),
            (a_stage("tent", title="Tent"), windows_of("fete", "tent", faces=3)),
        )
        over = replace(festival, session_id="over", ended_at=after(150))
        put(store, over, (a_stage("main"), windows_of("over", "main")))
        put(store, a_session("talk"), (a_stage("main"), windows_of("talk", "main")))
    return url


def test_a_festivals_stages_are_told_as_of_now(url):
    document = Boards().document("fete", NOW_MS)
    assert document is not None
    snapshot = read_snapshot(document)
    assert snapshot.as_of_ms == NOW_MS
    assert [(stage.title, stage.state) for stage in snapshot.stages] == [("Main", "live"), ("Tent", "too few")]


def test_a_festival_that_is_over_is_shown_as_it_ended(url):
    document = Boards().document("over", NOW_MS + 86_400_000)
    assert document is not None
    snapshot = read_snapshot(document)
    assert (snapshot.over, snapshot.as_of_ms) == (True, to_ms(after(150)))
    assert snapshot.stages[0].state == "live"


def test_a_festival_that_ends_while_people_look_is_over_at_once(url):
    boards = Boards()
    assert boards.board("fete", NOW_MS) is not None
    with open_store(url) as store:
        store.put_session(replace(store.session("fete"), ended_at=after(181)))
    document = boards.document("fete", NOW_MS + 2_000)
    assert document is not None
    assert read_snapshot(document).over


def test_talks_screenings_and_what_is_not_there_have_no_board(url):
    boards = Boards()
    for session_id in ("talk", "nothing", "../etc/passwd", "", "a" * 10_000, "fete'--", "\x00"):
        assert boards.document(session_id, NOW_MS) is None


def test_a_store_that_cannot_be_read_is_said_to_the_caller(monkeypatch, tmp_path):
    (tmp_path / "houselights.db").write_bytes(b"no database" * 100)
    monkeypatch.setenv("HOUSELIGHTS_STORE", f"sqlite:///{tmp_path / 'houselights.db'}")
    with pytest.raises(StoreUnavailable):
        Boards().document("fete", NOW_MS)
