"""A folder in place of a bucket: complete files under their keys, whatever happens."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from audience.errors import UploadFailed
from edge_lambda.delivery.folder_bucket import PART, FolderBucket
from tests.edge.s3_with_faults import numbered


def files_in(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_a_delivery_becomes_a_file_under_its_key(tmp_path):
    bucket = FolderBucket(tmp_path / "bucket")
    bucket.put(numbered(1))
    assert files_in(tmp_path / "bucket") == [numbered(1).key]
    assert (tmp_path / "bucket" / numbered(1).key).read_bytes() == numbered(1).data


def test_delivering_twice_leaves_one_file(tmp_path):
    bucket = FolderBucket(tmp_path)
    for number in (1, 2, 1):
        bucket.put(numbered(number))
    assert files_in(tmp_path) == [numbered(1).key, numbered(2).key]


def test_an_incomplete_file_of_a_killed_process_is_written_again(tmp_path):
    file = (tmp_path / numbered(1).key).with_suffix(PART)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half")
    FolderBucket(tmp_path).put(numbered(1))
    assert files_in(tmp_path) == [numbered(1).key]


def test_faces_in_it_are_for_their_owners_eyes(tmp_path):
    FolderBucket(tmp_path).put(numbered(1))
    assert stat.S_IMODE((tmp_path / numbered(1).key).stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_waited_for(tmp_path):
    (tmp_path / "bucket").write_text("a file")
    with pytest.raises(UploadFailed, match=r"cannot be written \(.+\)"):
        FolderBucket(tmp_path / "bucket").put(numbered(1))
