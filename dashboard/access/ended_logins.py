"""Logins that were ended before they expire: a list shared by all processes that serve the pages.

Streamlit keeps a login in a signed cookie and nothing on the server, so signing out takes the cookie away from one
browser and leaves every copy of it good. Here a login that was ended is written down until it would have expired. What
is written is an HMAC of the cookie's content: it names nobody, and without the server's secret it matches nothing.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from pathlib import Path
from typing import Final

from audience.errors import InvalidValue

_LINE: Final = re.compile(r"([0-9]{1,12}) ([0-9a-f]{32})")
# A login takes 45 bytes. From this many on, those that have expired are left out when one is added.
_SPARE_BYTES: Final = 64 * 1024


class EndedLogins:
    """The list as a file: a line each with its expiry (seconds since the epoch) and its key."""

    def __init__(self, path: Path) -> None:
        """Creates the object without I/O.

        Args:
            path: of the file; it is made when it is first written. Its folder has to be there.
        """
        self._path = path
        self._reading = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys: frozenset[str] = frozenset()

    def check(self) -> None:
        """Makes the file, and checks that logins can be ended.

        Raises:
            InvalidValue: it cannot be written.
        """
        try:
            os.close(self._opened())
        except OSError as problem:
            raise InvalidValue(
                f"{self._path} cannot be written ({problem.strerror}): who signs out could not be signed out; let the "
                "server write there, or name another file with ended_logins in the access settings"
            ) from None

    def holds(self, key: str) -> bool:
        """Whether a login was ended, by this process or another.

        Raises:
            OSError: the file cannot be read; then nobody knows.
        """
        # Opened, not only looked at: a network file system then asks the server whether another machine wrote it.
        try:
            file = self._path.open("r", encoding="ascii", errors="replace")
        except FileNotFoundError:
            return False
        with file, self._reading:
            status = os.fstat(file.fileno())
            now = (status.st_ino, status.st_size, status.st_mtime_ns)
            if now != self._seen:
                self._keys = frozenset(found[2] for found in _lines(file.read()))
                self._seen = now
            return key in self._keys

    def end(self, key: str, until_s: float, now_s: float) -> None:
        """Adds a login to the list; it is on disk when this returns.

        Args:
            key: 32 hexadecimal digits.
            until_s: when it would have expired, seconds since the epoch.
            now_s: the wall clock.

        Raises:
            OSError: the file cannot be written.
        """
        if self.holds(key):
            return
        file = self._opened()
        try:
            # On a line of its own, even after one that a crash cut short.
            os.write(file, f"\n{int(until_s) + 1} {key}\n".encode())
            os.fsync(file)
            if os.fstat(file).st_size > _SPARE_BYTES:
                self._forget(now_s)
        finally:
            os.close(file)

    def _opened(self) -> int:
        """Opens the file with a lock; reopens it where another process has just replaced it by a shorter one."""
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                if os.fstat(file).st_ino == self._path.stat().st_ino:
                    return file
            except FileNotFoundError:
                pass
            os.close(file)

    def _forget(self, now_s: float) -> None:
        """Replaces the list by one without expired logins, atomically."""
        kept = [found[0] for found in _lines(self._path.read_text("ascii", "replace")) if int(found[1]) > now_s]
        shorter = self._path.with_name(f"{self._path.name}.new")
        with os.fdopen(os.open(shorter, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
            file.writelines(f"{line}\n" for line in kept)
            file.flush()
            os.fsync(file.fileno())
        shorter.replace(self._path)


def _lines(text: str) -> list[re.Match[str]]:
    # A line that was cut by a crash is none.
    return [found for line in text.splitlines() if (found := _LINE.fullmatch(line))]
