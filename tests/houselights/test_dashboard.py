"""`houselights dashboard`, as somebody runs it who has never seen Streamlit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.conftest import READY
from tests.ticking import last_words, until


@pytest.mark.browser
def test_a_browser_is_opened_and_nobody_is_asked_for_anything(browser: Browser, tmp_path: Path) -> None:
    opened, opener = tmp_path / "opened", tmp_path / "opener"
    opener.write_text(f'#!/bin/sh\necho "$1" > "{opened}.part"\nmv "{opened}.part" "{opened}"\n')
    opener.chmod(0o755)
    (tmp_path / ".cursor").mkdir()  # the home of a programmer, to whom Streamlit would offer its help
    environment = os.environ | {"HOME": str(tmp_path), "BROWSER": str(opener)}
    command = [sys.executable, "-m", "houselights", "dashboard", "--store", f"sqlite:///{tmp_path}/houselights.db"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            until(lambda: opened.exists() or process.poll() is not None)
            page = browser.new_page()
            page.goto(opened.read_text().strip())
            page.wait_for_selector(READY)
            expect(page.locator("h1")).to_be_visible()
            page.wait_for_timeout(2000)
            assert "Streamlit" not in page.locator("body").inner_text()
            page.close()
        finally:
            process.terminate()
        said, _ = last_words(process)
    assert process.returncode == 0
    assert "mail" not in said
