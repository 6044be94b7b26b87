"""What others wait for the public board while one client floods the server, a kind of flood after another.

The pages are served to others, as behind a proxy on the same machine: the client that floods is at one address, and the
board is asked for another's. Server, flood and whoever asks are processes of their own and share the machine.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from audience.stores import open_store
from bench.figures import Figure
from bench.trust.floods import FLOODS, board_waits
from bench.viewing import server_of
from tests.dashboard.conftest import fill
from tests.dashboard.test_access_served import ACCESS, PROVIDER, free_port, running

_FLOOD_S: Final = 8.0
_BEGUN_S: Final = 2.0
"""After so long a flood is one."""

_LOOK_EVERY_S: Final = 0.2
_TRIES: Final = 30
_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody else was answered meanwhile.

    Attributes:
        took_s: how long each answer took, seconds; as long as patience lasts where there was none.
        peak_mb: the most memory the server had.
    """

    took_s: list[float]
    peak_mb: float


def figures() -> Iterator[Figure]:
    """What others wait, kind by kind; and the server's memory."""
    peak_mb = 0.0
    with served_to_others() as address:
        before_mb = server_of(address).memory_info().rss / _MB
        for kind in FLOODS:
            asked = asyncio.run(flooded(address, kind))
            peak_mb = max(peak_mb, asked.peak_mb)
            yield Figure(
                name=f"board for others while one client floods, {kind.replace('_', ' ')}: 95th percentile",
                value=1000 * float(np.quantile(asked.took_s, 0.95)),
                unit="ms",
                reach=100,
                direction="at most",
            )
    yield Figure(name="server under all floods: memory over that at rest", value=peak_mb - before_mb, unit="MB")


@contextmanager
def served_to_others() -> Iterator[str]:
    """The address of pages that are served to others, with a festival in their store and a provider to sign in at."""
    with tempfile.TemporaryDirectory() as name:
        folder, port, provider = Path(name), free_port(), free_port()
        url = f"sqlite:///{folder / 'houselights.db'}"
        with open_store(url) as store:
            fill(store)
        (folder / "access.toml").write_text(ACCESS.format(port=port))
        (folder / ".streamlit").mkdir()
        secrets = PROVIDER.format(port=port, provider=provider, cookie="a secret of cookies, long enough to be one")
        (folder / ".streamlit" / "secrets.toml").write_text(secrets)
        pages = ["houselights", "dashboard", "--access", "access.toml", "--port", str(port), "--store", url]
        with (
            running("oidc_provider_mock", "--port", str(provider), port=provider, folder=folder),
            running(*pages, port=port, folder=folder),
        ):
            address = f"http://127.0.0.1:{port}"
            asyncio.run(_has_board(address))
            yield address


async def flooded(address: str, kind: str, *, cookies: str = "", seconds: float = _FLOOD_S) -> Asked:
    """Asks for the board while one client floods.

    Args:
        address: of the server.
        kind: of `FLOODS`.
        cookies: of the client that floods; "" for somebody without a login.
        seconds: for how long.
    """
    server, peak_mb = server_of(address), 0.0
    command = [sys.executable, "-m", "bench.trust.floods", kind, address, str(_BEGUN_S + seconds), cookies]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as flood:
        try:
            await asyncio.sleep(_BEGUN_S)
            waits = asyncio.create_task(board_waits(address, seconds))
            while not waits.done():
                peak_mb = max(peak_mb, server.memory_info().rss / _MB)
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            flood.kill()
    return Asked(took_s=waits.result(), peak_mb=peak_mb)


async def _has_board(address: str) -> None:
    for _ in range(_TRIES):
        if max(await board_waits(address, 0.05)) < 1:
            return
    raise RuntimeError("the festival has no board")
