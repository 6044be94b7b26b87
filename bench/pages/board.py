"""The public board: how still its labels stand, what that costs, and whether the answer is the first thing seen."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from audience.board.board import Board, BoardRow, State, Trend
from audience.board.changes import Note
from audience.board.liveliness import UPDATE_MS
from audience.board.snapshot import board_snapshot
from audience.time import to_ms
from bench.figures import Figure
from bench.live_board.leading import board_and_raw
from bench.live_board.watched_day import BEGINS_AT, WatchedDay, watch_day
from board_page.page import page as board_page
from board_page.page import words
from dashboard.pages.board.routes import board_routes
from dashboard.pages.board.snapshots import Snapshots
from sample_data.festival_day.plan import plan_day
from tests.browser import browser_path
from tests.routes_server import serving

SEEDS: Final = (1, 2, 3)
OPENING_MIN: Final = (0, 1, 2)
TENTH_MIN: Final = (9,)
SIZES: Final = ((1280, 720), (1920, 1080), (3840, 2160), (1080, 1920), (390, 844), (768, 1024))
_SETS: Final = ("The Night Ferries", "Marrow", "Ada & the Looms", "Slow Tide", "Jo Marsh")
_STAGES: Final = (
    "Barn", "Circus ring", "Hilltop", "River stage", "Comedy tent", "Orchard", "Boathouse", "Old mill", "Clearing",
    "Main stage",
)  # fmt: skip


def figures() -> Iterator[Figure]:
    """Replays what arrived of simulated days, then opens the page at every size in every state."""
    for stages, most in ((10, 2), (40, 3)):
        days = [watch_day(stages=stages, cameras=3, hours=10 / 60, seed=seed) for seed in SEEDS]
        for when, minutes in (("in the opening three minutes", OPENING_MIN), ("in the tenth minute", TENTH_MIN)):
            counted = np.mean([label_changes(day, minutes) for day in days], axis=0)
            yield Figure(
                name=f"{stages} stages: label changes a minute {when}",
                value=float(counted[0]),
                reach=most,
                direction="at most",
            )
            yield Figure(name=f"{stages} stages: changes of the order a minute {when}", value=float(counted[1]))
    lost = [board_and_raw(watch_day(stages=10, cameras=3, hours=8, seed=seed))[1].lost for seed in SEEDS]
    yield Figure(
        name="10 stages, 8 h: liveliness lost against always knowing the truth (0..1)",
        value=float(np.mean(lost)),
        reach=0.012,
        direction="at most",
    )
    yield from first_line_figures()


def label_changes(day: WatchedDay, minutes: Sequence[int]) -> tuple[float, float]:
    """Labels that changed a minute, on the board of what had arrived, and updates with another order.

    A label is a row's number, "too close to call", or neither. That of a stage that has its first figure is new, and
    not counted. The order is that of the stages with a number or in a group.
    """
    labels = orders = 0
    for minute in minutes:
        begins_ms = day.begins_ms + 60_000 * minute
        before: Board | None = None
        for at_ms in range(begins_ms, begins_ms + 60_001, UPDATE_MS):
            now = day.live_board(at_ms)
            if before is not None:
                was, here = _labels(before), _labels(now)
                labels += sum(was[stage] != label for stage, label in here.items() if stage in was)
                labels += sum(stage not in here for stage in was)
                orders += [stage for stage in was if stage in here] != [stage for stage in here if stage in was]
            before = now
    return labels / len(minutes), orders / len(minutes)


def _labels(board: Board) -> dict[str, str]:
    return {row.stage_id: "too close to call" if row.tied else str(row.rank) for row in board.rows if row.rank}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A state of the board.

    Attributes:
        name: in words.
        rows: its rows.
        answers: what the first line has to name.
        offline: whether the phone loses its network once the page is there.
    """

    name: str
    rows: tuple[BoardRow, ...]
    answers: tuple[str, ...]
    offline: bool = False


def a_row(
    number: int, figure: float | None, *, state: State = "live", rank: int | None = None, **more: Any
) -> BoardRow:
    """A stage as on a busy afternoon."""
    fields: dict[str, Any] = {
        "faces": 38 + 17 * number % 90,
        "age_s": 1.0,
        "playing": _SETS[number % 5],
        "coming": _SETS[(number + 2) % 5],
        "coming_at_ms": to_ms(BEGINS_AT) + 60_000 * (15 + 4 * number),
        "directions": f"{2 + number % 7} min from the gate",
    }
    if figure is not None:
        wave = 4 * np.sin(np.arange(12) / (1.5 + number % 3))
        fields |= {"figure": figure, "low": max(0.0, figure - 4), "high": min(100.0, figure + 4)}
        fields |= {"sparkline": tuple(float(value) for value in np.clip(figure + wave, 0, 100))}
        direction = ("up", "down", "steady")[number % 3]
        fields |= {"over_5_min": Trend(change=(7.0, -9.0, 1.0)[number % 3], direction=direction)}  # type: ignore[arg-type]
        fields |= {"notes": (Note(kind="more smile"),) if number % 3 == 0 else ()}
    title = _STAGES[number % 10] + (f" {number // 10 + 1}" if number >= 10 else "")
    return BoardRow(stage_id=f"stage-{number}", title=title, state=state, rank=rank, **fields | more)


def states() -> tuple[Shown, ...]:
    """Every state that a board can be in."""
    ranks = (1, 2, 2, 2, 5, 6, 6, 8)
    tied = (False, True, True, True, False, True, True, False)
    most = [a_row(at, 74 - 5 * at, rank=rank, tied=tied[at]) for at, rank in enumerate(ranks)]
    quiet = [a_row(8, 31, state="stale", age_s=42.0), a_row(9, None, state="too few", faces=12)]
    together = [a_row(at, 60 - at / 2, rank=1, tied=True) for at in range(2)]
    apart = [a_row(at, 50 - 5 * at, rank=at + 1) for at in range(2, 8)]
    return (
        Shown(name="leader", rows=(*most, *quiet), answers=("Barn",)),
        Shown(name="no clear leader", rows=(*together, *apart, *quiet), answers=("Barn", "Circus ring")),
        Shown(name="one stage only", rows=(most[0],), answers=("Barn",)),
        Shown(name="none live yet", rows=tuple(a_row(at, None, state="new") for at in range(10)), answers=()),
        Shown(name="all stale", rows=tuple(a_row(at, 50, state="stale", age_s=60.0) for at in range(10)), answers=()),
        Shown(name="offline", rows=(*most, *quiet), answers=("Barn",), offline=True),
        Shown(name="40 stages", rows=tuple(a_row(at, 90 - 2 * at, rank=at + 1) for at in range(40)), answers=("Barn",)),
    )


def first_line_figures() -> Iterator[Figure]:
    """Opens the page and the big screen at every size, in every state and language."""
    path = browser_path()
    if path is None:
        raise RuntimeError("the bench needs a browser: `python -m tests.browser` gets one")
    stood: list[bool] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for shown in states():
            with served(shown) as address:
                for width, height in SIZES:
                    for query in ("", "?kiosk=1"):
                        stood.append(_stands(browser, address + query, shown, width, height))
                stood += [_stands(browser, f"{address}?lang={code}", shown, 390, 844) for code in words()]
        browser.close()
    yield Figure(
        name="the answer stands in the first line, of sizes, states, languages and the big screen",
        value=float(np.mean(stood)),
        reach=1,
        direction="exactly",
    )


@contextmanager
def served(shown: Shown) -> Iterator[str]:
    """Serves a state on this machine; gives the page's address."""
    session = replace(plan_day(begins_at=BEGINS_AT, stages=1, cameras=1, hours=1, seed=1).session, ended_at=None)

    def make(_session: str, at_ms: int) -> bytes:
        return board_snapshot(Board(session=session, as_of_ms=at_ms, ranked_at_ms=at_ms, rows=shown.rows))

    snapshots = Snapshots(make, lambda: time.time_ns() // 1_000_000)
    with serving(board_routes(board_page(), snapshots, [])) as (host, port):
        yield f"http://{host}:{port}/live/day"


_MEASURE: Final = """(names) => {
  const h1 = document.querySelector('h1'), box = h1.getBoundingClientRect(), range = document.createRange();
  const text = h1.firstChild, at = names.length ? text.data.indexOf(names[0]) : 0;
  range.setStart(text, Math.max(at, 0));
  range.setEnd(text, Math.max(at, 0) + (names.length ? names[0].length : 1));
  const rects = [...range.getClientRects()];
  const before = [...document.querySelectorAll('body p, body li, body span')].filter((one) =>
    one.textContent.trim() && one.offsetParent && one.getBoundingClientRect().bottom <= box.top);
  return names.every((name) => text.data.includes(name)) && text.data.trim().length > 3 && at >= 0 && !before.length &&
    rects[0].top - box.top < parseFloat(getComputedStyle(h1).lineHeight) / 2 &&
    box.top >= 0 && box.bottom < innerHeight / 3 && h1.scrollWidth <= h1.clientWidth + 1 &&
    h1.scrollHeight <= h1.clientHeight + 1 && box.right <= innerWidth + 1;
}"""


def _stands(browser: Browser, address: str, shown: Shown, width: int, height: int) -> bool:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    page: Page = context.new_page()
    page.goto(address)
    page.locator("li .name").first.wait_for()
    if shown.offline:
        context.set_offline(True)
        page.get_by_role("alert").wait_for()
    stands = bool(page.evaluate(_MEASURE, list(shown.answers)))
    if not stands:
        print(f"  {shown.name}, {width} x {height}, {address}: {page.locator('h1').inner_text()!r}")  # noqa: T201
    context.close()
    return stands
