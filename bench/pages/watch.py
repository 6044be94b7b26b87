"""500 simulated viewers at home on one server: how long a figure is on its way to the store, and what leaves a browser.

Each viewer sends what the page sends: a row a second, every second and a half, over a connection of its own, to a
server process with the gate in front. A figure is on its way from the end of its second until a reader finds its window
in the store, which is where pages find it. The pictures that leave are counted by the test in a real browser, which is
run.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from audience.remote_audience import STAGE_ID
from audience.remote_figures import row_order
from audience.scorers import EXPRESSIONNET
from audience.stores import open_store
from bench.figures import Figure

VIEWERS: Final = 500
SEND_EVERY_S: Final = 1.5
WARM_S: Final = 10
MEASURED_S: Final = 40

_FACES: Final = np.random.default_rng(7).dirichlet(np.ones(len(row_order(EXPRESSIONNET))), 500).round(4).tolist()

_SERVER: Final = """
import json, sys
from datetime import UTC, datetime, timedelta
import psutil, socket, uvicorn
from starlette.applications import Starlette
from audience.sessions import Session
from audience.stores import open_store
from dashboard import remote_data
from dashboard.access.gate import Gate
from dashboard.data import store_url
from dashboard.pages.watch import routes
from starlette.middleware import Middleware

routes.can_measure = lambda: True
with open_store(store_url()) as store:
    store.put_session(Session(session_id="bench", started_at=datetime.now(UTC)))
audience = remote_data.open_audience("bench", valid_for=timedelta(days=1))
with socket.socket() as listening:
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)
    print(json.dumps([audience.token, audience.starts_ms, listening.getsockname()[1]]), flush=True)
    app = Starlette(routes=routes.watch_routes([]), middleware=[Middleware(Gate)])
    config = uvicorn.Config(app, log_config=None, lifespan="off", backlog=2048)
    uvicorn.Server(config).run(sockets=[listening])
"""


class _Viewer:
    """One viewer, by a connection that stays open."""

    def __init__(self, path: str, port: int) -> None:
        self._path, self._port = path, port
        self.refused = 0
        self.sent: list[int] = []

    async def watch(self, starts_ms: int, until: float) -> None:
        """Joins, and sends rows until then."""
        from dashboard.pages.watch.text import NOTICE

        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        joined = await self._post("join", {"notice": NOTICE, "consent": True, "adult": True, "home": True})
        # A page looks at each second soon after it began, and takes up to half a second for it.
        phase, rows = random.uniform(0, 0.5), []
        next_send = time.time() + random.uniform(0, SEND_EVERY_S)
        second = int(time.time() - starts_ms / 1000) + 1
        while time.time() < until:
            made = starts_ms / 1000 + second + phase
            await asyncio.sleep(max(0.0, min(made, next_send) - time.time()))
            if time.time() >= made:
                rows.append([second, random.choice(_FACES)])
                second += 1
            if time.time() >= next_send:
                sent, rows, next_send = rows, [], time.time() + SEND_EVERY_S
                said = await self._post("figures", {"viewer": joined["viewer"], "rows": sent}) if sent else {}
                self.refused += len(sent) - int(said.get("counted", 0))
                self.sent += [row[0] for row in sent]
        self._writer.close()

    async def _post(self, what: str, form: object) -> dict[str, Any]:
        body = json.dumps(form).encode()
        head = f"POST {self._path}/{what} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in answer.lower().split(b"\r\n")[1:] if line)
        said: dict[str, Any] = json.loads(await self._reader.readexactly(int(fields[b"content-length"])))
        return said


def _ways(url: str, starts_ms: int, until: float) -> tuple[list[float], int]:
    """Of each figure, seconds from the end of its second until it was found in the store; and how many were found."""
    ways: list[float] = []
    found: dict[int, int] = {}
    with open_store(url) as store:
        while time.time() < until:
            now = time.time()
            table = store.windows("bench", STAGE_ID, from_ms=round(1000 * (now - 15)) // 1000 * 1000)
            for start_ms, viewers in zip(table.start_ms.tolist(), table.expected.tolist(), strict=True):
                new = viewers - found.get(start_ms, 0)
                found[start_ms] = viewers
                ways += [now - (start_ms / 1000 + 1)] * (new if start_ms / 1000 > starts_ms / 1000 + WARM_S else 0)
            time.sleep(0.1)
    return ways, sum(found.values())


def figures() -> Iterator[Figure]:
    """The way of a figure, what was lost, and what of a core the server took; then the pictures."""
    import psutil

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        environment = {**os.environ, "HOUSELIGHTS_STORE": url}
        with subprocess.Popen(
            [sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True, env=environment
        ) as server:
            try:
                assert server.stdout is not None
                token, starts_ms, port = json.loads(server.stdout.readline())
                until = time.time() + WARM_S + MEASURED_S
                viewers = [_Viewer(f"/watch/{token}", port) for _ in range(VIEWERS)]
                process = psutil.Process(server.pid)
                before, began = process.cpu_times(), time.monotonic()

                async def all_of_them() -> list[float]:
                    looking = asyncio.to_thread(_ways, url, starts_ms, until + 5)
                    task = asyncio.create_task(looking)
                    await asyncio.gather(*(one.watch(starts_ms, until) for one in viewers))
                    return (await task)[0]

                ways = asyncio.run(all_of_them())
                after, lasted_s = process.cpu_times(), time.monotonic() - began
                memory = process.memory_info().rss / 2**20
            finally:
                server.terminate()
        with open_store(url) as store:
            kept = int(store.windows("bench", STAGE_ID).expected.sum())
    sent = sum(len(one.sent) for one in viewers)
    yield Figure(
        name=f"{VIEWERS} viewers at home, one process: a figure's way to the store, 95th percentile",
        value=float(np.quantile(ways, 0.95)),
        unit="s",
        reach=3.0,
        direction="at most",
    )
    yield Figure(name=f"{VIEWERS} viewers: a figure's way, median", value=float(np.median(ways)), unit="s")
    yield Figure(name=f"{VIEWERS} viewers: rows sent that count in the store", value=kept / sent, reach=0.99)
    yield Figure(name=f"{VIEWERS} viewers: rows refused", value=sum(one.refused for one in viewers))
    cores = (after.user + after.system - before.user - before.system) / lasted_s
    yield Figure(name=f"{VIEWERS} viewers: of one core, the server", value=cores)
    yield Figure(name=f"{VIEWERS} viewers: memory of the server", value=memory, unit="MB")
    yield Figure(
        name="pictures that leave a viewer's browser, in a journey by a real one",
        value=_pictures(),
        reach=0,
        direction="exactly",
    )


def _pictures() -> float:
    """0 if the journey in a real browser sent numbers alone, which its test checks of every request; else 1."""
    test = "tests/dashboard/test_watch_in_a_browser.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", test]
    ran = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    return 0.0 if ran.returncode == 0 and " passed" in ran.stdout else 1.0
