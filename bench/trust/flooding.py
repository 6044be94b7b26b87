"""How floods are made: one thing done over and over, on sockets, connections or by requests, for a bounded time."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

ANOTHER_CLIENT: Final = "203.0.113.200"
"""Whom the board is asked for meanwhile, as a proxy on this machine would name them."""

RERUN: Final = b"Z\x05\n\x03x=1"
"""A page's message that asks for a run: `BackMsg.rerun_script.query_string = "x=1"`."""

_PATIENCE_S: Final = 30.0


@dataclass(slots=True)
class Flood:
    """What became of a flood.

    Attributes:
        sent: connections, requests or messages that were sent whole.
        answered: answers, or sockets that were opened.
        refused: answers from 400, sockets that were not opened, connections that were hung up on.
    """

    sent: int = 0
    answered: int = 0
    refused: int = 0


async def board_waits(
    address: str, seconds: float, *, path: str = "/live/fest-1/live.json", every_s: float = 0.05
) -> list[float]:
    """How long somebody else waits for the board, each time on a connection of its own.

    Returns:
        Seconds from connecting to the answer's end, one for each time it was asked; `_PATIENCE_S` where no answer came.
    """
    ask = (
        f"GET {path} HTTP/1.1\r\nHost: {host(address)}\r\nX-Forwarded-For: {ANOTHER_CLIENT}\r\n"
        "Connection: close\r\n\r\n"
    )
    took = []
    until = time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_connection(*place(address))
                writer.write(ask.encode())
                answer = await reader.read(-1)
                writer.close()
            took.append(time.monotonic() - began if b" 200 " in answer[:20] else _PATIENCE_S)
        except OSError:  # a timeout is one too
            took.append(_PATIENCE_S)
        await asyncio.sleep(every_s)
    return took


def page(address: str, cookies: str) -> connect:
    """A page's WebSocket, to be opened with `async with`."""
    return connect(
        f"{address.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=["streamlit", *_proofs(cookies)],  # type: ignore[list-item]
        origin=address,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookies} if cookies else {},
        max_size=None,
        ping_interval=None,
        compression=None,
        open_timeout=_PATIENCE_S,
    )


async def on_sockets(
    address: str,
    seconds: float,
    cookies: str,
    sockets: int,
    send: Callable[[ClientConnection], Awaitable[object]],
) -> Flood:
    """Does one thing over and over on each of some WebSockets, which are opened again once they are closed."""
    place(address)
    told = Flood()
    until = time.monotonic() + seconds

    async def drain(socket: ClientConnection) -> None:
        with suppress(WebSocketException):
            async for _ in socket:
                pass

    async def keep() -> None:
        while time.monotonic() < until:
            try:
                async with page(address, cookies) as socket:
                    told.answered += 1
                    reading = asyncio.create_task(drain(socket))
                    try:
                        while time.monotonic() < until:
                            await asyncio.wait_for(send(socket), max(0.1, until - time.monotonic()))
                            told.sent += 1
                            if told.sent % 20 == 0:
                                await asyncio.sleep(0)
                    finally:
                        reading.cancel()
                        socket.transport.abort()
            except (OSError, WebSocketException):
                told.refused += 1
                await asyncio.sleep(0.02)

    await asyncio.gather(*(keep() for _ in range(sockets)))
    return told


def _proofs(cookies: str) -> list[str]:
    """By which a page proves that it may read its cookies; without it Streamlit takes no login."""
    return [part.partition("=")[2] for part in cookies.split("; ") if part.startswith("_streamlit_xsrf=")]


@asynccontextmanager
async def upload_head(address: str, cookies: str) -> AsyncIterator[bytes]:
    """What an upload begins with, but for its length; with a login that of a page which is open meanwhile."""
    session, more = "a", ""
    if cookies:
        async with page(address, cookies) as opened:
            await opened.send(RERUN)
            told = ForwardMsg()
            while told.WhichOneof("type") != "new_session":
                told = ForwardMsg.FromString(await opened.recv(decode=False))
            session = told.new_session.initialize.session_id
            more = f"Cookie: {cookies}\r\nX-Xsrftoken: {_proofs(cookies)[0]}\r\n"
            yield _upload(address, session, more)
    else:
        yield _upload(address, session, more)


def _upload(address: str, session: str, more: str) -> bytes:
    return (
        f"PUT /_stcore/upload_file/{session}/{time.monotonic_ns()} HTTP/1.1\r\nHost: {host(address)}\r\n{more}"
        "Content-Type: multipart/form-data; boundary=b\r\n"
    ).encode()


async def on_connections(
    address: str,
    seconds: float,
    connections: int,
    one: Callable[[asyncio.StreamReader, asyncio.StreamWriter, float], Awaitable[None]],
) -> Flood:
    """Keeps some connections open, each of which does one thing and is then opened again."""
    to = place(address)
    told = Flood()
    until = time.monotonic() + seconds

    async def keep() -> None:
        while time.monotonic() < until:
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection(*to), _PATIENCE_S)
            except OSError:
                told.refused += 1
                await asyncio.sleep(0.05)
                continue
            told.sent += 1
            try:
                await one(reader, writer, until)
                told.answered += 1
            except OSError:
                told.refused += 1
            finally:
                writer.transport.abort()

    await asyncio.gather(*(keep() for _ in range(connections)))
    return told


async def on_requests(
    address: str, seconds: float, cookies: str, connections: int, method: str, path: str, more: str
) -> Flood:
    """Asks for one path over and over on each of some connections."""
    ask = f"{method} {path} HTTP/1.1\r\nHost: {host(address)}\r\nCookie: {cookies}\r\n{more}\r\n".encode()
    told = Flood()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float) -> None:
        while time.monotonic() < until:
            writer.write(ask)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE_S)
            told.answered += head[9:10] in b"23"
            told.refused += head[9:10] in b"45"
            told.sent += 1
            fields = dict(line.split(": ", 1) for line in head.decode("latin-1").lower().split("\r\n")[1:-2])
            if "content-length" not in fields or fields.get("connection") == "close":
                return
            await reader.readexactly(int(fields["content-length"]))

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await one(reader, writer, until)

    opened = await on_connections(address, seconds, connections, read)
    told.refused += opened.refused
    return told


def place(address: str) -> tuple[str, int]:
    """Host and port; refuses whatever is not this machine."""
    parts = urlsplit(address)
    if not ipaddress.ip_address(parts.hostname or "").is_loopback:
        raise ValueError(f"{address} is not this machine")
    return parts.hostname or "", parts.port or 80


def host(address: str) -> str:
    return urlsplit(address).netloc
