"""What a newcomer does first: the demo, from the clip to the page."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from audience.reaction.curve import reaction_curve, stage_windows
from audience.stores import open_store
from sample_data.clip import EVERYONE_OUT_S, SEATS, smiling_share
from tests.ticking import exit_code, until

pytestmark = pytest.mark.browser


@contextmanager
def demo(cache: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The demo in a process of its own, and the address it printed."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), "HOME": str(cache), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "houselights", "demo"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    said: list[str] = []
    assert process.stdout is not None
    reading = threading.Thread(target=said.extend, args=(process.stdout,))
    reading.start()
    try:
        address = re.compile(r"http://127\.0\.0\.1:\d+")
        until(lambda: address.search("".join(said)) or not reading.is_alive(), moving=lambda: len(said))
        found = address.search("".join(said))
        assert found, f"the demo printed no address:\n{''.join(said)}"
        yield process, found[0]
    finally:
        process.terminate()
        exit_code(process)
        reading.join()
        process.stdout.close()


def test_the_demo_scores_a_clip_of_real_faces_and_shows_its_laughs_and_its_gap(
    browser: Browser, tmp_path: Path
) -> None:
    with demo(tmp_path) as (process, address):
        page = browser.new_page()
        page.goto(address)
        page.get_by_text("Demo clip: 24 seats, three laughs").first.click()
        expect(page.locator("h1")).to_have_text("Demo clip: 24 seats, three laughs")
        expect(page.locator(":is(canvas, svg)").first).to_be_visible()
        expect(page.get_by_text("not feeling").first).to_be_visible()
        expect(page.get_by_text(re.compile("nobody (was )?in view", re.IGNORECASE)).first).to_be_visible()
        page.goto(f"{address}/live/demo")
        expect(page.locator("li")).to_have_count(10)
        expect(page.locator("h1")).to_have_text(re.compile("^(Liveliest now|No clear leader): "))
        expect(page.locator("#counts")).to_contain_text("10 stages")
        expect(page.locator("#counts")).to_contain_text("Simulated")
        page.close()

        # Ctrl-C in a terminal reaches everything that was started from it.
        os.killpg(process.pid, signal.SIGINT)
        assert exit_code(process) == 0

    with open_store(f"sqlite:///{tmp_path / 'houselights' / 'demo' / 'demo.db'}") as store:
        session = store.session("demo-clip")
        assert {other.session_id for other in store.sessions() if not other.simulated} == {"demo-clip"}
        assert len(store.sessions()) > 5
        windows = stage_windows(session, store.stages("demo-clip")[0], [], store.windows("demo-clip", "main"))
    curve = reaction_curve(windows, "smile")
    second = np.floor(windows.session_s + 0.5).astype(int)
    out = np.isin(second, EVERYONE_OUT_S)
    assert np.isnan(curve.share[out & (windows.faces == 0)]).all()
    assert (windows.faces[out] == 0).sum() >= 2
    there = ~np.isnan(curve.share)
    assert np.median(windows.faces[there]) == SEATS
    script = np.array([smiling_share(at + 0.5) for at in second[there]])
    assert np.corrcoef(script, curve.share[there])[0, 1] > 0.9
