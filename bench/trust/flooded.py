"""What others wait for the public board while one client floods the server, a kind of flood after another.

The pages are served to others, as behind a proxy on the same machine: the client that floods is at one address, and the
board is asked for another's. Each kind comes from somebody without a login, and where a login opens more, from somebody
who is signed in. Server, flood and whoever asks are processes of their own and share the machine.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg

from audience.stores import open_store
from bench.figures import Figure
from bench.trust.floods import FLOODS, Flood, board_waits
from bench.viewing import connected, drawn, server_of
from tests.builders import a_progress
from tests.dashboard.conftest import fill
from tests.dashboard.logins import SECRET, as_header, login_cookies
from tests.dashboard.test_access_served import ACCESS, PROVIDER, free_port, running
from tests.dashboard.test_recordings import a_recording

_FLOOD_S: Final = 8.0
_BEGUN_S: Final = 2.0
"""After so long a flood is one."""

_BEHIND_A_LOGIN: Final = ("reruns", "large_messages", "half_bodies", "uploads", "ranges", "requests")
_RECORDING: Final = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 40_000
_LOOK_EVERY_S: Final = 0.2
_TRIES: Final = 30
_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Pages that are served to others.

    Attributes:
        address: of the server.
        cookies: of somebody who is signed in and may see every session.
        recording: the path of a recording of 10 MB that they may be shown.
    """

    address: str
    cookies: str
    recording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody else was answered meanwhile.

    Attributes:
        took_s: how long each answer took, seconds; as long as patience lasts where there was none.
        peak_mb: the most memory the server had.
        flood: what the one who flooded was answered.
    """

    took_s: list[float]
    peak_mb: float
    flood: Flood


def figures() -> Iterator[Figure]:
    """What others wait, kind by kind; and the server's memory."""
    peak_mb = worst_ms = 0.0
    kinds = [(kind, False) for kind in FLOODS] + [(kind, True) for kind in _BEHIND_A_LOGIN]
    with served_to_others() as served:
        before_mb = server_of(served.address).memory_info().rss / _MB
        for kind, signed_in in kinds:
            asked = asyncio.run(flooded(served, kind, signed_in=signed_in))
            waited_ms = 1000 * float(np.quantile(asked.took_s, 0.95))
            peak_mb, worst_ms = max(peak_mb, asked.peak_mb), max(worst_ms, waited_ms)
            who = ", signed in" if signed_in else ""
            yield Figure(
                name=f"board for others, one client floods with {kind.replace('_', ' ')}{who}: 95th percentile",
                value=waited_ms,
                unit="ms",
                reach=100,
                direction="at most",
            )
    yield Figure(
        name="board for others while one client floods, worst kind: 95th percentile",
        value=worst_ms,
        unit="ms",
        reach=100,
        direction="at most",
    )
    yield Figure(name="server under all floods: memory over that at rest", value=peak_mb - before_mb, unit="MB")


@contextmanager
def served_to_others() -> Iterator[Served]:
    """Pages with a festival in their store, and a provider to sign in at."""
    with tempfile.TemporaryDirectory() as name:
        folder, port, provider = Path(name), free_port(), free_port()
        url = f"sqlite:///{folder / 'houselights.db'}"
        recording = a_recording(folder / "videos" / "talk.mp4", _RECORDING)
        with open_store(url) as store:
            fill(store)
            store.put_windows([], progress=replace(a_progress(session_id="talk-1"), fingerprint=recording))
        (folder / "access.toml").write_text(ACCESS.format(port=port))
        (folder / ".streamlit").mkdir()
        secrets = PROVIDER.format(port=port, provider=provider, cookie=SECRET)
        (folder / ".streamlit" / "secrets.toml").write_text(secrets)
        pages = ["houselights", "dashboard", "--access", "access.toml", "--port", str(port), "--videos", "videos"]
        with (
            running("oidc_provider_mock", "--port", str(provider), port=provider, folder=folder),
            running(*pages, "--store", url, port=port, folder=folder),
        ):
            address = f"http://127.0.0.1:{port}"
            cookies = as_header(login_cookies(address, sub="anna", groups=["researchers"]))
            asyncio.run(_has_board(address))
            asyncio.run(_find_recording(address, cookies))
            yield Served(address=address, cookies=cookies, recording=f"/recordings/{recording}")


async def flooded(served: Served, kind: str, *, signed_in: bool = False, seconds: float = _FLOOD_S) -> Asked:
    """Asks for the board while one client floods.

    Args:
        served: the pages.
        kind: of `FLOODS`.
        signed_in: whether the client that floods is.
        seconds: for how long.
    """
    server, peak_mb = server_of(served.address), 0.0
    context = multiprocessing.get_context("spawn")
    told, tells = context.Pipe(duplex=False)
    flood = context.Process(target=_flood, args=(tells, kind, served, signed_in, _BEGUN_S + seconds + 1), daemon=True)
    flood.start()
    tells.close()
    try:
        await asyncio.to_thread(told.recv)  # it has imported what it needs
        await asyncio.sleep(_BEGUN_S)
        waits = asyncio.create_task(board_waits(served.address, seconds))
        while not waits.done():
            peak_mb = max(peak_mb, server.memory_info().rss / _MB)
            await asyncio.sleep(_LOOK_EVERY_S)
        done: Flood = await asyncio.to_thread(told.recv)
        if not done.sent + done.refused:
            raise RuntimeError(f"the flood of {kind} did nothing")
    finally:
        flood.kill()
        flood.join()
        told.close()
    return Asked(took_s=waits.result(), peak_mb=peak_mb, flood=done)


def _flood(tells: Connection, kind: str, served: Served, signed_in: bool, seconds: float) -> None:
    """In a process of its own, so that what it costs itself is not taken for the server's."""
    tells.send("begins")
    options = {"path": served.recording} if kind == "ranges" else {}
    tells.send(asyncio.run(FLOODS[kind](served.address, seconds, served.cookies if signed_in else "", **options)))


async def _has_board(address: str) -> None:
    for _ in range(_TRIES):
        if max(await board_waits(address, 0.05)) < 1:
            return
    raise RuntimeError("the festival has no board")


async def _find_recording(address: str, cookies: str) -> None:
    """Opens the session's page: what no page has found is served to nobody."""
    asked = BackMsg()
    asked.rerun_script.page_name = "session"
    asked.rerun_script.query_string = "session=talk-1"
    connection = await connected(address, cookies)
    await drawn(connection, asked)
    await connection.close()
