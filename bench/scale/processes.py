"""Two servers of the pages behind HAProxy, one of them killed under 300 signed-in viewers, each with a page open.

A viewer is a connection that asks and tries again as a browser's page does, with a login of their own, from an address
of their own. Work is lost where the page that a viewer gets back is not the one that they had.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection

from audience.stores import open_store
from bench.figures import Figure
from bench.viewing import drawn_again, element_of
from tests.dashboard.conftest import fill
from tests.dashboard.logins import as_header, login_cookies
from tests.two_dashboards import COOKIE_SECRET, Pair, two_dashboards

VIEWERS: Final = 300
REACH_S: Final = 5.0
_AT_ONCE: Final = 4
_PAGES: Final = ("session=talk-1", "session=fest-1", "session=nasty-1")
_PATIENCE_S: Final = 180.0


@dataclass(slots=True, kw_only=True)
class _Viewer:
    """A signed-in viewer with a page open.

    Attributes:
        cookies: as their browser sends them.
        address: that they come from.
        server: that the proxy gave them, "one" or "two".
        asked: for their page.
        connection: over which it is open.
        shown: the kinds of elements on it, each with how many.
    """

    cookies: str
    address: str
    server: str
    asked: BackMsg
    connection: ClientConnection
    shown: Counter[str | None]


def figures() -> Iterable[Figure]:
    """How long viewers of a killed server wait, and whether they have their pages back."""
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/bench.db"
        with open_store(url) as store:
            fill(store)
        with two_dashboards(Path(name), url) as pair:
            connected_s, drawn_s, lost = asyncio.run(_measured(pair))
    return [
        Figure(name=f"viewers whose server, one of two, was killed, of {VIEWERS}", value=len(drawn_s)),
        Figure(name="… who lost their page or their login", value=lost, reach=0, direction="exactly"),
        Figure(
            name="… until the last of them was connected to the other server",
            value=max(connected_s),
            unit="s",
            reach=REACH_S,
            direction="at most",
        ),
        Figure(name="… until half of them had their page drawn anew", value=float(np.median(drawn_s)), unit="s"),
        Figure(name="… until all of them had", value=max(drawn_s), unit="s"),
    ]


async def _measured(pair: Pair) -> tuple[list[float], list[float], int]:
    """Seconds from the kill until each was connected, and had their page; and how many had another one or none."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def arrive(number: int) -> _Viewer:
        async with room:
            return await _arrived(pair, number)

    viewers = await asyncio.gather(*map(arrive, range(VIEWERS)))
    cut = [viewer for viewer in viewers if viewer.server == "one"]
    killed_s = time.monotonic()
    pair.kill(pair.servers[0])
    back = await asyncio.gather(*(_back(pair, viewer) for viewer in cut))
    for viewer in viewers:
        await viewer.connection.close()
    return [one[0] - killed_s for one in back], [one[1] - killed_s for one in back], sum(not one[2] for one in back)


async def _arrived(pair: Pair, number: int) -> _Viewer:
    """A viewer who signed in and opened a page, by way of the proxy."""
    come_from = f"127.0.{1 + number // 200}.{1 + number % 200}"
    own = login_cookies(pair.address, secret=COOKIE_SECRET, sub=f"viewer-{number}", groups=["researchers"])
    transport = httpx.AsyncHTTPTransport(local_address=come_from)
    async with httpx.AsyncClient(transport=transport, timeout=_PATIENCE_S) as browser:
        # A server that has just begun may be too busy to answer: people load the page again.
        while (await browser.get(pair.address, headers={"Cookie": as_header(own)})).status_code != 200:
            await asyncio.sleep(1)
        server = browser.cookies["houselights_server"]
    cookies = as_header({**own, "houselights_server": server})
    asked = BackMsg()
    asked.rerun_script.page_name = "session"
    asked.rerun_script.query_string = _PAGES[number % len(_PAGES)]
    connection, told, _ = await drawn_again(pair.address, cookies, asked, come_from)
    shown = _kinds(told)
    return _Viewer(cookies=cookies, address=come_from, server=server, asked=asked, connection=connection, shown=shown)


async def _back(pair: Pair, viewer: _Viewer) -> tuple[float, float, bool]:
    """When a viewer was connected again, when their page was drawn, and whether it is the one they had."""
    await viewer.connection.wait_closed()
    viewer.connection, told, connected_s = await drawn_again(pair.address, viewer.cookies, viewer.asked, viewer.address)
    return connected_s, time.monotonic(), _kinds(told) == viewer.shown


def _kinds(told: list[ForwardMsg]) -> Counter[str | None]:
    return Counter(map(element_of, told))
