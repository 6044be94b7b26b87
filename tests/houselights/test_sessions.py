"""`houselights sessions`, `delete`, `prune`, and the command line itself."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from audience.incoming import IncomingRecordings
from audience.store import Store
from audience.stores import recordings_folder
from houselights import cli
from houselights.commands import COMMANDS
from tests.audience.test_incoming import a_request
from tests.builders import a_session, a_stage, a_window, after
from tests.houselights.conftest import Houselights


def test_sessions_are_listed_the_latest_first(houselights: Houselights, store: Store) -> None:
    store.put_session(a_session("first"))
    store.put_session(a_session("second", started_at=after(3600)))
    lines = houselights("sessions").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["second", "first"]


def test_titles_are_data_and_not_markup(houselights: Houselights, store: Store) -> None:
    store.put_session(a_session("first", title="[bold]Tax[/bold] & co"))
    assert "[bold]Tax[/bold] & co" in houselights("sessions").out


def test_film_cut_city_and_tags_are_listed_once_a_session_has_them(houselights: Houselights, store: Store) -> None:
    store.put_session(a_session("first"))
    assert "film" not in houselights("sessions").out.splitlines()[0]
    store.put_session(replace(a_session("second"), film="[b]Ferry", cut="Short", tags=("students", "members")))
    heading, *rows = houselights("sessions").out.splitlines()
    assert heading.split()[2:5] == ["film", "cut", "tags"]
    assert any("[b]Ferry" in row and "Short" in row and "members, students" in row for row in rows)


def test_an_existing_session_is_described_and_keeps_what_is_not_given(houselights: Houselights, store: Store) -> None:
    store.put_session(a_session("talk-1", title="Talk", ended_at=after(60)))
    ended = houselights("describe", "talk-1", "--film", "Ferry", "--cut", "Short", "--tag", "students", "--tag", "paid")
    assert "  tags: paid, students" in ended.out.splitlines()
    houselights("describe", "talk-1", "--cut", "", "--city", "Lyon")
    described = replace(
        a_session("talk-1", title="Talk", ended_at=after(60)), film="Ferry", city="Lyon", tags=("paid", "students")
    )
    assert store.session("talk-1") == described
    assert "  cut: not set" in houselights("describe", "talk-1").out.splitlines()
    assert store.session("talk-1") == described


def test_tags_are_replaced_and_can_be_taken_away(houselights: Houselights, store: Store) -> None:
    store.put_session(replace(a_session("talk-1"), tags=("students",)))
    houselights("describe", "talk-1", "--tag", "members")
    assert store.session("talk-1").tags == ("members",)
    houselights("describe", "talk-1", "--no-tags")
    assert store.session("talk-1").tags == ()
    assert "not both" in houselights("describe", "talk-1", "--no-tags", "--tag", "x").complaint
    assert "a tag is empty" in houselights("describe", "talk-1", "--tag", " ").complaint


def test_the_way_to_a_stage_is_set_shown_and_taken_away(houselights: Houselights, store: Store) -> None:
    store.put_session(a_session("talk-1"))
    store.put_stage("talk-1", a_stage("barn", title="Barn"))
    said = houselights("describe", "talk-1", "--directions", "barn=6 min from the gate").out
    assert "  way to Barn: 6 min from the gate" in said.splitlines()
    houselights("describe", "talk-1", "--directions", "barn=https://map.example/?a=b")
    assert store.stages("talk-1")[0].directions == "https://map.example/?a=b"
    for wrong in ("barn", "mill=left", "barn=http://map.example", "barn=see javascript://x"):
        assert houselights("describe", "talk-1", "--directions", wrong).complaint
    houselights("describe", "talk-1", "--directions", "barn=")
    assert store.stages("talk-1")[0].directions == ""


def test_describing_a_session_that_is_not_there_is_one_line(houselights: Houselights) -> None:
    assert "nowhere" in houselights("describe", "nowhere", "--film", "Ferry").complaint


def test_an_empty_store_says_what_to_do(houselights: Houselights) -> None:
    assert "houselights score" in houselights("sessions").out


def test_delete_asks_and_keeps_the_session_on_no(
    houselights: Houselights, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_session(a_session("talk-1"))
    monkeypatch.setattr("click.confirm", lambda text: False)
    assert "Nothing was deleted" in houselights("delete", "talk-1").out
    assert store.session("talk-1")
    monkeypatch.setattr("click.confirm", lambda text: True)
    houselights("delete", "talk-1")
    assert store.sessions() == []


def test_a_recording_that_was_uploaded_goes_with_its_session(houselights: Houselights, store: Store) -> None:
    brought = IncomingRecordings(recordings_folder(houselights.store_url))
    for session_id in ("talk-1", "talk-2"):
        store.put_session(a_session(session_id))
        brought.add(a_request(5, session_id=session_id))
    assert "uploaded" in houselights("delete", "talk-1", "--yes").out
    (left,) = brought.all()
    assert left.request.session_id == "talk-2"
    assert len([*brought.folder.iterdir()]) == 1


def test_deleting_twice_is_no_error_and_says_that_nothing_was_left(houselights: Houselights, store: Store) -> None:
    store.put_session(a_session("talk-1"))
    store.put_session(a_session("talk-2"))
    assert houselights("delete", "talk-1", "--yes").out == "Deleted talk-1.\n"
    again = houselights("delete", "talk-1")
    assert again.code == 0
    assert "There is no session talk-1" in again.out
    assert [session.session_id for session in store.sessions()] == ["talk-2"]


def test_a_log_that_still_contains_deleted_data_while_somebody_reads_is_reported(
    houselights: Houselights, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audience.stores.sqlite_file.ERASE_TIMEOUT_S", 0.1)
    store.put_session(a_session("talk-1"))
    with closing(sqlite3.connect(houselights.store_path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM sessions").fetchone()
        assert "write-ahead log still contains" in houselights("delete", "talk-1", "--yes").out
        assert "write-ahead log still contains" in houselights("prune").out
        reader.execute("ROLLBACK")
        assert "write-ahead log" not in houselights("prune").out


def test_prune_removes_what_has_expired(houselights: Houselights, store: Store) -> None:
    store.put_session(a_session("talk-1"))
    store.put_stage("talk-1", a_stage())
    store.put_windows([a_window(0, of=5, expires_ms=1), a_window(1, of=5, expires_ms=None)])
    assert "Removed 1 " in houselights("prune").out
    assert len(store.windows("talk-1", "main")) == 1


@pytest.mark.parametrize("command", [str(command.name) for command in COMMANDS])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert cli.run([command, "--help"]) == 0
    assert "Usage: houselights " + command in capsys.readouterr().out


def test_help_loads_nothing_heavy() -> None:
    heavy = "{'streamlit', 'onnxruntime', 'av', 'scipy.optimize', 'pyarrow'}"
    program = f"import sys; from houselights.cli import run; run(['--help']); print({heavy} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip().endswith("set()")


def test_the_doctor_says_what_works_and_what_to_do(houselights: Houselights) -> None:
    ended = houselights("doctor", "--json")
    assert ended.code == 0
    states = {finding["what"]: finding for finding in ended.json}
    assert states["detector centerface"]["state"] == "ok"
    assert "sha256" in states["scorer expressionnet"]["says"]
    assert states["store"]["state"] == "ok"
    assert all(finding["do"] for finding in ended.json if finding["state"] == "broken")


def test_the_doctor_ends_with_1_where_something_needed_is_broken(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    ended = Houselights(store_path=tmp_path / "file" / "houselights.db", capsys=capsys)("doctor")
    assert ended.code == 1
    assert "!!" in ended.out
