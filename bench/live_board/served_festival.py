"""A festival on the pages: played by one process, served by another, as long as a bench looks at it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.dashboard.conftest import SERVER, serving

_SESSION: Final = "bench-festival"
BOARD: Final = f"/live/{_SESSION}"
SNAPSHOT: Final = f"{BOARD}/live.json"
_PATIENCE_S: Final = 60.0


@contextmanager
def served_festival() -> Iterator[str]:
    """The address of pages whose store a festival of ten stages is played into in real time; it has a board by now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'festival.db'}"
        command = [sys.executable, "-m", "houselights", "simulate", "festival", "--live", "--store", url]
        command += ["--session", _SESSION, "--truth", str(folder / "truth.json")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as festival:
            try:
                with serving(SERVER, HOUSELIGHTS_STORE=url) as address:
                    _wait_for_board(address)
                    yield address
            finally:
                festival.terminate()


def _wait_for_board(address: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address + SNAPSHOT, timeout=10) as answer:
                if b'"rank":1' in answer.read():
                    return
        except urllib.error.HTTPError:
            pass
        time.sleep(0.5)
    raise RuntimeError("the festival has no board")
