"""Three thousand phones on the public board: what each waits for, served by the app that serves the pages.

A phone is a connection that stays open and asks every two seconds, as the page's script does, with what it has last.
The phones are another process than the server; both share the machine, with a festival that is played beside them.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from bench.figures import Figure
from bench.live_board.served_festival import SNAPSHOT, served_festival
from bench.viewing import server_of

PHONES: Final = 3000
EVERY_S: Final = 2.0
_JITTER: Final = (0.85, 1.15)
WARM_S, MEASURED_S = 10.0, 30.0


class Phone(asyncio.Protocol):
    """One phone: asks, waits for the answer to its end, and asks again."""

    def __init__(self, path: str, host: str, took: list[tuple[float, float]], wrong: list[str]) -> None:
        """Not connected yet.

        Args:
            path, host: what to ask for, and of whom.
            took: gets (when it asked by the monotonic clock, how long it waited), seconds.
            wrong: gets what went wrong.
        """
        self._ask = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n"
        self._took, self._wrong = took, wrong
        self._etag = ""
        self._answer = b""
        self._asked_at = 0.0
        self._stopped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to ask, at an instant of its own."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        asyncio.get_running_loop().call_later(random.uniform(0, EVERY_S), self._look)

    def data_received(self, data: bytes) -> None:
        """Takes in an answer."""
        self._answer += data
        head, parted, body = self._answer.partition(b"\r\n\r\n")
        if not parted:
            return
        fields = dict(line.split(": ", 1) for line in head.decode("latin-1").lower().split("\r\n")[1:])
        status = head.split(b" ", 2)[1]
        if len(body) < (0 if status == b"304" else int(fields["content-length"])):
            return
        if status not in (b"200", b"304"):
            self._wrong.append(status.decode())
        self._etag = fields.get("etag", self._etag)
        self._waited()
        self._answer = b""
        wait_s = EVERY_S * random.uniform(*_JITTER)
        asyncio.get_running_loop().call_later(wait_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that ends before the bench does is an error."""
        if not self._stopped:
            self._wrong.append(f"connection lost: {exc}")

    def stop(self) -> None:
        """Hangs up; an answer that is not there yet has taken so long at least."""
        self._stopped = True
        self._waited()
        self._transport.close()

    def _waited(self) -> None:
        if self._asked_at:
            self._took.append((self._asked_at, time.monotonic() - self._asked_at))
            self._asked_at = 0.0

    def _look(self) -> None:
        if self._stopped or self._transport.is_closing():
            return
        has = f"If-None-Match: {self._etag}\r\n" if self._etag else ""
        self._asked_at = time.monotonic()
        self._transport.write(f"{self._ask}{has}\r\n".encode())


async def _watch(address: str, path: str, phones: int) -> tuple[list[float], list[str]]:
    """How long answers took, seconds, after a while of warming up; and what went wrong."""
    host, port = urlsplit(address).hostname or "", urlsplit(address).port or 80
    took: list[tuple[float, float]] = []
    wrong: list[str] = []
    loop = asyncio.get_running_loop()
    watching: list[Phone] = []
    for _ in range(phones):
        _, phone = await loop.create_connection(lambda: Phone(path, f"{host}:{port}", took, wrong), host, port)
        watching.append(phone)
    measured_from = time.monotonic() + WARM_S
    await asyncio.sleep(WARM_S + MEASURED_S)
    for phone in watching:
        phone.stop()
    return [waited for asked_at, waited in took if asked_at >= measured_from], wrong


def phone_figures() -> list[Figure]:
    """What the phones waited for, and what of a core the server took."""
    with served_festival() as address:
        server = server_of(address)
        before, began = server.cpu_times(), time.monotonic()
        took, wrong = asyncio.run(_watch(address, SNAPSHOT, PHONES))
        after, lasted_s = server.cpu_times(), time.monotonic() - began
    cores = (after.user + after.system - before.user - before.system) / lasted_s
    return [
        Figure(
            name=f"{PHONES:,} phones, an update every 2 s: time to the answer, 95th percentile",
            value=1000 * float(np.quantile(took, 0.95)),
            unit="ms",
            reach=50,
            direction="at most",
        ),
        Figure(name=f"{PHONES:,} phones: time to the answer, median", value=1000 * float(np.median(took)), unit="ms"),
        Figure(name=f"{PHONES:,} phones: answers a second", value=len(took) / MEASURED_S),
        Figure(name=f"{PHONES:,} phones: errors", value=len(wrong), reach=0, direction="exactly"),
        Figure(name=f"{PHONES:,} phones: of one core, the server", value=cores),
    ]
