"""Files about people are readable only by their owner, whatever the umask; existing files are tightened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from audience.store import Store
from audience.stores import default_store_url, open_store
from edge_lambda.delivery.folder_bucket import FolderBucket
from edge_lambda.delivery.outbox import Outbox
from tests.builders import a_progress, a_session, a_stage, a_timeline, a_window, window_faces
from tests.houselights.conftest import Houselights
from tests.ingest.sheets import a_sheet
from tests.portraits import people_video


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """The widest there is."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def talk(houselights: Houselights) -> Iterator[Store]:
    """A store that stays open, so that its log is there, with a talk."""
    with open_store(houselights.store_url) as store:
        store.put_session(a_session())
        store.put_stage("talk-1", a_stage(timelines=[a_timeline(("Intro", 0, 60))]))
        store.put_windows(
            [a_window(at, smiling=9, of=20) for at in range(60)], [window_faces(at) for at in range(60)], a_progress()
        )
        yield store


def open_to_others(folder: Path) -> list[str]:
    """The files and folders under one that others than their owner may do anything with."""
    return sorted(
        f"{stat.S_IMODE(path.stat().st_mode):o} {path.relative_to(folder)}"
        for path in folder.rglob("*")
        if path.stat().st_mode & 0o077
    )


def test_a_store_and_all_that_lies_beside_it(houselights: Houselights, talk: Store, tmp_path: Path) -> None:
    assert {path.suffix for path in houselights.store_path.parent.iterdir()} >= {".db", ".db-wal", ".db-shm"}
    assert open_to_others(tmp_path) == []


def test_what_is_taken_out_of_a_store(houselights: Houselights, talk: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    for words in (
        ("export", "talk-1", "--out", out / "new" / "tables", "--format", "csv", "--format", "parquet"),
        ("export", "--archive", out / "archive" / "here"),
        ("report", "talk-1", "--to", out / "talk.html"),
        ("report", "talk-1", "--to", out / "talk.pdf"),
    ):
        assert houselights(*words).code == 0, words
    assert len(list(out.rglob("*.*"))) > 8
    assert open_to_others(tmp_path) == []


def test_a_preview(houselights: Houselights, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o700)
    video, preview = people_video(folder / "people.mp4", [1] * 3), folder / "check.mp4"
    video.chmod(0o600)
    preview.write_bytes(b"of an earlier run")
    assert houselights("score", video, "--session", "s-1", "--preview", preview).code == 0
    assert open_to_others(tmp_path) == []


def test_what_waits_in_a_devices_outbox_and_what_a_folder_takes(tmp_path: Path) -> None:
    delivery = a_sheet(3).delivery()
    outbox = Outbox(tmp_path / "new" / "outbox", max_bytes=1 << 20)
    outbox.put(delivery)
    outbox.close()
    FolderBucket(tmp_path / "deliveries").put(delivery)
    assert len(list(tmp_path.rglob("*.delivery"))) == len(list(tmp_path.rglob("*.jpg"))) == 1
    assert open_to_others(tmp_path) == []


def test_files_of_an_earlier_version_are_tightened_and_a_folder_of_the_users_own_is_left_as_it_is(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    folder = houselights.store_path.parent
    assert houselights("export", "talk-1", "--out", folder / "tables").code == 0
    assert houselights("export", "--archive", folder / "archive").code == 0
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    assert houselights("export", "talk-1", "--out", folder / "tables").code == 0
    assert houselights("export", "--archive", folder / "archive").code == 0
    assert [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077] == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777


def test_the_folder_that_is_used_unasked_is_our_own_and_tightened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = Path(default_store_url().removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True)
    path.parent.chmod(0o755)
    open_store(default_store_url()).close()
    assert open_to_others(tmp_path) == []
