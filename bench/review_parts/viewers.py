"""What one more viewer costs the server: memory, with the page drawn for them and their connection open.

Viewers are connections that ask for the page as a browser does and take all of it; no browser shares their memory.
"""

from __future__ import annotations

import asyncio
import tempfile
from functools import partial
from typing import Final

import websockets
from scipy import stats
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import ClientConnection

from audience.stores import open_store
from bench.figures import Figure
from bench.review_parts.long_session import SESSION, put_long_session
from bench.viewing import come, connected, drawn, element_of, server_of
from tests.dashboard.conftest import SERVER, serving

COUNTS: Final = (60, 80, 100, 120, 140, 160, 180, 200)
"""Memory is looked at after so many viewers; the first sixty warm the server up."""


def memory_per_viewer() -> list[Figure]:
    """How fast the server's own memory (not shared with other processes) grows with its viewers.

    The slope is that of Theil and Sen, the median over all pairs of counts: now and then the server gives some tens of
    megabytes back at once, and that is nobody's doing.
    """
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/bench.db"
        with open_store(url) as store:
            put_long_session(store)
        with serving(SERVER, HOUSELIGHTS_STORE=url) as address:
            megabytes = asyncio.run(_measured(address))
    return [
        Figure(
            name=f"memory of the server for each viewer of 3 hours, from {COUNTS[0]} to {COUNTS[-1]}",
            value=float(stats.theilslopes(megabytes, COUNTS).slope),
            unit="MB",
            reach=0.7,
            direction="at most",
        ),
        Figure(name=f"memory of the server with {COUNTS[-1]} viewers", value=megabytes[-1], unit="MB"),
    ]


async def _measured(address: str) -> list[float]:
    server = server_of(address)
    viewers: list[ClientConnection] = []
    megabytes = []
    try:
        for count in COUNTS:
            await come(viewers, count, partial(_viewer, address))
            if any(viewer.state is not websockets.State.OPEN for viewer in viewers):
                raise RuntimeError("a viewer was let go of")
            megabytes.append(server.memory_full_info().uss / 1e6)
    finally:
        for viewer in viewers:
            await viewer.close()
    return megabytes


async def _viewer(address: str) -> ClientConnection:
    """An open connection for which the session's page was drawn, to its end and without an error."""
    connection = await connected(address)
    asked = BackMsg()
    asked.rerun_script.query_string = f"session={SESSION}"
    asked.rerun_script.page_name = "session"
    if "bidi_component" not in map(element_of, await drawn(connection, asked)):
        raise RuntimeError("the page was drawn for a viewer without its picture")
    return connection
