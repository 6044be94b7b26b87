"""What one more viewer costs the server: memory, with the page drawn for them and their connection open.

Viewers are connections that ask for the page as a browser does and take all of it; no browser shares their memory.
"""

from __future__ import annotations

import asyncio
import tempfile
from typing import Any, Final

import psutil
import websockets
from scipy import stats
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from audience.stores import open_store
from bench.figures import Figure
from bench.review_parts.long_session import SESSION, put_long_session
from tests.dashboard.conftest import SERVER, serving

COUNTS: Final = (60, 80, 100, 120, 140, 160, 180, 200)
"""Memory is looked at after so many viewers; the first sixty warm the server up."""

_DRAWN_WITHIN_S: Final = 120
_AT_ONCE: Final = 4


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
    port = int(address.rpartition(":")[2])
    (server,) = [
        connection.pid
        for connection in psutil.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid
    ]
    process = psutil.Process(server)
    viewers: list[Any] = []
    megabytes = []
    try:
        for count in COUNTS:
            while len(viewers) < count:
                viewers += await asyncio.gather(*(_viewer(address) for _ in range(_AT_ONCE)))
            if any(viewer.state is not websockets.State.OPEN for viewer in viewers):
                raise RuntimeError("a viewer was let go of")
            megabytes.append(process.memory_full_info().uss / 1e6)
    finally:
        for viewer in viewers:
            await viewer.close()
    return megabytes


async def _viewer(address: str) -> Any:
    """An open connection for which the session's page was drawn, to its end and without an error."""
    stream = await websockets.connect(
        f"{address.replace('http', 'ws')}/_stcore/stream",
        subprotocols=[websockets.Subprotocol("streamlit")],
        origin=websockets.Origin(address),
        max_size=None,
    )
    asked = BackMsg()
    asked.rerun_script.query_string = f"session={SESSION}"
    asked.rerun_script.page_name = "session"
    await stream.send(asked.SerializeToString())
    charts = 0
    async with asyncio.timeout(_DRAWN_WITHIN_S):
        while True:
            message = ForwardMsg.FromString(await stream.recv())
            if message.WhichOneof("type") == "delta":
                charts += message.delta.new_element.WhichOneof("type") == "bidi_component"
            if message.WhichOneof("type") == "script_finished":
                break
    if not charts or message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
        raise RuntimeError("the page was not drawn for a viewer")
    return stream
