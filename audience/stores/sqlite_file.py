"""One SQLite file: its schema, connections lent for one operation at a time, and removing rows for good.

A connection serves one thread at a time and any thread in turn, so there are as many as there were operations at
once, however many threads come and go (a page that reloads makes a new one each time).

Rows are removed from the log too, on a full disk, and while others read. Even deleting writes: to the write-ahead log,
before the database. So room for it is kept beside the database, and given up when the disk is full.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from audience.errors import StoreTooNew, StoreUnavailable
from audience.private_files import FILE_MODE, make_private, private_folder, tighten

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


FORGET_TIMEOUT_S = 5.0

_PRAGMAS = (
    "synchronous = NORMAL",
    # Deleted means overwritten: what was recorded of people leaves no trace in the file's free pages, nor in files that
    # SQLite makes on the side.
    "secure_delete = ON",
    "temp_store = MEMORY",
    f"wal_autocheckpoint = {LOG_PAGES}",
    f"journal_size_limit = {LOG_PAGES * 4096}",
)

_MAKES = re.compile(r"(CREATE TABLE (\w+) .*?);\n", re.DOTALL)


class SqliteFile:
    """An SQLite database in WAL mode, so that one process writes while others read; it is its owner's alone.

    Beside it lie SQLite's own `-wal` and `-shm`, `-spare` (room to delete with on a full disk) and, while the log still
    holds what was deleted, `-forget`.

    All methods raise `StoreUnavailable` where the file cannot be used.
    """

    def __init__(self, path: Path, *, schema: str, version: int, known_by: str) -> None:
        """Opens the file, making it and its folder if they are not there.

        Args:
            path: the file; absolute.
            schema: statements that make a table each, each ended by a semicolon and a line break. A table that a file
                of this version has not yet is made: those who do not know it are not in its way.
            version: of the schema, 1 or more.
            known_by: a table that every version has; a file that has others and not this is somebody else's.

        Raises:
            StoreUnavailable: the path cannot be written, or what is there is not a store.
            StoreTooNew: a newer Houselights made it.
        """
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._lock = threading.Lock()
        self._spare = Spare(path)
        self._erasing = Erasing(path, self._spare, self._lent, self._begun)
        try:
            private_folder(path.parent)
            make_private(path)
        except OSError as problem:
            raise StoreUnavailable(
                f"store {path} cannot be made: {problem.strerror or problem}; choose another place with --store"
            ) from None
        try:
            try:
                self._prepare(schema, version, known_by)
            except StoreUnavailable as problem:
                # Even to be read, a log needs an index on the disk.
                if not (is_full(problem.__cause__) and self._spare.give(OPENING)):
                    raise
                self._prepare(schema, version, known_by)
        except BaseException:
            self.close()
            raise
        self._spare.make()
        for name in ("", "-wal", "-shm", "-spare"):
            tighten(path.with_name(path.name + name))
        self._finish_forgetting()

    def _prepare(self, schema: str, version: int, known_by: str) -> None:
        with self._lent() as connection:
            found = _version(connection)
            tables = _tables(connection)
            if tables and known_by not in tables:
                raise StoreUnavailable(
                    f"store {self._path} is another program's database: choose another place with --store"
                )
            if found > version:
                raise StoreTooNew(
                    f"store {self._path} is of schema {found}, and this Houselights knows schema {version}: "
                    "update Houselights, or choose another place with --store"
                )
            connection.execute("PRAGMA journal_mode = WAL")
        statements = {found[2]: found[1] for found in _MAKES.finditer(schema)}
        if found == 0 or statements.keys() - tables:
            with self.transaction() as cursor:
                # Another process may have been first while this one waited for the lock.
                tables = _tables(cursor.connection)
                for name, statement in statements.items():
                    if name not in tables:
                        cursor.execute(statement)
                if _version(cursor.connection) == 0:
                    cursor.execute(f"PRAGMA user_version = {version}")

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._lent() as connection:
            found = connection.execute(query, tuple(values)).fetchall()
        self._finish_forgetting()
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """A cursor to write with: all of it is kept, or none where anything fails."""
        with self._begun() as cursor:
            yield cursor
        if not self._finish_forgetting():
            self._spare.make()  # the database grew

    def erase(self, rows: Sequence[Rows], last: Sequence[Rows] = ()) -> int:
        """Removes rows for good; see `Erasing.erase`."""
        return self._erasing.erase(rows, last, wait_s=FORGET_TIMEOUT_S)

    @property
    def forgetting(self) -> bool:
        """Whether the log still holds what was deleted, because somebody reads what was there before. Whoever uses the
        file next, once they are done, empties it."""
        return self._erasing.is_unfinished

    def _finish_forgetting(self) -> bool:
        """Empties the log, where it is to be and can be; returns whether it was to be."""
        if not self._erasing.is_unfinished:
            return False
        with suppress(StoreUnavailable):  # closed this moment, or locked: somebody else will
            self._erasing.finish()
        return True

    @contextmanager
    def _begun(self) -> Iterator[sqlite3.Cursor]:
        with self._lent() as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                # A full disk rolls back by itself.
                if connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise
            finally:
                cursor.close()

    def close(self) -> None:
        """Closes every connection: those at work as soon as they are done."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self._erasing.closed()

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._closed:
                raise StoreUnavailable(f"store {self._path} was closed")
            connection = self._idle.pop() if self._idle else None
        try:
            connection = connection or self._connect()
            yield connection
        except (sqlite3.Error, OSError) as problem:
            raise StoreUnavailable(
                f"store {self._path} cannot be used: {problem}; check the path, its permissions and the free space, "
                "or choose another place with --store"
            ) from problem
        finally:
            if connection is not None:
                self._take_back(connection)

    def _take_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            # One that could not even roll back is of no more use.
            if not self._closed and not connection.in_transaction:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        # isolation_level None: transactions are begun here, at once for writing, never by the driver.
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
