"""Room on the disk set aside beside a database, so that deleting works when the disk is full.

Even deleting writes: to the write-ahead log, before the database. What makes room must not need room that is not there.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

from audience.private_files import FILE_MODE

SMALLEST: Final = 1 << 18
LARGEST: Final = 1 << 22
"""Bytes set aside: as many as the database and its log have, within these bounds. What the log holds must find room in
the database before the log can be emptied, and then some hundred pages of rows are deleted at once."""

LOG_PAGES: Final = 250
"""Pages after which the log is written into the database, and no longer than which it is kept: well within the room."""

OPENING: Final = 1 << 16
"""Bytes given up to open a database: the log's index takes 32 KiB."""

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})


class Spare:
    """A file that holds nothing."""

    def __init__(self, database: Path) -> None:
        """Makes nothing yet."""
        self._file = database.with_name(database.name + "-spare")
        self._for = (database, database.with_name(database.name + "-wal"))

    def make(self) -> None:
        """Sets aside what should be by now, or what of it the disk has; quick where nothing is to do."""
        with contextlib.suppress(OSError):
            wanted = min(LARGEST, max(SMALLEST, sum(map(_size, self._for))))
            if _size(self._file) >= wanted:
                return
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), FILE_MODE)
            try:
                there = os.fstat(handle).st_size
                for size in (wanted >> halved for halved in range(5)):
                    if there >= size or _reserved(handle, there, size):
                        return
            finally:
                os.close(handle)

    def give(self, size: int = LARGEST) -> bool:
        """Gives up room, all of it or so many bytes; returns whether there was any to give."""
        try:
            there = self._file.stat().st_size
            os.truncate(self._file, max(0, there - size))
        except OSError:
            return False
        return there > 0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _reserved(handle: int, there: int, size: int) -> bool:
    """Grows a file from `there` bytes to `size`, of blocks that are its own; returns whether that could be done."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, size)
        else:
            os.pwrite(handle, bytes(size), 0)
    except OSError:
        os.ftruncate(handle, there)
        return False
    return True


def is_full(problem: BaseException | None) -> bool:
    """Whether something failed because the disk, or what a user may have of it, is full."""
    return isinstance(problem, sqlite3.Error) and getattr(problem, "sqlite_errorcode", None) in _FULL
