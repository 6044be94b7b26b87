"""Deleting from an SQLite file where it is hard: on a full disk, while others read, when it is killed half way."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from audience.errors import StoreUnavailable
from audience.stores import sqlite_file
from audience.stores.sqlite import SqliteStore
from tests.builders import a_face, a_session, a_stage, a_window, window_faces
from tests.contracts.conftest import use_up

ROOT = Path(__file__).resolve().parents[2]
SECRET = "Zdislava"
WINDOWS = 300


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where no database is yet."""
    return tmp_path / "houselights.db"


def fill(store: SqliteStore, session_id: str, *, expires_ms: int | None = None) -> None:
    """A session of some 3 MB whose faces and titles hold a word that must not be found again."""
    store.put_session(a_session(session_id, title=SECRET))
    store.put_stage(session_id, a_stage(title=SECRET))
    seen = [a_face(f"{SECRET}-{track}") for track in range(200)]
    for second in range(WINDOWS):
        store.put_windows(
            [a_window(second, of=3, session_id=session_id)],
            [window_faces(second, session_id=session_id, seen=seen, expires_ms=expires_ms)],
        )


def left_on_disk(path: Path) -> set[str]:
    """The files of a store in which the word can be read."""
    return {file.name for file in path.parent.glob(path.name + "*") if SECRET.encode() in file.read_bytes()}


def count(path: Path, table: str) -> int:
    """The rows of a table, read on the side; and that the file is sound."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        ((rows,),) = connection.execute(f"SELECT COUNT(*) FROM {table}")
        return int(rows)


class TestOnAFullDisk:
    def test_a_session_is_deleted_and_what_expired_is_removed(self, small_disk):
        path = small_disk / "houselights.db"
        with SqliteStore(path) as store:
            fill(store, "talk-1")
            fill(store, "talk-2", expires_ms=1000)
            store.put_session(a_session("talk-3", title="This one stays"))
        use_up(small_disk)
        with SqliteStore(path) as store:
            assert store.prune(2000) == WINDOWS
            assert store.delete_session("talk-1")
            assert store.delete_session("talk-2")
            assert not store.has_pending_erasure
            assert [session.session_id for session in store.sessions()] == ["talk-3"]
        assert left_on_disk(path) == set()
        assert count(path, "windows") == count(path, "faces") == 0

    def test_a_full_disk_does_not_stop_deletion_while_a_camera_writes(self, small_disk):
        """Its log is there, and as long as the disk let it become."""
        path = small_disk / "houselights.db"
        with SqliteStore(path) as camera:
            fill(camera, "talk-1")
            use_up(small_disk)
            with pytest.raises(StoreUnavailable, match="full"):
                fill(camera, "talk-2")
            with SqliteStore(path) as desk:
                for session_id in ("talk-1", "talk-2"):
                    desk.delete_session(session_id)
                assert not desk.has_pending_erasure
            assert left_on_disk(path) == set()
            camera.put_session(a_session("talk-3"))
            assert [session.session_id for session in camera.sessions()] == ["talk-3"]


class TestWhileOthersRead:
    def test_a_pending_erasure_is_reported_and_the_next_use_completes_it(self, path, monkeypatch):
        monkeypatch.setattr(sqlite_file, "ERASE_TIMEOUT_S", 0.1)
        with SqliteStore(path) as other, closing(sqlite3.connect(path, isolation_level=None)) as reader:
            fill(other, "talk-1")
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM sessions").fetchone()
            with SqliteStore(path) as desk:
                desk.delete_session("talk-1")
                assert desk.has_pending_erasure
            assert left_on_disk(path)
            # Neither a read nor a write waits for the reader, nor ends it.
            assert other.sessions() == []
            other.put_session(a_session("talk-2"))
            assert other.has_pending_erasure
            reader.execute("ROLLBACK")
            assert [session.session_id for session in other.sessions()] == ["talk-2"]
            assert not other.has_pending_erasure
            assert left_on_disk(path) == set()

    def test_opening_the_store_completes_a_pending_erasure(self, path, monkeypatch):
        monkeypatch.setattr(sqlite_file, "ERASE_TIMEOUT_S", 0.1)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            with SqliteStore(path) as desk:
                fill(desk, "talk-1")
                reader.execute("BEGIN")
                reader.execute("SELECT COUNT(*) FROM sessions").fetchone()
                desk.delete_session("talk-1")
            reader.execute("ROLLBACK")
            assert left_on_disk(path)
            SqliteStore(path).close()
            assert left_on_disk(path) == set()

    def test_no_erasure_is_pending_once_the_last_has_closed_the_store(self, path, monkeypatch):
        monkeypatch.setattr(sqlite_file, "ERASE_TIMEOUT_S", 0.1)
        with SqliteStore(path) as desk, closing(sqlite3.connect(path, isolation_level=None)) as reader:
            fill(desk, "talk-1")
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM sessions").fetchone()
            desk.delete_session("talk-1")
        assert left_on_disk(path) == set()
        with SqliteStore(path) as store:
            assert not store.has_pending_erasure


KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from audience.stores import sqlite_file
from audience.stores.sqlite import SqliteStore

steps = iter(range(int(sys.argv[2])))
erase, log = sqlite_file.RowEraser._delete, sqlite_file.RowEraser._empty_log

def full(self, rows):
    if len(rows) > 1:
        problem = sqlite3.OperationalError("full")
        problem.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise sqlite_file.StoreUnavailable("full") from problem
    return erase(self, rows)

def killed(self, wait_s):
    if next(steps, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return log(self, wait_s)

sqlite_file.ROWS_AT_ONCE = 10
if sys.argv[3] == "little by little":
    sqlite_file.RowEraser._delete = full
store = SqliteStore(Path(sys.argv[1]))
sqlite_file.RowEraser._empty_log = killed
store.delete_session("talk-1")
"""


@pytest.mark.parametrize(("steps", "how"), [(0, "at once"), (0, "little by little"), (20, "little by little")])
def test_a_deletion_that_is_killed_is_completed_by_another_and_leaves_no_bytes(path, steps, how):
    with SqliteStore(path) as store:
        fill(store, "talk-1")
        store.put_session(a_session("talk-2", title="This one stays"))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path), str(steps), how], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    with SqliteStore(path) as store:
        if how == "little by little":
            assert "talk-1" in {session.session_id for session in store.sessions()}, "it is not over, and listed"
            assert 0 < len(store.windows("talk-1", "main")) <= WINDOWS
        store.delete_session("talk-1")
        assert [session.title for session in store.sessions()] == ["This one stays"]
    assert left_on_disk(path) == set()
    assert count(path, "windows") == count(path, "faces") == 0
