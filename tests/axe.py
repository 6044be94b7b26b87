"""axe-core on a page: what stands in people's way by WCAG 2.2 AA. It comes from npm (`tests/node`).

What pages cannot change, since Streamlit draws it, is listed here with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from tests.contracts.dynalite import NODE_FOLDER

AXE: Final = NODE_FOLDER / "node_modules" / "axe-core" / "axe.min.js"
HOW_TO: Final = "axe-core is needed: run `npm ci --prefix tests/node --ignore-scripts`"

_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
STREAMLITS: Final = {
    # The column to mark rows in: a table with a fixed number of rows has none, but then no row can be deleted.
    "empty-table-header": '[data-testid="stDataFrameResizable"] th',
}
"""Places where a rule is broken by what Streamlit draws, as a selector."""


def violations(page: Page) -> list[str]:
    """What axe finds: rule, element and why, a line a rule and place.

    Where axe-core was not installed the test is skipped, and fails on a machine that checks submissions (CI=true).
    """
    if not AXE.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW_TO)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # What fades in or out has the colours of neither: what is found is looked at again once the page is at rest.
    for _ in range(5):
        found = _found(page)
        if not found:
            break
        page.wait_for_timeout(500)
    return found


def _found(page: Page) -> list[str]:
    found: dict[str, Any] = page.evaluate("tags => axe.run(document, { runOnly: tags })", list(_TAGS))
    return [
        f"{one['id']}: {node['html'][:160]}: {_why(node)}"
        for one in found["violations"]
        for node in one["nodes"]
        if not _is_streamlits(page, one["id"], node["target"])
    ]


def _is_streamlits(page: Page, rule: str, target: Sequence[Any]) -> bool:
    place = STREAMLITS.get(rule)
    if place is None or not isinstance(target[0], str):
        return False
    return bool(page.evaluate("([one, place]) => document.querySelector(one).matches(place)", [target[0], place]))


def _why(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return str(checks[0]["message"])[:110] if checks else ""
