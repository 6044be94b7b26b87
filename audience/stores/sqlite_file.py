"""One SQLite file: its schema, a connection pool, and secure erasure of rows.

A pooled connection serves one operation at a time, of any thread, so there are as many connections as concurrent
operations, however many threads come and go (each run of a page is a new thread).

Rows are erased from the write-ahead log too, even on a full disk or while others read. A deletion needs disk space,
because it writes to the log first. So a reserve file is kept beside the database, and released when the disk is full.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from audience.errors import StoreTooNew, StoreUnavailable
from audience.private_files import FILE_MODE, make_private, private_folder, tighten

SMALLEST: Final = 1 << 18
LARGEST: Final = 1 << 22
"""Size of the reserve in bytes: that of the database and its log, within these bounds. The log's pages must fit into
the database before the log can be emptied, and some hundred pages of rows are deleted at once."""

LOG_PAGES: Final = 250
"""Pages after which the log is checkpointed, and to which it is truncated; well within the reserve."""

OPENING: Final = 1 << 16
"""Bytes released to open a database: the log's index takes 32 KiB."""

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})


class DiskReserve:
    """A file that reserves disk space for deletions."""

    def __init__(self, database: Path) -> None:
        """Creates the object without I/O."""
        self._file = database.with_name(database.name + "-spare")
        self._for = (database, database.with_name(database.name + "-wal"))

    def make(self) -> None:
        """Grows the reserve to fit the current database, as far as the disk allows; fast if it is large enough."""
        with contextlib.suppress(OSError):
            wanted = min(LARGEST, max(SMALLEST, sum(map(_size, self._for))))
            if _size(self._file) >= wanted:
                return
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), FILE_MODE)
            try:
                current = os.fstat(handle).st_size
                for size in (wanted >> halved for halved in range(5)):
                    if current >= size or _reserved(handle, current, size):
                        return
            finally:
                os.close(handle)

    def release(self, size: int = LARGEST) -> bool:
        """Releases the reserve, or part of it; returns whether there was any."""
        try:
            current = self._file.stat().st_size
            os.truncate(self._file, max(0, current - size))
        except OSError:
            return False
        return current > 0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _reserved(handle: int, current: int, size: int) -> bool:
    """Grows a file from `current` to `size` bytes of allocated blocks; returns whether that succeeded."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, size)
        else:
            os.pwrite(handle, bytes(size), 0)
    except OSError:
        os.ftruncate(handle, current)
        return False
    return True


def is_full(problem: BaseException | None) -> bool:
    """Whether an error means that the disk or the user's quota is full."""
    return isinstance(problem, sqlite3.Error) and getattr(problem, "sqlite_errorcode", None) in _FULL


BUSY_TIMEOUT_S = 30.0
ROWS_AT_ONCE = 256  # the most rows per step on a full disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of a table.

    Attributes:
        table: its name.
        key: the columns of its primary key.
        condition, values: an SQL condition and its parameters.
    """

    table: str
    key: str
    condition: str
    values: Sequence[object]

    def first(self, count: int) -> Rows:
        """At most `count` of them."""
        some = f"SELECT {self.key} FROM {self.table} WHERE {self.condition} LIMIT {count}"
        return replace(self, condition=f"({self.key}) IN ({some})")


class RowEraser:
    """Erases rows of one file, and removes them from its log, at once or as soon as possible.

    While the log may still contain deleted rows, a marker file (the database's name and `-forget`) exists. It survives
    crashes and is seen by other processes.
    """

    def __init__(
        self,
        path: Path,
        reserve: DiskReserve,
        connection_for: Callable[[], AbstractContextManager[sqlite3.Connection]],
        transaction: Callable[[], AbstractContextManager[sqlite3.Cursor]],
    ) -> None:
        """Creates the object without I/O.

        Args:
            path: the database.
            reserve: the reserve on its disk.
            connection_for: context manager of a connection.
            transaction: context manager of a transaction; both raise `StoreUnavailable` from SQLite's own error.
        """
        self._log = path.with_name(path.name + "-wal")
        self._marker = path.with_name(path.name + "-forget")
        self._reserve, self._connection, self._transaction = reserve, connection_for, transaction

    @property
    def is_unfinished(self) -> bool:
        """Whether the log may still contain deleted rows."""
        return self._marker.exists()

    def erase(self, rows: Sequence[Rows], last: Sequence[Rows], *, wait_s: float) -> int:
        """Deletes rows in one transaction, or in steps if the disk is too full.

        Repeating the call completes an interrupted deletion.

        Args:
            rows: the rows to delete.
            last: rows to delete in the last step.
            wait_s: how long to wait for readers of the earlier state.

        Returns:
            The number of deleted rows.
        """
        self._leave_marker()
        try:
            try:
                return self._delete([*rows, *last])
            except StoreUnavailable as problem:
                if not is_full(problem.__cause__):
                    raise
            return self._in_steps(rows, last)
        finally:
            self.finish(wait_s)
            self._reserve.make()

    def finish(self, wait_s: float = 0) -> None:
        """Empties the log unless it is in use; waits up to `wait_s` for readers of the earlier state."""
        if self._empty_log(wait_s):
            with contextlib.suppress(OSError):
                self._marker.unlink(missing_ok=True)
        else:
            self._leave_marker()

    def closed(self) -> None:
        """Removes the marker if the log is gone, because the last process to close the database removes its log."""
        if self._marker.exists() and not self._log.exists():
            self._marker.unlink(missing_ok=True)

    def _delete(self, rows: Sequence[Rows]) -> int:
        with self._transaction() as cursor:
            return sum(
                cursor.execute(f"DELETE FROM {some.table} WHERE {some.condition}", tuple(some.values)).rowcount
                for some in rows
            )

    def _in_steps(self, rows: Sequence[Rows], last: Sequence[Rows]) -> int:
        """Deletes rows in steps, using the reserve and emptying the log after each step."""
        removed, step = 0, ROWS_AT_ONCE
        while True:
            try:
                self._reserve.release()
                self._empty_log(0)
                for some in rows:
                    while erased := self._delete([some.first(step)]):
                        removed += erased
                        self._leave_marker()  # so that no other process rebuilds the reserve meanwhile
                        self._empty_log(0)
                # Also deletes what others wrote meanwhile.
                return removed + self._delete([*rows, *last])
            except StoreUnavailable as problem:
                if not is_full(problem.__cause__) or step == 1:
                    raise
                step = max(1, step // 4)

    def _leave_marker(self) -> None:
        with contextlib.suppress(OSError):  # the disk may be too full even for an empty file
            self._marker.touch(FILE_MODE)

    def _empty_log(self, wait_s: float) -> bool:
        with self._connection() as connection:
            connection.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}")
            try:
                # A checkpoint writes the log into the database, which may have to grow.
                emptied = _truncate_log(connection)
                if emptied is None and self._reserve.release():
                    emptied = _truncate_log(connection)
            finally:
                connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
        return emptied or False


def _truncate_log(connection: sqlite3.Connection) -> bool | None:
    """Empties the log; False if it is in use, None if the disk is too full."""
    try:
        ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as problem:
        return None if is_full(problem) else False
    return not busy


ERASE_TIMEOUT_S = 5.0

_PRAGMAS = (
    "synchronous = NORMAL",
    # Overwrite deleted rows: records of people must not remain in free pages or temporary files.
    "secure_delete = ON",
    "temp_store = MEMORY",
    f"wal_autocheckpoint = {LOG_PAGES}",
    f"journal_size_limit = {LOG_PAGES * 4096}",
)

_MAKES = re.compile(r"(CREATE TABLE (\w+) .*?);\n", re.DOTALL)


class SqliteFile:
    """An SQLite database in WAL mode, so that one process can write while others read; only its owner can access it.

    Beside it are SQLite's `-wal` and `-shm`, `-spare` (the disk reserve) and, while the log may contain deleted rows,
    `-forget`.

    All methods raise `StoreUnavailable` if the file cannot be used.
    """

    def __init__(self, path: Path, *, schema: str, version: int, known_by: str) -> None:
        """Opens the file, creating it and its folder if they do not exist.

        Args:
            path: absolute path of the file.
            schema: CREATE TABLE statements, each ended by a semicolon and a line break. Missing tables are created,
                also in files of the same version, because older programs ignore them.
            version: version of the schema, 1 or more.
            known_by: a table of every version; a database without it belongs to another program.

        Raises:
            StoreUnavailable: the path cannot be written, or the file is not a store.
            StoreTooNew: a newer Houselights created it.
        """
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._lock = threading.Lock()
        self._reserve = DiskReserve(path)
        self._eraser = RowEraser(path, self._reserve, self._connection, self._transaction)
        try:
            private_folder(path.parent)
            make_private(path)
        except OSError as problem:
            raise StoreUnavailable(
                f"store {path} cannot be created: {problem.strerror or problem}; choose another place with --store"
            ) from None
        try:
            try:
                self._prepare(schema, version, known_by)
            except StoreUnavailable as problem:
                # Even reading a log needs an index file on the disk.
                if not (is_full(problem.__cause__) and self._reserve.release(OPENING)):
                    raise
                self._prepare(schema, version, known_by)
        except BaseException:
            self.close()
            raise
        self._reserve.make()
        for name in ("", "-wal", "-shm", "-spare"):
            tighten(path.with_name(path.name + name))
        self._finish_erasure()

    def _prepare(self, schema: str, version: int, known_by: str) -> None:
        with self._connection() as connection:
            found = _version(connection)
            tables = _tables(connection)
            if tables and known_by not in tables:
                raise StoreUnavailable(
                    f"store {self._path} is another program's database: choose another place with --store"
                )
            if found > version:
                raise StoreTooNew(
                    f"store {self._path} has schema {found}, but this Houselights knows schema {version}: "
                    "update Houselights, or choose another place with --store"
                )
            _begin_log(connection)
        statements = {found[2]: found[1] for found in _MAKES.finditer(schema)}
        if found < version or statements.keys() - tables:
            with self.transaction() as cursor:
                # Another process may have done this while this one waited for the lock.
                tables = _tables(cursor.connection)
                for name, statement in statements.items():
                    if name not in tables:
                        cursor.execute(statement)
                if _version(cursor.connection) < version:
                    cursor.execute(f"PRAGMA user_version = {version}")

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._connection() as connection:
            found = connection.execute(query, tuple(values)).fetchall()
        self._finish_erasure()
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """A context with a cursor for writing, in one transaction."""
        with self._transaction() as cursor:
            yield cursor
        if not self._finish_erasure():
            self._reserve.make()  # the database grew

    def erase(self, rows: Sequence[Rows], last: Sequence[Rows] = ()) -> int:
        """Erases rows; see `RowEraser.erase`."""
        return self._eraser.erase(rows, last, wait_s=ERASE_TIMEOUT_S)

    @property
    def has_pending_erasure(self) -> bool:
        """Whether the log may still contain deleted rows, because a reader uses the earlier state.

        The next use of the file after that empties the log.
        """
        return self._eraser.is_unfinished

    def _finish_erasure(self) -> bool:
        """Empties the log if an erasure is pending; returns whether one was."""
        if not self._eraser.is_unfinished:
            return False
        with suppress(StoreUnavailable):  # closed or locked just now: a later use will do it
            self._eraser.finish()
        return True

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._connection() as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                # On a full disk SQLite rolls back by itself.
                if connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise
            finally:
                cursor.close()

    def close(self) -> None:
        """Closes every connection; busy ones when their operation ends."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self._eraser.closed()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
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
                self._release(connection)

    def _release(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            # A connection that could not roll back is discarded.
            if not self._closed and not connection.in_transaction:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        # isolation_level None: transactions are begun explicitly, never by the driver.
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection


def _begin_log(connection: sqlite3.Connection) -> None:
    """Makes the file use a write-ahead log.

    SQLite's busy timeout does not cover this: it reads the file first, and does not wait when it upgrades a read lock
    (https://sqlite.org/c3ref/busy_handler.html). So it fails while another process opens the same new file.
    """
    give_up_at = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
        time.sleep(0.01)


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
