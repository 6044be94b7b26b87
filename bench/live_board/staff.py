"""Three hundred viewers of the staff's board: what each waits for when the page is drawn anew.

Viewers are connections that ask as a browser does: they have the page drawn once, then ask for the part that changes,
every five seconds, as the page tells browsers to. No browser shares the machine with them.
"""

from __future__ import annotations

import asyncio
import random
import time
from functools import partial
from typing import Final

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import ClientConnection

from bench.figures import Figure
from bench.live_board.served_festival import served_festival
from bench.viewing import come, connected, drawn

VIEWERS: Final = 300
MEASURED_S: Final = 30.0
_JITTER: Final = (0.9, 1.1)


def staff_figures() -> list[Figure]:
    """What the viewers waited for."""
    with served_festival() as address:
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
    viewers: list[tuple[ClientConnection, str, float]] = []
    try:
        await come(viewers, VIEWERS, partial(_opened, address))
        until = time.monotonic() + MEASURED_S
        return [waited for took in await asyncio.gather(*(_watch(*one, until) for one in viewers)) for waited in took]
    finally:
        for connection, _, _ in viewers:
            await connection.close()


async def _opened(address: str) -> tuple[ClientConnection, str, float]:
    """A viewer with the page drawn; which part is drawn anew, and how often, seconds."""
    connection = await connected(address)
    for message in await drawn(connection, _asked()):
        if message.WhichOneof("type") == "auto_rerun":
            return connection, message.auto_rerun.fragment_id, message.auto_rerun.interval
    raise RuntimeError("no part of the page is drawn anew by itself")


async def _watch(connection: ClientConnection, part: str, every_s: float, until: float) -> list[float]:
    took = []
    await asyncio.sleep(random.uniform(0, every_s))
    while time.monotonic() < until:
        began = time.monotonic()
        await drawn(connection, _asked(part))
        took.append(time.monotonic() - began)
        await asyncio.sleep(every_s * random.uniform(*_JITTER))
    return took


def _asked(part: str = "") -> BackMsg:
    """What a browser sends for the whole page, or for the part that is drawn anew by itself."""
    asked = BackMsg()
    asked.rerun_script.page_name = "board"
    asked.rerun_script.fragment_id = part
    asked.rerun_script.is_auto_rerun = bool(part)
    return asked
