"""What stands in people's way on every page: what axe finds, text that is cut off or lies on other text, hidden focus.

All pages and their main states, of a store as `houselights demo` makes it and of an empty one, on six sizes of screen:
light in each language, and dark in English. axe-core comes from npm (`tests/node`); text and focus are looked at by
`barriers.js`. What is found is said line by line on stderr.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Page, sync_playwright

from audience.language import ENGLISH, LANGUAGES
from audience.stores import open_identity, open_store
from bench.figures import Figure
from houselights.commands.demo import FESTIVAL_SESSION, show_panel
from houselights.simulating import set_up, write_at_once
from sample_data.festival_day.plan import plan_day
from sample_data.generate import load_samples
from tests.axe import violations
from tests.browser import ARGUMENTS, HOW_TO, browser_path
from tests.dashboard.conftest import READY, SERVER, serving

SIZES: Final = ((390, 844), (768, 1024), (1280, 900), (1920, 1080), (1080, 1920), (3840, 2160))
AXE_WIDTHS: Final = (390, 1280)
Theme = Literal["light", "dark"]
VIEWERS: Final[tuple[tuple[str, Theme], ...]] = (*((code, "light") for code in LANGUAGES), (ENGLISH, "dark"))
"""Languages and themes."""

_FESTIVAL = f"session={FESTIVAL_SESSION}"
PAGES: Final = (
    "",
    "bring",
    "session?session=sample-talk",
    "session?session=sample-screening",
    "session?session=sample-town-hall",
    "session?session=nobody",
    "timeline?session=sample-talk",
    "compare",
    "scenes",
    "planner",
    f"board?{_FESTIVAL}",
    "panel",
    "people",
    "search",
    f"operate?{_FESTIVAL}&refresh=Off",
    f"operate?{_FESTIVAL}&refresh=Off&part=Alert+rules",
    f"operate?{_FESTIVAL}&refresh=Off&part=Set+up",
    f"operate?{_FESTIVAL}&refresh=Off&part=Room+notice",
    f"operate?{_FESTIVAL}&refresh=Off&part=Cost",
    "operate?session=sample-talk&refresh=Off",
    f"live/{FESTIVAL_SESSION}",
    f"live/{FESTIVAL_SESSION}?kiosk=1",
)
EMPTY_PAGES: Final = ("", "bring", "session", "compare", "scenes", "board", "operate")
_BARRIERS: Final = Path(__file__).with_name("barriers.js").read_text(encoding="utf-8")
_SETTLED_MS: Final = 700


@dataclass(slots=True)
class Found:
    """What was found, by kind; each once, with the pages it was found on."""

    lines: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))

    def add(self, kind: str, line: str, where: str) -> None:
        """Notes a finding on a page."""
        self.lines[kind][line].add(where)

    def say(self) -> None:
        """Prints all findings on stderr, one a line."""
        for kind, lines in self.lines.items():
            for line, where in sorted(lines.items()):
                first = sorted(where)[:3]
                more = f" and {len(where) - 3} more" if len(where) > 3 else ""
                print(f"{kind}: {line} ({', '.join(first)}{more})", file=sys.stderr)  # noqa: T201


def figures() -> Iterator[Figure]:
    """The figures of this part."""
    found = look()
    found.say()
    for kind, name in (
        ("axe", "kinds of axe violation over all pages, themes, widths and languages"),
        ("clipped", "texts that are cut off or outside of the window"),
        ("overlapping", "texts that lie on other text"),
        ("unfocused", "kinds of control without a visible focus"),
        ("moving", "endless animations in spite of reduced motion"),
    ):
        kinds = {line.partition(":")[0] for line in found.lines[kind]} if kind == "axe" else found.lines[kind]
        yield Figure(name=name, value=len(kinds), reach=0, direction="exactly")


def look(
    pages: Sequence[str] = PAGES,
    empty_pages: Sequence[str] = EMPTY_PAGES,
    *,
    sizes: Sequence[tuple[int, int]] = SIZES,
    viewers: Sequence[tuple[str, Theme]] = VIEWERS,
) -> Found:
    """Looks at pages of a filled and of an empty store."""
    path = browser_path()
    if path is None:
        pytest.fail(HOW_TO)
    found = Found()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        url = f"sqlite:///{folder}/demo.db"
        _fill(url)
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        for store_url, addresses in ((url, pages), (f"sqlite:///{folder}/empty.db", empty_pages)):
            if addresses:
                with serving(SERVER, HOUSELIGHTS_STORE=store_url) as server:
                    for language, theme in viewers:
                        prefix = f"{language} {theme}" + ("" if store_url == url else " empty")
                        context = browser.new_context(
                            color_scheme=theme, locale=language, reduced_motion="reduce", timezone_id="Europe/London"
                        )
                        _look_at(context.new_page(), server, addresses, sizes, found, prefix)
                        context.close()
        browser.close()
    return found


def _fill(url: str) -> None:
    """The samples, a panel, and a festival of half an hour that is still running."""
    now = datetime.now(UTC).replace(microsecond=0)
    with open_store(url) as store, open_identity(url) as people:
        load_samples(store)
        show_panel(store, people)
        begins_at = now - timedelta(minutes=12)
        day = plan_day(begins_at=begins_at, stages=10, cameras=2, hours=0.2, seed=1, session_id=FESTIVAL_SESSION)
        set_up(store, day, running=True)
        write_at_once(store, day)


def _look_at(
    page: Page, server: str, addresses: Sequence[str], sizes: Sequence[tuple[int, int]], found: Found, prefix: str
) -> None:
    for address in addresses:
        page.set_viewport_size({"width": sizes[0][0], "height": sizes[0][1]})
        page.goto(f"{server}/{address}")
        if address.startswith("live/"):
            page.wait_for_load_state("load")
        else:
            page.wait_for_selector(READY, timeout=120_000)
        for width, height in sizes:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(_SETTLED_MS)
            where = f"{prefix} /{address} {width}x{height}"
            for kind, lines in page.evaluate(_BARRIERS, {"focus": (width, height) == sizes[0]}).items():
                for line in lines:
                    found.add(kind, line, where)
            if width in AXE_WIDTHS:
                for line in violations(page):
                    found.add("axe", line, where)
        endless = "document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations === Infinity)"
        for line in page.evaluate(f"{endless}.map((one) => one.animationName ?? 'animation')"):
            found.add("moving", line, f"{prefix} /{address}")
