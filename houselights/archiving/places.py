"""Storage of an archive: a folder, or a prefix in an S3 bucket. Files are written atomically."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from audience.errors import ExportFailed, InvalidValue
from audience.private_files import private_folder, tighten, write_private

_S3 = "s3://"


class ArchivePlace(Protocol):
    """Files with names that contain `/`.

    Every method raises `ExportFailed` if the storage cannot be reached, read or written.
    """

    name: str

    def names(self) -> set[str]:
        """The names of all files."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if it does not exist."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Writes a file atomically, replacing an existing one."""
        ...

    def remove(self, name: str) -> None:
        """Removes a file, if it exists."""
        ...


def open_place(where: str) -> ArchivePlace:
    """Opens the storage named by `s3://BUCKET/PREFIX` or by a folder's path.

    Raises:
        InvalidValue: the bucket's name is missing.
    """
    if not where.startswith(_S3):
        return FolderPlace(Path(where))
    bucket, _, prefix = where.removeprefix(_S3).partition("/")
    if not bucket:
        raise InvalidValue(f"{where!r} has no bucket name: write it as s3://BUCKET/PREFIX")
    return S3Place(bucket, prefix.strip("/"))


class FolderPlace:
    """A folder, created on the first write; only its owner may read the files."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def names(self) -> set[str]:
        with self._errors():
            files = [path for path in self._folder.rglob("*") if path.is_file()]
            for path in files:
                tighten(path)  # written by an earlier version
            return {path.relative_to(self._folder).as_posix() for path in files}

    def read(self, name: str) -> bytes | None:
        with self._errors():
            try:
                return (self._folder / name).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        with self._errors():
            private_folder(path.parent)
            write_private(path, content)

    def remove(self, name: str) -> None:
        path = self._folder / name
        with self._errors():
            path.unlink(missing_ok=True)
            # Remove the folder of a month without files.
            if path.parent != self._folder and path.parent.exists() and not any(path.parent.iterdir()):
                path.parent.rmdir()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise ExportFailed(
                f"the archive in {self.name} cannot be read or written: {problem.strerror or problem}; choose another "
                "folder with --archive"
            ) from None


class S3Place:
    """A prefix in an S3 bucket, whose writes are atomic."""

    def __init__(self, bucket: str, prefix: str) -> None:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        self.name = f"{_S3}{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._unreachable = BotoCoreError
        self._refused = ClientError
        with self._errors():
            config = Config(retries={"total_max_attempts": 4, "mode": "standard"}, connect_timeout=10)
            self._s3: Any = boto3.client("s3", config=config)

    def names(self) -> set[str]:
        with self._errors():
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
            # S3's console creates an object for a new folder, which is not a file.
            return {key.removeprefix(self._prefix) for key in keys if not key.endswith("/")}

    def read(self, name: str) -> bytes | None:
        with self._errors():
            try:
                content: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
            except self._s3.exceptions.NoSuchKey:
                return None
            return content

    def write(self, name: str, content: bytes) -> None:
        with self._errors():
            self._s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content)

    def remove(self, name: str) -> None:
        with self._errors():
            self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._refused as problem:
            error = problem.response["Error"]
            raise ExportFailed(
                f"S3 refused {problem.operation_name} in {self.name} ({error['Code']}): check the bucket's name and "
                "your permissions"
            ) from None
        except self._unreachable as problem:
            raise ExportFailed(f"the archive in {self.name} cannot be reached: {problem}") from None
