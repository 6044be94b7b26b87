"""Files and folders of their owner alone: made so, whatever the umask, and tightened where they were not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from audience.private_files import make_private, new_private_file, private_folder, tighten, write_private


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """An operator's umask."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_made_with_all_above_it_and_one_that_is_there_stays_as_it_is(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o775)
    private_folder(shared / "a" / "b")
    private_folder(shared / "a" / "b")
    assert [mode(folder) for folder in (shared / "a" / "b", shared / "a", shared)] == [0o700, 0o700, 0o775]


def test_a_file_with_the_name_of_a_folder_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(OSError, match="file"):
            private_folder(folder)


def test_a_file_is_written_whole_over_one_that_others_could_read(tmp_path):
    file = tmp_path / "report.html"
    file.write_text("before")
    file.chmod(0o644)
    write_private(file, b"after")
    assert (file.read_bytes(), mode(file)) == (b"after", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_private(tmp_path / "folder", b"a file's bytes")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_a_link_in_the_place_of_a_new_file_is_not_followed(tmp_path):
    """A link placed by an attacker who knows the name of the next file."""
    aim = tmp_path / "theirs"
    aim.write_text("theirs")
    (tmp_path / ".report.html.part").symlink_to(aim)
    write_private(tmp_path / "report.html", b"ours")
    os.close(new_private_file(tmp_path / "report.html"))
    assert aim.read_text() == "theirs"
    assert not (tmp_path / "report.html").is_symlink()


def test_an_empty_file_is_made_where_there_is_none_and_one_that_is_there_is_not_touched(tmp_path):
    new, there = tmp_path / "new", tmp_path / "there"
    there.write_text("content")
    there.chmod(0o640)
    for file in (new, there):
        make_private(file)
    assert (mode(new), new.read_text()) == (0o600, "")
    assert (mode(there), there.read_text()) == (0o640, "content")


def test_what_is_there_is_tightened_and_keeps_what_its_owner_may(tmp_path):
    read_only, folder = tmp_path / "read-only", tmp_path / "folder"
    read_only.touch()
    read_only.chmod(0o444)
    folder.mkdir()
    folder.chmod(0o755)
    for path in (read_only, folder, tmp_path / "not there", Path("/dev/null")):
        tighten(path)
    assert (mode(read_only), mode(folder)) == (0o400, 0o700)
    assert mode(Path("/dev/null")) & 0o066
