"""Comparing screenings as people do it: with a mouse, with keys, with a finger, and with files."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from audience.stores import open_store
from tests.dashboard.conftest import READY, SERVER, serving
from tests.dashboard.lab_sessions import put_two_cuts

pytestmark = pytest.mark.browser

CHART = ".stVegaLiteChart :is(canvas, svg)"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard with six screenings of either cut of a film."""
    url = f"sqlite:///{tmp_path_factory.mktemp('lab') / 'houselights.db'}"
    with open_store(url) as store:
        put_two_cuts(store)
    with serving(SERVER, HOUSELIGHTS_STORE=url) as address:
        yield address


@pytest.fixture
def compare(
    browser: Browser, contexts: dict[tuple[int, int], BrowserContext], lab: str
) -> Iterator[Callable[..., Page]]:
    """Opens the page with some choices in its address, in a window of some size."""
    pages = []

    def opened(query: str = "", *, width: int = 1440, height: int = 900) -> Page:
        if (width, height) not in contexts:
            contexts[width, height] = browser.new_context(
                viewport={"width": width, "height": height}, timezone_id="Europe/London"
            )
        page = contexts[width, height].new_page()
        pages.append(page)
        page.goto(f"{lab}/compare?{query}")
        page.wait_for_selector(READY)
        page.wait_for_selector(CHART)
        return page

    yield opened
    for page in pages:
        page.close()


def chart_box(page: Page) -> dict[str, float]:
    box = page.locator(".stVegaLiteChart").bounding_box()
    assert box is not None
    return dict(box)


def draw_over(page: Page, first: float, last: float) -> None:
    """Drags from one part of the chart's width to another."""
    box = chart_box(page)
    page.mouse.move(box["x"] + first * box["width"], box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + last * box["width"], box["y"] + 200, steps=8)
    page.mouse.up()


def test_a_brush_over_the_chart_narrows_it_stands_in_the_address_and_a_link_opens_the_same(
    compare: Callable[..., Page],
) -> None:
    page = compare()
    draw_over(page, 0.4, 0.6)
    page.wait_for_url("**stretch=*")
    expect(page.get_by_role("button", name="Whole length")).to_be_visible()
    ends = page.locator('[data-testid="stSliderThumbValue"]').all_inner_texts()
    assert ends != ["0:00", "2:00"]
    again = compare(page.url.split("?")[1])
    expect(again.locator('[data-testid="stSliderThumbValue"]').first).to_have_text(ends[0])
    assert again.locator('[data-testid="stSliderThumbValue"]').all_inner_texts() == ends
    page.get_by_role("button", name="Whole length").click()
    expect(page.get_by_role("button", name="Whole length")).to_have_count(0)
    assert "stretch" not in page.url


def test_the_stretch_can_be_chosen_by_keys_one_after_another(compare: Callable[..., Page]) -> None:
    page = compare()
    page.get_by_role("slider").first.focus()
    for second in ("0:05", "0:10", "0:15"):
        page.keyboard.press("ArrowRight")
        expect(page.locator('[data-testid="stSliderThumbValue"]').first).to_have_text(second)
    page.wait_for_url("**stretch=0%3A15&stretch=2%3A00")


def test_hovering_anywhere_tells_all_lines_the_difference_and_the_scene(compare: Callable[..., Page]) -> None:
    page = compare()
    box = chart_box(page)
    for height in (200, 430):
        page.mouse.move(box["x"] + 200, box["y"] + 150)
        page.mouse.move(box["x"] + box["width"] * 0.62, box["y"] + height)
        told = page.locator("#vg-tooltip-element")
        expect(told).to_contain_text("Chase")
        hover = told.inner_text()
        assert "1:10 to 1:15" in hover
        assert "6 screenings" in hover
        assert "A less B: -20 points" in hover


def test_choosing_a_cut_stands_in_the_address(compare: Callable[..., Page]) -> None:
    page = compare()
    page.get_by_role("button", name="Choose sessions").click()
    page.get_by_role("combobox", name="Cut", exact=True).click()
    page.get_by_role("option", name="B", exact=True).click()
    expect(page.get_by_text("6 screenings · Night Train · B: 6")).to_be_visible()
    page.wait_for_url("**film=Night+Train**cut=B**")


def test_a_choice_is_carried_to_the_scenes_and_a_link_from_elsewhere_makes_another(
    compare: Callable[..., Page],
) -> None:
    page = compare("film=Night+Train&cut=B")
    page.get_by_role("link", name="Scenes of these screenings").click()
    expect(page.get_by_role("heading", name="Scenes")).to_be_visible()
    expect(page.get_by_text("6 screenings · Night Train · B: 6")).to_be_visible()
    page.get_by_role("link", name="Sessions", exact=True).click()
    page.get_by_role("link", name="Compare them").click()
    expect(page.get_by_text("12 screenings · Night Train · A: 6 · B: 6")).to_be_visible()
    page.wait_for_url("**/compare?film=Night+Train")


def test_two_edit_lists_lay_the_cuts_together(compare: Callable[..., Page], tmp_path: Path) -> None:
    """As edits would have it, the chase of B lies a minute earlier in A."""
    for name, rows in (("a", "Chase,0,30\nCredits,30,60"), ("b", "Chase,60,90\nCredits,90,120")):
        (tmp_path / f"{name}.csv").write_text(f"title,start,end\n{rows}\n", encoding="utf-8")
    page = compare("align=Align+cuts+by+edit+lists")
    uploads = page.locator('input[type="file"]')
    uploads.nth(0).set_input_files(tmp_path / "a.csv")
    uploads.nth(1).set_input_files(tmp_path / "b.csv")
    expect(page.get_by_text("B is aligned where both show the same")).to_be_visible()
    expect(page.locator("li", has_text="0:00 to 0:30")).to_be_visible()
    (tmp_path / "bad.csv").write_text("title,start,end\nChase,ten,90\n", encoding="utf-8")
    page.get_by_role("button", name="Remove").last.click()
    expect(page.get_by_text("aligned second by second")).to_be_visible()
    uploads.nth(1).set_input_files(tmp_path / "bad.csv")
    expect(page.get_by_role("alert")).to_contain_text("bad.csv: line 2")


def test_what_is_on_the_screen_comes_as_one_file_with_the_address_that_shows_it(compare: Callable[..., Page]) -> None:
    page = compare("cut=A&cut=B&stretch=1:00&stretch=1:30")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything (.zip)").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as files:
        manifest = json.loads(files.read("manifest.json"))
        lines = files.read("lines.csv").decode()
    assert "stretch=1%3A00&stretch=1%3A30" in manifest["address"]
    assert manifest["chosen"]["sampled"] == "screenings"
    assert lines.count("\nA,") == lines.count("\nB,") == 6


def test_on_a_phone_the_lines_are_seen_without_scrolling_and_nothing_scrolls_sideways(
    compare: Callable[..., Page],
) -> None:
    page = compare(**PHONE)
    assert chart_box(page)["y"] + 300 < PHONE["height"]
    parts = page.locator('html, [data-testid="stMain"]')
    assert not any(parts.evaluate_all("parts => parts.map(part => part.scrollWidth > part.clientWidth)"))
