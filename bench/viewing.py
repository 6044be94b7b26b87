"""Viewers of the pages that a bench serves: connections that ask as a browser does, and the process that answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit

import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection

_DRAWN_WITHIN_S: Final = 180.0
_AT_ONCE: Final = 4
_TRIED_AGAIN_S: Final = 0.5
_WELL: Final = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)

Viewer = TypeVar("Viewer")


async def come(viewers: list[Viewer], count: int, open_one: Callable[[], Awaitable[Viewer]]) -> None:
    """Opens viewers, some at a time, until there are so many."""
    while len(viewers) < count:
        viewers += await asyncio.gather(*(open_one() for _ in range(_AT_ONCE)))


async def connected(address: str, cookies: str = "", come_from: str = "127.0.0.1") -> ClientConnection:
    """A connection to the server of some pages, as a browser opens it.

    Args:
        address: of the server.
        cookies: of somebody who is signed in, as a browser sends them.
        come_from: the address of this machine that the connection is from.
    """
    # A page proves by its second subprotocol that it may read its cookies; without it Streamlit takes no login.
    proofs = [one.partition("=")[2] for one in cookies.split("; ") if one.startswith("_streamlit_xsrf=")]
    return await websockets.connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        subprotocols=[websockets.Subprotocol(name) for name in ("streamlit", *proofs)],
        origin=websockets.Origin(address),
        additional_headers={"Cookie": cookies} if cookies else {},
        max_size=None,
        local_addr=(come_from, 0),
    )


async def drawn(connection: ClientConnection, asked: BackMsg) -> list[ForwardMsg]:
    """All that the server sends until what was asked for is drawn.

    Raises:
        RuntimeError: it was not drawn, or says that something went wrong.
        TimeoutError: it takes minutes.
    """
    await connection.send(asked.SerializeToString())
    told: list[ForwardMsg] = []
    async with asyncio.timeout(_DRAWN_WITHIN_S):
        while not told or told[-1].WhichOneof("type") != "script_finished":
            told.append(ForwardMsg.FromString(await connection.recv(decode=False)))
    if told[-1].script_finished not in _WELL or "exception" in map(element_of, told):
        raise RuntimeError("the page was not drawn for a viewer")
    return told


async def drawn_again(
    address: str, cookies: str, asked: BackMsg, come_from: str = "127.0.0.1"
) -> tuple[ClientConnection, list[ForwardMsg], float]:
    """A new connection in place of one that was cut, as a page opens it, and what is drawn on it.

    A page whose connection was cut tries again until it has another, and then asks for the address that it shows.

    Returns:
        The connection, what came over it, and when it was there (`time.monotonic`).

    Raises:
        TimeoutError: it takes minutes.
    """
    async with asyncio.timeout(_DRAWN_WITHIN_S):
        while True:
            try:
                connection = await connected(address, cookies, come_from)
                there_s = time.monotonic()
                return connection, await drawn(connection, asked), there_s
            except (OSError, websockets.exceptions.WebSocketException):
                await asyncio.sleep(_TRIED_AGAIN_S)


def element_of(message: ForwardMsg) -> str | None:
    """The kind of element that a message puts on the page; None where it puts none."""
    return message.delta.new_element.WhichOneof("type") if message.WhichOneof("type") == "delta" else None


def server_of(address: str) -> psutil.Process:
    """The process that listens at an address of this machine."""
    port = urlsplit(address).port
    for connection in psutil.net_connections(kind="tcp"):
        listens_at = connection.laddr.port if connection.laddr and connection.status == psutil.CONN_LISTEN else None
        if listens_at == port and connection.pid:
            return psutil.Process(connection.pid)
    raise RuntimeError(f"nothing listens at {address}")
