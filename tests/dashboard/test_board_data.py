"""What the public board tells of a store: festivals, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audience.board.snapshot import read_snapshot
from audience.errors import StoreUnavailable
from audience.stores import open_store
from audience.time import to_ms
from dashboard.pages.board.data import Boards, day
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


@pytest.mark.parametrize(("ended_s", "until_s"), [(None, 180), (900, 180), (150, 150)])
def test_a_day_ends_now_or_where_the_festival_did(url, ended_s, until_s):
    ended_at = None if ended_s is None else after(ended_s)
    assert day(replace(a_session("fete"), kind="festival", ended_at=ended_at), NOW_MS).until_ms == to_ms(after(until_s))


def test_a_festival_that_was_set_up_early_and_forgotten_has_a_day_of_what_was_recorded(url):
    """Days in which no camera looks are figured out all the same, and take as much memory as others."""
    early = replace(a_session("fete"), kind="festival", started_at=after(-3 * 86_400))
    whole = day(early, NOW_MS + 3 * 86_400_000)
    assert (whole.began_ms, whole.until_ms) == (to_ms(after(1 - 3_600)), to_ms(after(300 + 3_600)))
    assert whole.figures.at_ms[0] >= whole.began_ms
    assert whole.figures.at_ms[-1] <= whole.until_ms


@pytest.mark.parametrize(
    ("began_s", "ended_s"), [(600, None), (86_400, None), (600, 600)], ids=["soon", "tomorrow", "ended as it began"]
)
def test_a_festival_of_no_length_has_a_day_too(url, began_s, ended_s):
    ended_at = None if ended_s is None else after(ended_s)
    whole = day(replace(a_session("fete"), kind="festival", started_at=after(began_s), ended_at=ended_at), NOW_MS)
    assert whole.until_ms > to_ms(after(began_s))
    assert [row.state for row in whole.board(whole.until_ms).rows] == ["silent", "silent"]


def test_talks_screenings_and_what_is_not_there_have_no_board(url):
    boards = Boards()
    for session_id in ("talk", "nothing", "../etc/passwd", "", "a" * 10_000, "fete'--", "\x00"):
        assert boards.document(session_id, NOW_MS) is None


def test_a_store_that_cannot_be_read_is_said_to_the_caller(monkeypatch, tmp_path):
    (tmp_path / "houselights.db").write_bytes(b"no database" * 100)
    monkeypatch.setenv("HOUSELIGHTS_STORE", f"sqlite:///{tmp_path / 'houselights.db'}")
    with pytest.raises(StoreUnavailable):
        Boards().document("fete", NOW_MS)
