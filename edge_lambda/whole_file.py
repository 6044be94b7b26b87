"""Writing a file so that it is whole or not there, whatever ends the process or the power."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from audience.private_files import new_private_file


def write_whole(file: Path, content: bytes, *, part: Path, write: Callable[[int, memoryview], int] = os.write) -> None:
    """Writes a file under another name, flushes it to the disk and renames it, over one already there.

    When this returns, the file outlives the power. Nothing is left under the other name, whatever fails.

    Args:
        file: readable by its owner alone.
        content: all of it.
        part: the other name, in the same folder.
        write: writes to the disk.

    Raises:
        OSError: it could not be written.
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
    # Without this a name may be lost with the power, though the file's bytes are on the disk.
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
