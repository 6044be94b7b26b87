"""How soon a phone on a slow network shows the stages, and what that takes off its plan: in a real browser."""

from __future__ import annotations

import statistics
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from bench.figures import Figure
from bench.live_board.served_festival import BOARD, served_festival
from tests.browser import browser_path

RUNS: Final = 5
SLOWER: Final = 4
MBIT_S, LATENCY_MS = 9, 80
_PHONE: Final[dict[str, Any]] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def first_content_figures() -> list[Figure]:
    """A phone of a quarter of this machine's speed on 9 Mbit/s with 80 ms, nothing in its cache."""
    path = browser_path()
    if path is None:
        raise RuntimeError("the bench needs a browser: `python -m tests.browser` gets one")
    with served_festival() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        measured = [_opened(browser, address + BOARD) for _ in range(RUNS)]
        browser.close()
    return [
        Figure(
            name="first content on a phone (4x slower, 9 Mbit/s, 80 ms), median of 5",
            value=statistics.median(shown_ms for shown_ms, _ in measured) / 1000,
            unit="s",
            reach=1,
            direction="at most",
        ),
        Figure(
            name="bytes until then, headers included",
            value=max(received for _, received in measured) / 1000,
            unit="kB",
            reach=20,
            direction="at most",
        ),
    ]


def _opened(browser: Browser, address: str) -> tuple[float, float]:
    """Milliseconds from asking for the page to its first stage, and bytes received."""
    context = browser.new_context(**_PHONE)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    received = 0.0

    def count(event: dict[str, Any]) -> None:
        nonlocal received
        received += event["encodedDataLength"]

    devtools.send("Network.enable")
    devtools.on("Network.loadingFinished", count)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    bytes_s = MBIT_S * 1e6 / 8
    conditions = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": bytes_s, "uploadThroughput": bytes_s}
    devtools.send("Network.emulateNetworkConditions", conditions)
    page.add_init_script(
        "new MutationObserver((_, own) => { if (document.querySelector('li .name')?.textContent) {"
        " window.shown = performance.now(); own.disconnect(); } })"
        ".observe(document, { childList: true, subtree: true, characterData: true });"
    )
    page.goto(address)
    page.locator("li .name").first.wait_for()
    shown_ms = page.evaluate("window.shown")
    context.close()
    return shown_ms, received
