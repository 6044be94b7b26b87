"""The outbox: deliveries on disk until S3 has them, so that neither a lost network nor a killed process loses one.

A delivery is written under a temporary name, flushed to the disk and then renamed, so a file under its own name is
whole. It begins with a line that holds the SHA-256 of the rest, and then its key and its bytes: what the disk damaged
afterwards is told from what is sound.
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
from edge_lambda.whole_file import write_whole

MOST_BYTES: Final = 1_000_000_000
"""Bytes that may wait unless set otherwise: nearly three hours of full sheets every two seconds, sixteen at one every
twelve."""

_NAME = re.compile(r"(\d{12})-(\d{13})\.delivery")
_PART, _DAMAGED, _LOCK = ".part", ".damaged", "lock"
_HEADING = b"houselights-delivery 1 "


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStatus:
    """How an outbox is.

    Attributes:
        waiting: deliveries that S3 does not have yet.
        waiting_bytes: their size.
        oldest_at: start of the first window of the oldest; None where nothing waits.
        dropped: deliveries lost since it was opened, because more than its most bytes waited.
        set_aside: files in its folder that are not sent: damaged by the disk, or refused by S3 for good.
    """

    waiting: int
    waiting_bytes: int
    oldest_at: datetime | None
    dropped: int
    set_aside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    file: Path
    start_ms: int
    size: int


class Outbox:
    """Deliveries in a folder, oldest first. One thread may put while another takes.

    Of the same delivery put twice both are sent; S3 keeps one, since both go under one key.
    """

    def __init__(
        self,
        folder: Path,
        *,
        most_bytes: int = MOST_BYTES,
        write: Callable[[int, memoryview], int] = os.write,
    ) -> None:
        """Opens the folder, makes it where it is not there, and takes up what waits in it.

        Args:
            folder: of this outbox alone; readable by its owner alone, since it holds faces.
            most_bytes: when more wait than this, the oldest are dropped and counted. They are dropped for nothing else.
            write: writes to the disk.

        Raises:
            InvalidValue: `most_bytes` is not over 0.
            OutboxUnavailable: the folder cannot be used, or another process uses it.
        """
        if most_bytes <= 0:
            raise InvalidValue(f"an outbox of {most_bytes} bytes is not allowed: use more than 0")
        self._folder, self._most_bytes, self._write = folder, most_bytes, write
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
            # Ends with the process, however it ends.
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._take_up()
        except BlockingIOError:
            os.close(self._lock)
            raise OutboxUnavailable(f"outbox {folder} is in use by another process: give each camera its own") from None
        except OSError as error:
            os.close(self._lock)
            raise OutboxUnavailable(f"outbox {folder} cannot be read ({error.strerror})") from None

    def put(self, delivery: Delivery) -> None:
        """Writes a delivery; when this returns, it outlives the process and the power.

        Raises:
            OutboxFull: the disk is full. Nothing that waits was dropped, and the delivery is still the caller's.
            OutboxUnavailable: the disk cannot be written.
        """
        body = delivery.key.encode() + b"\n" + delivery.data
        content = _HEADING + hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        with self._guard:
            number = self._next
            file = self._folder / f"{number:012d}-{delivery.start_ms:013d}.delivery"
            try:
                self._make_room(len(content))
                write_whole(file, content, part=file.with_suffix(_PART), write=self._write)
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
        """The delivery that has waited longest and its number, or None; damaged ones are set aside on the way.

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
                # Dropped this moment, or removed by hand.
                self.remove(number)
                continue
            except OSError as error:
                raise OutboxUnavailable(f"outbox {self._folder} cannot be read ({error.strerror})") from None
            delivery = _delivery(content, waiting.start_ms)
            if delivery is not None:
                return number, delivery
            self.set_aside(number)

    def remove(self, number: int) -> None:
        """Forgets a delivery, because S3 has it."""
        with self._guard:
            waiting = self._forget(number)
            if waiting is not None:
                waiting.file.unlink(missing_ok=True)

    def set_aside(self, number: int) -> None:
        """Leaves a delivery in the folder, under a name that is not sent."""
        with self._guard:
            waiting = self._forget(number)
            if waiting is not None and waiting.file.exists():
                waiting.file.rename(waiting.file.with_suffix(_DAMAGED))
                self._set_aside += 1

    def status(self) -> OutboxStatus:
        """How it is now."""
        with self._guard:
            oldest = next(iter(self._waiting.values()), None)
            return OutboxStatus(
                waiting=len(self._waiting),
                waiting_bytes=self._bytes,
                oldest_at=from_ms(oldest.start_ms) if oldest else None,
                dropped=self._dropped,
                set_aside=self._set_aside,
            )

    def close(self) -> None:
        """Lets go of the folder; it cannot be used afterwards."""
        os.close(self._lock)

    def _take_up(self) -> None:
        for part in self._folder.glob(f"*{_PART}"):
            part.unlink()
        self._set_aside = sum(1 for _ in self._folder.glob(f"*{_DAMAGED}"))
        for file in sorted(self._folder.glob("*.delivery")):
            if name := _NAME.fullmatch(file.name):
                waiting = _Waiting(file=file, start_ms=int(name[2]), size=file.stat().st_size)
                self._waiting[int(name[1])] = waiting
                self._bytes += waiting.size
        used = [int(file.name[:12]) for file in self._folder.iterdir() if file.name[:12].isdecimal()]
        self._next = max(used, default=0) + 1

    def _make_room(self, size: int) -> None:
        while self._waiting and self._bytes + size > self._most_bytes:
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
    """The delivery a file holds, or None where the file is damaged."""
    heading, _, body = content.partition(b"\n")
    if heading != _HEADING + hashlib.sha256(body).hexdigest().encode():
        return None
    key, _, data = body.partition(b"\n")
    return Delivery(key=key.decode(), data=data, start_ms=start_ms)
