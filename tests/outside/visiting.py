"""What a browser asks for while pages are looked at, as JSON: `python -m tests.outside.visiting ADDRESS PATH...`.

A program of its own, so that it can run in another network than the tests.
"""

from __future__ import annotations

import json
import sys

from playwright.sync_api import sync_playwright

from tests.browser import ARGUMENTS, browser_path

READY = '[data-testid="stApp"][data-test-script-state="notRunning"], #counts:not(:empty)'
PATIENCE_MS = 60_000


def main() -> None:
    """Opens every path, waits until its page is there, and prints all addresses asked for, in order."""
    address, *paths = sys.argv[1:]
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(ARGUMENTS))
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda opened: asked.append(opened.url))
        for path in paths:
            page.goto(address + path)
            page.wait_for_selector(READY, timeout=PATIENCE_MS, state="attached")
        browser.close()
    print(json.dumps(asked))  # noqa: T201


if __name__ == "__main__":
    main()
