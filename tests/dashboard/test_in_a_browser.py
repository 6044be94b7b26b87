"""The pages as people meet them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import NASTY

pytestmark = pytest.mark.browser

CURVE, TABLE = ".plot[data-curve]", ".segments tbody tr"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def scrolls_sideways(page: Page) -> bool:
    """Whether the page, or the part of it that Streamlit scrolls, is wider than the window."""
    parts = page.locator('html, [data-testid="stMain"]')
    return any(parts.evaluate_all("parts => parts.map(part => part.scrollWidth > part.clientWidth)"))


def test_a_click_anywhere_on_a_row_opens_the_session_with_its_curve(opened: Callable[..., Page]) -> None:
    page = opened("?q=bridges")
    row = page.locator(".st-key-row-talk-1")
    expect(row).to_contain_text("Why bridges hum")
    box = row.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 40, box["y"] + box["height"] / 2)
    expect(page.locator("h1")).to_have_text("Why bridges hum")
    page.wait_for_selector(CURVE)
    assert page.url.endswith("session?session=talk-1")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_curve_is_seen_without_scrolling(opened: Callable[..., Page], size: dict[str, int]) -> None:
    page = opened("session?session=talk-1", **size)
    page.wait_for_selector(CURVE)
    box = page.locator(CURVE).bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < size["height"]


def test_hovering_shows_the_time_the_share_its_range_the_faces_and_the_segment(opened: Callable[..., Page]) -> None:
    page = opened("session?session=talk-1&smoothing=Raw")
    page.wait_for_selector(CURVE)
    box = page.locator(CURVE).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.48, box["y"] + 160)
    hover = page.locator(".tip").inner_text()
    assert "80 % of 40 faces smile (65 to 90 %)" in hover
    assert "80 % of the faces expected" in hover
    assert "Baseline: the whole session: 31 %" in hover
    assert "Live demo" in hover
    assert "20:32" in hover  # British summer time; the session began at 19:30 UTC


def stands_at(page: Page) -> str | None:
    return page.get_by_role("slider", name="Position in the session").get_attribute("aria-valuenow")


def test_a_moment_and_a_segment_lead_to_their_second_at_once(opened: Callable[..., Page]) -> None:
    page = opened("session?session=talk-1")
    page.wait_for_selector(TABLE)
    moment = page.locator(".hl-moments a").first
    moment.click()
    assert stands_at(page) == moment.get_attribute("data-seek")
    row = page.get_by_role("row").filter(has_text="Thanks")
    row.get_by_role("cell").nth(1).click()
    assert stands_at(page) == "210"
    page.get_by_role("link", name="Live demo", exact=True).focus()
    page.keyboard.press("Enter")
    assert stands_at(page) == "110"
    assert page.url.endswith("session?session=talk-1")


def test_segments_are_sorted_by_any_column_and_back(opened: Callable[..., Page]) -> None:
    page = opened("session?session=talk-1")
    page.wait_for_selector(TABLE)
    titles = page.locator(".segments tbody th > a")
    expect(titles).to_have_text(["Welcome", "Live demo", "Thanks"])
    share = page.get_by_role("button", name="Share")
    share.click()
    expect(titles).to_have_text(["Live demo", "Welcome", "Thanks"])
    expect(page.get_by_role("columnheader", name="Share")).to_have_attribute("aria-sort", "descending")
    share.press("Enter")
    expect(page.get_by_role("columnheader", name="Share")).to_have_attribute("aria-sort", "ascending")
    expect(titles.last).to_have_text("Live demo")
    share.press("Enter")
    expect(titles).to_have_text(["Welcome", "Live demo", "Thanks"])


def test_a_link_opens_the_very_second_and_a_choice_does_not_move_it(opened: Callable[..., Page]) -> None:
    page = opened("session?session=talk-1&t=125")
    page.wait_for_selector(CURVE)
    assert stands_at(page) == "125"
    page.locator(CURVE).get_by_role("slider").press("ArrowRight")
    page.get_by_role("button", name="Curve options").click()
    page.get_by_role("combobox", name="Average").click()
    page.get_by_role("option", name="Over 1 min").click()
    expect(page.get_by_text("averaged over 60 s").first).to_be_visible()
    assert stands_at(page) == "130"


def test_a_note_is_written_where_the_playhead_stands_and_can_be_removed(opened: Callable[..., Page]) -> None:
    page = opened("session?session=fest-1&t=42")
    page.get_by_role("button", name="Write a note on this second").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("At 0:42.")).to_be_visible()
    dialog.get_by_role("textbox", name="What happened").fill("Rain began")
    dialog.get_by_role("textbox", name="Your name").fill("Ada")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    note = page.locator(".st-key-note-0")
    expect(note).to_contain_text("0:42 Note Rain began Ada")
    expect(page.get_by_role("button", name="Note at 0:42: Rain began (Ada)")).to_be_visible()
    note.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(note).to_have_count(0)


@pytest.mark.parametrize("path", ["", "session?session=talk-1", "session?session=fest-1", "session?session=nasty-1"])
def test_nothing_scrolls_sideways_on_a_phone(opened: Callable[..., Page], path: str) -> None:
    page = opened(path, **PHONE)
    expect(page.locator("h1")).to_be_visible()
    assert not scrolls_sideways(page)


def test_titles_with_markup_are_shown_as_text_and_never_run(opened: Callable[..., Page]) -> None:
    for path, title in (("?q=nasty", ".st-key-row-nasty-1 a"), ("session?session=nasty-1", "h1")):
        page = opened(path)
        expect(page.locator(title)).to_have_text(NASTY)
        assert page.locator('img[src="x"], a[href*="example.org"]').count() == 0


def test_what_is_chosen_stands_in_the_address(opened: Callable[..., Page]) -> None:
    page = opened("session?session=fest-1")
    page.get_by_role("combobox", name="Stage").click()
    page.get_by_role("option", name="Workshop").click()
    expect(page.get_by_text("Too few people in view")).to_be_visible()
    page.wait_for_url("**stage=Workshop**")


def test_typing_into_the_search_narrows_the_list_and_stands_in_the_address(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("textbox", name="Search").press_sequentially("river")
    expect(page.locator('[class*="st-key-row-"]')).to_have_count(1)
    expect(page.locator(".st-key-row-fest-1")).to_contain_text("Riverside")
    page.wait_for_url("**q=river")


def test_the_tab_is_named_after_the_page_or_its_session(opened: Callable[..., Page]) -> None:
    expect(opened("session?session=talk-1")).to_have_title("Why bridges hum · Houselights")
    expect(opened("planner")).to_have_title("Planner · Houselights")
    expect(opened()).to_have_title("Houselights")


def test_pages_ask_no_other_machine_for_anything(opened: Callable[..., Page], served: str) -> None:
    page = opened()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served}/session?session=talk-1")
    page.wait_for_selector(CURVE)
    elsewhere = [url for url in asked if not url.startswith((served, "data:", "blob:"))]
    assert asked
    assert elsewhere == []
