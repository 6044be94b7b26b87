"""Three hundred viewers of the staff's board: what each waits for when the page is drawn anew.

Viewers are connections that ask as a browser does: they have the page drawn once, then ask for the part that changes,
every five seconds, as the page tells browsers to. No browser shares the machine with them.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench.figures import Figure
from bench.live_board.phones import SESSION, festival, until_there
from tests.dashboard.conftest import SERVER, serving

VIEWERS: Final = 300
MEASURED_S: Final = 30.0
_DRAWN_WITHIN_S: Final = 180.0
_AT_ONCE: Final = 4
_JITTER: Final = (0.9, 1.1)


def staff_figures() -> list[Figure]:
    """What the viewers waited for."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'festival.db'}"
        with festival(url), serving(SERVER, HOUSELIGHTS_STORE=url) as address:
            until_there(f"{address}/live/{SESSION}/live.json")
            took = asyncio.run(_watched(address))
    return [
        Figure(
            name=f"{VIEWERS} viewers of the staff's board, drawn anew every 5 s: 95th percentile",
            value=1000 * float(np.quantile(took, 0.95)),
            unit="ms",
            reach=500,
            direction="at most",
        ),
        Figure(name=f"{VIEWERS} viewers of the staff's board: median", value=1000 * float(np.median(took)), unit="ms"),
        Figure(name=f"{VIEWERS} viewers of the staff's board: drawn anew a second", value=len(took) / MEASURED_S),
    ]


async def _watched(address: str) -> list[float]:
    """How long each drawing anew took, seconds, once all viewers are there."""
    viewers: list[tuple[Any, str, float]] = []
    try:
        while len(viewers) < VIEWERS:
            viewers += await asyncio.gather(*(_opened(address) for _ in range(_AT_ONCE)))
        until = time.monotonic() + MEASURED_S
        return [waited for took in await asyncio.gather(*(_watch(*one, until) for one in viewers)) for waited in took]
    finally:
        for stream, _, _ in viewers:
            await stream.close()


async def _opened(address: str) -> tuple[Any, str, float]:
    """A viewer with the page drawn; which part is drawn anew, and how often, seconds."""
    stream = await websockets.connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        subprotocols=[websockets.Subprotocol("streamlit")],
        origin=websockets.Origin(address),
        max_size=None,
    )
    asked = BackMsg()
    asked.rerun_script.page_name = "board"
    await stream.send(asked.SerializeToString())
    part, every_s = "", 0.0
    async with asyncio.timeout(_DRAWN_WITHIN_S):
        while True:
            message = ForwardMsg.FromString(await stream.recv())
            if message.WhichOneof("type") == "auto_rerun":
                part, every_s = message.auto_rerun.fragment_id, message.auto_rerun.interval
            if message.WhichOneof("type") == "script_finished":
                break
    if not part or message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
        raise RuntimeError("the page was not drawn for a viewer")
    return stream, part, every_s


async def _watch(stream: Any, part: str, every_s: float, until: float) -> list[float]:
    took = []
    await asyncio.sleep(random.uniform(0, every_s))
    while time.monotonic() < until:
        asked = BackMsg()
        asked.rerun_script.fragment_id = part
        asked.rerun_script.is_auto_rerun = True
        asked.rerun_script.page_name = "board"
        began = time.monotonic()
        await stream.send(asked.SerializeToString())
        async with asyncio.timeout(_DRAWN_WITHIN_S):
            while ForwardMsg.FromString(await stream.recv()).WhichOneof("type") != "script_finished":
                pass
        took.append(time.monotonic() - began)
        await asyncio.sleep(every_s * random.uniform(*_JITTER))
    return took
