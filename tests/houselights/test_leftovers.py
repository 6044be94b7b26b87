"""The doctor finds what onnxruntime's telemetry left, and removes that alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from houselights.leftovers import find_leftovers, remove_leftovers
from tests.outside.tracing import loopback_only, what_is_missing

OURS = ("deviceid", "deviceid.lock", "deviceid.tmp.91c7e31d-08ef-43ff-8e07-dc10d4ef86ad", "onnxruntime.db")
OURS += ("onnxruntime.db-journal", "onnxruntime.db-shm", "onnxruntime.db-wal")
SESSION = "1795788524332\n4725612b-4c58-3457-dffb-b85ca8a6c3d3\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return home


def left_in(base: Path) -> Path:
    """Creates the telemetry's files; returns their folder."""
    folder = base / "Microsoft" / "DeveloperTools" / ".onnxruntime"
    folder.mkdir(parents=True)
    for name in OURS:
        (folder / name).write_text("91c7e31d-08ef-43ff-8e07-dc10d4ef86ad")
    return folder


def names_under(base: Path) -> set[str]:
    return {path.relative_to(base).as_posix() for path in base.rglob("*")}


def test_everything_it_left_is_found_and_removed_with_its_folders(home: Path) -> None:
    folder = left_in(home / ".cache")
    session = Path(tempfile.gettempdir(), ".ses")
    session.write_text(SESSION)
    assert set(find_leftovers().files) == {*(folder / name for name in OURS), session}
    assert remove_leftovers() == len(OURS) + 1
    assert names_under(home) == {".cache"}
    assert not session.exists()
    assert not find_leftovers()
    assert remove_leftovers() == 0


def test_it_is_found_in_the_set_cache_folder_and_in_the_default_one(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for base in (tmp_path / "caches", home / ".cache", home / "Library" / "Application Support"):
        left_in(base)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert len(find_leftovers().files) == 3 * len(OURS)
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")  # is no place, says the standard, and onnxruntime
    monkeypatch.chdir(tmp_path)
    assert len(find_leftovers().files) == 2 * len(OURS)


def test_nothing_of_other_tools_is_touched(home: Path) -> None:
    folder = left_in(home / ".cache")
    others = [folder.parent / "deviceid", folder.parent.parent / "onnxruntime.db", folder / "models.json"]
    others += [folder.parent / ".vscode" / "deviceid", folder / "deviceid-of-another"]
    for other in others:
        other.parent.mkdir(exist_ok=True)
        other.write_text("not yours")
    (folder / "onnxruntime.db-wal").unlink()
    (folder / "onnxruntime.db-wal").mkdir()
    remove_leftovers()
    assert all(other.read_text() == "not yours" for other in others)
    assert (folder / "onnxruntime.db-wal").is_dir()
    assert not (folder / "deviceid").exists()


@pytest.mark.parametrize("linked", ["Microsoft", "Microsoft/DeveloperTools", "Microsoft/DeveloperTools/.onnxruntime"])
def test_a_link_in_the_way_leads_nowhere(home: Path, tmp_path: Path, linked: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    left_in(elsewhere)
    link = home / ".cache" / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere / linked)
    before = names_under(elsewhere)
    assert not find_leftovers()
    assert remove_leftovers() == 0
    assert names_under(elsewhere) == before
    assert link.is_symlink()


def test_a_link_in_place_of_a_file_is_left_with_what_it_leads_to(home: Path, tmp_path: Path) -> None:
    folder = left_in(home / ".cache")
    (tmp_path / "mine").write_text("mine")
    (folder / "deviceid").unlink()
    (folder / "deviceid").symlink_to(tmp_path / "mine")
    remove_leftovers()
    assert (tmp_path / "mine").read_text() == "mine"
    assert names_under(folder) == {"deviceid"}


def test_a_file_among_the_temporary_ones_is_taken_for_its_own_only_where_it_must_be(home: Path) -> None:
    session = Path(tempfile.gettempdir(), ".ses")
    session.write_text(SESSION)
    assert not find_leftovers()
    left_in(home / ".cache")
    assert session in find_leftovers().files
    session.write_text("another program's\n")
    assert session not in find_leftovers().files


def doctor(home: Path, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "houselights", "doctor", "--store", f"sqlite:///{home}/store.db", *words],
        env=environment(home),
        input=answer,
        capture_output=True,
        text=True,
        check=False,
    )


def environment(home: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG")}
    return kept | {"HOME": str(home), "TMPDIR": str(home)}


@pytest.mark.parametrize(
    ("words", "answer", "goes"),
    [
        ((), "y\n", True),
        ((), "n\n", False),
        ((), "\n", False),
        ((), "", False),
        (("--yes",), "", True),
        (("--json",), "", False),
        (("--json", "--yes"), "", True),
    ],
)
def test_the_doctor_removes_it_where_somebody_agrees(
    home: Path, words: tuple[str, ...], answer: str, goes: bool
) -> None:
    folder = left_in(home / ".cache")
    ended = doctor(home, *words, answer=answer)
    assert ended.returncode == 0, ended.stderr
    assert folder.exists() is not goes
    if not goes:
        assert str(folder / "deviceid") in ended.stdout


def test_the_doctor_finds_what_onnxruntime_really_leaves(tmp_path: Path) -> None:
    """Whatever a newer version leaves is to be found, too."""
    if what_is_missing():
        pytest.skip(str(what_is_missing()))
    with loopback_only() as network:
        left = network.run(["-c", "import onnx" + "runtime"], tmp_path).files
    assert {path.name for path in left if path.is_file()} == {"deviceid", "onnxruntime.db", ".ses"}
    ended = subprocess.run(
        [sys.executable, "-m", "houselights", "doctor", "--yes", "--store", f"sqlite:///{tmp_path}/store.db"],
        env=environment(tmp_path / "home") | {"TMPDIR": str(tmp_path / "tmp")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert [path for path in left if path.is_file()] == []
