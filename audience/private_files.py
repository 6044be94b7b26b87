"""Files and folders that only their owner may read, whatever the umask, because they hold records of people.

A file is created with its permissions, not changed afterwards, so others can never open it in between. Files with wider
permissions, such as those of earlier versions, are restricted if they belong to the current user.
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

_create_lock = threading.Lock()


def private_folder(folder: Path) -> None:
    """Creates a folder and its missing parents. An existing folder keeps its permissions, because it may be shared.

    Raises:
        OSError: it cannot be created, or something else has its name.
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
            if not new.is_dir():  # else another process was first
                raise


def new_private_file(file: Path) -> int:
    """Creates an empty file, replacing an existing one, and returns its descriptor, open for writing.

    Raises:
        OSError: it cannot be created.
    """
    try:
        return os.open(file, _NEW, FILE_MODE)
    except FileExistsError:
        file.unlink()
        return os.open(file, _NEW, FILE_MODE)


def make_private(file: Path) -> None:
    """Creates an empty file if there is none. An existing file is not opened.

    Under POSIX, closing a file releases all locks of this process on it, so a database file must not be opened twice.

    Raises:
        OSError: it cannot be created.
    """
    with _create_lock:
        if not file.exists():
            with contextlib.suppress(FileExistsError):  # another process was first
                os.close(os.open(os.path.realpath(file), _NEW, FILE_MODE))


def write_private(file: Path, content: bytes) -> None:
    """Writes a file atomically, replacing an existing one.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    # A name that no pattern such as `*.csv` matches.
    part = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(new_private_file(part), "wb") as output:
            output.write(content)
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def tighten(path: Path) -> None:
    """Removes the permissions of others from a file or folder, if it exists and belongs to the current user."""
    try:
        about = path.stat()
        ours = about.st_uid == os.geteuid() if hasattr(os, "geteuid") else True
        if ours and about.st_mode & _OTHERS and (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
            path.chmod(stat.S_IMODE(about.st_mode) & ~_OTHERS)
    except OSError:
        return  # it was removed meanwhile, or its file system has no permissions
