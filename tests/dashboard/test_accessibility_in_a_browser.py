"""No page of the dashboard breaks a rule of WCAG 2.2 AA that a program can check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.axe import violations
from tests.dashboard.conftest import READY

pytestmark = pytest.mark.browser

PAGES = (
    "",
    "bring",
    "session?session=talk-1",
    "timeline?session=talk-1",
    "compare",
    "scenes",
    "planner",
    "board?session=fest-1",
    "operate?session=fest-1&refresh=Off",
    "operate?session=fest-1&refresh=Off&part=Set+up",
)


def test_axe_finds_no_barrier_on_any_page(opened: Callable[..., Page], served: str) -> None:
    page = opened()
    found = {}
    for address in PAGES:
        page.goto(f"{served}/{address}")
        page.wait_for_selector(READY)
        found[address] = violations(page)
    page.goto(f"{served}/live/fest-1")
    page.wait_for_selector("#stages li")
    found["live"] = violations(page)
    assert {address: lines for address, lines in found.items() if lines} == {}
