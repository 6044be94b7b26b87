"""Reads single files out of untrusted zip archives."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import Final

from audience.errors import InvalidValue

ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises for files that are not zips, are damaged or encrypted, or use a rare compression."""


def zip_entry(data: bytes, choose: Callable[[Sequence[str]], str], *, at_most: int) -> bytes:
    """The content of one file in an archive, cut after `at_most` bytes and one more.

    Args:
        data: the archive.
        choose: picks a name out of those in the archive; raises ValueError or KeyError if none is right.
        at_most: the most bytes that the caller takes.

    Raises:
        InvalidValue: the archive cannot be opened, or has no such file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(choose(archive.namelist())) as file:
            return file.read(at_most + 1)
    except ZIP_ERRORS as problem:
        raise InvalidValue(f"is a zip that cannot be opened ({str(problem)[:80]}): export it again") from None
