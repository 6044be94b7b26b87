"""Tests of the SQLite store only: its file, schema, locks and the bytes it leaves behind."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from audience.alerts import AlertBook
from audience.errors import StoreTooNew, StoreUnavailable
from audience.stores import default_store_url, open_store
from audience.stores.sqlite import SCHEMA_VERSION, SqliteStore
from tests.builders import (
    a_camera,
    a_face,
    a_heartbeat,
    a_progress,
    a_session,
    a_stage,
    a_timeline,
    a_window,
    window_faces,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where no database is yet."""
    return tmp_path / "houselights.db"


def refusal(path: Path) -> str:
    """The one line with which a store refuses a path."""
    with pytest.raises(StoreUnavailable) as refused:
        SqliteStore(path)
    message = str(refused.value)
    assert "\n" not in message
    assert str(path) in message
    return message


# The file


def test_the_folder_of_a_store_is_made(tmp_path):
    path = tmp_path / "not" / "there" / "yet" / "houselights.db"
    SqliteStore(path).close()
    assert path.is_file()


@pytest.mark.parametrize("name", ["with space.db", "größe 大.db", "50%.db", "what?.db", "a#b.db"])
def test_the_file_may_have_any_name(tmp_path, name):
    with open_store(f"sqlite:///{tmp_path / name}") as store:
        store.put_session(a_session())
        assert (tmp_path / name).is_file()
    with open_store(store.url) as store:
        assert store.session("talk-1") == a_session()


def test_a_path_may_begin_at_home_or_in_the_folder_one_is_in(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///~/at-home.db", "sqlite:///here.db"):
        open_store(url).close()
    assert (tmp_path / "at-home.db").is_file()
    assert (tmp_path / "here.db").is_file()


def test_the_default_store_is_in_the_users_own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    url = default_store_url()
    assert url.endswith("houselights.db")
    assert Path(url.removeprefix("sqlite:///")).is_relative_to(tmp_path)
    assert not any(tmp_path.iterdir()), "asking where it would be makes nothing"


def test_a_directory_is_not_a_store(tmp_path):
    assert "--store" in refusal(tmp_path)


def test_a_path_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be created" in refusal(tmp_path / "file" / "houselights.db")


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="there is no /proc here")
def test_a_path_that_cannot_be_written_is_refused():
    """Also for root, whom permissions do not stop."""
    assert "--store" in refusal(Path("/proc/houselights.db"))
    assert "--store" in refusal(Path("/proc/new/houselights.db"))


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    assert "--store" in refusal(tmp_path / "houselights.db")


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look like one" * 40, b"\0" * 5000])
def test_a_file_that_is_not_a_database_is_refused_and_unchanged(path, content):
    path.write_bytes(content)
    assert "cannot be used" in refusal(path)
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_store(path):
    """As `mktemp` leaves it."""
    path.touch()
    with SqliteStore(path) as store:
        assert store.sessions() == []


@pytest.mark.parametrize("version", [0, 1, 7])
def test_another_programs_database_is_refused_and_unchanged(path, version):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
    content = path.read_bytes()
    assert "another program's database" in refusal(path)
    assert path.read_bytes() == content


def test_a_damaged_database_is_one_clear_error(path):
    with SqliteStore(path) as store:
        store.put_session(a_session())
        store.put_windows([a_window(second, of=3) for second in range(500)])
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="malformed"), SqliteStore(path) as store:
        store.windows("talk-1", "main")


# The schema


def test_a_store_records_its_schema_version(path):
    SqliteStore(path).close()
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_new_store_waits_for_another_process_that_creates_it(path):
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.2, other.execute, ["ROLLBACK"])
        release.start()
        with SqliteStore(path) as store:
            assert store.sessions() == []
        release.join()


def test_a_store_from_before_there_were_alerts_gets_their_table(path):
    with open_store(f"sqlite:///{path}") as store:
        store.put_session(a_session())
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE alerting")
    database.close()
    with open_store(f"sqlite:///{path}") as store:
        assert store.alerting.book("talk-1") == AlertBook()
        assert store.sessions() == [a_session()]


def test_a_store_of_the_first_schema_is_read_and_then_refused_by_older_programs(path):
    with SqliteStore(path) as store:
        store.put_session(a_session())
        store.put_windows([a_window(of=2)])
    tallies = bytes([0]) + bytes.fromhex("01000000000000000000f83f000000000000f23f")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA user_version = 1")
        database.execute("UPDATE windows SET tallies = ?", (tallies,))
    with SqliteStore(path) as store:
        table = store.windows("talk-1", "main")
        assert (table.scored[0, 0], table.over[0, 0], table.total[0, 0]) == (2, 1, 1.5)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_store_of_a_newer_houselights_is_refused_and_unchanged(path):
    with SqliteStore(path) as store:
        store.put_session(a_session())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    content = path.read_bytes()
    with pytest.raises(StoreTooNew, match=rf"schema {SCHEMA_VERSION + 1}.*knows schema {SCHEMA_VERSION}: update"):
        SqliteStore(path)
    assert path.read_bytes() == content


def test_many_processes_may_open_a_new_store_at_the_same_moment(path):
    program = f"from audience.stores import open_store\nopen_store('sqlite:///{path}').close()"
    opening = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for process in opening:
        _, complaints = process.communicate()
        assert (process.returncode, complaints) == (0, "")


def test_many_threads_may_open_a_new_store_at_the_same_moment(path):
    problems: list[BaseException] = []
    together = threading.Barrier(12)

    def opens() -> None:
        together.wait()
        try:
            SqliteStore(path).close()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=opens) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


# A full disk


def test_a_full_disk_is_one_clear_line_and_keeps_all_of_a_delivery_or_none(path, monkeypatch):
    connect = sqlite3.connect

    def connect_small(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 40")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_small)
    with SqliteStore(path) as store:
        store.put_session(a_session())
        store.put_windows([a_window(0, of=3)], [window_faces(0)], a_progress(done_s=1))
        with pytest.raises(StoreUnavailable, match=r"full; check .*the free space") as refused:
            store.put_windows([a_window(second, of=3) for second in range(5000)], [], a_progress(done_s=5000))
        assert "\n" not in str(refused.value)
        assert len(store.windows("talk-1", "main")) == 1
        assert store.progress("talk-1", "main", "cam-1") == a_progress(done_s=1)
        # And goes on once there is room: what fits is still written.
        store.put_windows([a_window(1, of=3)], [], a_progress(done_s=2))
        assert len(store.windows("talk-1", "main")) == 2


# Locks


def test_reading_goes_on_while_somebody_writes(path):
    with SqliteStore(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as writer:
        store.put_session(a_session())
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM sessions")
        assert store.session("talk-1") == a_session()
        writer.execute("ROLLBACK")


def test_a_store_that_stays_locked_is_one_clear_line(path, monkeypatch):
    monkeypatch.setattr("audience.stores.sqlite_file.BUSY_TIMEOUT_S", 0.1)
    with SqliteStore(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.put_session(a_session())
        writer.execute("ROLLBACK")
        store.put_session(a_session())


def test_threads_that_come_and_go_leave_no_files_open(path):
    """A page that reloads is a new thread each time: a day of reloads must not use up the file handles."""
    handles = Path(f"/proc/{os.getpid()}/fd")
    if not handles.exists():
        pytest.skip("there is no /proc here")

    def open_files() -> int:
        return sum("houselights.db" in str(handle.readlink()) for handle in handles.iterdir() if handle.is_symlink())

    with SqliteStore(path) as store:
        for _ in range(50):
            thread = threading.Thread(target=store.sessions)
            thread.start()
            thread.join()
        assert open_files() <= 6
    assert open_files() == 0


# What deleting leaves


SECRET = "Zdislava"


def fill_with_secrets(store: SqliteStore) -> None:
    """Everything that can hold words, holding a word that must not be found again; far more than one page of it."""
    store.put_session(a_session("talk-1", title=f"{SECRET} speaks"))
    for index in range(50):
        store.put_stage(
            "talk-1",
            a_stage(f"{SECRET}-{index}", title=SECRET, timelines=[a_timeline((SECRET, 0, 1), title=SECRET)]),
        )
        store.put_camera("talk-1", "main", a_camera(f"{SECRET}-{index}", overlaps=[SECRET]))
        store.put_heartbeat(a_heartbeat(camera_id=f"{SECRET}-{index}", detail=f"{SECRET} stands before the camera"))
        seen = [a_face(f"{SECRET}-{track}") for track in range(40)]
        store.put_windows(
            [a_window(index, seen=seen, camera_id=SECRET)],
            [window_faces(index, seen=seen, camera_id=SECRET)],
            a_progress(camera_id=f"{SECRET}-{index}"),
        )


def bytes_on_disk(path: Path) -> bytes:
    """The bytes of the database and of everything SQLite keeps beside it."""
    files = sorted(path.parent.glob(path.name + "*"))
    assert files
    return b"".join(file.read_bytes() for file in files)


def test_nothing_of_a_deleted_session_can_be_read_from_the_bytes_of_the_file(path):
    with SqliteStore(path) as store:
        fill_with_secrets(store)
        store.put_session(a_session("talk-2", title="This one stays"))
        assert SECRET.encode() in bytes_on_disk(path)
        store.delete_session("talk-1")
        assert SECRET.encode() not in bytes_on_disk(path)
        assert b"This one stays" in bytes_on_disk(path)
    assert SECRET.encode() not in bytes_on_disk(path)


def test_nothing_of_pruned_faces_can_be_read_from_the_bytes_of_the_file(path):
    with SqliteStore(path) as store:
        store.put_session(a_session())
        store.put_windows([], [window_faces(s, seen=[a_face(f"{SECRET}-{s}")], expires_ms=1000) for s in range(300)])
        assert SECRET.encode() in bytes_on_disk(path)
        assert store.prune(2000) == 300
        assert SECRET.encode() not in bytes_on_disk(path)


def test_nothing_of_a_cameras_removed_records_can_be_read_from_the_bytes_of_the_file(path):
    with SqliteStore(path) as store:
        store.put_session(a_session())
        store.put_windows([], [window_faces(s, seen=[a_face(f"{SECRET}-{s}")]) for s in range(300)])
        store.delete_camera_records("talk-1", "main", "cam-1")
        assert SECRET.encode() not in bytes_on_disk(path)


def test_what_is_deleted_while_somebody_reads_is_gone_once_the_reader_is_done(path):
    with SqliteStore(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as reader:
        fill_with_secrets(store)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
        deleting = threading.Thread(target=store.delete_session, args=("talk-1",))
        deleting.start()
        time.sleep(0.3)
        assert deleting.is_alive()
        reader.execute("ROLLBACK")
        deleting.join()
        assert SECRET.encode() not in bytes_on_disk(path)


def test_deleting_does_not_wait_for_ever_for_a_reader(path, monkeypatch):
    monkeypatch.setattr("audience.stores.sqlite_file.ERASE_TIMEOUT_S", 0.1)
    with SqliteStore(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as reader:
        fill_with_secrets(store)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sessions").fetchone()
        store.delete_session("talk-1")
        assert store.sessions() == []
        reader.execute("ROLLBACK")
    assert SECRET.encode() not in bytes_on_disk(path)
