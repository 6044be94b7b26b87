"""The pages as people meet them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import NASTY

pytestmark = pytest.mark.browser

CHART = ".stEChartsChart :is(canvas, svg)"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def scrolls_sideways(page: Page) -> bool:
    """Whether the page, or the part of it that Streamlit scrolls, is wider than the window."""
    parts = page.locator('html, [data-testid="stMain"]')
    return any(parts.evaluate_all("parts => parts.map(part => part.scrollWidth > part.clientWidth)"))


def test_a_click_anywhere_on_a_row_opens_the_session_with_its_curve(opened: Callable[..., Page]) -> None:
    page = opened("?q=bridges")
    row = page.locator(".st-key-row-0")
    expect(row).to_contain_text("Why bridges hum")
    box = row.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 40, box["y"] + box["height"] / 2)
    expect(page.locator("h1")).to_have_text("Why bridges hum")
    expect(page.locator(CHART).first).to_be_visible()
    assert page.url.endswith("session?session=talk-1")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_curve_is_seen_without_scrolling(opened: Callable[..., Page], size: dict[str, int]) -> None:
    page = opened("session?session=talk-1", **size)
    expect(page.locator(CHART).first).to_be_visible()
    box = page.locator(".stEChartsChart").bounding_box()
    assert box is not None
    # The upper plot, which holds the curve, takes about 290 pixels of the chart.
    assert box["y"] + 330 < size["height"]


def test_hovering_shows_the_time_the_share_its_range_the_faces_and_the_segment(opened: Callable[..., Page]) -> None:
    page = opened("session?session=talk-1&smoothing=Raw")
    page.wait_for_selector(CHART)
    box = page.locator(".stEChartsChart").bounding_box()
    assert box is not None
    shown = page.locator(".stEChartsChart").get_by_text("Live demo", exact=True)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 150)
    page.mouse.move(box["x"] + box["width"] * 0.48, box["y"] + 160)
    expect(shown).to_be_visible()
    hover = page.locator(".stEChartsChart").inner_text()
    assert "80 % (65 to 90 %)" in hover
    assert "40 faces, 80 % of those expected" in hover
    assert "20:32" in hover  # British summer time; the session began at 19:30 UTC


@pytest.mark.parametrize("path", ["", "session?session=talk-1", "session?session=fest-1", "session?session=nasty-1"])
def test_nothing_scrolls_sideways_on_a_phone(opened: Callable[..., Page], path: str) -> None:
    page = opened(path, **PHONE)
    expect(page.locator("h1")).to_be_visible()
    assert not scrolls_sideways(page)


def test_titles_with_markup_are_shown_as_text_and_never_run(opened: Callable[..., Page]) -> None:
    for path, title in (("?q=nasty", ".st-key-row-0 a"), ("session?session=nasty-1", "h1")):
        page = opened(path)
        expect(page.locator(title)).to_have_text(NASTY)
        assert page.locator('img[src="x"], a[href*="example.org"]').count() == 0


def test_what_is_chosen_stands_in_the_address(opened: Callable[..., Page]) -> None:
    page = opened("session?session=fest-1")
    page.get_by_role("combobox", name="Stage").click()
    page.get_by_role("option", name="Workshop").click()
    expect(page.get_by_text("Too few faces to say more")).to_be_visible()
    page.wait_for_url("**stage=Workshop**")


def test_typing_into_the_search_narrows_the_list_and_stands_in_the_address(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("textbox", name="Search").press_sequentially("river")
    expect(page.locator('[class*="st-key-row-"]')).to_have_count(1)
    expect(page.locator(".st-key-row-0")).to_contain_text("Riverside")
    page.wait_for_url("**q=river")


def test_the_tab_is_named_after_the_session(opened: Callable[..., Page]) -> None:
    expect(opened("session?session=talk-1")).to_have_title("Why bridges hum · Houselights")


def test_pages_ask_no_other_machine_for_anything(opened: Callable[..., Page], served: str) -> None:
    page = opened()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served}/session?session=talk-1")
    expect(page.locator(CHART).first).to_be_visible()
    elsewhere = [url for url in asked if not url.startswith((served, "data:", "blob:"))]
    assert asked
    assert elsewhere == []
