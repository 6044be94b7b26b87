"""How long it takes from a face before a camera to the public board, scored on the same machine as all else runs on.

A clip plays at its own speed into `houselights watch`, which writes to SQLite; the pages' server makes the board out of
it, and a phone asks for that ten times a second. A window counts from its end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

import numpy as np

from bench.figures import Figure
from tests.dashboard.conftest import SERVER, serving
from training.corpus import data_folder

SESSION: Final = "bench-delay"
_LOOK_EVERY_S: Final = 0.1
_GOES_ON_S: Final = 5.0


def delay_figures() -> list[Figure]:
    """From the end of a window to the first board that holds it."""
    clip = data_folder() / "clips" / "audience.mp4"
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'festival.db'}"
        with serving(SERVER, HOUSELIGHTS_STORE=url) as address:
            delays = _delays_s(clip, url, f"{address}/live/{SESSION}/live.json")
    return [
        Figure(
            name="capture to board, scored on the device, one machine, 95th percentile",
            value=float(np.quantile(delays, 0.95)),
            unit="s",
            reach=3,
            direction="at most",
        ),
        Figure(name="capture to board, median", value=float(np.median(delays)), unit="s"),
        Figure(name="capture to board: windows", value=len(delays)),
    ]


def _delays_s(clip: Path, url: str, address: str) -> list[float]:
    command = [sys.executable, "-m", "houselights", "watch", f"file:{clip}", "--session", SESSION, "--store", url]
    delays: list[float] = []
    newest_ms = 0
    ended_at: float | None = None
    with subprocess.Popen([*command, "--kind", "festival"], stderr=subprocess.DEVNULL) as camera:
        while ended_at is None or time.monotonic() - ended_at < _GOES_ON_S:
            seen_ms = _newest_window_ms(address)
            now_ms = time.time_ns() // 1_000_000
            if newest_ms and seen_ms > newest_ms:
                # What came since the last look is on the board now for the first time, window by window.
                delays += [(now_ms - end_ms) / 1000 for end_ms in range(newest_ms + 1000, seen_ms + 1, 1000)]
            newest_ms = max(newest_ms, seen_ms)
            if ended_at is None and camera.poll() is not None:
                ended_at = time.monotonic()
            time.sleep(_LOOK_EVERY_S)
    if camera.returncode or not delays:
        raise RuntimeError(f"the camera ended with {camera.returncode}, after {len(delays)} windows on the board")
    return delays


def _newest_window_ms(address: str) -> int:
    """End of the newest window on the board; 0 where there is none yet."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            board = json.load(answer)
    except urllib.error.HTTPError:
        return 0
    ages = [stage["age_s"] for stage in board["stages"] if stage["age_s"] is not None]
    # Windows end at whole seconds and boards are made at whole ones, so an age in whole seconds is exact.
    return board["as_of_ms"] - 1000 * min(ages) if ages else 0
