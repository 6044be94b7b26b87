"""What all tests share: how hypothesis runs, and a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import HOW_TO, browser_path
from tests.examples import register_profiles

register_profiles()
# Nor does a page fail because the machine draws others beside it.
expect.set_options(timeout=20_000)

# As root Chromium needs --no-sandbox; the others keep it from asking other machines for anything.
_CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser. Without one the tests are skipped on a person's machine, and fail where CI is to run them."""
    path = browser_path()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(HOW_TO)
        pytest.skip(HOW_TO)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_CHROMIUM))
        yield browser
        browser.close()
