"""People in SQLite: which files there are, what is in them, and what a killed erasure leaves."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from audience.errors import StoreUnavailable
from audience.identity.records import Person
from audience.stores import open_identity, open_store, sqlite_file
from tests.builders import a_session
from tests.contracts.conftest import use_up
from tests.contracts.people import a_person, a_roster

ROOT = Path(__file__).resolve().parents[2]
NAME = b"Zdislava Lemberk"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where no database is yet."""
    return tmp_path / "houselights.db"


def url(database: Path) -> str:
    return f"sqlite:///{database}"


def enrol(database: Path, subject_id: str = "p-1") -> bytes:
    """Keeps a person with a large photo, and returns the secret of their key."""
    with open_identity(url(database)) as store:
        store.put(a_roster(), a_person(subject_id))
        store.seal(subject_id, {"profile": NAME, "photo": os.urandom(200_000)})
    with closing(sqlite3.connect(f"{database}-keys")) as keys:
        ((secret,),) = keys.execute("SELECT secret FROM subject_keys WHERE subject_id = ?", (subject_id,))
    return bytes(secret)


def sealed_rows(database: Path) -> list[bytes]:
    """All sealed content, as it lies in the file."""
    with closing(sqlite3.connect(f"{database}-people")) as people:
        return [content for (content,) in people.execute("SELECT content FROM sealed")]


def files_with(database: Path, *searched: bytes) -> set[str]:
    """Names of the files in the database's folder that hold any of some bytes."""
    return {
        file.name
        for file in database.parent.rglob("*")
        if file.is_file() and any(one in file.read_bytes() for one in searched)
    }


def test_of_records_written_together_a_failure_leaves_none(database):
    with open_identity(url(database)) as store:
        with closing(sqlite3.connect(f"{database}-people")) as people:
            people.execute(
                "CREATE TRIGGER full BEFORE INSERT ON records WHEN NEW.key = 'members#p-2' "
                "BEGIN SELECT RAISE(ABORT, 'no room'); END"
            )
        with pytest.raises(StoreUnavailable, match="no room"):
            store.put(a_person("p-1"), a_person("p-2"))
        assert store.all(Person) == []


def test_people_and_keys_lie_in_files_of_their_own_which_their_owner_alone_reads(database):
    secret = enrol(database)
    names = {file.name: stat.S_IMODE(file.stat().st_mode) for file in database.parent.iterdir()}
    assert not database.exists(), "the store of the sessions is not opened"
    assert {f"{database.name}-people", f"{database.name}-keys"} <= names.keys()
    assert set(names.values()) == {0o600}
    assert files_with(database, secret) == {f"{database.name}-keys"}
    assert files_with(database, NAME[:6]) == set()


def test_the_store_of_the_sessions_touches_neither(database):
    for name in ("-people", "-keys"):
        Path(f"{database}{name}").write_bytes(b"no database")
    with open_store(url(database)) as store:
        store.put_session(a_session())
        assert len(store.sessions()) == 1
        store.delete_session("talk-1")
    assert Path(f"{database}-people").read_bytes() == Path(f"{database}-keys").read_bytes() == b"no database"
    with pytest.raises(StoreUnavailable, match="-people"):
        open_identity(url(database))


def test_a_copy_without_the_keys_has_no_content(database, tmp_path):
    enrol(database)
    copy = tmp_path / "backup" / database.name
    copy.parent.mkdir()
    shutil.copy(f"{database}-people", f"{copy}-people")
    with open_identity(url(copy)) as store:
        assert store.sealed_names("p-1") == []
        assert store.unseal("p-1", "profile") is None
    with open_identity(url(database)) as store:
        store.destroy("p-1")
    shutil.copy(f"{copy}-people", f"{database}-people")
    with open_identity(url(database)) as store:
        assert store.unseal("p-1", "profile") is None, "restored from a backup, without the destroyed key"
        store.destroy("p-1")
    assert sealed_rows(database) == []


def test_the_folder_keeps_no_byte_of_a_destroyed_key_nor_of_what_it_sealed(database):
    secret = enrol(database)
    # Pieces of all of it: a long content lies in many pages of the file.
    pieces = [content[at : at + 32] for content in sealed_rows(database) for at in range(0, len(content), 5000)]
    stays = enrol(database, "p-2")
    assert files_with(database, secret)
    assert files_with(database, *pieces)
    with open_identity(url(database)) as store:
        assert store.destroy("p-1")
        assert not store.has_pending_erasure
        assert files_with(database, secret, *pieces) == set()
        assert len(sealed_rows(database)) == 2, "the other person's"
        assert files_with(database, stays) == {f"{database.name}-keys"}


def test_bytes_that_a_reader_holds_back_are_reported_and_go_with_the_next_use(database, monkeypatch):
    monkeypatch.setattr(sqlite_file, "ERASE_TIMEOUT_S", 0.1)
    secret = enrol(database)
    with (
        open_identity(url(database)) as store,
        closing(sqlite3.connect(f"{database}-keys", isolation_level=None)) as reader,
    ):
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM subject_keys").fetchone()
        store.destroy("p-1")
        assert store.has_pending_erasure
        reader.execute("ROLLBACK")
        store.sealed_names("p-1")
        assert not store.has_pending_erasure
        assert files_with(database, secret) == set()


def test_who_withdraws_is_erased_on_a_full_disk_too(small_disk):
    database = small_disk / "houselights.db"
    secret = enrol(database)
    enrol(database, "p-2")
    piece = sealed_rows(database)[0][1000:1032]
    assert files_with(database, piece)
    use_up(small_disk)
    with open_identity(url(database)) as store:
        assert store.destroy("p-1")
        assert not store.has_pending_erasure
        assert store.unseal("p-2", "profile") == NAME
    assert files_with(database, secret, piece) == set()


KILLED = """
import os, signal, sys
from audience.stores import open_identity
from audience.stores.sqlite_file import SqliteFile

erase, before = SqliteFile.erase, []

def killed(self, rows, last=()):
    if len(before) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    before.append(rows)
    return erase(self, rows, last)

SqliteFile.erase = killed
open_identity(sys.argv[1]).destroy("p-1")
"""


@pytest.mark.parametrize("steps", [0, 1])
def test_an_erasure_that_is_killed_is_completed_by_the_next_call(database, steps):
    secret = enrol(database)
    ran = subprocess.run([sys.executable, "-c", KILLED, url(database), str(steps)], cwd=ROOT)
    assert ran.returncode == -signal.SIGKILL
    with open_identity(url(database)) as store:
        if steps == 1:
            assert files_with(database, secret) == set(), "the key goes first"
            assert sealed_rows(database)
            assert store.unseal("p-1", "profile") is None
            assert store.sealed_names("p-1") == []
        assert store.destroy("p-1") is (steps == 0)
    assert sealed_rows(database) == []
    assert files_with(database, secret) == set()


def test_content_cannot_outlive_a_key_that_another_process_destroys_meanwhile(database):
    """Whoever seals holds the file of keys until the content is written."""
    enrol(database)
    with open_identity(url(database)) as store, closing(sqlite3.connect(f"{database}-people")) as people:
        people.execute("BEGIN IMMEDIATE")
        sealing = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys; from audience.stores import open_identity; "
                "open_identity(sys.argv[1]).seal('p-1', {'profile': b'late'})",
                url(database),
            ],
            cwd=ROOT,
        )
        with closing(sqlite3.connect(f"{database}-keys", timeout=0, isolation_level=None)) as keys:
            while True:
                try:
                    keys.execute("BEGIN IMMEDIATE")
                    keys.execute("ROLLBACK")
                    assert sealing.poll() is None
                    time.sleep(0.01)
                except sqlite3.OperationalError:
                    break
        people.execute("ROLLBACK")
        assert sealing.wait() == 0
        assert store.unseal("p-1", "profile") == b"late"
        store.destroy("p-1")
    assert sealed_rows(database) == []
