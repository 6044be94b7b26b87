"""Clients that misbehave, each bounded in time, and what somebody else waits for the board meanwhile.

Each flood is a coroutine function of `FLOODS`: it is given the server's address (`http://127.0.0.1:8501`), for how long
it goes on (seconds) and the cookies it sends ("" for somebody without a login), and tells what became of it.
`python -m bench.trust.floods KIND ADDRESS SECONDS [COOKIES]` runs one in a process of its own, so that what it costs
itself is not taken for the server's.

They go to loopback addresses only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Final

from websockets.asyncio.client import ClientConnection

from bench.trust.flooding import RERUN, Flood, board_waits, host, on_connections, on_requests, on_sockets, upload_head

__all__ = ["FLOODS", "Flood", "board_waits"]


async def reruns(address: str, seconds: float, cookies: str = "", *, sockets: int = 4) -> Flood:
    """Asks for the page to be run again, on several sockets, as often as the server takes it."""
    return await on_sockets(address, seconds, cookies, sockets, lambda socket: socket.send(RERUN))


async def large_messages(address: str, seconds: float, cookies: str = "") -> Flood:
    """Sends messages of 8 MB on four sockets."""
    large = b"Z" + bytes(8_000_000)
    return await on_sockets(address, seconds, cookies, 4, lambda socket: socket.send(large))


async def fragments(address: str, seconds: float, cookies: str = "") -> Flood:
    """Sends messages of four thousand fragments with nothing in them, on four sockets."""

    async def send(socket: ClientConnection) -> None:
        await socket.send([b""] * 4000)

    return await on_sockets(address, seconds, cookies, 4, send)


async def pings(address: str, seconds: float, cookies: str = "") -> Flood:
    """Sends pings on four sockets, and reads none of the answers' waits."""

    async def send(socket: ClientConnection) -> None:
        await socket.ping()

    return await on_sockets(address, seconds, cookies, 4, send)


async def half_requests(address: str, seconds: float, cookies: str = "", *, connections: int = 2000) -> Flood:
    """Keeps connections open that send a header line now and then and never end their request."""
    begun = f"GET /live/fest-1 HTTP/1.1\r\nHost: {host(address)}\r\n".encode()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float) -> None:
        writer.write(begun)
        while time.monotonic() < until:
            with suppress(TimeoutError):
                if not await asyncio.wait_for(reader.read(1000), 2):
                    return
            writer.write(b"X-More: 1\r\n")

    return await on_connections(address, seconds, connections, one)


async def half_bodies(address: str, seconds: float, cookies: str = "", *, connections: int = 500) -> Flood:
    """Keeps uploads open that say they are of 50 MB and send a byte every two seconds."""
    async with upload_head(address, cookies) as head:
        begun = head + b"Content-Length: 50000000\r\n\r\n"

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float) -> None:
            writer.write(begun)
            while time.monotonic() < until:
                writer.write(b"-")
                with suppress(TimeoutError):
                    if not await asyncio.wait_for(reader.read(1000), 2):
                        return

        return await on_connections(address, seconds, connections, one)


async def silent_connections(address: str, seconds: float, cookies: str = "", *, connections: int = 4000) -> Flood:
    """Keeps connections open that say nothing at all."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), until - time.monotonic())

    return await on_connections(address, seconds, connections, one)


async def new_connections(address: str, seconds: float, cookies: str = "") -> Flood:
    """Connects and hangs up, eight at a time, as fast as it goes."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float) -> None:
        return

    return await on_connections(address, seconds, 8, one)


async def uploads(address: str, seconds: float, cookies: str = "", *, megabytes: int = 20) -> Flood:
    """Sends files one after the other, eight at a time, each in chunks that do not say how long it is."""
    chunk = b"%x\r\n%b\r\n" % (65536, bytes(65536))
    first = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n'
    async with upload_head(address, cookies) as head:
        begun = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(first), first)

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float) -> None:
            writer.write(begun)
            for _ in range(megabytes * 16):
                writer.write(chunk)
                await writer.drain()
            last = b"\r\n--b--\r\n"
            writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(last), last))
            await asyncio.wait_for(reader.read(1000), 5)

        return await on_connections(address, seconds, 8, one)


async def ranges(
    address: str, seconds: float, cookies: str = "", *, path: str = "/recordings/0", connections: int = 16
) -> Flood:
    """Asks for a recording in two thousand overlapping parts at once, again and again."""
    parts = ",".join(f"{start}-" for start in range(2000))
    return await on_requests(address, seconds, cookies, connections, "GET", path, f"Range: bytes={parts}\r\n")


async def requests(
    address: str, seconds: float, cookies: str = "", *, path: str = "/live/nowhere/live.json", connections: int = 64
) -> Flood:
    """Asks for what is not there on connections that stay open, as fast as it is answered."""
    return await on_requests(address, seconds, cookies, connections, "GET", path, "")


async def pipelined(address: str, seconds: float, cookies: str = "") -> Flood:
    """Sends a thousand requests at once, on four connections, and reads no answer."""
    many = f"GET /live/fest-1/live.json HTTP/1.1\r\nHost: {host(address)}\r\n\r\n".encode() * 1000

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float) -> None:
        while time.monotonic() < until and not writer.is_closing():
            writer.write(many)
            await asyncio.wait_for(writer.drain(), max(0.1, until - time.monotonic()))

    return await on_connections(address, seconds, 4, one)


async def large_headers(address: str, seconds: float, cookies: str = "") -> Flood:
    """Sends a header of 32 MB, eight at a time."""
    line = b"X: " + b"x" * 65000 + b"\r\n"

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float) -> None:
        writer.write(f"GET / HTTP/1.1\r\nHost: {host(address)}\r\n".encode())
        for _ in range(500):
            writer.write(line)
            await writer.drain()

    return await on_connections(address, seconds, 8, one)


async def sign_ins(address: str, seconds: float, cookies: str = "") -> Flood:
    """Begins to sign in, on eight connections, as fast as it is answered."""
    return await on_requests(address, seconds, cookies, 8, "GET", "/auth/login", "")


FLOODS: Final[Mapping[str, Callable[..., Coroutine[object, object, Flood]]]] = {
    flood.__name__: flood
    for flood in (
        reruns,
        large_messages,
        fragments,
        pings,
        half_requests,
        half_bodies,
        silent_connections,
        new_connections,
        uploads,
        ranges,
        requests,
        pipelined,
        large_headers,
        sign_ins,
    )
}


def main() -> int:
    """Runs the flood that is named, and tells what became of it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.trust.floods", description=__doc__)
    parser.add_argument("kind", choices=FLOODS)
    parser.add_argument("address")
    parser.add_argument("seconds", type=float)
    parser.add_argument("cookies", nargs="?", default="")
    arguments = parser.parse_args()

    async def run() -> Flood:
        return await FLOODS[arguments.kind](arguments.address, arguments.seconds, arguments.cookies)

    print(json.dumps(asdict(asyncio.run(run()))))  # noqa: T201 - this is a command line
    return 0


if __name__ == "__main__":
    sys.exit(main())
