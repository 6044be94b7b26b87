"""Room on the disk set aside beside a database, so that deleting works when the disk is full.

Even deleting writes: to the write-ahead log, before the database. What makes room must not need room that is not there.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

SIZE: Final = 1 << 20
"""Bytes set aside: a few hundred pages of the log, more than the rows that are deleted at once on a full disk."""

OPENING: Final = 1 << 16
"""Bytes given up to open a database: the log's index takes 32 KiB."""

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})


class Spare:
    """A file of `SIZE` bytes that holds nothing."""

    def __init__(self, database: Path) -> None:
        """Makes nothing yet."""
        self._file = database.with_name(database.name + "-spare")

    def make(self) -> None:
        """Sets the room aside, if it is not yet and the disk has it."""
        try:
            if self._file.exists() and self._file.stat().st_size >= SIZE:
                return
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            try:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(handle, 0, SIZE)
                else:
                    os.pwrite(handle, bytes(SIZE), 0)
            finally:
                os.close(handle)
        except OSError:
            return  # there is no such room: deleting will have to do without

    def give(self, size: int = SIZE) -> bool:
        """Gives up room; returns whether there was any to give."""
        try:
            there = self._file.stat().st_size
            os.truncate(self._file, max(0, there - size))
        except OSError:
            return False
        return there > 0


def is_full(problem: BaseException | None) -> bool:
    """Whether something failed because the disk, or what a user may have of it, is full."""
    return isinstance(problem, sqlite3.Error) and getattr(problem, "sqlite_errorcode", None) in _FULL
