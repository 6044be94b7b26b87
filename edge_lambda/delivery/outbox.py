"""The outbox: stores deliveries on disk until S3 has them, so that no network failure or killed process loses one.

A delivery is written under a temporary name, flushed to disk and then renamed, so a file under its final name is
complete. Its first line holds the SHA-256 of the rest (key and bytes), which reveals later damage.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from audience.deliveries.delivery import Delivery
from audience.errors import InvalidValue, OutboxFull, OutboxUnavailable
from audience.private_files import private_folder
from audience.time import from_ms
from edge_lambda.atomic_write import write_atomic

MAX_BYTES: Final = 1_000_000_000
"""Default size limit, bytes: nearly three hours of full sheets every 2 s, or sixteen hours of one every 12 s."""

_NAME = re.compile(r"(\d{12})-(\d{13})\.delivery")
_PART, _DAMAGED, _LOCK = ".part", ".damaged", "lock"
_HEADING = b"houselights-delivery 1 "


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStatus:
    """State of an outbox.

    Attributes:
        waiting: deliveries that S3 does not have yet.
        waiting_bytes: their size.
        oldest_at: start of the oldest delivery's first window; None if nothing waits.
        dropped: deliveries lost since it was opened, because the size limit was reached.
        quarantined: files in its folder that are never sent: damaged on disk, or refused by S3.
    """

    waiting: int
    waiting_bytes: int
    oldest_at: datetime | None
    dropped: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    file: Path
    start_ms: int
    size: int


class Outbox:
    """A first-in, first-out queue of deliveries in a folder. One thread may put while another takes.

    A delivery put twice is sent twice; S3 keeps one, since both have the same key.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = MAX_BYTES,
        write: Callable[[int, memoryview], int] = os.write,
    ) -> None:
        """Opens or creates the folder, and loads the deliveries waiting in it.

        Args:
            folder: used by this outbox only; readable by its owner only, since it holds faces.
            max_bytes: above this, the oldest deliveries are dropped and counted; the only reason to drop one.
            write: writes to the disk.

        Raises:
            InvalidValue: `max_bytes` is not over 0.
            OutboxUnavailable: the folder cannot be used, or another process uses it.
        """
        if max_bytes <= 0:
            raise InvalidValue(f"an outbox of {max_bytes} bytes is not allowed: use more than 0")
        self._folder, self._max_bytes, self._write = folder, max_bytes, write
        self._guard = threading.Lock()
        self._waiting: OrderedDict[int, _Waiting] = OrderedDict()
        self._bytes = self._dropped = 0
        try:
            private_folder(folder)
            self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutboxUnavailable(
                f"outbox {folder} cannot be used ({error.strerror}): choose another folder"
            ) from None
        try:
            # The lock ends with the process, however it ends.
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._load()
        except BlockingIOError:
            os.close(self._lock)
            raise OutboxUnavailable(f"outbox {folder} is in use by another process: give each camera its own") from None
        except OSError as error:
            os.close(self._lock)
            raise OutboxUnavailable(f"outbox {folder} cannot be read ({error.strerror})") from None

    def put(self, delivery: Delivery) -> None:
        """Writes a delivery; when this returns, it survives a crash or power loss.

        Raises:
            OutboxFull: the disk is full. Nothing was dropped, and the delivery was not stored.
            OutboxUnavailable: the disk cannot be written.
        """
        body = delivery.key.encode() + b"\n" + delivery.data
        content = _HEADING + hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        with self._guard:
            number = self._next
            file = self._folder / f"{number:012d}-{delivery.start_ms:013d}.delivery"
            try:
                self._make_room(len(content))
                write_atomic(file, content, part=file.with_suffix(_PART), write=self._write)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise OutboxFull(
                        f"the disk of outbox {self._folder} is full, with {self._bytes} bytes waiting: free some space"
                    ) from None
                raise OutboxUnavailable(f"outbox {self._folder} cannot be written ({error.strerror})") from None
            self._next += 1
            self._waiting[number] = _Waiting(file=file, start_ms=delivery.start_ms, size=len(content))
            self._bytes += len(content)

    def oldest(self) -> tuple[int, Delivery] | None:
        """The oldest delivery and its number, or None; damaged files found on the way are quarantined.

        Raises:
            OutboxUnavailable: the disk cannot be read.
        """
        while True:
            with self._guard:
                if not self._waiting:
                    return None
                number, waiting = next(iter(self._waiting.items()))
            try:
                content = waiting.file.read_bytes()
            except FileNotFoundError:
                # Dropped in the meantime, or removed by hand.
                self.remove(number)
                continue
            except OSError as error:
                raise OutboxUnavailable(f"outbox {self._folder} cannot be read ({error.strerror})") from None
            delivery = _delivery(content, waiting.start_ms)
            if delivery is not None:
                return number, delivery
            self.quarantine(number)

    def remove(self, number: int) -> None:
        """Deletes a delivery that S3 has."""
        with self._guard:
            waiting = self._forget(number)
            if waiting is not None:
                waiting.file.unlink(missing_ok=True)

    def quarantine(self, number: int) -> None:
        """Keeps a delivery in the folder under another name, so that it is never sent."""
        with self._guard:
            waiting = self._forget(number)
            if waiting is not None and waiting.file.exists():
                waiting.file.rename(waiting.file.with_suffix(_DAMAGED))
                self._quarantined += 1

    def status(self) -> OutboxStatus:
        """The current state."""
        with self._guard:
            oldest = next(iter(self._waiting.values()), None)
            return OutboxStatus(
                waiting=len(self._waiting),
                waiting_bytes=self._bytes,
                oldest_at=from_ms(oldest.start_ms) if oldest else None,
                dropped=self._dropped,
                quarantined=self._quarantined,
            )

    def close(self) -> None:
        """Releases the folder; the outbox cannot be used afterwards."""
        os.close(self._lock)

    def _load(self) -> None:
        for part in self._folder.glob(f"*{_PART}"):
            part.unlink()
        self._quarantined = sum(1 for _ in self._folder.glob(f"*{_DAMAGED}"))
        for file in sorted(self._folder.glob("*.delivery")):
            if name := _NAME.fullmatch(file.name):
                waiting = _Waiting(file=file, start_ms=int(name[2]), size=file.stat().st_size)
                self._waiting[int(name[1])] = waiting
                self._bytes += waiting.size
        used = [int(file.name[:12]) for file in self._folder.iterdir() if file.name[:12].isdecimal()]
        self._next = max(used, default=0) + 1

    def _make_room(self, size: int) -> None:
        while self._waiting and self._bytes + size > self._max_bytes:
            dropped = self._forget(next(iter(self._waiting)))
            if dropped is not None:
                dropped.file.unlink(missing_ok=True)
                self._dropped += 1

    def _forget(self, number: int) -> _Waiting | None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            self._bytes -= waiting.size
        return waiting


def _delivery(content: bytes, start_ms: int) -> Delivery | None:
    """Parses a file; None if it is damaged."""
    heading, _, body = content.partition(b"\n")
    if heading != _HEADING + hashlib.sha256(body).hexdigest().encode():
        return None
    key, _, data = body.partition(b"\n")
    return Delivery(key=key.decode(), data=data, start_ms=start_ms)
