"""Finding a browser for the tests, and getting one where the machine can: `python -m tests.browser`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HOW_TO = "a browser is needed: on Debian `apt-get install chromium`, elsewhere `.venv/bin/playwright install chromium`"
_NAMES = ("chromium", "chromium-browser", "google-chrome")

# A window without a screen still draws its address bar's two popups, as pages of their own: a fifth of what opening a
# page of ours costs. The list replaces Playwright's, so what of that matters to a page from this machine is in it too.
_NOT_WANTED = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
# As root Chromium needs --no-sandbox; the others keep it from asking other machines for anything.
ARGUMENTS = (
    f"--disable-features={','.join(_NOT_WANTED)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def browser_path() -> str | None:
    """The browser on this machine: the system's own, else Playwright's; None where there is neither."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def _get_one() -> None:
    """Installs Debian's Chromium where that is possible, else Playwright's; what cannot be had is said, not failed."""
    if browser_path() is not None:
        return
    attempts: list[list[str]] = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        install = "apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium"
        attempts.insert(0, ["sh", "-c", install])
    for command in attempts:
        print("No browser found: getting one (" + " ".join(command[-3:]) + ")", file=sys.stderr)  # noqa: T201
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        if browser_path() is not None:
            return
    print(f"The tests in a browser will be skipped: {HOW_TO}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    _get_one()
