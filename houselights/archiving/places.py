"""Where an archive lies: a folder, or a prefix in a bucket of S3. A file there is whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from audience.errors import ExportFailed, InvalidValue
from audience.private_files import private_folder, tighten, write_private

_S3 = "s3://"


class ArchivePlace(Protocol):
    """Files under names with `/`.

    Every method raises `ExportFailed` where the place cannot be reached, read or written.
    """

    name: str

    def names(self) -> set[str]:
        """Every file there is."""
        ...

    def read(self, name: str) -> bytes | None:
        """A file; None where there is none of that name."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Writes a file at once, over one already there."""
        ...

    def remove(self, name: str) -> None:
        """Removes a file; one that is not there is no error."""
        ...


def place_of(where: str) -> ArchivePlace:
    """The place that `s3://BUCKET/PREFIX`, or else a folder's path, names.

    Raises:
        InvalidValue: it names no bucket.
    """
    if not where.startswith(_S3):
        return FolderPlace(Path(where))
    bucket, _, prefix = where.removeprefix(_S3).partition("/")
    if not bucket:
        raise InvalidValue(f"{where!r} names no bucket: write it as s3://BUCKET/PREFIX")
    return S3Place(bucket, prefix.strip("/"))


class FolderPlace:
    """A folder, made once something is written; its files are their owner's alone."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def names(self) -> set[str]:
        with self._told():
            files = [path for path in self._folder.rglob("*") if path.is_file()]
            for path in files:
                tighten(path)  # of an earlier version
            return {path.relative_to(self._folder).as_posix() for path in files}

    def read(self, name: str) -> bytes | None:
        with self._told():
            try:
                return (self._folder / name).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        with self._told():
            private_folder(path.parent)
            write_private(path, content)

    def remove(self, name: str) -> None:
        path = self._folder / name
        with self._told():
            path.unlink(missing_ok=True)
            # A month of which nothing is left is no folder either.
            if path.parent != self._folder and path.parent.exists() and not any(path.parent.iterdir()):
                path.parent.rmdir()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise ExportFailed(
                f"the archive in {self.name} cannot be read or written: {problem.strerror or problem}; choose another "
                "folder with --archive"
            ) from None


class S3Place:
    """A prefix in a bucket; a put of S3 is whole or not there by itself."""

    def __init__(self, bucket: str, prefix: str) -> None:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        self.name = f"{_S3}{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._unreachable = BotoCoreError
        self._refused = ClientError
        with self._told():
            config = Config(retries={"total_max_attempts": 4, "mode": "standard"}, connect_timeout=10)
            self._s3: Any = boto3.client("s3", config=config)

    def names(self) -> set[str]:
        with self._told():
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
            # What S3's console makes of a new folder is an object, and no file.
            return {key.removeprefix(self._prefix) for key in keys if not key.endswith("/")}

    def read(self, name: str) -> bytes | None:
        with self._told():
            try:
                content: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
            except self._s3.exceptions.NoSuchKey:
                return None
            return content

    def write(self, name: str, content: bytes) -> None:
        with self._told():
            self._s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content)

    def remove(self, name: str) -> None:
        with self._told():
            self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._refused as problem:
            error = problem.response["Error"]
            raise ExportFailed(
                f"S3 refused {problem.operation_name} in {self.name} ({error['Code']}): look at the bucket's name and "
                "at what your credentials may do"
            ) from None
        except self._unreachable as problem:
            raise ExportFailed(f"the archive in {self.name} cannot be reached: {problem}") from None
