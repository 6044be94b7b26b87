"""The public board as people meet it: on a phone in a field, on a big screen, with a network that comes and goes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from audience.board.board import Board, BoardRow, State, Trend
from audience.board.changes import Note
from audience.board.snapshot import board_snapshot
from board_page.page import page as board_page
from dashboard.pages.board.routes import board_routes
from dashboard.pages.board.snapshots import Snapshots
from tests.builders import a_session
from tests.dashboard.conftest import NASTY
from tests.routes_server import serving

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
ARABIC = "مسرح النخيل"
TITLES = ("Main stage", "Comedy tent", ARABIC, "🎪 Circus", NASTY, "A" * 120, "Dub yard", "Orchard", "Folk", "Night")


def a_row(number: int, *, figure: float | None = 50, state: State = "live", **told: Any) -> BoardRow:
    """A stage of a board."""
    known: dict[str, Any] = {
        "stage_id": f"stage-{number}",
        "title": TITLES[number % len(TITLES)],
        "state": state,
        "rank": number + 1 if state == "live" else None,
        "faces": 40,
        "age_s": 1.0,
    }
    if figure is not None:
        known |= {"figure": figure, "low": max(0, figure - 5), "high": min(100, figure + 5)}
        known |= {"sparkline": tuple(figure if at != 4 else None for at in range(12))}
    return BoardRow(**(known | told))


def ten() -> list[BoardRow]:
    return [a_row(number, figure=90 - 6 * number) for number in range(10)]


@dataclass
class Festival:
    """What is on; the server asks for it at every update."""

    rows: list[BoardRow] = field(default_factory=ten)
    asked: int = 0
    behind_ms: int = 0

    def make(self, session_id: str, at_ms: int) -> bytes | None:
        self.asked += 1
        board = Board(
            session=a_session("fete", title="Fête"),
            as_of_ms=at_ms - self.behind_ms,
            ranked_at_ms=0,
            rows=tuple(self.rows),
        )
        return board_snapshot(board) if session_id == "fete" else None


@pytest.fixture
def festival() -> Festival:
    return Festival()


@pytest.fixture
def address(festival: Festival) -> Iterator[str]:
    snapshots = Snapshots(festival.make, lambda: time.time_ns() // 1_000_000)
    with serving(board_routes(board_page(), snapshots, [])) as (host, port):
        yield f"http://{host}:{port}/live/fete"


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the board, on a phone unless told otherwise; nothing may go wrong in its console."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opening(query: str = "", before: str = "", **how: Any) -> Page:
        context = browser.new_context(**(how or PHONE))
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.add_init_script(before)
        page.goto(address + query)
        expect(page.locator("li").first).to_be_visible()
        return page

    yield opening
    for context in contexts:
        context.close()
    assert wrong == []


def names(page: Page) -> list[str]:
    return page.locator("li .name").all_inner_texts()


def test_ten_stages_stand_on_one_screen_of_a_phone_in_their_order(opened):
    page = opened()
    assert names(page) == list(TITLES)
    last = page.locator("li").last.bounding_box()
    assert last["y"] + last["height"] <= 844
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("number", [1, 40])
def test_one_stage_and_forty_are_shown_as_well(festival, opened, number):
    festival.rows = [a_row(at, figure=80 - at) for at in range(number)]
    page = opened()
    expect(page.locator("li")).to_have_count(number)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_name_is_text_whatever_it_looks_like(opened):
    page = opened()
    assert NASTY in names(page)
    assert page.locator("li img, li b, li a").count() == 0
    assert "Fête" in page.title()


def test_a_row_says_rank_figure_trend_set_and_what_changed(festival, opened):
    up, down = Trend(change=12.4, direction="up"), Trend(change=-7, direction="down")
    festival.rows = [
        a_row(0, figure=71.6, over_5_min=up, playing="The Night Ferries", notes=(Note(kind="more smile"),)),
        a_row(1, figure=40, over_5_min=down, rank=2, tied=True),
        a_row(2, figure=39, rank=2, tied=True, over_5_min=Trend(change=1, direction="steady")),
    ]
    page = opened()
    assert page.locator("li").nth(0).inner_text().split("\n") == [
        "1", "Main stage", "The Night Ferries · more faces smile", "72", "▲ 12",
    ]  # fmt: skip
    assert page.locator("li").nth(1).inner_text().split("\n")[-2:] == ["40", "▼ 7"]
    assert page.locator(".rank").all_inner_texts() == ["1", "", ""]
    assert page.locator(".close:visible").all_inner_texts() == ["Too close to call"]


def test_where_there_is_no_figure_the_row_says_why_and_is_greyed(festival, opened):
    festival.rows = [
        a_row(0),
        a_row(1, state="stale", age_s=42.0, playing="Jo Marsh"),
        a_row(2, state="too few", figure=None, faces=3),
        a_row(3, state="silent", figure=None, faces=None, age_s=None),
    ]
    page = opened()
    told = [page.locator("li").nth(at).inner_text() for at in range(4)]
    assert "no news for 42 s" in told[1]
    assert "50" in told[1]
    assert "too few faces to say" in told[2]
    assert "no camera" in told[3]
    assert page.locator("li.gone").count() == 3
    expect(page.locator("#counts")).to_contain_text("83 faces in view")  # those without news count: 40 + 40 + 3


GLIDES = """const animate = Element.prototype.animate; window.glides = 0;
Element.prototype.animate = function (...how) { window.glides += 1; return animate.apply(this, how); }"""
# So slow that the next update comes before a glide is over.
SLOWLY = """const animate = Element.prototype.animate;
Element.prototype.animate = function (steps, how) { return animate.call(this, steps, { ...how, duration: 1e6 }); }"""


def test_rows_glide_to_their_new_place(festival, opened):
    page = opened(before=GLIDES)
    festival.rows = [a_row(1, figure=95, rank=1), a_row(0, figure=80, rank=2), *ten()[2:]]
    expect(page.locator("li .name").first).to_have_text("Comedy tent")
    assert page.evaluate("window.glides") == 2


def test_a_row_is_never_caught_between_two_places(festival, opened):
    """A glide is over by itself, and one that the next update overtakes leaves nothing behind."""
    page = opened("?kiosk=1", before=SLOWLY, viewport={"width": 1920, "height": 1080})
    festival.rows = list(reversed(ten()))
    expect(page.locator("li .name").first).to_have_text(TITLES[-1])
    festival.rows = ten()
    expect(page.locator("li .name").first).to_have_text(TITLES[0])
    page.evaluate("document.getAnimations().forEach((glide) => glide.finish())")
    stands = "[...document.querySelectorAll('li')].every((row) => getComputedStyle(row).transform === 'none')"
    assert page.evaluate(f"document.getAnimations().length === 0 && {stands}")


def test_nothing_moves_for_those_who_asked_for_less_motion(festival, opened):
    page = opened(before=GLIDES, reduced_motion="reduce", **PHONE)
    festival.rows = list(reversed(ten()))
    expect(page.locator("li .name").first).to_have_text(TITLES[-1])
    assert page.evaluate("window.glides") == 0


def test_offline_the_last_picture_stays_with_its_age_and_comes_back_by_itself(opened):
    page = opened()
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("You are offline. This is the picture of")
    assert names(page) == list(TITLES)
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_what_is_read_out_by_itself_does_not_change_every_second(opened):
    page = opened()
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("You are offline.")
    page.evaluate(
        """() => {
          window.said = 0;
          new MutationObserver((changes) => changes.forEach(({ target }) => {
            const read = target.closest("[role=alert], [role=status], [aria-live]:not([aria-live=off])");
            window.said += read && !target.closest("[aria-hidden=true]") ? 1 : 0;
          })).observe(document.body, { subtree: true, childList: true });
        }"""
    )
    age = page.get_by_role("timer").inner_text()
    expect(page.get_by_role("timer")).not_to_have_text(age)
    page.wait_for_timeout(2_000)
    assert page.evaluate("window.said") == 0


@pytest.mark.parametrize(("behind_s", "told"), [(60, False), (300, True)])
def test_a_picture_that_nobody_renews_does_not_pass_for_news(festival, opened, behind_s, told):
    """A cache goes on handing out the last one after whoever writes it has stopped."""
    festival.behind_ms = 1000 * behind_s
    page = opened()
    expect(page.get_by_role("timer")).to_contain_text("ago")
    if told:
        expect(page.get_by_role("alert")).to_have_text(re.compile(r"No news\. This is the picture of 5 min\.? ago\."))
    else:
        expect(page.locator("#trouble")).to_be_hidden()


def test_a_hidden_page_asks_for_nothing(festival, opened):
    hide = "Object.defineProperty(document, 'hidden', { get: () => window.away === true })"
    page = opened(before=hide)
    page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(1_000)  # for what was on its way
    asked = page.evaluate("performance.getEntriesByType('resource').length")
    page.wait_for_timeout(3_000)
    assert page.evaluate("performance.getEntriesByType('resource').length") == asked
    with page.expect_response("**/live.json"):
        page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")


def test_a_phone_whose_clock_is_wrong_shows_the_right_age(opened):
    page = opened(before="const right = Date.now; Date.now = () => right() + 3600e3")
    expect(page.locator("#age")).to_have_text(re.compile(r"^· [0-4] sec\.? ago$"))


def test_the_big_screen_shows_every_stage_without_scrolling(festival, opened):
    festival.rows = [a_row(at, figure=80 - at) for at in range(24)]
    page = opened("?kiosk=1", viewport={"width": 1920, "height": 1080})
    boxes = [row.bounding_box() for row in page.locator("li").all()]
    assert len(boxes) == 24
    assert all(box["x"] + box["width"] <= 1920 and box["y"] + box["height"] <= 1080 for box in boxes)


def test_nothing_is_kept_on_the_phone(opened):
    page = opened()
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_a_board_that_is_none_says_so(browser, address):
    with browser.new_context(**PHONE) as context:
        page = context.new_page()
        page.goto(address.replace("fete", "nothing"))
        expect(page.locator("#answer")).to_have_text("There is no board of that name.")


def test_ten_stages_travel_in_less_than_a_picture(festival):
    document = festival.make("fete", 0)
    assert len(json.loads(document)["stages"]) == 10
    assert len(document) < 5_000


def test_the_first_line_answers_where_it_is_liveliest_whatever_there_is_to_say(festival, opened):
    page = opened()
    said = page.get_by_role("heading", level=1)
    expect(said).to_have_text("Liveliest now: Main stage")
    together = [a_row(0, rank=1, tied=True), a_row(1, rank=1, tied=True), a_row(2, figure=20, rank=3)]
    for rows, line in (
        (together, "No clear leader: Main stage, Comedy tent"),
        (together[:1], "Only one stage has a figure now: Main stage"),
        ([a_row(0, state="new", figure=None)], "No stage has a figure yet"),
        ([a_row(0, state="stale")], "No news from any stage"),
    ):
        festival.rows = rows
        expect(said).to_have_text(line)
    festival.rows = ten()
    expect(said).to_have_text("Liveliest now: Main stage")
    page.context.set_offline(True)
    expect(said).to_have_text(re.compile(r"^Liveliest \d+ sec\.? ago: Main stage$"))


def test_the_page_is_in_the_visitors_language_and_runs_its_way(festival, opened):
    page = opened(locale="de-AT", **PHONE)
    expect(page.locator("html")).to_have_attribute("lang", "de-AT")
    expect(page.locator("#privacy")).to_contain_text("Niemand wird erkannt")
    expect(opened(locale="nl-NL", **PHONE).locator("#privacy")).to_contain_text("Nobody is recognised")
    page.evaluate("document.documentElement.dir = 'rtl'")
    name, figure = page.locator("li .name").first.bounding_box(), page.locator("li .figure").first.bounding_box()
    assert figure["x"] + figure["width"] <= name["x"]
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_what_comes_next_and_the_way_there_are_told(festival, opened):
    soon = time.time_ns() // 1_000_000 + 600_000
    festival.rows = [
        a_row(0, coming="Marrow", coming_at_ms=soon, directions="6 min from the gate"),
        a_row(1, directions="https://map.example/barn"),
        a_row(2, directions="javascript:alert(1)"),
    ]
    page = opened(timezone_id="UTC", **PHONE)
    expect(page.locator("li").first).to_contain_text("6 min from the gate · ")
    expect(page.locator("li").first).to_contain_text("Marrow")
    assert [link.get_attribute("href") for link in page.locator("li a").all()] == ["https://map.example/barn"]


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (3840, 2160), (1080, 1920)])
def test_nothing_on_a_big_screen_is_cut_off(festival, opened, width, height):
    festival.rows = [
        a_row(at, figure=80 - at, title=f"Stage {at}", playing="The Night Ferries", coming="Marrow") for at in range(12)
    ]
    page = opened("?kiosk=1", viewport={"width": width, "height": height})
    page.wait_for_function("document.querySelectorAll('li').length === 12")
    cut = page.evaluate(
        """() => [...document.querySelectorAll("body, main, li, li span, h1, p")].filter((one) => one.offsetParent &&
          (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline" ||
           one.tagName !== "SPAN" && one.scrollHeight > one.clientHeight + 1)).map((one) => one.outerHTML)"""
    )
    assert cut == []
    assert len({round(row.bounding_box()["x"]) for row in page.locator("li").all()}) == (2 if width > height else 1)
