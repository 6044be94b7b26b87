"""Files and folders that their owner alone may read, whatever the umask: what was recorded of people lies in them.

A file is made with its rights, not given them afterwards, so there is no moment in which others could open it. What was
made by an earlier version, or with wider rights, is tightened where it belongs to whoever runs this.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700

_OTHERS: Final = 0o077
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)

_making = threading.Lock()


def private_folder(folder: Path) -> None:
    """Makes a folder, and those above it that are missing. One that is there stays as it is: it may be shared.

    Raises:
        OSError: it cannot be made, or something else has its name.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        if folder.parent == folder:
            break
        folder = folder.parent
    for new in reversed(missing):
        try:
            new.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            if not new.is_dir():  # else somebody else was first
                raise


def new_private_file(file: Path) -> int:
    """Makes an empty file, in place of one already there, and returns its descriptor, open for writing.

    Raises:
        OSError: it cannot be made.
    """
    try:
        return os.open(file, _NEW, FILE_MODE)
    except FileExistsError:
        file.unlink()
        return os.open(file, _NEW, FILE_MODE)


def make_private(file: Path) -> None:
    """Makes an empty file where there is none; one that is there is not even opened.

    Closing a file gives up the locks that this process has on it (POSIX), so a database must not be opened on the side.

    Raises:
        OSError: it cannot be made.
    """
    with _making:
        if not file.exists():
            with contextlib.suppress(FileExistsError):  # another process was first
                os.close(os.open(os.path.realpath(file), _NEW, FILE_MODE))


def write_private(file: Path, content: bytes) -> None:
    """Writes a file, over one already there: whole, or not at all.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    # Under a name that no reader of `*.csv` and the like looks at.
    part = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(new_private_file(part), "wb") as output:
            output.write(content)
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def tighten(path: Path) -> None:
    """Takes all rights of others from a file or folder, if it is there and belongs to whoever runs this."""
    try:
        about = path.stat()
        ours = about.st_uid == os.geteuid() if hasattr(os, "geteuid") else True
        if ours and about.st_mode & _OTHERS and (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
            path.chmod(stat.S_IMODE(about.st_mode) & ~_OTHERS)
    except OSError:
        return  # it went meanwhile, or lies on a disk without rights
