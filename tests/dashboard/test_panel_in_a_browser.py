"""A panel walked through on the whole server, in two windows: the analyst's page, and the household's on a phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from audience.identity.panels import HouseholdPanel
from audience.stores import open_identity, open_store
from sample_data.household import MINUTES, load_panel, panel_session, simulate_panel
from tests.axe import violations
from tests.dashboard.conftest import READY, SERVER, serving
from tests.ticking import until

pytestmark = pytest.mark.browser


def test_the_analyst_makes_the_address_and_the_household_taps_on_its_phone(browser: Browser, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'houselights.db'}"
    now = datetime.now(UTC)
    begins_at = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES)
    with open_store(url) as store, open_identity(url) as people:
        session = replace(panel_session(begins_at=begins_at), ended_at=None)
        load_panel(store, people, session, list(simulate_panel(2, begins_at=begins_at)), now=now)
    with (
        serving(SERVER, HOUSELIGHTS_STORE=url) as address,
        browser.new_context() as desk,
        browser.new_context(viewport={"width": 390, "height": 844}) as phone,
    ):
        page = desk.new_page()
        page.goto(f"{address}/panel?household=household-1")
        page.wait_for_selector(READY)
        expect(page.get_by_role("heading", name="Simulated panel evening")).to_be_visible()
        expect(
            page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first
        ).to_be_visible()
        page.get_by_role("button", name="Button page").click()
        page.get_by_role("button", name="Make its address").click()
        made = page.get_by_test_id("stCode").inner_text().strip()
        assert violations(page) == []
        assert made.partition("/household/")[2]

        home = phone.new_page()
        wrong: list[str] = []
        home.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        home.goto(f"{address}/household/{made.partition('/household/')[2]}")
        rosa = home.get_by_role("button", name="Rosa")
        before = rosa.get_attribute("aria-pressed")
        rosa.click()
        expect(rosa).not_to_have_attribute("aria-pressed", str(before))
        assert violations(home) == []
        with open_identity(url) as people:
            panel = HouseholdPanel(people, actor="test", now=lambda: datetime.now(UTC))
            household = panel.household("simulated-panel", "household-1")
            was_in = before == "true"
            until(lambda: ("p-household-1-rosa" in panel.state(household).logged_in) != was_in)
        assert wrong == []
