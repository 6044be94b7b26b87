"""Removing rows of an SQLite file for good: also from its log, on a full disk, and while others read.

Even deleting writes: to the write-ahead log, before the database. So room for it is kept beside the database, and given
up when the disk is full.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from audience.errors import StoreUnavailable
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


BUSY_TIMEOUT_S = 30.0
ROWS_AT_ONCE = 256  # at most, where the disk is full


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of a table.

    Attributes:
        table: its name.
        key: the columns of its primary key.
        condition, values: what holds for the rows, as SQL writes it.
    """

    table: str
    key: str
    condition: str
    values: Sequence[object]

    def first(self, count: int) -> Rows:
        """So many of them at most."""
        some = f"SELECT {self.key} FROM {self.table} WHERE {self.condition} LIMIT {count}"
        return replace(self, condition=f"({self.key}) IN ({some})")


class Erasing:
    """Erases rows of one file, and sees to it that its log forgets them, if not at once then later.

    While the log holds what was deleted, or may, a file of the database's name and `-forget` says so, across processes
    and kills.
    """

    def __init__(
        self,
        path: Path,
        spare: Spare,
        lent: Callable[[], AbstractContextManager[sqlite3.Connection]],
        transaction: Callable[[], AbstractContextManager[sqlite3.Cursor]],
    ) -> None:
        """Does nothing yet.

        Args:
            path: the database.
            spare: room set aside on its disk.
            lent: lends a connection to it.
            transaction: begins a transaction; both raise `StoreUnavailable`, from SQLite's own error.
        """
        self._log = path.with_name(path.name + "-wal")
        self._word = path.with_name(path.name + "-forget")
        self._spare, self._lent, self._transaction = spare, lent, transaction

    @property
    def is_unfinished(self) -> bool:
        """Whether the log still holds what was deleted, or may."""
        return self._word.exists()

    def erase(self, rows: Sequence[Rows], last: Sequence[Rows], *, wait_s: float) -> int:
        """Removes rows: all at once, or, where the disk is too full for that, little by little; then the same call
        again completes one that was interrupted.

        Args:
            rows: what goes.
            last: what goes with the end of it.
            wait_s: how long to wait for those who read what was there before.

        Returns:
            How many rows went.
        """
        self._leave_word()
        try:
            try:
                return self._at_once([*rows, *last])
            except StoreUnavailable as problem:
                if not is_full(problem.__cause__):
                    raise
            return self._little_by_little(rows, last)
        finally:
            self.finish(wait_s)
            self._spare.make()

    def finish(self, wait_s: float = 0) -> None:
        """Empties the log, if nobody reads what was there before; waits so long for those who do."""
        if self._emptied(wait_s):
            with contextlib.suppress(OSError):
                self._word.unlink(missing_ok=True)
        else:
            self._leave_word()

    def closed(self) -> None:
        """Takes note that this process has closed the database: who does so last removes its log."""
        if self._word.exists() and not self._log.exists():
            self._word.unlink(missing_ok=True)

    def _at_once(self, rows: Sequence[Rows]) -> int:
        with self._transaction() as cursor:
            return sum(
                cursor.execute(f"DELETE FROM {some.table} WHERE {some.condition}", tuple(some.values)).rowcount
                for some in rows
            )

    def _little_by_little(self, rows: Sequence[Rows], last: Sequence[Rows]) -> int:
        """With the room set aside, and the log emptied after each step."""
        removed, step = 0, ROWS_AT_ONCE
        while True:
            try:
                self._spare.give()
                self._emptied(0)
                for some in rows:
                    while erased := self._at_once([some.first(step)]):
                        removed += erased
                        self._leave_word()  # so that nobody who empties the log meanwhile takes the room again
                        self._emptied(0)
                # What others wrote meanwhile goes with the rest.
                return removed + self._at_once([*rows, *last])
            except StoreUnavailable as problem:
                if not is_full(problem.__cause__) or step == 1:
                    raise
                step = max(1, step // 4)

    def _leave_word(self) -> None:
        with contextlib.suppress(OSError):  # a disk may be too full even for a name
            self._word.touch(FILE_MODE)

    def _emptied(self, wait_s: float) -> bool:
        with self._lent() as connection:
            connection.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}")
            try:
                # What stands in the log goes into the database first, which may have to grow for it.
                emptied = _truncated(connection)
                if emptied is None and self._spare.give():
                    emptied = _truncated(connection)
            finally:
                connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
        return emptied or False


def _truncated(connection: sqlite3.Connection) -> bool | None:
    """Empties the log; False where somebody is at work with it, None where the disk is too full for it."""
    try:
        ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as problem:
        return None if is_full(problem) else False
    return not busy
