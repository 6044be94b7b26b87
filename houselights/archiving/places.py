"""Storage of an archive: a folder, or a prefix in an S3 bucket. Files are written atomically."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from audience.errors import ExportFailed, InvalidValue
from audience.private_files import make_private, private_folder, tighten, write_private

_S3 = "s3://"
_LOCK = ".lock"
# 412; 409 while another request writes the same key; 404 where the key was removed meanwhile.
_WAS_REPLACED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")


class ArchivePlace(Protocol):
    """Files with names that contain `/`.

    Every method raises `ExportFailed` if the storage cannot be reached, read or written.
    """

    name: str

    def link(self, name: str) -> str:
        """A file as it stands in a list of files: its address in S3, or its name within the folder."""
        ...

    def names(self) -> set[str]:
        """The names of all files."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if it does not exist."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Writes a file atomically, replacing an existing one."""
        ...

    def read_state(self, name: str) -> tuple[bytes, str] | None:
        """The content of a file that several programs replace, and its version for `replace`; None if there is none."""
        ...

    def replace(self, name: str, content: bytes, version: str | None) -> str | None:
        """Replaces a file if it still has this version, in one step; None as the version creates it.

        Returns:
            Its new version; None if another program was first, and nothing was written.
        """
        ...

    def remove(self, name: str) -> None:
        """Removes a file with all its versions, if it exists."""
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
        self.folder = folder

    def link(self, name: str) -> str:
        return name

    def names(self) -> set[str]:
        with self._errors():
            files = [path for path in self.folder.rglob("*") if path.is_file()]
            for path in files:
                tighten(path)  # written by an earlier version
            return {path.relative_to(self.folder).as_posix() for path in files if path.name != _LOCK}

    def read(self, name: str) -> bytes | None:
        with self._errors():
            try:
                return (self.folder / name).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        with self._errors():
            private_folder(path.parent)
            write_private(path, content)

    def read_state(self, name: str) -> tuple[bytes, str] | None:
        content = self.read(name)
        return None if content is None else (content, hashlib.sha256(content).hexdigest())

    def replace(self, name: str, content: bytes, version: str | None) -> str | None:
        with self._errors():
            private_folder(self.folder)
            make_private(self.folder / _LOCK)
            with (self.folder / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                found = self.read_state(name)
                if (found[1] if found else None) != version:
                    return None
                self.write(name, content)
        return hashlib.sha256(content).hexdigest()

    def remove(self, name: str) -> None:
        path = self.folder / name
        with self._errors():
            path.unlink(missing_ok=True)
            # Remove the folder of a month without files. Another run may just have written into it.
            if path.parent != self.folder and path.parent.exists() and not any(path.parent.iterdir()):
                with suppress(OSError):
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
    """A prefix in an S3 bucket, whose writes are atomic.

    Replacing a file on a condition needs conditional writes, which S3 has since November 2024.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """

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

    def link(self, name: str) -> str:
        return f"{_S3}{self._bucket}/{self._prefix}{name}"

    def names(self) -> set[str]:
        with self._errors():
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
            # S3's console creates an object for a new folder, which is not a file.
            return {key.removeprefix(self._prefix) for key in keys if not key.endswith("/")}

    def read(self, name: str) -> bytes | None:
        found = self.read_state(name)
        return found[0] if found else None

    def read_state(self, name: str) -> tuple[bytes, str] | None:
        with self._errors():
            try:
                found = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)
            except self._s3.exceptions.NoSuchKey:
                return None
            return found["Body"].read(), str(found["ETag"])

    def replace(self, name: str, content: bytes, version: str | None) -> str | None:
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        with self._errors():
            try:
                put = self._s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content, **condition)
            except self._refused as problem:
                if problem.response["Error"]["Code"] in _WAS_REPLACED:
                    return None
                raise
            return str(put["ETag"])

    def write(self, name: str, content: bytes) -> None:
        with self._errors():
            self._s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content)

    def remove(self, name: str) -> None:
        with self._errors():
            removed = self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + name)
            if "VersionId" not in removed:
                return
            # The bucket keeps versions: what was deleted has to go from these too.
            pages = self._s3.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=self._prefix + name
            )
            for page in pages:
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    if one["Key"] == self._prefix + name:
                        self._s3.delete_object(Bucket=self._bucket, Key=one["Key"], VersionId=one["VersionId"])

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
