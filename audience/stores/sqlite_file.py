"""One SQLite file: its schema, and connections to it that are lent for one operation at a time.

A connection serves one thread at a time and any thread in turn, so there are as many as there were operations at
once, however many threads come and go (a page that reloads makes a new one each time).
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from audience.errors import StoreTooNew, StoreUnavailable
from audience.private_files import make_private, private_folder, tighten
from audience.stores.sqlite_erasing import BUSY_TIMEOUT_S, LOG_PAGES, OPENING, Erasing, Rows, Spare, is_full

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
