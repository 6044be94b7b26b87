"""Atomic file writes: the file is complete or absent, even after a crash or power loss."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from audience.private_files import new_private_file


def write_atomic(file: Path, content: bytes, *, part: Path, write: Callable[[int, memoryview], int] = os.write) -> None:
    """Writes a temporary file, flushes it to disk and renames it, replacing an existing file.

    When this returns, the file survives a power loss. On failure, the temporary file is removed.

    Args:
        file: the file to write; readable by its owner only.
        content: all of it.
        part: name of the temporary file, in the same folder.
        write: writes to the disk.

    Raises:
        OSError: the file could not be written.
    """
    try:
        handle = new_private_file(part)
        try:
            left = memoryview(content)
            while left:
                left = left[write(handle, left) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        part.rename(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    # Without this, a power loss may undo the rename although the file's bytes are on the disk.
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
