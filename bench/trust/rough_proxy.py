"""A TCP proxy that treats connections roughly: it delays, cuts, half-closes, and delivers what was given up late."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_CHUNK_BYTES: Final = 1 << 16
_DELAYED_S: Final = (0.02, 0.5)
_HALF_OPEN_S: Final = 1.0
_GIVEN_UP_S: Final = 1.3  # longer than boto3 waits to be told to go on with a body
_LATE_S: Final = (1.5, 5.0)
_FATES: Final = {"delay": 0.04, "cut": 0.006, "half-close": 0.004, "deliver late": 0.006}
"""The chance of each, for a piece that is read from either end."""


@dataclass(slots=True)
class RoughProxy:
    """One proxy.

    Attributes:
        address: its own.
        fates: how often it did what.
        away: whether it hangs up on everybody for now.
    """

    address: str = ""
    fates: Counter[str] = field(default_factory=Counter)
    away: bool = False


@contextmanager
def rough_proxy(towards: str, chance: random.Random) -> Iterator[RoughProxy]:
    """A proxy in a thread of its own, on a free port of 127.0.0.1; it ends with the context.

    Args:
        towards: the address of what it leads to, `http://127.0.0.1:PORT`.
        chance: what happens to which piece.
    """
    proxy = RoughProxy()
    loop = asyncio.new_event_loop()
    stands = threading.Event()
    ending = asyncio.Event()

    async def serve() -> None:
        ways: set[asyncio.Task[None]] = set()

        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            way = asyncio.current_task()
            assert way is not None
            ways.add(way)
            way.add_done_callback(ways.discard)
            if proxy.away:
                writer.transport.abort()
                return
            await _Way(proxy, chance, reader, writer).go(towards)

        server = await asyncio.start_server(meet, "127.0.0.1", 0)
        proxy.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        stands.set()
        await ending.wait()
        server.close()
        for way in list(ways):
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="rough proxy")
    thread.start()
    try:
        stands.wait()
        yield proxy
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join()
        loop.close()


class _Way:
    """One connection through the proxy."""

    def __init__(
        self,
        proxy: RoughProxy,
        chance: random.Random,
        client_reader: asyncio.StreamReader,
        client_writer: asyncio.StreamWriter,
    ) -> None:
        self._proxy, self._chance = proxy, chance
        self._client_reader, self._client_writer = client_reader, client_writer

    async def go(self, towards: str) -> None:
        """Leads both ways until one end or the proxy has enough."""
        address = urlsplit(towards)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        both = [
            asyncio.create_task(self._pump(self._client_reader, writer, may_be_late=True)),
            asyncio.create_task(self._pump(reader, self._client_writer, may_be_late=False)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if any(one.done() and one.result() == "half-closed" for one in both):
                await asyncio.wait(both, timeout=_HALF_OPEN_S)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for end in (self._client_writer, writer):
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, may_be_late: bool) -> str:
        with suppress(OSError):
            while piece := await reader.read(_CHUNK_BYTES):
                fate = self._fate(may_be_late)
                if fate == "delay":
                    await asyncio.sleep(self._chance.uniform(*_DELAYED_S))
                elif fate == "cut":
                    writer.write(piece[: self._chance.randrange(len(piece))])
                    await writer.drain()
                    return "cut"
                elif fate == "half-close":
                    writer.write(piece)
                    writer.write_eof()
                    return "half-closed"
                elif fate == "deliver late":
                    await self._deliver_late(piece, reader, writer)
                    return "late"
                writer.write(piece)
                await writer.drain()
        return "ended"

    def _fate(self, may_be_late: bool) -> str:
        (fate,) = self._chance.choices([*_FATES, ""], [*_FATES.values(), 1 - sum(_FATES.values())])
        if fate == "deliver late" and not may_be_late:
            return ""
        if fate:
            self._proxy.fates[fate] += 1
        return fate

    async def _deliver_late(self, piece: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hangs up on the client, and lets what it sent arrive after what it sends next."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_GIVEN_UP_S):
                while more := await reader.read(_CHUNK_BYTES):
                    piece += more
        self._client_writer.transport.abort()
        await asyncio.sleep(self._chance.uniform(*_LATE_S))
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(_HALF_OPEN_S)  # until it was taken; nobody waits for the answer
